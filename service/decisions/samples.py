"""Random samples of what nobody has looked at, kept with the decisions.

A sample is the tiles of its population whose hash with the sample's seed is least: so anyone who
has the ids and the seed can draw it again. Rows of the table are only ever added.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_hex

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select

from service.decisions.ledger import Ledger
from service.decisions.tables import samples

Flags = NDArray[np.bool_]
_COLUMNS = ("draw", "at", "reviewer", "seed", "population", "drawn")


@dataclass(frozen=True)
class Sample:
    """One draw. population, drawn: (n,) bool, the tiles that could be drawn and that were."""

    draw: int
    at: datetime
    reviewer: str
    seed: str
    population: Flags = field(repr=False)
    drawn: Flags = field(repr=False)


def lot(ids: Sequence[str], population: Flags, size: int, seed: str) -> Flags:
    """Return (n,) bool: `size` tiles of the population, or all of a smaller one."""
    rows = np.flatnonzero(population)
    lots = [sha256(f"{seed}:{ids[row]}".encode()).digest() for row in rows.tolist()]
    first = sorted(range(len(lots)), key=lots.__getitem__)[:size]
    drawn = np.zeros_like(population)
    drawn[rows[first]] = True
    return drawn


class Samples:
    """The samples of one bundle's tiles."""

    def __init__(self, ledger: Ledger, bundle: str, ids: Sequence[str]) -> None:
        """Take the bundle's id and the ids of its tiles by row."""
        self._ledger = ledger
        self._bundle = bundle
        self._ids = ids

    async def all(self) -> list[Sample]:
        """Return every sample, in the order of time.

        Raises:
            LedgerDown: the database cannot be used.
        """
        return await self._ledger.read(self._all)

    async def draw(
        self, reviewer: str, population: Flags, size: int, *, known: Sequence[Sample], seq: int
    ) -> bool:
        """Draw a sample and keep it; False if somebody else drew one meanwhile.

        Args:
            reviewer: who asks.
            population: (n,) bool, the tiles that may be drawn.
            size: how many to draw.
            known: the samples that the caller knows of.
            seq: of the last decision that the caller knows of.

        Raises:
            LedgerDown: the database cannot be used.
        """

        def work(connection: Connection) -> bool:
            if len(self._all(connection)) != len(known):
                return False
            seed = token_hex(16)
            drawn = lot(self._ids, population, size, seed)
            connection.execute(
                insert(samples).values(
                    at=datetime.now(UTC),
                    reviewer=reviewer,
                    bundle=self._bundle,
                    seq=seq,
                    seed=seed,
                    population=np.packbits(population).tobytes(),
                    drawn=np.packbits(drawn).tobytes(),
                )
            )
            return True

        return await self._ledger.write(work)

    def _all(self, connection: Connection) -> list[Sample]:
        wanted = (
            select(*(samples.c[name] for name in _COLUMNS))
            .where(samples.c.bundle == self._bundle)
            .order_by(samples.c.draw)
        )
        return [
            Sample(draw, at, reviewer, seed, self._flags(population), self._flags(drawn))
            for draw, at, reviewer, seed, population, drawn in connection.execute(wanted)
        ]

    def _flags(self, packed: bytes) -> Flags:
        return np.unpackbits(np.frombuffer(packed, np.uint8), count=len(self._ids)).astype(bool)
