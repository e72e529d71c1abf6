"""What makes two tiles the same one, whatever they are called and whichever bundle holds them."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from bundle.layout import TILE_HASHES
from bundle.preprocess import content_hash


class Contents:
    """The content hashes of a bundle's tiles.

    A bundle that was fitted before bundles held them has those of its pictures, which are the
    same where tiles had the size of the encoder's input.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._stored: NDArray[np.uint8] | None = bundle.arrays.get(TILE_HASHES)
        self._made: dict[int, bytes] = {}

    def of(self, row: int) -> bytes:
        """Return the hash of a tile.

        Raises:
            BundleDamaged: the bundle has no hashes, and no whole picture of the tile.
        """
        if self._stored is not None:
            return bytes(self._stored[row])
        if row not in self._made:
            self._made[row] = content_hash(self._bundle.tile(row))
        return self._made[row]

    def rows(self, content: bytes) -> list[int]:
        """Return the rows of the tiles that have a hash, ascending."""
        return self._rows.get(content, [])

    def find(self, content: bytes, named: int | None) -> int | None:
        """Return the row of the tile that has a hash, None where none has.

        Args:
            content: the hash.
            named: the row of the tile that has the id sought, which is the one if it has the hash;
                else it is the first that has.
        """
        if named is not None and self.of(named) == content:
            return named
        return next(iter(self.rows(content)), None)

    @cached_property
    def _rows(self) -> dict[bytes, list[int]]:
        rows: dict[bytes, list[int]] = {}
        for row in range(len(self._bundle)):
            rows.setdefault(self.of(row), []).append(row)
        return rows
