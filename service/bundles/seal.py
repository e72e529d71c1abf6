"""Holds the files of the bundle that is served, and tells whether they are as they were.

Arrays are read from mapped files, so a file that somebody cuts short or writes over changes what
is answered: zeros up to the end of a page, an end of the process beyond. Files that are replaced
by others of the same name, as every proper copy does, stay what they are here.

Asked before every answer, so it must cost next to nothing: Linux is asked to note changes
(inotify), which is one system call. What it does not note, as what is written through a mapped
file or by another machine, shows in sizes and dates, which are compared once a second; always
where the system notes nothing.
"""

import ctypes
import math
import os
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

_IN_MODIFY = 0x2
_HEADER = struct.Struct("iIII")
_NOTES = 4096
_COMPARED_EVERY_S = 1.0


class Seal:
    """Holds the files open, to read from; asked after an answer is made and before it is sent."""

    def __init__(self, files: Iterable[Path], *, watched: bool = True) -> None:
        """`watched` False compares sizes and dates where the system could note changes, too."""
        self._held = {file.name: os.open(file, os.O_RDONLY) for file in files}
        self._before = {name: _state(held) for name, held in self._held.items()}
        self._notes, self._names = _watch(self._held) if watched else (None, {})
        self._found: str | None = None
        self._compare_at = -math.inf

    def __enter__(self) -> Self:
        """Do nothing: the files are held already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the files."""
        notes = [] if self._notes is None else [self._notes]
        for descriptor in (*self._held.values(), *notes):
            os.close(descriptor)
        self._held, self._notes = {}, None

    def read(self, name: str, start: int, length: int) -> bytes:
        """Read from a file as it is now; fewer bytes come where it ends before.

        Args:
            name: of a file that is held.
            start: in bytes.
            length: in bytes.
        """
        return os.pread(self._held[name], length, start)

    def broken(self) -> str | None:
        """Return the name of a file that has changed since it was opened, if there is one."""
        if self._found is None and self._notes is not None:
            self._found = self._noted(self._notes)
        if self._found is None and (self._notes is None or time.monotonic() >= self._compare_at):
            self._compare_at = time.monotonic() + _COMPARED_EVERY_S
            self._found = self._compared()
        return self._found

    def _noted(self, notes: int) -> str | None:
        try:
            watch, *_ = _HEADER.unpack_from(os.read(notes, _NOTES))
        except BlockingIOError:
            return None
        return self._names.get(watch, "(unknown)")

    def _compared(self) -> str | None:
        changed = (name for name, held in self._held.items() if _state(held) != self._before[name])
        return next(changed, None)


def _state(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_size, found.st_mtime_ns


def _watch(held: dict[str, int]) -> tuple[int | None, dict[int, str]]:
    """Have the system note changes; return where to read them, and the name of each watch."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        notes = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    except (OSError, AttributeError):  # not Linux
        return None, {}
    if notes < 0:
        return None, {}
    names: dict[int, str] = {}
    for name, descriptor in held.items():
        # By descriptor: the path may be that of another file by now.
        path = f"/proc/self/fd/{descriptor}".encode()
        names[int(libc.inotify_add_watch(notes, path, _IN_MODIFY))] = name
    if min(names) < 0:  # out of watches
        os.close(notes)
        return None, {}
    return notes, names
