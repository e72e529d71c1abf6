"""Stored tiles by id, laid out for fast answers."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bundle import Bundle
from bundle.errors import UnknownTile
from service.errors import UnknownScan
from service.stored.graph import Graph
from service.stored.ids import Ids, Rows, Some


@dataclass(frozen=True)
class Catalog:
    """Ids both ways, and the arrays read most as plain ones.

    Indexing a memory-mapped array makes a new map object each time; a plain view of the same
    memory is several times faster and costs nothing. What every worker would hold of every tile
    stays in the bundle's files, which are in memory once.
    """

    bundle: Bundle
    ids: Ids
    rows: Rows
    graph: Graph
    latents: NDArray[np.float32]
    _labels: NDArray[np.int32]
    _scan_numbers: NDArray[np.int32]
    _scan_names: list[str | None]

    @classmethod
    def of(cls, bundle: Bundle, graph: Graph) -> Self:
        """Lay out a bundle's stored tiles; `graph` must stay open."""
        ids = Ids(bundle.arrays["ids.npy"])
        return cls(
            bundle=bundle,
            ids=ids,
            rows=Rows(ids),
            graph=graph,
            latents=np.asarray(bundle.latents),
            _labels=np.asarray(bundle.labels),
            _scan_numbers=np.asarray(bundle.arrays["scan_numbers.npy"]),
            _scan_names=[*(scan.name for scan in bundle.scans), None],  # -1 finds the None
        )

    def label(self, row: int) -> int | None:
        """Return the cluster of a tile, None for a stray one."""
        label = int(self._labels[row])
        return None if label < 0 else label

    def labels(self, rows: Some) -> list[int | None]:
        """Return the cluster of each of some rows, None for a stray tile."""
        return [None if label < 0 else label for label in self._labels[rows].tolist()]

    def scan(self, row: int) -> str | None:
        """Return the name of the scan that a tile was cut from, None where it is not known."""
        return self._scan_names[int(self._scan_numbers[row])]

    def scans(self, rows: Some) -> list[str | None]:
        """Return the name of the scan of each of some rows, None where it is not known."""
        return [self._scan_names[number] for number in self._scan_numbers[rows].tolist()]

    def row(self, tile_id: str) -> int:
        """Return the row of an id.

        Raises:
            UnknownTile: no stored tile has it; the error names near matches.
        """
        row = self.rows.get(tile_id)
        return self.bundle.row(tile_id) if row is None else row

    def exactly(self, tile_id: str) -> int:
        """Return the row of an id, one of many: to look for near matches takes milliseconds each.

        Raises:
            UnknownTile: no stored tile has it.
        """
        row = self.rows.get(tile_id)
        if row is None:
            raise UnknownTile(tile_id[:200], ())
        return row

    def in_scan(self, name: str) -> NDArray[np.intp]:
        """Return the rows of a scan's tiles, ascending.

        Raises:
            UnknownScan: no stored tile was cut from a scan of this name.
        """
        numbers = [at for at, scan in enumerate(self.bundle.scans) if scan.name == name]
        rows = np.flatnonzero(np.isin(self.bundle.arrays["scan_numbers.npy"], numbers))
        if not len(rows):
            raise UnknownScan(f"No stored tile was cut from a scan named {name[:200]!r}.")
        return rows

    def page(
        self, rows: NDArray[np.intp] | range, *, cursor: str | None, limit: int
    ) -> tuple[list[int], str | None]:
        """Cut one page out of ascending `rows`, beginning after the id `cursor`.

        Returns: the page's rows, and the cursor of the next page or None at the end.
        """
        start = 0
        if cursor is not None:
            start = int(np.searchsorted(rows, bisect_right(self.ids, cursor)))
        chosen = [int(row) for row in rows[start : start + limit]]
        more = start + limit < len(rows)
        return chosen, self.ids[chosen[-1]] if more and chosen else None
