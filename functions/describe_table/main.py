"""The function `describe_table`, for `functions-framework --target describe_table`."""

from headrace import logs
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

logs.configure()
describe_table = endpoint(FUNCTIONS["describe_table"])
