"""Tiles on their way to the service: read from disk and put together into requests."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

from .limits import Limits
from .problem import Problem

T = TypeVar("T")


@dataclass(frozen=True)
class Payload:
    """One tile to send: a name, the id but for its ending, and its bytes or why there are none."""

    name: str
    data: bytes | Problem = field(repr=False)
    path: str | None = field(default=None, repr=False, compare=False)
    """Where the bytes were read, to show the tile beside the answer without keeping them."""

    def weight(self) -> int:
        """Return the bytes to send."""
        return len(self.data) if isinstance(self.data, bytes) else 0

    @property
    def source(self) -> str | bytes | None:
        """What can show the tile."""
        return self.path or (self.data if isinstance(self.data, bytes) else None)

    @property
    def id(self) -> str:
        """The name without its ending; the service's own idea of the id is not asked for."""
        return stem(self.name)


TileLike: TypeAlias = str | os.PathLike[str] | bytes | Payload
"""A path, the bytes of a PNG, or bytes with a name."""


def stem(name: str) -> str:
    """Return a name without its ending; a slash or backslash in it is a letter like others."""
    return os.path.splitext(name)[0]  # noqa: PTH122  Path would take a name apart at its slashes


def load(tile: TileLike, limits: Limits) -> Payload:
    """Read a tile; a file that cannot be read becomes a payload that says why."""
    if isinstance(tile, Payload):
        return tile
    if isinstance(tile, bytes):
        return Payload("tile.png", tile)
    path = Path(tile)
    # A name that is not UTF-8 could not be sent; the escapes keep the request sound.
    name = os.fsencode(path.name).decode("utf-8", "backslashreplace")
    try:
        size = path.stat().st_size
        if size > limits.tile_bytes:
            return Payload(name, too_long(size, limits.tile_bytes), str(path))
        return Payload(name, path.read_bytes(), str(path))
    except OSError as error:
        return Payload(name, unreadable(error), str(path))


def unreadable(error: Exception) -> Problem:
    """Return the problem of a tile whose bytes could not be read."""
    reason = (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
    detail = f"The file cannot be read: {reason.rstrip('.')}."
    return Problem("unreadable_file", 0, "The file cannot be read", detail)


def too_long(size: int, limit: int) -> Problem:
    """Return the problem of a tile with more bytes than are sent."""
    detail = f"The file has {size:,} bytes; at most {limit:,} are sent. Is it a whole scan?"
    return Problem("tile_too_long", 0, "The tile has too many bytes", detail)


def chunked(items: Iterable[T], size_of: Callable[[T], int], limits: Limits) -> Iterator[list[T]]:
    """Put items together into requests; limits that change count from the next one on."""
    chunk: list[T] = []
    weight = 0
    for item in items:
        size = size_of(item)
        if chunk and (len(chunk) >= limits.tiles or weight + size > limits.body_bytes):
            yield chunk
            chunk, weight = [], 0
        chunk.append(item)
        weight += size
    if chunk:
        yield chunk
