"""The neighbours of stored tiles, read from the bundle's files as they are asked for.

Mapped like the other arrays they would all be in use after a thousand questions, as the system
maps what lies around a page too: 50 MiB at 62,000 tiles. A read takes a microsecond.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundle import Bundle, BundleDamaged
from bundle.arrays import Distances, Rows
from service.bundles.seal import Seal


class Graph:
    """Which stored tiles lie nearest to a stored one, and how near."""

    def __init__(self, bundle: Bundle, seal: Seal) -> None:
        """Prepare to read from the files that the seal holds."""
        self.width = bundle.manifest.neighbors
        self._rows = _Table(bundle, seal, "neighbors.npy")
        self._distances = _Table(bundle, seal, "neighbor_distances.npy")

    def near(self, row: int) -> tuple[Rows, Distances]:
        """Return (k,) int32 rows of a tile's nearest others, nearest first, and (k,) distances.

        Raises:
            BundleDamaged: a file was cut short.
        """
        return self._rows.line(row), self._distances.line(row)


class _Table:
    """An array in a file, read a line at a time."""

    def __init__(self, bundle: Bundle, seal: Seal, name: str) -> None:
        array = bundle.arrays[name]
        self._seal, self._name, self._dtype = seal, name, array.dtype
        self._length = array.shape[1] * array.itemsize
        self._start = bundle.manifest.files[name].size - array.nbytes  # past the header

    def line(self, row: int) -> NDArray[Any]:
        found = self._seal.read(self._name, self._start + row * self._length, self._length)
        if len(found) != self._length:
            raise BundleDamaged(f"{self._name} was cut short while it was served.")
        return np.frombuffer(found, self._dtype)
