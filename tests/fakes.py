"""Stand-ins with answers that can be worked out by hand."""

import numpy as np

from bundle.arrays import Latents, Tiles
from tests.tiny import tiny_latents


class FakeEncoder:
    """Gives the latents of the tiny bundle's encoder, and remembers the size of each run."""

    def __init__(self, *, refuse: int | None = None) -> None:
        """`refuse`: fail on any run that holds a tile whose first pixel is this grey."""
        self.runs: list[int] = []
        self._refuse = refuse

    def encode(self, tiles: Tiles) -> Latents:
        """(n, 16, 16) uint8 -> (n, 4) float32 means of the four squares."""
        self.runs.append(len(tiles))
        if self._refuse is not None and (np.asarray(tiles)[:, 0, 0] == self._refuse).any():
            raise RuntimeError("a tile that this encoder cannot take")
        return tiny_latents(tiles)
