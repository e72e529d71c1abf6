"""Clusters: the study's DBSCAN, and the density method that gives tiles their label.

Both work on the graph of nearest neighbours, as a sparse matrix of distances; no matrix of
all pairs is ever made.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import DBSCAN, HDBSCAN
from sklearn.neighbors import sort_graph_by_row_values

from bundle.arrays import Points
from bundle.manifest import Clustering, Setting
from bundle.neighbors import Hits
from training.graph import ignore, nearest

MIN_SAMPLES = 5
"""Tiles, itself counted, that make a tile dense. Source: the study's DBSCAN."""
STUDY_EPS = (0.5, 0.9)
SWEEP = 24
REACH_QUANTILE = 0.95
_TINY = 1e-30  # a sparse matrix takes 0 for "no edge", but equal tiles are neighbours


@dataclass(frozen=True)
class Labels:
    """A column of labels and how it came out.

    labels: (n,) int32, 0 for the largest cluster, -1 for noise or stray tiles.
    """

    labels: NDArray[np.int32] = field(repr=False)
    about: Clustering


@dataclass(frozen=True)
class Density:
    """The default labels, with what the nearest-core rule needs.

    core: (n,) bool, tiles that define their cluster.
    reach: a tile farther than this from every core tile is stray.
    """

    labels: Labels
    core: NDArray[np.bool_] = field(repr=False)
    reach: float


def edges(graph: Hits) -> csr_array:
    """Turn the neighbour graph into a symmetric sparse matrix, rows ordered by distance."""
    count, k = graph.rows.shape
    matrix = csr_array(
        (
            np.maximum(graph.distances.ravel().astype(np.float64), _TINY),
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
    return Labels(labels, _about("dbscan", labels, {"eps": eps, "min_samples": MIN_SAMPLES}))


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
        about = dbscan(matrix, eps).about
        found.append((eps, about.noise_share, about.clusters))
        advance(1)
    return np.array(found, dtype=np.float32)


def by_size(labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """Renumber labels so that 0 is the largest cluster; -1 stays."""
    sizes = np.bincount(labels[labels >= 0])
    place = np.full(len(sizes) + 1, -1, dtype=np.int32)
    place[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    renumbered: NDArray[np.int32] = place[labels]
    return renumbered


def _about(method: str, labels: NDArray[np.int32], settings: dict[str, Setting]) -> Clustering:
    return Clustering(
        method=method,
        settings=settings,
        clusters=int(labels.max(initial=-1)) + 1,
        noise_share=float((labels < 0).mean()),
    )


def smallest_cluster(tiles: int) -> int:
    """Return how many tiles make a cluster: a quarter of the square root, at least 5.

    5 for up to 400 tiles, 62 for 62,000. Source: docs/decisions.md.
    """
    return max(MIN_SAMPLES, round(math.sqrt(tiles) / 4))


def density(points: Points, matrix: csr_array) -> Density:
    """Label tiles by HDBSCAN*, and those that it calls noise by their nearest core tile.

    HDBSCAN* needs no eps, but calls most tiles of a thin, high-dimensional set noise. What it
    does label are the cores here; every other tile within reach of a core gets its cluster,
    as a new tile does (`bundle.clusters`). Where it finds nothing, all tiles are one cluster.

    Args:
        points: (n, d) float32.
        matrix: from `edges`.
    """
    size = smallest_cluster(len(points))
    found = _hdbscan(connect(points, matrix), size)
    cores = found if (found >= 0).any() else np.zeros_like(found)
    reach, labels = _by_nearest_core(points, cores)
    order = by_size(labels)
    about = _about(
        "HDBSCAN*, then nearest core",
        order,
        {
            "min_cluster_size": size,
            "min_samples": MIN_SAMPLES,
            "selection": "leaf",
            "hdbscan_noise_share": float((found < 0).mean()),
            "reach_quantile": REACH_QUANTILE,
        },
    )
    return Density(Labels(order, about), cores >= 0, reach)


def _hdbscan(matrix: csr_array, size: int) -> NDArray[np.int32]:
    if matrix.shape[0] < 2 * size:  # too few for two clusters
        return np.full(matrix.shape[0], -1, dtype=np.int32)
    model = HDBSCAN(
        min_cluster_size=size,
        min_samples=MIN_SAMPLES,
        metric="precomputed",
        cluster_selection_method="leaf",
        copy=True,
    )
    labels: NDArray[np.int32] = model.fit(matrix).labels_.astype(np.int32)
    return labels


def connect(points: Points, matrix: csr_array) -> csr_array:
    """Join the components of a graph by the shortest link from each to the others.

    HDBSCAN* walks one tree over all tiles, so every tile must be reachable.
    """
    count, component = connected_components(matrix, directed=False)
    while count > 1:
        links = [_link(points, component == number) for number in range(count)]
        here, there, away = (np.array(column) for column in zip(*links, strict=True))
        added = csr_array((np.maximum(away, _TINY), (here, there)), shape=matrix.shape)
        matrix = matrix.maximum(added.maximum(added.T)).tocsr()
        count, component = connected_components(matrix, directed=False)
    return matrix


def _link(points: Points, inside: NDArray[np.bool_]) -> tuple[int, int, float]:
    here, there = np.flatnonzero(inside), np.flatnonzero(~inside)
    hits = nearest(points[here], points[there], 1)
    at = int(hits.distances[:, 0].argmin())
    return int(here[at]), int(there[hits.rows[at, 0]]), float(hits.distances[at, 0])


def _by_nearest_core(points: Points, cores: NDArray[np.int32]) -> tuple[float, NDArray[np.int32]]:
    """Return the reach, and (n,) labels by the rule of `bundle.clusters.assign`.

    The reach is the 95th percentile of the tiles' distances to the nearest core tile other
    than themselves, so at most 5 % are stray. It never falls below a thousandth of the
    typical length of a point: a set full of equal tiles must not refuse float noise.
    """
    ordered = np.argsort(cores, kind="stable")[np.count_nonzero(cores < 0) :]
    hits = nearest(points, points[ordered], min(2, len(ordered)))
    nearest_other = np.where(cores >= 0, hits.distances[:, -1], hits.distances[:, 0])
    reach = float(np.quantile(nearest_other, REACH_QUANTILE, method="higher"))
    reach = max(reach, 1e-3 * points.shape[1] ** 0.5)
    inherited = np.where(hits.distances[:, 0] <= reach, cores[ordered[hits.rows[:, 0]]], -1)
    return reach, np.where(cores >= 0, cores, inherited).astype(np.int32)
