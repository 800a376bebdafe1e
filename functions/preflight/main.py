"""The function `preflight`, for `functions-framework --target preflight`."""

from headrace import logs
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

logs.configure()
preflight = endpoint(FUNCTIONS["preflight"])
