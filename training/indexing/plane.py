"""A map of the tiles: t-SNE of the stored neighbour graph, its repulsion taken on a grid.

Neighbours pull each other, all tiles push each other away. The push of all on all is a convolution,
so it is taken by FFT on a grid that the tiles are spread over and read from again, as in
FIt-SNE (Linderman et al., Nature Methods 16, 243, 2019). Time grows with tiles, not with pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.sparse import csr_array

from bundle.arrays import Points, Rows
from bundle.plane import Plane, principal_plane
from training.indexing.graph import ignore

NEIGHBORS = 15
_PRESSED, _FREE = 120, 280
"""Steps with neighbours pulling `_PRESS` times as strong, and steps after these."""
STEPS = _PRESSED + _FREE
_PRESS = 12.0
_PULL = 1.5
"""More than 1 keeps groups apart from each other, as the eye wants them."""
_START = 1e-4
_NODES = 3
"""Of a grid's interval, along a side; a point is spread over as many, squared."""
_INTERVALS = (50, 300)
_GAIN = (0.2, 0.8, 0.01)
"""Added where the pull goes on the other way, times where it goes on, and the least."""

Layout = NDArray[np.float32]


def lay_out(points: Points, neighbors: Rows, *, advance: Callable[[int], object] = ignore) -> Plane:
    """Return (n, 2) float32 places in -1 to 1; the same for the same points.

    Args:
        points: (n, d) float32, at least two.
        neighbors: (n, k) int32 rows of the nearest other points, nearest first.
        advance: is told of each of `STEPS` steps.
    """
    start = principal_plane(points)
    places = start / max(float(start.std()), 1e-12) * np.float32(_START)
    pulls = _Pulls.of(neighbors[:, :NEIGHBORS])
    motion, gains = np.zeros_like(places), np.ones_like(places)
    for step in range(STEPS):
        pressed = step < _PRESSED
        rate = len(points) / (_PRESS if pressed else 1.0)
        slope = pulls.on(places) * np.float32(_PRESS if pressed else _PULL) - _push(places)
        onward = (slope > 0) != (motion > 0)
        gains = np.where(onward, gains + _GAIN[0], gains * _GAIN[1]).clip(_GAIN[2])
        gains = gains.astype(np.float32)
        momentum = np.float32(0.5 if pressed else 0.8)
        motion = momentum * motion - np.float32(rate) * gains * slope
        places = places + motion
        places -= places.mean(axis=0)
        advance(1)
    return places / max(float(np.abs(places).max()), 1e-12)


@dataclass(frozen=True)
class _Pulls:
    """The symmetric graph of neighbours. rows: (e,) of its edges; weights: their sum is 1."""

    graph: csr_array
    rows: NDArray[np.int32]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, neighbors: Rows) -> "_Pulls":
        count, k = neighbors.shape
        ends = np.arange(0, count * k + 1, k)
        one_way = csr_array(
            (np.ones(count * k, np.float32), neighbors.ravel(), ends), shape=(count, count)
        )
        graph = csr_array(one_way + one_way.T)
        graph.data /= graph.data.sum()
        rows = np.repeat(np.arange(count, dtype=np.int32), np.diff(graph.indptr))
        return cls(graph, rows, graph.data.copy())

    def on(self, places: Layout) -> Layout:
        """Return (n, 2) the slope that pulls neighbours together."""
        away = places[self.rows] - places[self.graph.indices]
        self.graph.data = self.weights / (1 + np.einsum("ij,ij->i", away, away))
        whole = self.graph @ np.ones(len(places), np.float32)
        slope: Layout = places * whole[:, None] - self.graph @ places
        return slope


def _push(places: Layout) -> Layout:
    """Return (n, 2): how each place is pushed by all others, over the sum of all pairs' nearness.

    That is the sum over others of `away / (1 + away²)²`, over the sum of `1 / (1 + away²)`.
    """
    low: NDArray[np.float32] = places.min(axis=0)
    span = max(float(np.ptp(places, axis=0).max()), 1e-9)
    intervals = int(np.clip(np.ceil(span), *_INTERVALS))
    step = span * 1.0001 / intervals / _NODES
    side = intervals * _NODES
    spread = _spread(places, low, step, side)
    charge = (spread.T @ np.ones(len(places), np.float32)).reshape(side, side)
    near, across, along = _kernels(step, side)
    wide = near.shape[0]
    seen = fft.rfft2(charge, (wide, wide))
    felt = [
        (spread @ fft.irfft2(seen * kernel, (wide, wide))[:side, :side].ravel())
        for kernel in (near, across, along)
    ]
    total = max(float(felt[0].sum()) - len(places), 1e-12)
    return (np.stack(felt[1:], axis=1) / total).astype(np.float32)


def _spread(places: Layout, low: NDArray[np.float32], step: float, side: int) -> csr_array:
    """Return (n, side * side): how much of each place each node of the grid stands for."""
    at = (places - low) / np.float32(step) - np.float32(0.5)
    interval = ((at + np.float32(0.5)) // _NODES).astype(np.int32).clip(0, side // _NODES - 1)
    first = interval * _NODES
    inside = at - first  # 0, 1 and 2 are the nodes of the interval
    weights = np.stack(
        [(inside - 1) * (inside - 2) / 2, inside * (2 - inside), inside * (inside - 1) / 2], axis=2
    )
    nodes = first[:, :, None] + np.arange(_NODES, dtype=np.int32)
    both = weights[:, 0, :, None] * weights[:, 1, None, :]
    cells = nodes[:, 0, :, None] * side + nodes[:, 1, None, :]
    ends = np.arange(0, cells.size + 1, _NODES**2)
    return csr_array((both.ravel(), cells.ravel(), ends), shape=(len(places), side * side))


def _kernels(step: float, side: int) -> tuple[NDArray[np.complex64], ...]:
    """Return the spectra of nearness and of the pushes along both axes, for grids of `side`."""
    wide = fft.next_fast_len(2 * side, real=True)
    ruler = np.arange(wide, dtype=np.float32)
    ruler = np.where(ruler > wide // 2, ruler - wide, ruler) * np.float32(step)
    near = 1 / (1 + ruler[:, None] ** 2 + ruler[None, :] ** 2)
    squared = near**2
    kernels = near, squared * ruler[:, None], squared * ruler[None, :]
    return tuple(fft.rfft2(kernel) for kernel in kernels)
