"""Exact nearest neighbours of all stored tiles, the k-d tree's arrays, and random pairs."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from bundle.arrays import Distances, Points, Rows
from bundle.neighbors import Hits, squared_distances

_BLOCK = 128
_SPARE = 28  # candidates beyond k; how many are needed is proved, not hoped
RANDOM_PAIRS = 100_000
LEAF_SIZE = 40


def ignore(_done: int) -> None:
    """Take a progress report and do nothing."""


def nearest(
    queries: Points, stored: Points, k: int, *, advance: Callable[[int], object] = ignore
) -> Hits:
    """Find the k nearest stored points of each query, exactly; ties go to the lower row.

    A block of queries meets all stored points in one matrix product, which bounds every
    squared distance from below (the product's rounding error is at most `d` ulps of the
    norms). The points of the smallest bounds are measured again by differences, as
    `bundle.neighbors.search` does, so both give the same numbers. Where a point that was
    passed over could still be nearer, that query is searched in full.

    Args:
        queries: (m, d) float32.
        stored: (n, d) float32.
        k: at most n.
        advance: called with the number of queries done.
    """
    rows = np.empty((len(queries), k), dtype=np.int32)
    distances = np.empty((len(queries), k), dtype=np.float32)
    norms = _squared_norms(stored)

    def search(start: int) -> int:
        block = slice(start, start + _BLOCK)
        rows[block], distances[block] = _nearest_block(queries[block], stored, norms, k)
        return len(rows[block])

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done in pool.map(search, range(0, len(queries), _BLOCK)):
            advance(done)
    return Hits(rows, distances)


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


def _squared_norms(points: Points) -> NDArray[np.float32]:
    norms: NDArray[np.float64] = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    return norms.astype(np.float32)


def _nearest_block(
    queries: Points, stored: Points, norms: NDArray[np.float32], k: int
) -> tuple[Rows, Distances]:
    bounds = _lower_bounds(queries, stored, norms)
    count = min(k + _SPARE, len(stored))
    candidates = np.arange(len(stored))[None].repeat(len(queries), 0)
    if count < len(stored):
        candidates = np.argpartition(bounds, count - 1, axis=1)[:, :count]
    candidates.sort(axis=1)
    away = stored[candidates] - queries[:, None]
    flat = away.reshape(-1, away.shape[2])
    squared = np.einsum("ij,ij->i", flat, flat).reshape(candidates.shape)
    order = np.argsort(squared, axis=1, kind="stable")[:, :k]
    rows = np.take_along_axis(candidates, order, 1).astype(np.int32)
    squared = np.take_along_axis(squared, order, 1)
    if count < len(stored):
        passed_over = np.take_along_axis(bounds, candidates, 1).max(axis=1)
        for at in np.flatnonzero(passed_over <= squared[:, -1]):
            rows[at], squared[at] = _in_full(queries[at], stored, bounds[at], squared[at, -1], k)
    return rows, np.sqrt(squared)


def _lower_bounds(
    queries: Points, stored: Points, norms: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return (m, n) float32: never above the squared distance of a query to a stored point."""
    shrunk = np.float32(1 - (stored.shape[1] + 16) * np.finfo(np.float32).eps)
    bounds: NDArray[np.float32] = queries @ (stored.T * np.float32(-2))
    bounds += norms * shrunk
    bounds += (_squared_norms(queries) * shrunk)[:, None]
    return bounds


def _in_full(
    query: NDArray[np.float32],
    stored: Points,
    bounds: NDArray[np.float32],
    farthest: float,
    k: int,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    possible = np.flatnonzero(bounds <= farthest)
    squared = squared_distances(stored[possible], query)
    order = np.argsort(squared, kind="stable")[:k]
    return possible[order].astype(np.int32), squared[order]


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
    return np.sort(np.linalg.norm(points[first] - points[second], axis=1))
