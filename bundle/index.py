"""The index of a large bundle: sketches of all points, in lists round centres."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points
from bundle.sketches import Sketches, Vector, sketch, squared_norms


@dataclass(frozen=True)
class Index:
    """Sketches of all stored points, those of one list side by side.

    axes: (d, a) float64, orthonormal columns. all: of every stored point.
    ends: (c + 1,) int64, list i is sketches `ends[i]` to `ends[i + 1]`.
    centers: (c, a + 1) float32. norms: (c,) float32, their squared lengths.
    """

    axes: NDArray[np.float64] = field(repr=False)
    all: Sketches = field(repr=False)
    ends: NDArray[np.int64] = field(repr=False)
    centers: NDArray[np.float32] = field(repr=False)
    norms: Vector = field(repr=False)

    @classmethod
    def of(
        cls,
        axes: NDArray[np.float32],
        rows: NDArray[np.int32],
        sketches: NDArray[np.float32],
        ends: NDArray[np.int64],
        centers: NDArray[np.float32],
    ) -> Self:
        """Lay out the arrays of a bundle, or of a fit."""
        every = Sketches.of(rows, sketches)
        return cls(axes.astype(np.float64), every, ends, centers, squared_norms(centers))

    def sketch(self, point: Vector) -> Vector:
        """Return the (a + 1,) sketch of a (d,) point."""
        made: Vector = sketch(self.axes, point[None])[0]
        return made

    def probe(
        self, stored: Points, point: Vector, k: int, probes: int
    ) -> tuple[NDArray[np.int32], Vector]:
        """Find the k nearest stored points in the lists of the nearest centres.

        Args:
            stored: (n, d) float32, all points.
            point: (d,) float32, asked about.
            k: fewer come back when fewer are stored.
            probes: lists to look into; more, where these hold fewer than k points. All of them
                find the nearest exactly.

        Returns: rows and squared distances, nearest first.
        """
        vector = self.sketch(point)
        if probes >= len(self.centers) or not np.isfinite(vector).all():
            return self.all.nearest(stored, point, vector, k)
        away = self.norms - 2 * (self.centers @ vector)
        lists = np.argpartition(away, probes)[:probes]
        if (self.ends[lists + 1] - self.ends[lists]).sum() < k:
            order = np.argsort(away)
            held = (self.ends[order + 1] - self.ends[order]).cumsum()
            lists = order[: int(np.searchsorted(held, k)) + 1]
        return self._some(lists).nearest(stored, point, vector, k)

    def _some(self, lists: NDArray[np.intp]) -> Sketches:
        pairs = zip(self.ends[lists].tolist(), self.ends[lists + 1].tolist(), strict=True)
        parts = [slice(start, end) for start, end in pairs]
        return Sketches(
            np.concatenate([self.all.rows[part] for part in parts]),
            np.concatenate([self.all.vectors[part] for part in parts]),
            np.concatenate([self.all.floors[part] for part in parts]),
        )
