"""The tiles of one fit, as every step after reading sees them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Tiles
from bundle.bundle import Scan
from bundle.spread import spread
from bundle.views import whitest

_MOST = 2_000
"""Tiles that white is taken from."""


@dataclass(frozen=True)
class TileSet:
    """Tiles ready for the encoder, in ascending order of their ids' UTF-8 bytes.

    ids: n ids as the user gave them.
    inputs: (n, side, side) uint8, mapped from disk; `read` keeps them from piling up in memory.
    scans: the scans that tiles were cut from; empty when not known.
    scan_numbers: (n,) int32 positions in `scans`, -1 when not known.
    sizes: (n, 2) int32 height and width of the tile as it was given, in pixels.
    colours: (n,) float32 share of its pixels that had colour.
    contents: (n, 16) uint8 hash of its pixels, see `bundle.preprocess.content_hash`.
    positions: (n, 2) int32 y and x of the tile's corner in its scan, -1 when not known.
    skipped: file name -> why it was left out.
    """

    ids: list[str]
    inputs: Tiles = field(repr=False)
    scans: tuple[Scan, ...]
    scan_numbers: NDArray[np.int32] = field(repr=False)
    sizes: NDArray[np.int32] = field(repr=False)
    colours: NDArray[np.float32] = field(repr=False)
    contents: NDArray[np.uint8] = field(repr=False)
    positions: NDArray[np.int32] = field(repr=False)
    skipped: dict[str, str]

    def __len__(self) -> int:
        """Return the number of tiles."""
        return len(self.ids)

    @cached_property
    def white(self) -> int:
        """The brightest grey, but for that of a few tiles, 1 to 255."""
        return whitest(self.read(spread(len(self), _MOST)))

    def read(self, rows: slice | NDArray[np.integer[Any]]) -> Tiles:
        """Return a copy of some tiles: (m, side, side) uint8.

        The file is mapped anew each time, as the pages that a mapping has touched count as
        this process's memory for as long as it stands: 1 GB after one pass over 62,000 tiles.
        """
        inputs = self.inputs
        if isinstance(inputs, np.memmap) and inputs.filename is not None:
            shape = inputs.shape
            inputs = np.memmap(inputs.filename, dtype=np.uint8, mode="r", shape=shape)
        return np.array(inputs[rows])
