"""The journal of a run: results as they come, kept beside the output until it is written.

One JSON object a line: first the run's header, then one line a tile. Lines are only ever
appended, so whatever ends the run, at most its last line is lost; `--resume` reads the rest.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from client.answers import Json
from client.errors import BundleChanged, InputUnusable
from client.sources import TileFile

_FORMAT = 1
_ENDED: Mapping[str, Any] = {"ended": True}
Key: TypeAlias = tuple[str, int, int]


@dataclass(frozen=True)
class Run:
    """What results must have in common to stand in one table."""

    command: str
    k: int | None
    bundle: str


class Journal:
    """An open journal. A context manager; `close` it when the output is written."""

    def __init__(self, path: Path, run: Run, *, resume: bool) -> None:
        """Begin a journal, or go on with the one that is there.

        Raises:
            InputUnusable: there is one and resume is not set, or it is of another run.
            BundleChanged: its results are of another bundle.
        """
        self.path = path
        # Places in the file, not results: 62,000 latents are 200 MB of text.
        self._offsets: dict[Key, int] = {}
        if not resume and path.exists() and not _has_ended(path):
            raise InputUnusable(
                f"{path} holds results of a run that did not end. Add --resume to go on with "
                "it, or delete it to begin anew."
            )
        if resume and path.exists():
            self._read(run)
        try:
            self._stream = path.open("ab" if resume else "wb")
        except OSError as error:
            raise InputUnusable(f"{path} cannot be written: {error.strerror}.") from error
        if self._stream.tell() == 0:
            self._line({"journal": _FORMAT, **asdict(run)})

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file and leave it where it is."""
        self._stream.close()

    def __contains__(self, tile: TileFile) -> bool:
        """Return whether the tile, unchanged since, has a result."""
        return tile.key in self._offsets

    def add(self, results: Iterable[tuple[TileFile, Json]]) -> None:
        """Append results; they are out of this process's hands when this returns."""
        for tile, result in results:
            self._offsets[tile.key] = self._line({"key": tile.key, "result": result})
        self._stream.flush()

    def results(self, tiles: Iterable[TileFile]) -> Iterator[tuple[TileFile, Json | None]]:
        """Read results back from disk in the order of the tiles; None where there is none."""
        self._stream.flush()
        with self.path.open("rb") as stream:
            for tile in tiles:
                offset = self._offsets.get(tile.key)
                if offset is None:
                    yield tile, None
                    continue
                stream.seek(offset)
                yield tile, json.loads(stream.readline())["result"]

    def close(self, *, complete: bool) -> None:
        """End the run: delete the journal, or keep it for asking again about what failed."""
        if not complete:
            self._line(_ENDED)
        self._stream.close()
        if complete:
            self.path.unlink()

    def _line(self, entry: Json) -> int:
        offset = self._stream.tell()
        self._stream.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        return offset

    def _read(self, run: Run) -> None:
        with self.path.open("r+b") as stream:
            end = self._check(stream.readline(), run)
            for line in stream:
                key = _key(line)
                if key is None:
                    break
                self._offsets[key] = end
                end += len(line)
            # The next line must not be glued to the half of one.
            stream.truncate(end)

    def _check(self, header: bytes, run: Run) -> int:
        if not header.endswith(b"\n"):
            return 0
        try:
            entry = json.loads(header)
            form, before = entry["journal"], Run(entry["command"], entry["k"], entry["bundle"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputUnusable(
                f"{self.path} is no journal of this client; move it away."
            ) from error
        if form != _FORMAT:
            raise InputUnusable(f"{self.path} was written by another version; delete it.")
        if (before.command, before.k) != (run.command, run.k):
            asked = before.command + ("" if before.k is None else f" -k {before.k}")
            raise InputUnusable(
                f"{self.path} is of a run of `{asked}`. Go on with that command, or delete it."
            )
        if before.bundle != run.bundle:
            raise BundleChanged(before.bundle, run.bundle)
        return len(header)


def _key(line: bytes) -> Key | None:
    """Return the key of a whole line of a tile; None for the line that a broken run left."""
    try:
        file, size, changed_ns = json.loads(line)["key"]
    except (ValueError, KeyError, TypeError):
        return None
    return (file, size, changed_ns) if line.endswith(b"\n") else None


def _has_ended(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 100))
        return stream.read().endswith(json.dumps(_ENDED, separators=(",", ":")).encode() + b"\n")
