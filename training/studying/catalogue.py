"""Tiles that are not in a bundle, known as a bundle knows its own."""

from difflib import get_close_matches
from functools import cached_property

from bundle.bundle import Scan
from bundle.errors import UnknownTile
from training.tiles import TileSet


class Catalogue:
    """The look-ups of `bundle.Bundle` on a tile set: see `training.measuring.labels.Stored`."""

    def __init__(self, tiles: TileSet) -> None:
        """Look up in `tiles`."""
        self._tiles = tiles

    def __len__(self) -> int:
        """Return the number of tiles."""
        return len(self._tiles)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {tile_id: row for row, tile_id in enumerate(self._tiles.ids)}

    def id(self, row: int) -> str:
        """Return the id of a row."""
        return self._tiles.ids[row]

    def row(self, tile_id: str) -> int:
        """Return the row of an id.

        Raises:
            UnknownTile: no tile has it; the error names near matches.
        """
        row = self.find(tile_id)
        if row is None:
            raise UnknownTile(tile_id[:200], get_close_matches(tile_id[:200], self._rows, n=3))
        return row

    def find(self, tile_id: str) -> int | None:
        """Return the row of an id, one of many, None where no tile has it."""
        return self._rows.get(tile_id)

    def scan(self, row: int) -> Scan | None:
        """Return the scan that a tile was cut from, or None when not known."""
        number = int(self._tiles.scan_numbers[row])
        return None if number < 0 else self._tiles.scans[number]

    def position(self, row: int) -> tuple[int, int] | None:
        """Return (y, x) of the tile's corner in its scan in pixels, or None."""
        y, x = self._tiles.positions[row].tolist()
        return None if y < 0 or x < 0 else (y, x)
