"""Objects of Cloud Storage as files for Arrow, whose paths are `bucket/name`."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterable
from typing import NoReturn

import pyarrow as pa
from pyarrow.fs import FileInfo, FileSelector, FileSystemHandler, FileType

from headrace.destinations.gcs_calls import CloudStorage
from headrace.destinations.gcs_upload import BLOCK_BYTES, Upload


class GcsFiles(FileSystemHandler):  # type: ignore[misc]
    """What a staging needs of a file system: no directories, and files that are never changed.

    Raises FileNotFoundError for a file that is absent, and what `CloudStorage` raises.
    """

    def __init__(self, storage: CloudStorage) -> None:
        self._storage = storage

    def get_type_name(self) -> str:
        return "gcs"

    def normalize_path(self, path: str) -> str:
        return path

    def open_output_stream(self, path: str, metadata: object) -> pa.NativeFile:  # noqa: ARG002
        return pa.PythonFile(Upload(self._storage, path), "w")

    def open_input_file(self, path: str) -> pa.NativeFile:
        return pa.PythonFile(_Download(self._storage, path), "r")

    open_input_stream = open_input_file

    def get_file_info(self, paths: Iterable[str]) -> list[FileInfo]:
        return [self._info(path) for path in paths]

    def get_file_info_selector(self, selector: FileSelector) -> list[FileInfo]:
        """All files below the directory, however deep."""
        return self.get_file_info(self._storage.names(selector.base_dir))

    def delete_file(self, path: str) -> None:
        """Absent is no error."""
        self._storage.delete(path)

    def _info(self, path: str) -> FileInfo:
        found = self._storage.find(path)
        if found is None:
            return FileInfo(path, FileType.NotFound)
        return FileInfo(path, FileType.File, size=int(found["size"]))

    def _refuse(self, *_: object) -> NoReturn:
        raise NotImplementedError("a staging has no directories, and its files are never changed")

    copy_file = create_dir = delete_dir = delete_dir_contents = _refuse
    delete_root_dir_contents = move = open_append_stream = _refuse


class _Download:
    """A file that is read, as it was when it was opened, with one block of it in memory."""

    def __init__(self, storage: CloudStorage, path: str) -> None:
        found = storage.find(path)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        self._storage = storage
        self._path = path
        self._generation = found["generation"]
        self._size = int(found["size"])
        self._position = 0
        self._start = 0
        self._block = b""
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        start = self._position
        end = self._size if size < 0 else min(start + size, self._size)
        if end <= start:
            return b""
        if start < self._start or self._start + len(self._block) < end:
            ahead = min(max(end, start + BLOCK_BYTES), self._size)
            self._block = self._storage.read(self._path, self._generation, start, ahead)
            self._start = start
        self._position = end
        return self._block[start - self._start : end - self._start]

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        before = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}
        self._position = before[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        self._block = b""
        self.closed = True
