"""What is particular about logs that are files."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import LOG_UNAVAILABLE, HeadraceError
from headrace.launchers import log_file
from headrace.launchers.log_file import LINE_BYTES, PAGE_BYTES, read_page
from headrace.launchers.process import ProcessLauncher
from headrace.run_log import LogPage, LogQuery
from tests.launchers.conftest import run
from tests.limits import unprivileged


def page(path: Path, **wanted: object) -> LogPage:
    read = read_page(path, LogQuery.model_validate(wanted), growing=False)
    assert read is not None
    return read


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.log"


def test_a_long_line_comes_in_pieces(path: Path) -> None:
    path.write_text("x" * (LINE_BYTES + 1) + "\nnext\n")

    assert [len(line.message) for line in page(path).lines] == [LINE_BYTES, 1, 4]


def test_a_long_log_is_searched_a_part_at_a_time(path: Path) -> None:
    hay = "x" * 1023 + "\n"
    path.write_text(hay * (4 * PAGE_BYTES // len(hay)) + "needle\n")

    pages = [page(path, search="needle")]
    while pages[-1].next_after is not None:
        assert pages[-1].lines == ()
        assert pages[-1].more
        pages.append(page(path, search="needle", after=pages[-1].next_after))

    assert [line.message for line in pages[-1].lines] == ["needle"]
    assert len(pages) == 5


def test_a_piece_of_a_line_that_grows_is_left_for_later(path: Path) -> None:
    path.write_text("x" * (LINE_BYTES - 1))

    growing = read_page(path, LogQuery(), growing=True)
    assert growing is not None
    assert (growing.lines, growing.next_after, growing.more) == ((), "0", False)


def test_an_empty_log_is_not_an_absent_one(path: Path) -> None:
    assert read_page(path, LogQuery(), growing=False) is None
    path.touch()
    assert page(path) == LogPage()


@pytest.mark.parametrize("text", [b"\xff\xfe\n", b"\x00\n", b'{"message": "\xff"}\n', b"\r\n"])
def test_whatever_a_library_printed_can_be_sent(path: Path, text: bytes) -> None:
    path.write_bytes(text)

    (line,) = page(path).lines
    assert line.model_dump_json()


def test_a_log_out_of_reach_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    started = run()
    launcher = ProcessLauncher(tmp_path / "logs", ("true",), {})
    launcher.launch(started)

    with unprivileged(tmp_path / "logs"):
        for call in (
            lambda: launcher.read_log(started, LogQuery()),
            lambda: launcher.forget(started),
        ):
            with pytest.raises(HeadraceError) as caught:
                call()
            assert caught.value.kind is LOG_UNAVAILABLE
            assert caught.value.detail.endswith(": Permission denied.")


def test_a_directory_in_its_place_is_an_error(path: Path) -> None:
    path.mkdir()

    for call in (lambda: page(path), lambda: log_file.remove(path)):
        with pytest.raises(HeadraceError) as caught:
            call()
        assert caught.value.kind is LOG_UNAVAILABLE
        assert str(path) in caught.value.detail
