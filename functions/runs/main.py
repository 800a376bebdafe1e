"""The function `runs`, for `functions-framework --target runs`."""

from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

runs = endpoint(FUNCTIONS["runs"])
