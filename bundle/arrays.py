"""Names for the arrays that cross a border, with their shapes."""

from mmap import MADV_DONTNEED, mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""(height, width) uint8: one grey picture, 0 black."""

Tiles = NDArray[np.uint8]
"""(n, side, side) uint8: encoder input, grey, 0 black."""

Latents = NDArray[np.float32]
"""(n, d) float32: the encoder's output as it leaves the network, not scaled."""

Maps = NDArray[np.float32]
"""(n, 3, g, g) float32: log-odds of lettering, film edge and mask in each cell of the tile;
(n, 0, 0, 0) from an encoder that makes none."""

Points = NDArray[np.float32]
"""(n, d) float32: latents after the bundle's scaler; distances are taken between these."""

Rows = NDArray[np.int32]
"""(n, k) int32: row numbers of stored tiles. Never shown to a user: an id is."""

Distances = NDArray[np.float32]
"""(n, k) float32: euclidean distances between points."""


def give_back(array: NDArray[Any]) -> None:
    """Give back the memory of an array's pages, where it is mapped; they are read again as needed.

    A few rows that lie far apart bring the whole file in: the system maps what is around each.
    """
    if isinstance(array.base, mmap):
        array.base.madvise(MADV_DONTNEED)
