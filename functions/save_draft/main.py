"""The function `save_draft`, for `functions-framework --target save_draft`."""

from headrace import logs
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

logs.configure()
save_draft = endpoint(FUNCTIONS["save_draft"])
