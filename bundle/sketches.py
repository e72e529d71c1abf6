"""Exact nearest points by way of sketches: short vectors that rule nearly all points out.

A sketch holds a point's coordinates along a few orthonormal axes and, last, the length of the
rest. The distance of two sketches is never above that of their points, so what a sketch puts out of
reach need not be measured. Points may serve as their own sketches.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points

Vector = NDArray[np.float32]
_GROUP = 16
_MANY = 4
"""Groups a neighbour, from which the groups' smallest bounds are enough to choose a limit."""
_AT_ONCE = 1 << 14  # points gathered together; far more than a search of sound numbers needs
_BLOCK = 1024  # rows whose differences stay in the processor's cache


def sketch(axes: NDArray[np.float64], points: Points) -> NDArray[np.float32]:
    """Return (m, a + 1) float32 sketches.

    Args:
        axes: (d, a), orthonormal columns.
        points: (m, d) float32.
    """
    wide = points.astype(np.float64)  # the length of the rest is a difference of near numbers
    with np.errstate(over="ignore", invalid="ignore"):
        along = wide @ axes
        rest = np.einsum("ij,ij->i", wide, wide) - np.einsum("ij,ij->i", along, along)
        return np.column_stack([along, np.sqrt(rest.clip(0))]).astype(np.float32)


def squared_norms(vectors: NDArray[np.float32]) -> Vector:
    """Return (m,) float32 squared lengths."""
    norms: Vector = np.einsum("ij,ij->i", vectors, vectors)
    return norms


@dataclass(frozen=True)
class Sketches:
    """Sketches of r stored points, ready to be searched.

    rows: (r,) int32, the points' rows. vectors: (r, b) float32.
    floors: (r,) float32, a little below the vectors' squared lengths.
    """

    rows: NDArray[np.int32] = field(repr=False)
    vectors: NDArray[np.float32] = field(repr=False)
    floors: Vector = field(repr=False)

    @classmethod
    def of(cls, rows: NDArray[np.int32], vectors: NDArray[np.float32]) -> Self:
        """Make them ready."""
        return cls(rows, vectors, squared_norms(vectors) * _shrink(vectors.shape[1]))

    def where(self, wanted: NDArray[np.bool_]) -> "Sketches":
        """Return a copy of those that are wanted, (r,) in their order."""
        return Sketches(self.rows[wanted], self.vectors[wanted], self.floors[wanted])

    def bounds(self, vector: Vector) -> Vector:
        """Return (r,) float32, none above the squared distance of its point.

        Args:
            vector: (b,) sketch of the point asked about.
        """
        bounds: Vector = self.vectors @ (vector * np.float32(-2))
        bounds += self.floors
        bounds += vector @ vector * _shrink(len(vector))
        return bounds

    def nearest(
        self, stored: Points, point: Vector, vector: Vector, k: int
    ) -> tuple[NDArray[np.int32], Vector]:
        """Find the k nearest of the points, exactly; ties go to the lower row.

        Args:
            stored: (n, d) float32, all points that `rows` may name.
            point: (d,) float32, asked about.
            vector: its sketch.
            k: fewer come back when there are fewer points.

        Returns: rows and squared distances, nearest first.
        """
        k = min(k, len(self.rows))
        if not k:
            return self.rows[:0], self.floors[:0]
        with np.errstate(over="ignore", invalid="ignore"):
            bounds = self.bounds(vector)
            likely = self.rows[bounds <= _limit(bounds, k)]
            worst = np.partition(measure(stored, likely, point), k - 1)[k - 1] if len(likely) else 0
            # A comparison with what is no number is never true: such points are measured.
            rows = self.rows[~(bounds > worst)]
            return choose(rows, measure(stored, rows, point), k)


def _shrink(width: int) -> np.float32:
    """Return what takes a squared length below all rounding errors of a product of sketches."""
    return np.float32(1 - (2 * width + 32) * np.finfo(np.float32).eps)


def _limit(bounds: Vector, k: int) -> np.float32:
    """Return a limit under which at least k bounds lie, hardly more than needed.

    The smallest of each group stands for it: a sixteenth of the sorting.
    """
    groups = len(bounds) // _GROUP
    if groups >= _MANY * k:
        bounds = bounds[: _GROUP * groups].reshape(_GROUP, groups).min(axis=0)
    limit: np.float32 = np.partition(bounds, k - 1)[k - 1]
    return limit


def squared_distances(stored: Points, point: Vector) -> Vector:
    """Return (n,) float32 squared euclidean distances, by differences: no cancellation."""
    out = np.empty(len(stored), dtype=np.float32)
    for start in range(0, len(stored), _BLOCK):
        away = stored[start : start + _BLOCK] - point
        np.einsum("ij,ij->i", away, away, out=out[start : start + _BLOCK])
    return out


def measure(stored: Points, rows: NDArray[np.int32], point: Vector) -> Vector:
    """Return (r,) `squared_distances` of some stored points."""
    squared = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        squared[part] = squared_distances(stored[rows[part]], point)
    return squared


def choose(rows: NDArray[np.int32], squared: Vector, k: int) -> tuple[NDArray[np.int32], Vector]:
    """Return the k nearest rows, nearest first, ties by row, and their squared distances."""
    part = np.arange(len(squared))
    if k < len(squared):
        part = part[~(squared > np.partition(squared, k - 1)[k - 1])]
    order = part[np.lexsort((rows[part], squared[part]))][:k]
    return rows[order], squared[order]
