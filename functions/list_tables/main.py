"""The function `list_tables`, for `functions-framework --target list_tables`."""

from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

list_tables = endpoint(FUNCTIONS["list_tables"])
