"""Headrace's own path of a table, from the login to the staged files."""

import os
import sys
from contextlib import closing

from pyarrow.fs import LocalFileSystem

from headrace import sources
from headrace.destinations import PlannedTable, Staging, Target
from headrace.diagnosis.addresses import LOOPBACK
from headrace.diagnosis.network import Network
from headrace.extraction.column_names import told_apart
from headrace.extraction.worker import stage
from headrace.model import Selection, UnfitPolicy
from headrace.urls import from_url

table, directory = sys.argv[1:]
url = os.environ["SOURCE_URL"]
connection, credentials = from_url(url if "?" in url else f"{url}?ssl-mode=disable")
assert credentials is not None
schema = os.environ["SOURCE_SCHEMA"]
selection = Selection(schema_name=schema, table_name=table)

with (
    closing(sources.connect(connection, credentials, Network(LOOPBACK))) as database,
    database.read(selection, UnfitPolicy.FAIL) as reader,
):
    planned = PlannedTable(selection.ref, Target("bench", table), told_apart(reader.schema))
    stage(reader, planned, (Staging(LocalFileSystem(), directory), table), lambda _: None)
