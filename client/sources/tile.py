"""One tile to ask about, wherever its bytes lie."""

import errno
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..payload import stem, too_long, unreadable
from ..problem import Problem

_UNREADABLE = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,  # a member of a zip that needs a password
    NotImplementedError,  # one that is compressed in a way that Python does not know
)


@dataclass(frozen=True)
class Tile:
    """One tile to ask about.

    file: what tables call it: its path below what was named, with forward slashes.
    id: its name without folder and ending, or what a manifest says.
    where: what tells it from every other tile; a path, or one in an archive.
    size: bytes, as far as they are known before it is read.
    read: gives its bytes, at most so many.
    """

    file: str
    id: str
    where: str
    size: int = field(compare=False)
    read: Callable[[int], bytes] = field(compare=False, repr=False)

    def load(self, limit: int) -> bytes | Problem:
        """Read it; a tile that cannot be read, or is longer than the limit, gives a reason."""
        if self.size > limit:
            return too_long(self.size, limit)
        try:
            data = self.read(limit + 1)
        except _UNREADABLE as error:
            return unreadable(error)
        return data if len(data) <= limit else too_long(len(data), limit)


def of_path(path: Path, file: str, tile_id: str | None = None) -> Tile:
    """Return the tile of a file; what is gone already is reported when its turn comes."""
    try:
        size = path.stat().st_size
    except OSError:
        size = 0

    def read(most: int) -> bytes:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for, for ever
            raise OSError(errno.EINVAL, "It is no file with bytes, but a folder, pipe or device")
        with path.open("rb") as stream:
            return stream.read(most)

    file = printable(file)
    return Tile(file, tile_id or name_of(file), str(path.absolute()), size, read)


def name_of(file: str) -> str:
    """Return a file's name without folder and ending."""
    return stem(file.rpartition("/")[2])


def printable(name: str) -> str:
    """Return a name that every table can hold: bytes that are not UTF-8 become escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
