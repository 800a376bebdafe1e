"""The function `sources`, for `functions-framework --target sources`."""

from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

sources = endpoint(FUNCTIONS["sources"])
