"""The functions and their operations: what is deployed, served locally, and documented."""

from __future__ import annotations

from headrace import errors
from headrace.api.advise_tables import AdvisedTable, AdvisedTables, AdviseTables, advise_tables
from headrace.api.budget import spend_connection, spend_test
from headrace.api.describe_table import DescribeTable, describe_table
from headrace.api.destination_names import NamesPreview, PreviewNames, preview_names
from headrace.api.dispatch import DispatchDue, dispatch_due
from headrace.api.grants import GrantsRequest, write_grants
from headrace.api.list_tables import ListTables, TableList, list_tables
from headrace.api.operations import Access, Operation, Stream
from headrace.api.overview import Overview, ShowOverview, show_overview
from headrace.api.preflight import PreflightTable, preflight
from headrace.api.preview_schedule import (
    PreviewSchedule,
    SchedulePreview,
    preview_schedule,
)
from headrace.api.runs import (
    BackfillTable,
    ListRuns,
    ReadLog,
    RunPage,
    RunRef,
    StartRun,
    backfill_table,
    cancel_run,
    get_run,
    list_runs,
    resume_run,
    run_log,
    start_run,
)
from headrace.api.save_draft import SaveDraft, save_draft
from headrace.api.source_types import ListSourceTypes, SourceTypes, list_source_types
from headrace.api.sources import (
    ListSources,
    ResyncTable,
    SourcePage,
    SourceRef,
    activate,
    database_moved,
    delete_source,
    get_source,
    list_sources,
    pause,
    resume,
    resync_table,
)
from headrace.api.test_connection import ConnectionReport, ConnectionTest, test_connection
from headrace.api.test_source import SourceTest, test_source
from headrace.checks import Check, Grants
from headrace.extraction.dispatch import Dispatched
from headrace.model import Run, Source
from headrace.preflight.report import Preflight
from headrace.run_log import LogPage
from headrace.tables import TableDescription, TableSummary

_DOCUMENTS = (
    errors.DOCUMENTS_UNREADABLE,
    errors.DOCUMENTS_NEWER,
    errors.DOCUMENTS_UNAVAILABLE,
)
_VAULT = (
    errors.VAULT_KEY_EXPOSED,
    errors.VAULT_KEY_MISSING,
    errors.VAULT_UNREADABLE,
    errors.VAULT_UNAVAILABLE,
)
_SOURCE = (errors.SOURCE_NOT_FOUND, *_DOCUMENTS)
_CHANGE = (*_SOURCE, errors.SOURCE_STALE, errors.SOURCE_STATE_WRONG)
# 424 is the status of everything that a source's database can do to us.
_DATABASE = (
    *_SOURCE,
    errors.TOO_MANY_TESTS,
    *_VAULT,
    errors.CREDENTIALS_MISSING,
    errors.ADDRESS_INVALID,
    errors.ADDRESS_REFUSED,
    errors.PORT_REFUSED,
    *(kind for kind in errors.catalogue() if kind.status == 424),
)
_RUN = (*_SOURCE, errors.RUN_NOT_FOUND)
# What stops a run's process from being started, and who may not be asked what became of it.
_LAUNCHER = (
    errors.LAUNCH_FAILED,
    errors.LAUNCHER_UNAVAILABLE,
    errors.LAUNCHER_BUSY,
    errors.LAUNCHER_FORBIDDEN,
    errors.LAUNCHER_MISSING,
)
_LOG = (
    errors.LOG_UNAVAILABLE,
    errors.LOG_UNREACHABLE,
    errors.LOG_BUSY,
    errors.LOG_FORBIDDEN,
    errors.LOG_MISSING,
)
# What a destination answers when it is asked how a run ended.
_DESTINATION = (
    errors.DESTINATION_LOCKED,
    errors.DESTINATION_UNREADABLE,
    errors.DESTINATION_UNAVAILABLE,
)

FUNCTIONS: dict[str, tuple[Operation, ...]] = {
    "test_connection": (
        Operation(
            method="POST",
            path="/",
            summary="Test a connection, layer by layer",
            request=ConnectionTest,
            handler=test_connection,
            access=Access.CONNECT,
            response=ConnectionReport,
            stream=Stream(tag="check", item=Check, collect=ConnectionReport.of),
            charge=spend_test,
            errors=(*_DOCUMENTS, errors.TOO_MANY_TESTS),
        ),
    ),
    "grants": (
        Operation(
            method="POST",
            path="/",
            summary="Write the SQL of a user who may read the selection and nothing else",
            request=GrantsRequest,
            handler=write_grants,
            access=Access.SEE,
            response=Grants,
        ),
    ),
    "save_draft": (
        Operation(
            method="POST",
            path="/",
            summary="Create or change a source; its password goes into the vault",
            request=SaveDraft,
            handler=save_draft,
            response=Source,
            creates=lambda request: request.source_id is None,
            errors=(*_CHANGE, *_VAULT, errors.PASSWORD_REQUIRED, errors.CREDENTIALS_MISSING),
        ),
    ),
    "list_tables": (
        Operation(
            method="POST",
            path="/",
            summary="List the tables that the source's user can see",
            request=ListTables,
            handler=list_tables,
            access=Access.CONNECT,
            response=TableList,
            stream=Stream(tag="table", item=TableSummary, collect=TableList.of),
            charge=spend_connection,
            errors=_DATABASE,
        ),
    ),
    "describe_table": (
        Operation(
            method="POST",
            path="/",
            summary="Describe a table: columns, keys, cursors, modes, and sample rows on request",
            request=DescribeTable,
            handler=describe_table,
            access=Access.CONNECT,
            response=TableDescription,
            charge=spend_connection,
            errors=_DATABASE,
        ),
        Operation(
            method="POST",
            path="/advise",
            summary="Say how each of several tables is best taken",
            request=AdviseTables,
            handler=advise_tables,
            access=Access.CONNECT,
            response=AdvisedTables,
            stream=Stream(tag="table", item=AdvisedTable, collect=AdvisedTables.of),
            charge=spend_connection,
            errors=_DATABASE,
        ),
    ),
    "preflight": (
        Operation(
            method="POST",
            path="/",
            summary="Say what would become of each column of a table, and what to choose for it",
            request=PreflightTable,
            handler=preflight,
            access=Access.CONNECT,
            response=Preflight,
            charge=spend_connection,
            errors=_DATABASE,
        ),
        Operation(
            method="POST",
            path="/connection",
            summary="Test the connection of a source, and the right to read its selection",
            request=SourceTest,
            handler=test_source,
            access=Access.CONNECT,
            response=ConnectionReport,
            stream=Stream(tag="check", item=Check, collect=ConnectionReport.of),
            charge=spend_test,
            errors=(*_SOURCE, *_VAULT, errors.CREDENTIALS_MISSING, errors.TOO_MANY_TESTS),
        ),
    ),
    "sources": (
        Operation(
            method="GET",
            path="/",
            summary="List the sources of a model",
            request=ListSources,
            handler=list_sources,
            response=SourcePage,
            errors=_DOCUMENTS,
        ),
        Operation(
            method="GET",
            path="/overview",
            summary="List the sources of a model with their last runs in brief",
            request=ShowOverview,
            handler=show_overview,
            response=Overview,
            errors=_DOCUMENTS,
        ),
        Operation(
            method="GET",
            path="/{model_id}/{source_id}",
            summary="Get a source",
            request=SourceRef,
            handler=get_source,
            response=Source,
            errors=_SOURCE,
        ),
        Operation(
            method="DELETE",
            path="/{model_id}/{source_id}",
            summary="Delete a source with its password and its history",
            request=SourceRef,
            handler=delete_source,
            errors=(*_CHANGE, *_VAULT, errors.RUN_NOT_FOUND, errors.LOG_UNAVAILABLE),
        ),
        Operation(
            method="POST",
            path="/{model_id}/{source_id}/activate",
            summary="Activate a draft",
            request=SourceRef,
            handler=activate,
            response=Source,
            errors=(*_CHANGE, *_VAULT, errors.SOURCE_INCOMPLETE, errors.CREDENTIALS_MISSING),
        ),
        Operation(
            method="POST",
            path="/{model_id}/{source_id}/pause",
            summary="Pause an active source",
            request=SourceRef,
            handler=pause,
            response=Source,
            errors=_CHANGE,
        ),
        Operation(
            method="POST",
            path="/{model_id}/{source_id}/resume",
            summary="Resume a paused source",
            request=SourceRef,
            handler=resume,
            response=Source,
            errors=_CHANGE,
        ),
        Operation(
            method="POST",
            path="/{model_id}/{source_id}/resync",
            summary="Let the next run bring a table from the start",
            request=ResyncTable,
            handler=resync_table,
            response=Source,
            errors=(*_SOURCE, *_DESTINATION, errors.DESTINATION_FULL),
        ),
        Operation(
            method="POST",
            path="/{model_id}/{source_id}/moved",
            summary="Say that the database was moved or upgraded with all of its rows",
            request=SourceRef,
            handler=database_moved,
            response=Source,
            errors=(*_SOURCE, errors.SOURCE_STALE),
        ),
        Operation(
            method="GET",
            path="/types",
            summary="List the kinds of sources, with the form that each takes",
            request=ListSourceTypes,
            handler=list_source_types,
            response=SourceTypes,
        ),
        Operation(
            method="POST",
            path="/preview_schedule",
            summary="Show a schedule in words, and its next runs",
            request=PreviewSchedule,
            handler=preview_schedule,
            access=Access.SEE,
            response=SchedulePreview,
        ),
        Operation(
            method="POST",
            path="/preview_names",
            summary="Show where the tables of a source go, before that is saved",
            request=PreviewNames,
            handler=preview_names,
            access=Access.SEE,
            response=NamesPreview,
            errors=_SOURCE,
        ),
    ),
    "runs": (
        Operation(
            method="POST",
            path="/",
            summary="Start a run",
            request=StartRun,
            handler=start_run,
            response=Run,
            status=202,
            headers=("idempotency_key",),
            charge=spend_connection,
            errors=(
                *_RUN,
                errors.TOO_MANY_TESTS,
                errors.SOURCE_STATE_WRONG,
                errors.RUN_ALREADY_LIVE,
                *_LAUNCHER,
                errors.LOG_UNAVAILABLE,
                *_DESTINATION,
            ),
        ),
        Operation(
            method="POST",
            path="/backfill",
            summary="Start a run that takes a past range of a table again",
            request=BackfillTable,
            handler=backfill_table,
            response=Run,
            status=202,
            headers=("idempotency_key",),
            charge=spend_connection,
            errors=(
                *_RUN,
                *_DATABASE,
                errors.SOURCE_STATE_WRONG,
                errors.RUN_ALREADY_LIVE,
                *_LAUNCHER,
                errors.LOG_UNAVAILABLE,
                errors.BACKFILL_NOT_POSSIBLE,
                errors.CURSOR_NOT_USABLE,
                errors.KEY_NOT_USABLE,
                errors.SCHEMA_CHANGED,
                errors.TYPE_NOT_CARRIED,
                errors.COLUMNS_CLASH,
                errors.DESTINATION_CONFLICT,
                errors.MODE_NOT_SUPPORTED,
                *_DESTINATION,
            ),
        ),
        Operation(
            method="GET",
            path="/",
            summary="List the runs of a source, the newest first",
            request=ListRuns,
            handler=list_runs,
            response=RunPage,
            errors=_RUN,
        ),
        Operation(
            method="GET",
            path="/{model_id}/{source_id}/{run_id}",
            summary="Get a run with its progress",
            request=RunRef,
            handler=get_run,
            response=Run,
            errors=_RUN,
        ),
        Operation(
            method="GET",
            path="/{model_id}/{source_id}/{run_id}/log",
            summary="Read what the job of a run has logged, from a place on",
            request=ReadLog,
            handler=run_log,
            response=LogPage,
            errors=(*_RUN, *_LAUNCHER, *_LOG),
        ),
        Operation(
            method="POST",
            path="/{model_id}/{source_id}/{run_id}/resume",
            summary="Let a failed run go on with what it has read",
            request=RunRef,
            handler=resume_run,
            response=Run,
            status=202,
            charge=spend_connection,
            errors=(
                *_RUN,
                errors.TOO_MANY_TESTS,
                errors.SOURCE_STATE_WRONG,
                errors.RUN_ALREADY_LIVE,
                errors.RUN_NOT_RESUMABLE,
                *_LAUNCHER,
                errors.LOG_UNAVAILABLE,
                *_DESTINATION,
            ),
        ),
        Operation(
            method="POST",
            path="/{model_id}/{source_id}/{run_id}/cancel",
            summary="Cancel a run; a finished one stays as it is",
            request=RunRef,
            handler=cancel_run,
            response=Run,
            errors=_RUN,
        ),
    ),
    "dispatch": (
        Operation(
            method="POST",
            path="/",
            summary="Start the runs that are due by their schedules",
            request=DispatchDue,
            handler=dispatch_due,
            access=Access.DISPATCH,
            response=Dispatched,
            errors=_DOCUMENTS,
        ),
    ),
}
