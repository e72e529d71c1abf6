"""Tells whether the files of the bundle that is served are still those that were opened.

Arrays are read from mapped files, so a file that somebody cuts short or writes over changes what
is answered: zeros up to the end of a page, an end of the process beyond. Files that are replaced
by others of the same name, as every proper copy does, stay what they are here.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self


class Seal:
    """Holds the files open; asked after an answer is made and before it is sent."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._held: dict[str, tuple[int, tuple[int, int]]] = {}
        for file in files:
            descriptor = os.open(file, os.O_RDONLY)
            self._held[file.name] = descriptor, _state(descriptor)

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
        for descriptor, _ in self._held.values():
            os.close(descriptor)
        self._held.clear()

    def broken(self) -> str | None:
        """Return the name of a file that has changed since it was opened, if there is one."""
        for name, (descriptor, before) in self._held.items():
            if _state(descriptor) != before:
                return name
        return None


def _state(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_size, found.st_mtime_ns
