"""Stand-ins with answers that can be worked out by hand."""

import threading

import numpy as np

from bundle.arrays import Latents, Tiles
from bundle.runtime import Examined
from tests.tiny import tiny_latents, tiny_maps


class FakeEncoder:
    """Gives the latents of the tiny bundle's encoder, and remembers each run.

    runs: sizes. seen: the first pixel of every tile, in order.
    """

    def __init__(self, *, refuse: int | None = None, drop: int = 0) -> None:
        """`refuse`: fail on a run with a tile of this first pixel. `drop`: give fewer latents."""
        self.runs: list[int] = []
        self.seen: list[int] = []
        self.refuse = refuse
        self.drop = drop

    def examine(self, tiles: Tiles) -> Examined:
        """(n, 16, 16) uint8 -> what `encode` gives, and the tiny encoder's maps."""
        latents = self.encode(tiles)
        return Examined(latents, tiny_maps(np.asarray(tiles))[: len(latents)])

    def encode(self, tiles: Tiles) -> Latents:
        """(n, 16, 16) uint8 -> (n, 4) float32 means of the four squares."""
        self.runs.append(len(tiles))
        self.seen += np.asarray(tiles)[:, 0, 0].tolist()
        if self.refuse is not None and (np.asarray(tiles)[:, 0, 0] == self.refuse).any():
            raise RuntimeError("a tile that this encoder cannot take")
        return tiny_latents(tiles)[: len(tiles) - self.drop]


class GatedEncoder(FakeEncoder):
    """Waits in every run until `gate` is open; `busy` says that one has begun."""

    def __init__(self, *, begin_open: bool = False) -> None:
        """`begin_open`: let runs through until `gate` is cleared."""
        super().__init__()
        self.gate = threading.Event()
        if begin_open:
            self.gate.set()
        self.busy = threading.Event()

    def encode(self, tiles: Tiles) -> Latents:
        """Encode as the fake does, once the gate is open."""
        self.busy.set()
        self.gate.wait(20)
        return super().encode(tiles)
