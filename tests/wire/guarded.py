"""Bytes that lie right before memory which nobody may read: a step too far ends the process."""

from __future__ import annotations

import ctypes
import mmap

_libc = ctypes.CDLL(None, use_errno=True)
_PROT_NONE = 0


class Guarded:
    """Room for up to `size` bytes before the forbidden page; one use at a time."""

    def __init__(self, size: int = 1 << 20) -> None:
        self._memory = mmap.mmap(-1, size + mmap.PAGESIZE)
        self._size = size
        whole = (ctypes.c_ubyte * len(self._memory)).from_buffer(self._memory)
        page = ctypes.c_void_p(ctypes.addressof(whole) + size)
        if _libc.mprotect(page, ctypes.c_size_t(mmap.PAGESIZE), _PROT_NONE):
            raise OSError(ctypes.get_errno(), "mprotect")

    def place(self, data: bytes) -> memoryview:
        """The data, its last byte being the last that may be read."""
        start = self._size - len(data)
        self._memory[start : self._size] = data
        return memoryview(self._memory)[start : self._size]
