"""Exact nearest neighbours of all stored tiles, the k-d tree's arrays, and random pairs."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from bundle.arrays import Points
from bundle.neighbors import Hits

_BLOCK = 128
_GROUP = 16
_SPARE = 8  # candidates beyond k; whether they were enough is proved, not hoped
_PAIRS_A_STEP = 1 << 16
RANDOM_PAIRS = 100_000
LEAF_SIZE = 40


def ignore(_done: int) -> None:
    """Take a progress report and do nothing."""


@dataclass(frozen=True)
class _Stored:
    """Stored points, ready for matrix products.

    points: (n, d) float32.
    doubled: (d, padded n) float32, -2 times the points, as columns.
    norms: (padded n,) float32, a little below the points' squared norms; infinite for padding.
    shrink: the factor that takes a squared norm below any rounding error of the product.
    """

    points: Points
    doubled: NDArray[np.float32]
    norms: NDArray[np.float32]
    shrink: np.float32

    def bounds(self, queries: Points) -> NDArray[np.float32]:
        """Return (m, padded n) float32, never above the squared distance of a pair."""
        bounds: NDArray[np.float32] = queries @ self.doubled
        bounds += self.norms
        bounds += (_squared_norms(queries) * self.shrink)[:, None]
        return bounds


def nearest(
    queries: Points, stored: Points, k: int, *, advance: Callable[[int], object] = ignore
) -> Hits:
    """Find the k nearest stored points of each query, exactly; ties go to the lower row.

    A block of queries meets all stored points in one matrix product, which bounds every
    squared distance from below: its rounding error is at most d units in the last place of
    the norms. The pairs of the smallest bounds are measured again by differences, as
    `bundle.neighbors.search` does, so both give the same numbers. Where a point that was
    passed over could still be nearer, the query is searched again with the bound that is
    sure. Memory is bounded by the block: about 100 MiB a core at 62,000 points.

    Args:
        queries: (m, d) float32.
        stored: (n, d) float32.
        k: at most n.
        advance: called with the number of queries done.
    """
    rows = np.empty((len(queries), k), dtype=np.int32)
    squared = np.empty((len(queries), k), dtype=np.float32)
    ready = _prepare(stored)

    def search(start: int) -> int:
        block = slice(start, start + _BLOCK)
        rows[block], squared[block] = _search_block(queries[block], ready, k)
        return len(rows[block])

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done in pool.map(search, range(0, len(queries), _BLOCK)):
            advance(done)
    return Hits(rows, np.sqrt(squared))


def _prepare(points: Points) -> _Stored:
    count, width = points.shape
    padded = -(-count // _GROUP) * _GROUP
    shrink = np.float32(1 - (width + 16) * np.finfo(np.float32).eps)
    doubled = np.zeros((width, padded), dtype=np.float32)
    doubled[:, :count] = points.T * np.float32(-2)
    norms = np.full(padded, np.inf, dtype=np.float32)
    norms[:count] = _squared_norms(points) * shrink
    return _Stored(points, doubled, norms, shrink)


def _squared_norms(points: Points) -> NDArray[np.float32]:
    norms: NDArray[np.float64] = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    return norms.astype(np.float32)


def _search_block(
    queries: Points, stored: _Stored, k: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    bounds = stored.bounds(queries)
    limits = _limits(bounds, k + _SPARE)
    rows, squared = _measure(queries, stored.points, bounds <= limits[:, None], k)
    unsure = np.flatnonzero(limits < squared[:, -1])
    if len(unsure):
        possible = bounds[unsure] <= squared[unsure, -1:]
        rows[unsure], squared[unsure] = _measure(queries[unsure], stored.points, possible, k)
    return rows, squared


def _limits(bounds: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return (m,) limits under which at least `count` bounds of each row lie.

    The smallest bound of each group of columns stands for its group: a sixteenth of the
    sorting, for a few candidates too many.
    """
    smallest = bounds.reshape(len(bounds), -1, _GROUP).min(axis=2)
    if smallest.shape[1] <= count:
        return np.full(len(bounds), np.finfo(np.float32).max, dtype=np.float32)
    limits: NDArray[np.float32] = np.partition(smallest, count - 1, axis=1)[:, count - 1]
    return limits


def _measure(
    queries: Points, stored: Points, possible: NDArray[np.bool_], k: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Measure the possible pairs by differences and keep the k nearest of each query."""
    query, row = np.nonzero(possible)
    squared = np.empty(len(query), dtype=np.float32)
    for start in range(0, len(query), _PAIRS_A_STEP):
        step = slice(start, start + _PAIRS_A_STEP)
        away = stored[row[step]] - queries[query[step]]
        np.einsum("ij,ij->i", away, away, out=squared[step])
    order = np.lexsort((squared, query))  # stable: equal pairs stay in the order of rows
    first = np.searchsorted(query, np.arange(len(queries)))
    kept = order[first[:, None] + np.arange(k)]
    return row[kept], squared[kept]


def neighbor_graph(points: Points, k: int, *, advance: Callable[[int], object] = ignore) -> Hits:
    """Find the k nearest other tiles of each tile, exactly; the tile itself is left out.

    Args:
        points: (n, d) float32.
        k: at most n - 1.
        advance: called with the number of tiles done.

    Returns: rows and distances, (n, k) each.
    """
    hits = nearest(points, points, k + 1, advance=advance)
    own = hits.rows == np.arange(len(points), dtype=np.int32)[:, None]
    own[~own.any(axis=1), -1] = True  # more than k equal tiles came before it
    kept = ~own
    return Hits(hits.rows[kept].reshape(-1, k), hits.distances[kept].reshape(-1, k))


def tree_arrays(points: Points) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Build scikit-learn's KDTree and yield what searching it needs, by file name."""
    _, rows, nodes, bounds = KDTree(points, leaf_size=LEAF_SIZE, metric="euclidean").get_arrays()
    nodes = np.asarray(nodes)
    leaves = np.flatnonzero(nodes["is_leaf"])
    yield "kdtree_rows.npy", np.asarray(rows)
    yield "kdtree_leaves.npy", np.stack([nodes["idx_start"], nodes["idx_end"]], 1)[leaves]
    yield "kdtree_bounds.npy", np.asarray(bounds)[:, leaves]


def random_distances(points: Points, seed: int) -> NDArray[np.float32]:
    """Return ascending distances of random pairs of different tiles; of all pairs if few.

    Args:
        points: (n, d) float32, n at least 2.
        seed: of the draw.
    """
    count = len(points)
    if count * (count - 1) // 2 <= RANDOM_PAIRS:
        first, second = np.triu_indices(count, 1)
    else:
        rng = np.random.default_rng(seed)
        first = rng.integers(count, size=RANDOM_PAIRS)
        second = (first + rng.integers(1, count, size=RANDOM_PAIRS)) % count
    away: NDArray[np.float32] = np.linalg.norm(points[first] - points[second], axis=1)
    return np.sort(away)
