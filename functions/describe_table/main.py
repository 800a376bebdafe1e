"""The function `describe_table`, for `functions-framework --target describe_table`."""

from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

describe_table = endpoint(FUNCTIONS["describe_table"])
