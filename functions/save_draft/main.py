"""The function `save_draft`, for `functions-framework --target save_draft`."""

from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

save_draft = endpoint(FUNCTIONS["save_draft"])
