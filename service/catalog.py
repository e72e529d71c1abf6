"""Stored tiles by id, laid out for fast answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bundle import Bundle, UnknownTile, rarity
from bundle.bundle import Scan


@dataclass(frozen=True)
class Catalog:
    """Ids, scans and labels as plain lists, and the arrays as plain arrays.

    Indexing a memory-mapped array makes a new map object each time; a plain view of the same
    memory is several times faster and costs nothing.
    """

    bundle: Bundle
    ids: list[str]
    rows: dict[str, int]
    labels: list[int | None]
    scan_numbers: list[int]
    neighbors: NDArray[np.int32]
    distances: NDArray[np.float32]

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """Lay out a bundle's stored tiles."""
        ids = [str(raw, "utf-8") for raw in bundle.arrays["ids.npy"].tolist()]
        return cls(
            bundle=bundle,
            ids=ids,
            rows={name: row for row, name in enumerate(ids)},
            labels=[None if label < 0 else label for label in bundle.labels.tolist()],
            scan_numbers=bundle.arrays["scan_numbers.npy"].tolist(),
            neighbors=np.asarray(bundle.neighbors),
            distances=np.asarray(bundle.neighbor_distances),
        )

    def row(self, tile_id: str) -> int:
        """Return the row of an id.

        Raises:
            UnknownTile: no stored tile has it; the error names near matches.
        """
        row = self.rows.get(tile_id)
        if row is not None:
            return row
        self.bundle.row(tile_id.replace("\0", "\N{REPLACEMENT CHARACTER}"))
        raise UnknownTile(tile_id[:200], [])

    def scan(self, row: int) -> Scan | None:
        """Return the scan that a tile was cut from, or None when not known."""
        number = self.scan_numbers[row]
        return None if number < 0 else self.bundle.scans[number]

    def hits(
        self, rows: Sequence[int], distances: NDArray[np.float32]
    ) -> list[dict[str, Any]]:
        """Return the neighbours at `rows`, (k,) float32 `distances` away, as JSON objects."""
        shares = rarity(self.bundle, distances).tolist()
        return [
            {
                "rank": rank,
                "id": self.ids[row],
                "distance": distance,
                "rarity": share,
                "cluster": self.labels[row],
                "scan": None if self.scan_numbers[row] < 0 else self.scan(row).name,
            }
            for rank, (row, distance, share) in enumerate(
                zip(rows, distances.tolist(), shares, strict=True), 1
            )
        ]
