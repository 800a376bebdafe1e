"""The function `test_connection`, for `functions-framework --target test_connection`."""

from headrace import logs
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

logs.configure()
test_connection = endpoint(FUNCTIONS["test_connection"])
