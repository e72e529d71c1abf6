"""Hands out tiles that still have to be asked about, read from where they are."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..limits import Limits
from ..payload import Payload
from ..problem import Problem
from ..sources import Tile
from .ledger import Digest, Ledger, digest_of
from .progress import Progress

_ENDING = ".png"


@dataclass(frozen=True)
class Portion:
    """Tiles for one request: what to send, and by what its answers are kept."""

    tiles: list[Tile] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)
    payloads: list[Payload] = field(default_factory=list)

    def weight(self) -> int:
        """Return the bytes to send."""
        return sum(payload.weight() for payload in self.payloads)


class Feed:
    """All tiles of a run. Any number of workers draw from it; each content is given out once.

    digests: of each tile that was read so far. unreadable: why others could not be.
    """

    def __init__(
        self, tiles: Sequence[Tile], ledger: Ledger, limits: Limits, progress: Progress
    ) -> None:
        self.digests: dict[Tile, Digest] = {}
        self.unreadable: dict[Tile, Problem] = {}
        self._left = list(reversed(tiles))
        self._seen: set[Digest] = set()
        self._ledger = ledger
        self._limits = limits
        self._progress = progress

    async def portion(self) -> Portion | None:
        """Return tiles for a full request, or what is left; None when nothing is."""
        portion = Portion()
        while room := self._room(portion):
            claimed = list(self._claim(portion, room))
            if not claimed:
                break
            # A slow disk must not hold up the answers that come in meanwhile.
            contents = await asyncio.to_thread(self._read, claimed)
            for tile, data in zip(claimed, contents, strict=True):
                self._sort(portion, tile, data)
        return portion if portion.tiles else None

    def _room(self, portion: Portion) -> int:
        return self._limits.tiles - len(portion.tiles)

    def _claim(self, portion: Portion, room: int) -> Iterator[Tile]:
        weight = portion.weight()
        while self._left and room:
            weight += self._left[-1].size
            if weight > self._limits.body_bytes and room < self._limits.tiles:
                return
            room -= 1
            yield self._left.pop()

    def _read(self, tiles: Sequence[Tile]) -> list[tuple[Digest, bytes] | Problem]:
        found = (tile.load(self._limits.tile_bytes) for tile in tiles)
        return [data if isinstance(data, Problem) else (digest_of(data), data) for data in found]

    def _sort(self, portion: Portion, tile: Tile, data: tuple[Digest, bytes] | Problem) -> None:
        if isinstance(data, Problem):
            self.unreadable[tile] = data
            self._progress.done(1)
            return
        digest, content = data
        self.digests[tile] = digest
        if digest in self._seen:
            self._progress.copies(1)
            return
        self._seen.add(digest)
        if digest in self._ledger:
            self._progress.kept(1)
            return
        portion.tiles.append(tile)
        portion.digests.append(digest)
        portion.payloads.append(Payload(tile.id + _ENDING, content))
