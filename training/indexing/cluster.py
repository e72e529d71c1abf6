"""The study's DBSCAN on the graph of nearest neighbours, its eps, and a sweep over eps.

The graph is a sparse matrix of distances; no matrix of all pairs is ever made.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.cluster import DBSCAN
from sklearn.neighbors import sort_graph_by_row_values

from bundle.manifest import Clustering, Setting
from bundle.neighbors import Hits
from training.indexing.graph import ignore

MIN_SAMPLES = 5
"""Tiles, itself counted, that make a tile dense. Source: the study's DBSCAN."""
STUDY_EPS = (0.5, 0.9)
SWEEP = 24
TINY = 1e-30
"""Distance of equal tiles: a sparse matrix takes 0 for "no edge"."""


@dataclass(frozen=True)
class Labels:
    """A column of labels and how it came out.

    labels: (n,) int32, 0 for the largest cluster, -1 for noise or stray tiles.
    """

    labels: NDArray[np.int32] = field(repr=False)
    about: Clustering


def edges(graph: Hits) -> csr_array:
    """Turn the neighbour graph into a symmetric sparse matrix, rows ordered by distance."""
    count, k = graph.rows.shape
    matrix = csr_array(
        (
            np.maximum(graph.distances.ravel().astype(np.float64), TINY),
            graph.rows.ravel(),
            np.arange(0, count * k + 1, k),
        ),
        shape=(count, count),
    )
    both_ways = matrix.maximum(matrix.T).tocsr()
    ordered: csr_array = sort_graph_by_row_values(both_ways, warn_when_not_sorted=False)
    return ordered


def k_distances(graph: Hits) -> NDArray[np.float32]:
    """Return (n,) float32, ascending: distance to the MIN_SAMPLES-th tile, itself counted."""
    return np.sort(graph.distances[:, min(MIN_SAMPLES - 1, graph.rows.shape[1]) - 1])


def knee(curve: NDArray[np.float32]) -> float:
    """Return eps: the value of the k-distance curve where it lies farthest below its chord.

    Left of it tiles are about equally dense, right of it the distances run away. Where the
    curve is flat or its knee is 0, the smallest value above 0, or else the study's first.

    Args:
        curve: (n,) float32, ascending.
    """
    height = float(curve[-1] - curve[0])
    share = np.linspace(0, 1, len(curve))
    value = float(curve[np.argmax(share - (curve - curve[0]) / height)]) if height else 0.0
    above = curve[curve > 0]
    return value or (float(above[0]) if len(above) else STUDY_EPS[0])


def dbscan(matrix: csr_array, eps: float) -> Labels:
    """Run the study's DBSCAN on the edges of the neighbour graph.

    Noise is exact although the graph ends at the k-th neighbour: whether a tile is dense
    depends on its four nearest others, and a tile that is not dense has fewer than four
    others within eps, so the graph holds them all. Two clusters could at most stay apart
    that touch only by tiles beyond each other's k nearest.

    Args:
        matrix: from `edges`.
        eps: above 0.
    """
    near = matrix.copy()
    near.data[near.data > eps] = 0
    near.eliminate_zeros()
    if near.nnz:
        model = DBSCAN(eps=eps, min_samples=MIN_SAMPLES, metric="precomputed")
        labels = by_size(model.fit(near).labels_)
    else:  # scikit-learn does not take a graph without an edge
        labels = np.full(near.shape[0], -1, dtype=np.int32)
    settings: dict[str, Setting] = {"eps": eps, "min_samples": MIN_SAMPLES}
    return Labels(labels, about("dbscan", labels, settings))


def sweep_values(curve: NDArray[np.float32]) -> list[float]:
    """Return the eps to try: the study's two, and others from one end of the curve to the other.

    The lowest makes all but a hundredth of the tiles noise, the highest none.
    """
    low = max(float(np.quantile(curve, 0.01)), float(curve[-1]) / 1000, 1e-3)
    high = max(float(curve[-1]) * 1.001, 2 * low)
    return sorted({*np.geomspace(low, high, SWEEP).tolist(), *STUDY_EPS})


def sweep(
    matrix: csr_array, values: list[float], *, advance: Callable[[int], object] = ignore
) -> NDArray[np.float32]:
    """Run DBSCAN for many eps.

    Returns: (m, 3) float32 of eps, noise share, number of clusters.
    """
    found = []
    for eps in values:
        result = dbscan(matrix, eps).about
        found.append((eps, result.noise_share, result.clusters))
        advance(1)
    return np.array(found, dtype=np.float32)


def by_size(labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """Renumber labels so that 0 is the largest cluster; -1 stays."""
    sizes = np.bincount(labels[labels >= 0])
    place = np.full(len(sizes) + 1, -1, dtype=np.int32)
    place[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    renumbered: NDArray[np.int32] = place[labels]
    return renumbered


def about(method: str, labels: NDArray[np.int32], settings: dict[str, Setting]) -> Clustering:
    """Sum up a column of labels for the manifest."""
    return Clustering(
        method=method,
        settings=settings,
        clusters=int(labels.max(initial=-1)) + 1,
        noise_share=float((labels < 0).mean()),
    )
