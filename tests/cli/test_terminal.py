"""What a stranger wrote reaches a terminal in print alone."""

from __future__ import annotations

import io
import time

from rich.console import Console

from headrace.checks import Check, CheckStatus, Layer
from headrace.terminal import Checklist, show_check
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


def shown(check: Check, *, terminal: bool) -> list[str]:
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=terminal, color_system=None, width=40, soft_wrap=True
    )
    show_check(console, check, facts=False)
    return file.getvalue().splitlines()


REFUSED = Check(
    layer=Layer.LOGIN,
    status=CheckStatus.FAILED,
    milliseconds=5,
    found="Logging in: the server rejected the [password].",
    hint="Enter the password again; upper and lower case matter.",
    copy_text="SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = 'reader';",
)


def test_sentences_keep_their_place_in_a_narrow_terminal_and_statements_stay_whole() -> None:
    assert shown(REFUSED, terminal=True) == [
        "✗ login     Logging in: the server",
        "            rejected the [password]. 5 ms",
        "            → Enter the password again;",
        "              upper and lower case",
        "              matter.",
        f"              {REFUSED.copy_text}",
    ]


def test_a_program_gets_each_sentence_on_a_line() -> None:
    assert shown(REFUSED, terminal=False) == [
        f"✗ login     {REFUSED.found} 5 ms",
        f"            → {REFUSED.hint}",
        f"              {REFUSED.copy_text}",
    ]


def test_a_terminal_shows_the_layer_that_is_being_tested() -> None:
    """A server that says nothing would leave it blank otherwise, until the deadline."""
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=80, _environ={"TERM": "xterm"})
    done = Check(layer=Layer.ADDRESS, status=CheckStatus.PASSED, milliseconds=0, found="Fine.")
    with Checklist(console, facts=False) as checklist:
        until(shown, "address …")
        checklist.show(done)
        until(shown, "dns …")
    assert "\x1b[2K" in shown.getvalue().rpartition("dns …")[2]  # erased in the end


def until(shown: io.StringIO, text: str) -> None:
    """Wait until it is drawn, as it is a few times a second."""
    while text not in shown.getvalue():
        time.sleep(0.01)


def test_a_program_is_told_of_results_alone() -> None:
    shown = io.StringIO()
    with Checklist(Console(file=shown), facts=False):
        pass
    assert shown.getvalue() == ""
