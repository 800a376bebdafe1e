"""The function `grants`, for `functions-framework --target grants`."""

from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

grants = endpoint(FUNCTIONS["grants"])
