"""The function `dispatch`, for `functions-framework --target dispatch`."""

from headrace import logs
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

logs.configure()
dispatch = endpoint(FUNCTIONS["dispatch"])
