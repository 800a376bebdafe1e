"""The function `runs`, for `functions-framework --target runs`."""

from headrace import logs
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

logs.configure()
runs = endpoint(FUNCTIONS["runs"])
