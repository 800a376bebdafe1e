"""The function `grants`, for `functions-framework --target grants`."""

from headrace import logs
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

logs.configure()
grants = endpoint(FUNCTIONS["grants"])
