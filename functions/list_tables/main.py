"""The function `list_tables`, for `functions-framework --target list_tables`."""

from headrace import logs
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint

logs.configure()
list_tables = endpoint(FUNCTIONS["list_tables"])
