"""docs/types.md: what becomes of each type, asked of the code that decides it."""

from __future__ import annotations

from headrace.generated import bigquery_source_types, mysql_types, postgres_types
from headrace.generated.type_rows import tables

_HEAD = """# Types

Generated from the type tables of `src/headrace/sources/`; write it anew with `make docs`.

A value arrives as it left, or the run fails with `value_not_carried`; none is rounded, cut or \
replaced in silence. What can't be held exactly in a type of its own is carried as the text that \
the database itself writes, and `describe_table` says so of each such column.

Where a type has values that its column can't hold (the last column), a policy decides: `fail` \
(default) ends the run and leaves the destination as it was, `null` puts NULL in their place and \
counts them in the run, `text` carries the whole column as text. `unfit` sets it for a source \
(on the command line `headrace extract --unfit`), a selection's `unfit_columns` for a column \
(`headrace extract --unfit-column COLUMN=null`). `headrace preflight` looks for such values in a \
sample before the first run, and says what to choose.

Numbers without precision, and those of more than 38 digits, are carried as text unless a \
selection's `decimal_columns` chooses a decimal type for the column (`headrace extract --decimal \
COLUMN=38,9`). None is rounded to it: a number that does not fit exactly is one of the values of \
which the policy decides.
"""


def types_md() -> str:
    lines = [_HEAD]
    for database in (postgres_types, mysql_types, bigquery_source_types):
        lines += [database.HEAD.rstrip(), *tables(database.groups()), ""]
    return "\n".join(lines)
