"""The tiles of one fit, as every step after reading sees them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Tiles
from bundle.bundle import Scan


@dataclass(frozen=True)
class TileSet:
    """Tiles ready for the encoder, in ascending order of their ids' UTF-8 bytes.

    ids: n ids as the user gave them.
    inputs: (n, side, side) uint8, mapped from disk: never all in memory.
    scans: the scans that tiles were cut from; empty when not known.
    scan_numbers: (n,) int32 positions in `scans`, -1 when not known.
    positions: (n, 2) int32 y and x of the tile's corner in its scan, -1 when not known.
    skipped: file name -> why it was left out.
    """

    ids: list[str]
    inputs: Tiles = field(repr=False)
    scans: tuple[Scan, ...]
    scan_numbers: NDArray[np.int32] = field(repr=False)
    positions: NDArray[np.int32] = field(repr=False)
    skipped: dict[str, str]

    def __len__(self) -> int:
        """Return the number of tiles."""
        return len(self.ids)
