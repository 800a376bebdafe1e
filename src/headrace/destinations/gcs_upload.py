"""Writes an object of Cloud Storage as a stream, in blocks (a resumable upload).

An answer that is lost leaves open what has arrived. So the server is asked where it stands before
anything is sent again, as its protocol has it; each block is kept until it has arrived.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import google_crc32c
from grpc import StatusCode

from headrace.destinations.gcs_calls import CloudStorage, broken_off
from headrace.google_rest import failure

# What an object that is written holds in memory; a multiple of 256 KiB.
BLOCK_BYTES = 8 * 1024 * 1024

_HELD = re.compile(r"bytes=0-(\d+)")
_DONE = {200, 201}
_MORE = 308
_TAKEN = 412
_GONE = {404, 410}


class Upload:
    """A new object; it is there once this is closed. One that has failed can only be closed.

    There must be none of its name, whoever made it: a worker that was taken for dead can't write
    over what another has recorded. Raises what `CloudStorage` raises.
    """

    def __init__(self, storage: CloudStorage, path: str) -> None:
        self._storage = storage
        self._path = path
        self._session = ""
        self._block = bytearray()
        self._arrived = 0  # and before the block
        self._crc32c = 0
        self._unsure = False
        self.closed = False

    def write(self, data: bytes) -> int:
        self._crc32c = google_crc32c.extend(self._crc32c, data)
        self._block += data
        while len(self._block) > BLOCK_BYTES:
            self._sent(lambda: self._send(BLOCK_BYTES, None))
        return len(data)

    def tell(self) -> int:
        return self._arrived + len(self._block)

    def flush(self) -> None:
        """What is written is sent by the block."""

    def close(self) -> None:
        if not self.closed:
            done = self._sent(lambda: self._send(len(self._block), self.tell()))
            self.closed = True
            if (done.get("crc32c"), done.get("size")) != (self._digest, str(self._arrived)):
                raise broken_off(self._path, "it arrived damaged")

    @property
    def _digest(self) -> str:
        return base64.b64encode(self._crc32c.to_bytes(4, "big")).decode()

    def _sent(self, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            doing = f"write gs://{self._path}"
            if not self._session:
                self._session = self._storage.patiently(doing, self._begin)
            return self._storage.patiently(doing, send)
        except BaseException:
            self.closed = True
            raise

    def _begin(self) -> str:
        bucket, _, name = self._path.partition("/")
        answer = self._storage.ask(
            "POST",
            f"{self._storage.base}/upload/storage/v1/b/{quote(bucket, safe='')}/o",
            {200, _TAKEN},
            params={"uploadType": "resumable", "name": name, "ifGenerationMatch": 0},
            json={"contentType": "application/octet-stream"},
        )
        if answer.status_code == _TAKEN:
            raise broken_off(self._path, "there is a file of that name")
        return answer.headers["Location"]

    def _send(self, size: int, total: int | None) -> dict[str, Any]:
        """Send that much of the block, and with the object's size the last of it.

        It is called again if that may help.
        """
        end = self.tell() - len(self._block) + size
        of = "*" if total is None else str(total)
        done = self._put(b"", f"bytes */{of}", {}) if self._unsure else None
        while done is None and (total is not None or self._arrived < end):
            start = self._arrived
            span = f"{start}-{end - 1}" if start < end else "*"
            hashes = {} if total is None else {"X-Goog-Hash": f"crc32c={self._digest}"}
            done = self._put(bytes(self._block[: end - start]), f"bytes {span}/{of}", hashes)
            if done is None and self._arrived == start:
                raise failure(StatusCode.UNAVAILABLE)  # it took nothing
        if done is None:
            return {}
        if total is None:
            raise broken_off(self._path, "the server ended it early")
        self._arrived, self._block = end, bytearray()
        return done

    def _put(self, data: bytes, span: str, headers: Mapping[str, str]) -> dict[str, Any] | None:
        """What the object has become; None if there is to come more."""
        self._unsure = True
        answer = self._storage.ask(
            "PUT",
            self._session,
            {*_DONE, _MORE, _TAKEN, *_GONE},
            data=data,
            headers={"Content-Range": span, **headers},
        )
        if answer.status_code == _TAKEN:
            raise broken_off(self._path, "there is a file of that name")
        if answer.status_code in _GONE:
            self._storage.find(self._path)  # which tells if the bucket is gone
            raise broken_off(self._path, "the upload is not known any more")
        if answer.status_code in _DONE:
            done: dict[str, Any] = answer.json()
            return done
        held = _HELD.fullmatch(answer.headers.get("Range", ""))
        position = int(held[1]) + 1 if held else 0
        if not self._arrived <= position <= self.tell():
            raise broken_off(self._path, "the server lost a part of it")
        del self._block[: position - self._arrived]
        self._arrived, self._unsure = position, False
        return None
