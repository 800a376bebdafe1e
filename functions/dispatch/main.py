"""The function `dispatch`, for `functions-framework --target dispatch`."""

from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

dispatch = endpoint(FUNCTIONS["dispatch"])
