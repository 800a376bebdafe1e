"""The function `sources`, for `functions-framework --target sources`."""

from headrace import logs
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

logs.configure()
sources = endpoint(FUNCTIONS["sources"])
