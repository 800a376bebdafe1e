"""What a stranger wrote reaches a terminal in print alone."""

from __future__ import annotations

from tests.cli.conftest import Headrace
from tests.conftest import Database


def test_terminal_codes_in_a_comment_are_written_out(
    headrace: Headrace, database: Database
) -> None:
    database.execute(
        "CREATE TABLE t (a int);"
        "COMMENT ON TABLE t IS E'\\x1b]0;owned\\x07two\\nlines\\tand \\u202ebidi'"
    )
    done = headrace("tables", database.url)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert line.endswith(r"\x1b]0;owned\x07two\nlines\tand \u202ebidi")


def test_a_terminal_without_unicode(headrace: Headrace, database: Database) -> None:
    done = headrace("test", database.url, PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done.stderr
    assert "login" in done.stdout


def test_what_looks_like_the_name_of_a_smiley_stays_as_it_is(
    headrace: Headrace, database: Database
) -> None:
    """A certificate's fingerprint has such names in it by chance."""
    done = headrace("test", database.url.replace(database.name, "a%3AAB%3Acd"))
    assert "'a:AB:cd'" in done.stdout
