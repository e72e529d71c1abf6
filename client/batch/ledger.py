"""The ledger of a run: answers as they come, by the content of the tile that was asked about.

One JSON object a line: first the run's header, with the bundle that answers, then one line a tile
with the SHA-256 of its bytes. Lines are only ever appended, so whatever ends the run, at most its
last line is lost; `--resume` reads the rest. A tile that was renamed, moved or sent twice is the
same tile; one that was changed is another.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias

from ..answers import Json
from ..errors import BundleChanged, InputUnusable
from .disk import writing
from .locks import lock

_FORMAT = 2
_ENDED: Mapping[str, Any] = {"ended": True}
_HEAD = b'{"ledger":'
_OURS = frozenset({"id", "index"})
"""Members of a result that are not kept: the name of a tile, and its place in some request."""
Digest: TypeAlias = bytes
"""The SHA-256 of a tile's bytes."""


def digest_of(data: bytes) -> Digest:
    """Return what tells a tile from every other, whatever it is called."""
    return hashlib.sha256(data).digest()


@dataclass(frozen=True)
class Run:
    """What answers must have in common to stand in one table."""

    command: str
    k: int | None
    bundle: str


class Ledger:
    """An open ledger. A context manager; `close` it when the output is written."""

    def __init__(self, path: Path, run: Run, *, resume: bool) -> None:
        """Begin a ledger, or go on with the one that is there.

        Raises:
            InputUnusable: there is one and resume is not set, it is of another run, or another
                process writes to it.
            BundleChanged: its answers are of another bundle.
        """
        self.path = path
        # Places in the file, not results: 62,000 latents are 200 MB of text.
        self._offsets: dict[Digest, int] = {}
        try:
            self._stream = path.open("a+b")
        except OSError as error:
            raise InputUnusable(f"{path} cannot be written: {error.strerror}.") from error
        try:
            with writing(path):
                self._begin(run, resume=resume)
        except BaseException:
            with suppress(OSError):
                self._stream.close()
            raise

    def _begin(self, run: Run, *, resume: bool) -> None:
        if not lock(self._stream):
            raise InputUnusable(
                f"Another run writes to {self.path} now. Wait for it, or give --out another name."
            )
        if resume:
            self._read(run)
        elif not _has_ended(self._stream):
            raise InputUnusable(
                f"{self.path} holds answers of a run that did not end. Add --resume to go on with "
                "it, or delete it to begin anew."
            )
        else:
            self._stream.truncate(0)
        if self._stream.seek(0, 2) == 0:
            self._line({"ledger": _FORMAT, **asdict(run)})
            self._stream.flush()

    def __enter__(self) -> Self:
        """Return the ledger."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file and leave it where it is."""
        with writing(self.path):  # what the disk did not take is tried once more
            self._stream.close()

    def __contains__(self, digest: Digest) -> bool:
        """Return whether a tile with these bytes has an answer."""
        return digest in self._offsets

    def __len__(self) -> int:
        """Return the number of different tiles with an answer."""
        return len(self._offsets)

    def add(self, results: Iterable[tuple[Digest, Json]]) -> None:
        """Append answers; they are out of this process's hands when this returns."""
        with writing(self.path):
            for digest, result in results:
                kept = {name: value for name, value in result.items() if name not in _OURS}
                self._offsets[digest] = self._line({"sha256": digest.hex(), "result": kept})
            self._stream.flush()

    def result(self, digest: Digest) -> Json:
        """Read an answer back from disk; raises KeyError if there is none."""
        self._stream.seek(self._offsets[digest])
        result: Json = json.loads(self._stream.readline())["result"]
        return result

    def close(self, *, complete: bool) -> None:
        """End the run: delete the ledger, or keep it for asking again about what failed."""
        with writing(self.path):
            if not complete:
                self._line(_ENDED)
            self._stream.close()
        if complete:
            self.path.unlink()

    def _line(self, entry: Json) -> int:
        offset = self._stream.seek(0, 2)
        self._stream.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        return offset

    def _read(self, run: Run) -> None:
        self._stream.seek(0)
        end = self._check(self._stream.readline(), run)
        if end:
            for line in self._stream:
                digest = _digest(line)
                if digest is None:
                    break
                self._offsets[digest] = end
                end += len(line)
        # The next line must not be glued to the half of one.
        self._stream.truncate(end)

    def _check(self, header: bytes, run: Run) -> int:
        if not header.endswith(b"\n"):
            return 0
        try:
            entry = json.loads(header)
            form, before = entry["ledger"], Run(entry["command"], entry["k"], entry["bundle"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputUnusable(
                f"{self.path} is no ledger of this client; move it away."
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


def _digest(line: bytes) -> Digest | None:
    """Return the hash in a whole line of a tile; None for any other line."""
    try:
        entry = json.loads(line)
        digest = bytes.fromhex(entry["sha256"]) if "result" in entry else b""
    except (ValueError, KeyError, TypeError):
        return None
    return digest if len(digest) == hashlib.sha256().digest_size and line.endswith(b"\n") else None


def _has_ended(stream: BinaryIO) -> bool:
    """Whether nothing is lost by beginning anew: it holds no answer, or its run was ended."""
    stream.seek(0)
    first = stream.readline()
    if first.startswith(_HEAD) and not stream.read(1):
        return True
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 100))
    last = b"".join(stream.read().splitlines(keepends=True)[-1:])
    return not size or last == json.dumps(_ENDED, separators=(",", ":")).encode() + b"\n"
