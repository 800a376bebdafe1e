"""A run's files in Cloud Storage: what is sent there, and what can go wrong on the way."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import google_crc32c
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from pyarrow.fs import FileSelector, FileType

from devservers.google.gcs_server import GcsServer
from headrace.destinations import StagedTable, Target, gcs_calls
from headrace.destinations.gcs_calls import PATIENCE, CloudStorage
from headrace.destinations.gcs_staging import GcsStaging, open_staging, without_credentials
from headrace.destinations.gcs_upload import BLOCK_BYTES
from headrace.destinations.staged import check_file
from headrace.errors import (
    DESTINATION_BUSY,
    DESTINATION_FORBIDDEN,
    DESTINATION_MISSING,
    DESTINATION_UNAVAILABLE,
    SETTINGS_INVALID,
    STAGING_CORRUPTED,
    HeadraceError,
    Kind,
)
from headrace.extraction.parquet import GROUP_ROWS, FilesWriter
from headrace.google_calls import Patience, place
from headrace.ids import new_id
from headrace.tables import TableRef
from tests.destinations.gcs_wire import (
    Fault,
    Wire,
    in_part,
    lost,
    no_way_to_sign_in,
    refused,
    spoilt,
    unauthorised,
    unreachable,
)

HASTY = Patience(attempt=5.0, all=0.05)


class Scene:
    """A bucket of a test's own, and a run's staging in it."""

    def __init__(self, server: GcsServer, patience: Patience = PATIENCE) -> None:
        self.server = server
        self.bucket = f"b{uuid4().hex}"
        requests.post(f"{server.url}/storage/v1/b", json={"name": self.bucket}, timeout=10)
        self.wire = Wire()
        session = without_credentials()
        session.mount("http://", self.wire)
        storage = CloudStorage(session, server.url, patience)
        self.staging = GcsStaging(storage, f"{self.bucket}/runs")
        self.run_id = new_id()
        self.made = self.staging.make(self.run_id)
        self.files = self.made.filesystem

    def write(self, content: bytes, name: str = "file") -> str:
        path = f"{self.made.path}/{name}"
        with self.files.open_output_stream(path) as file:
            file.write(content)
        return path

    def read(self, path: str) -> bytes:
        with self.files.open_input_file(path) as file:
            content: bytes = file.read()
            return content

    def drop_bucket(self) -> None:
        self.staging.remove(self.run_id)
        requests.delete(f"{self.server.url}/storage/v1/b/{self.bucket}", timeout=10)


@pytest.fixture
def scene(gcs_server: GcsServer) -> Scene:
    return Scene(gcs_server)


def error_of(call: Callable[[], object]) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        call()
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    return caught.value


def content(size: int) -> bytes:
    return bytes(range(251)) * (size // 251) + b"x" * (size % 251)


LONG = content(2 * BLOCK_BYTES + 12345)


def test_a_file_is_sent_in_blocks_to_a_name_that_nobody_has(scene: Scene) -> None:
    path = scene.write(LONG)

    (begun,) = scene.wire.of("POST")
    assert f"/b/{scene.bucket}/o?uploadType=resumable" in str(begun.url)
    assert "ifGenerationMatch=0" in str(begun.url)
    sent = scene.wire.of("PUT")
    checksum = base64.b64encode(google_crc32c.value(LONG).to_bytes(4, "big")).decode()
    assert [(put.headers["Content-Range"], put.headers.get("X-Goog-Hash")) for put in sent] == [
        (f"bytes 0-{BLOCK_BYTES - 1}/*", None),
        (f"bytes {BLOCK_BYTES}-{2 * BLOCK_BYTES - 1}/*", None),
        (f"bytes {2 * BLOCK_BYTES}-{len(LONG) - 1}/{len(LONG)}", f"crc32c={checksum}"),
    ]
    assert scene.read(path) == LONG


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES, BLOCK_BYTES + 1])
def test_a_file_of_any_size_is_read_back(scene: Scene, size: int) -> None:
    path = scene.write(content(size))

    assert scene.read(path) == content(size)
    info = scene.files.get_file_info(path)
    assert (info.type, info.size) == (FileType.File, size)


@pytest.mark.parametrize("block", [0, 1, 2])
@pytest.mark.parametrize("fault", [refused(429), refused(503), unreachable, lost, in_part])
def test_an_upload_goes_on_from_where_the_server_stands(
    scene: Scene, fault: Fault, block: int
) -> None:
    scene.wire.fail("PUT", *[lambda send, request: send(request)] * block, fault)

    path = scene.write(LONG)

    assert len(scene.wire.of("PUT")) > 3
    assert len(scene.wire.of("POST")) == 1
    assert scene.read(path) == LONG


def test_a_late_worker_can_t_write_over_what_another_has_written(scene: Scene) -> None:
    late = scene.files.open_output_stream(f"{scene.made.path}/file")
    late.write(LONG)
    path = scene.write(b"first")

    error = error_of(late.close)
    assert error.transient
    assert scene.read(path) == b"first"

    # Somebody who only begins is refused before a row is sent.
    puts = len(scene.wire.of("PUT"))
    scene.wire.fail("POST", refused(412))
    assert error_of(lambda: scene.write(b"second")).transient
    assert len(scene.wire.of("PUT")) == puts


def test_what_arrives_damaged_is_told(scene: Scene) -> None:
    scene.wire.fail("PUT", spoilt)

    error = error_of(lambda: scene.write(LONG))

    assert error.transient
    assert "damaged" in error.detail


@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "fault", [refused(429), refused(503), refused(408), unreachable, no_way_to_sign_in]
)
def test_what_may_pass_is_tried_again(scene: Scene, verb: str, fault: Fault) -> None:
    scene.wire.fail(verb, fault)

    path = scene.write(b"rows")
    assert scene.read(path) == b"rows"
    scene.staging.remove(scene.run_id)

    assert not scene.files.get_file_info(FileSelector(scene.made.path))


# What can be done with a run's staging, and its first request.
OPERATIONS: dict[str, tuple[str, Callable[[Scene, str], object]]] = {
    "make": ("GET", lambda scene, path: scene.staging.make(scene.run_id)),
    "look": ("GET", lambda scene, path: scene.files.get_file_info(path)),
    "begin": ("POST", lambda scene, path: scene.write(b"rows", "other")),
    "write": ("PUT", lambda scene, path: scene.write(b"rows", "other")),
    "read": ("GET", lambda scene, path: scene.files.open_input_file(path)),
    "remove": ("DELETE", lambda scene, path: scene.staging.remove(scene.run_id)),
}
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refused(401), DESTINATION_FORBIDDEN),
        (refused(403), DESTINATION_FORBIDDEN),
        (unauthorised, DESTINATION_FORBIDDEN),
        (refused(429), DESTINATION_BUSY),
        (refused(503), DESTINATION_UNAVAILABLE),
        (refused(504), DESTINATION_UNAVAILABLE),
        (refused(400), DESTINATION_UNAVAILABLE),
        (unreachable, DESTINATION_UNAVAILABLE),
    ],
)
@each_operation
def test_what_does_not_pass_is_told_apart(
    gcs_server: GcsServer, operation: str, fault: Fault, kind: Kind
) -> None:
    scene = Scene(gcs_server, HASTY)
    path = scene.write(b"rows")
    verb, work = OPERATIONS[operation]
    scene.wire.fail(verb, *[fault] * 100)

    error = error_of(lambda: work(scene, path))

    assert error.kind is kind


@each_operation
def test_a_bucket_that_vanished_is_not_a_file_that_is_not_there(
    scene: Scene, operation: str
) -> None:
    path = scene.write(b"rows")
    scene.drop_bucket()

    error = error_of(lambda: OPERATIONS[operation][1](scene, path))

    assert error.kind is DESTINATION_MISSING
    assert scene.bucket in error.detail


def test_a_file_that_is_not_there_is_none(scene: Scene) -> None:
    made = scene.made

    assert scene.files.get_file_info(f"{made.path}/none").type is FileType.NotFound
    with pytest.raises(FileNotFoundError):
        scene.files.open_input_file(f"{made.path}/none")
    scene.files.delete_file(f"{made.path}/none")


def test_a_file_that_is_read_is_the_one_that_was_opened(scene: Scene) -> None:
    path = scene.write(LONG)
    with scene.files.open_input_file(path) as file:
        scene.files.delete_file(path)
        scene.write(content(len(LONG)), "file")

        with pytest.raises(FileNotFoundError):
            file.read()


def test_a_run_s_files_are_removed_and_no_other_s(scene: Scene) -> None:
    other = scene.staging.make(new_id())
    with other.filesystem.open_output_stream(f"{other.path}/file") as file:
        file.write(b"other")
    for number in range(3):
        scene.write(b"rows", f"file-{number}")
    scene.staging.keep(scene.run_id)

    scene.staging.remove(scene.run_id)
    scene.staging.remove(scene.run_id)

    left = scene.files.get_file_info(FileSelector(f"{scene.bucket}/runs"))
    assert [info.path for info in left] == [f"{other.path}/file"]


def test_pages_of_names_are_asked_for_to_the_last(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_calls, "PAGE", 2)
    paths = [scene.write(b"rows", f"file-{number}") for number in range(5)]
    scene.wire.sent.clear()

    found = scene.files.get_file_info(FileSelector(f"{scene.bucket}/runs"))

    assert [info.path for info in found] == paths


def test_rows_are_staged_and_checked_as_on_a_disk(scene: Scene) -> None:
    made = scene.made
    rows = pa.table({"id": list(range(1000)), "name": ["x"] * 1000})
    with FilesWriter(made, "orders", rows.schema) as writer:
        for batch in rows.to_batches(max_chunksize=100):
            writer.add(batch)
        (file,) = writer.finish()
    table = StagedTable(
        TableRef(schema_name="public", table_name="orders"),
        Target("shop", "orders"),
        rows.schema,
        files=(file,),
    )

    check_file(made.filesystem, table, file)
    with made.filesystem.open_input_file(file.path) as opened:
        assert pq.read_table(opened).equals(rows)
    assert file.rows == 1000
    assert scene.staging.uri(file.path) == f"gs://{made.path}/orders-00000.parquet"

    made.filesystem.delete_file(file.path)
    error = error_of(lambda: check_file(made.filesystem, table, file))
    assert error.kind is STAGING_CORRUPTED


@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_a_writer_that_could_not_stage_says_why(gcs_server: GcsServer, verb: str) -> None:
    scene = Scene(gcs_server, HASTY)
    made = scene.made
    scene.wire.fail(verb, *[refused(403)] * 100)
    schema = pa.schema({"id": pa.int64()})

    def stage() -> None:
        with FilesWriter(made, "orders", schema) as writer:
            writer.add(pa.record_batch([[1]], schema=schema))
            writer.finish()

    assert error_of(stage).kind is DESTINATION_FORBIDDEN


def test_a_file_that_is_abandoned_does_not_hide_why(gcs_server: GcsServer) -> None:
    scene = Scene(gcs_server, HASTY)
    schema = pa.schema({"id": pa.int64()})
    scene.wire.fail("PUT", *[refused(503)] * 100)

    with pytest.raises(ZeroDivisionError), FilesWriter(scene.made, "orders", schema) as writer:
        writer.add(pa.record_batch([list(range(GROUP_ROWS))], schema=schema))
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "options",
    [
        "",
        "?staging=",
        "?staging=gs://",
        "?staging=gs://bucket",
        "?staging=s3://bucket/runs",
        "?staging=gs://Bucket/runs",
        "?staging=gs://bucket/../runs*",
        "?staging=gs://bucket/runs&storage_emulator=storage.example.com:80",
    ],
)
def test_a_place_that_is_none_is_refused(options: str) -> None:
    url = f"bigquery://my-project/shop{options}"

    error = error_of(lambda: open_staging(place(url, "staging", "storage_emulator")))

    assert error.kind is SETTINGS_INVALID


def test_a_destination_s_url_leads_to_its_staging(scene: Scene) -> None:
    options = f"staging=gs://{scene.bucket}/runs&storage_emulator={scene.server.address}"
    url = f"bigquery://my-project/shop?{options}"

    staging = open_staging(place(url, "staging", "storage_emulator")).make(scene.run_id)

    assert staging.path == f"{scene.bucket}/runs/{scene.run_id}"
    assert staging.filesystem.get_file_info(scene.write(b"rows")).size == 4


def test_without_credentials_it_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")

    where = place("bigquery://my-project/shop?staging=gs://bucket/runs", "staging")

    error = error_of(lambda: open_staging(where))

    assert error.kind is DESTINATION_FORBIDDEN
