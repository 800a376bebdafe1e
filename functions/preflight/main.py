"""The function `preflight`, for `functions-framework --target preflight`."""

from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

preflight = endpoint(FUNCTIONS["preflight"])
