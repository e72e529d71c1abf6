"""Nearest stored tiles of new points: by the index, by brute force or by the stored k-d tree."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Distances, Points, Rows
from bundle.bundle import Bundle
from bundle.sketches import Sketches, Vector, choose, measure, squared_distances

IndexKind: TypeAlias = Literal["auto", "brute", "kdtree"]
_LEAVES_A_STEP = 64
_Found: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]


@dataclass(frozen=True)
class Hits:
    """Nearest stored tiles of m points.

    rows: (m, k) int32, nearest first. distances: (m, k) float32, ascending.
    """

    rows: Rows
    distances: Distances


def search(
    bundle: Bundle, points: Points, k: int, *, index: IndexKind = "auto", exact: bool = True
) -> Hits:
    """Find the k nearest stored tiles of each point.

    Args:
        bundle: the stored tiles.
        points: (m, d) float32, scaled by the bundle's scaler.
        k: neighbours a point; fewer come back when fewer tiles are stored.
        index: `auto` is the bundle's own index, or brute force where it has none. `kdtree` is
            the study's tree, searched leaf by leaf in order of its bound. Both others are exact.
        exact: False lets the index of a large bundle look into a few of its lists only, which
            finds the share of the nearest that the manifest's `index` tells.
    """
    k = min(k, len(bundle))
    one = _ways(bundle, exact=exact)[index]
    return _gathered([one(point, k) for point in points.astype(np.float32)], k)


def is_exact(bundle: Bundle, *, index: IndexKind, exact: bool) -> bool:
    """Say whether `search` with these arguments surely finds the nearest."""
    about = bundle.manifest.index
    return exact or index != "auto" or about is None or about.probes >= about.lists


def _ways(bundle: Bundle, *, exact: bool) -> dict[IndexKind, Callable[[Vector, int], _Found]]:
    def brute(point: Vector, k: int) -> _Found:
        everything = np.arange(len(bundle), dtype=np.int32)
        return choose(everything, squared_distances(bundle.points, point), k)

    def auto(point: Vector, k: int) -> _Found:
        made, about = bundle.index, bundle.manifest.index
        if made is None or about is None:
            return brute(point, k)
        probes = about.lists if exact else about.probes
        return made.probe(np.asarray(bundle.points), point, k, probes)

    def kdtree(point: Vector, k: int) -> _Found:
        return _kdtree(bundle, point, k)

    return {"auto": auto, "brute": brute, "kdtree": kdtree}


def nearest_among(bundle: Bundle, points: Points, among: Sketches, k: int) -> Hits:
    """Find the k nearest of some stored tiles, exactly.

    Args:
        bundle: the stored tiles.
        points: (m, d) float32, scaled by the bundle's scaler.
        among: the tiles that count, with sketches of the bundle's index, or where it has none
            the points themselves; fewer than k come back when they are fewer.
        k: neighbours a point.
    """
    k = min(k, len(among.rows))
    stored, index = np.asarray(bundle.points), bundle.index
    found = [
        among.nearest(stored, point, point if index is None else index.sketch(point), k)
        for point in points.astype(np.float32)
    ]
    return _gathered(found, k)


def _gathered(found: list[_Found], k: int) -> Hits:
    rows = np.array([rows for rows, _ in found], dtype=np.int32).reshape(len(found), k)
    squared = np.array([away for _, away in found], dtype=np.float32).reshape(len(found), k)
    return Hits(rows, np.sqrt(squared))


def _kdtree(bundle: Bundle, point: Vector, k: int) -> _Found:
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
        away = measure(bundle.points, new, point)
        rows, squared = choose(np.append(rows, new), np.append(squared, away), k)
    return rows, squared


def rarity(bundle: Bundle, distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share of random pairs of stored tiles that lie closer than each distance.

    0.001 says: only one random pair in a thousand is as close. Same shape, in [0, 1].
    """
    pairs = bundle.arrays["random_distances.npy"]
    return (np.searchsorted(pairs, distances) / len(pairs)).astype(np.float32)
