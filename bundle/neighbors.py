"""Nearest stored tiles of new points: exact, by brute force or by the stored k-d tree."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Distances, Points, Rows
from bundle.bundle import Bundle

IndexKind: TypeAlias = Literal["brute", "kdtree"]
_BLOCK = 1024  # rows whose differences stay in the processor's cache
_LEAVES_A_STEP = 64


@dataclass(frozen=True)
class Hits:
    """Nearest stored tiles of m points.

    rows: (m, k) int32, nearest first. distances: (m, k) float32, ascending.
    """

    rows: Rows
    distances: Distances


def search(bundle: Bundle, points: Points, k: int, *, index: IndexKind = "brute") -> Hits:
    """Find the k nearest stored tiles of each point, exactly.

    Args:
        bundle: the stored tiles.
        points: (m, d) float32, scaled by the bundle's scaler.
        k: neighbours a point; fewer come back when fewer tiles are stored.
        index: brute force is the faster one in 150 dimensions (docs/decisions.md);
            the k-d tree is the study's, searched leaf by leaf in order of its bound.
    """
    k = min(k, len(bundle))
    one = _kdtree if index == "kdtree" else _brute
    found = [one(bundle, point, k) for point in points.astype(np.float32)]
    rows = np.array([rows for rows, _ in found], dtype=np.int32).reshape(len(points), k)
    distances = np.array([away for _, away in found], dtype=np.float32).reshape(len(points), k)
    return Hits(rows, distances)


def nearest_among(bundle: Bundle, points: Points, rows: NDArray[np.intp], k: int) -> Hits:
    """Find the k nearest of some stored tiles, exactly.

    Args:
        bundle: the stored tiles.
        points: (m, d) float32, scaled by the bundle's scaler.
        rows: (r,) of the stored tiles that count; fewer than k come back when r is less.
        k: neighbours a point.
    """
    k = min(k, len(rows))
    stored = bundle.points[rows]
    numbers = rows.astype(np.int32)
    found = (
        [_nearest(numbers, squared_distances(stored, point), k) for point in points] if k else []
    )
    near = np.array([hit for hit, _ in found], dtype=np.int32).reshape(len(points), k)
    away = np.array([np.sqrt(squared) for _, squared in found], dtype=np.float32)
    return Hits(near, away.reshape(len(points), k))


def squared_distances(stored: Points, point: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n,) float32 squared euclidean distances, by differences: no cancellation."""
    out = np.empty(len(stored), dtype=np.float32)
    for start in range(0, len(stored), _BLOCK):
        away = stored[start : start + _BLOCK] - point
        np.einsum("ij,ij->i", away, away, out=out[start : start + _BLOCK])
    return out


def _nearest(
    rows: NDArray[np.int32], squared: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    part = np.argpartition(squared, k - 1)[:k] if k < len(squared) else np.arange(len(squared))
    order = part[np.lexsort((rows[part], squared[part]))]
    return rows[order], squared[order]


def _brute(
    bundle: Bundle, point: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    everything = np.arange(len(bundle), dtype=np.int32)
    rows, squared = _nearest(everything, squared_distances(bundle.points, point), k)
    return rows, np.sqrt(squared)


def _kdtree(
    bundle: Bundle, point: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    low, high = bundle.arrays["kdtree_bounds.npy"]
    outside = np.maximum(low - point, 0) + np.maximum(point - high, 0)
    bound = np.einsum("ij,ij->i", outside, outside)
    order = np.argsort(bound)
    leaves, tree_rows = bundle.arrays["kdtree_leaves.npy"], bundle.arrays["kdtree_rows.npy"]
    rows, squared = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)
    for start in range(0, len(order), _LEAVES_A_STEP):
        step = order[start : start + _LEAVES_A_STEP]
        if len(rows) == k and bound[step[0]] > squared[-1]:
            break
        new = np.concatenate([tree_rows[first:end] for first, end in leaves[step]])
        away = squared_distances(bundle.points[new], point)
        rows, squared = _nearest(np.append(rows, new), np.append(squared, away), k)
    return rows, np.sqrt(squared)


def rarity(bundle: Bundle, distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share of random pairs of stored tiles that lie closer than each distance.

    0.001 says: only one random pair in a thousand is as close. Same shape, in [0, 1].
    """
    pairs = bundle.arrays["random_distances.npy"]
    return (np.searchsorted(pairs, distances) / len(pairs)).astype(np.float32)
