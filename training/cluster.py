"""Clusters: the study's DBSCAN, and the density method that gives tiles their label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import DBSCAN, HDBSCAN
from sklearn.neighbors import sort_graph_by_row_values

from bundle.arrays import Points
from bundle.manifest import Clustering
from bundle.neighbors import Hits
from training.graph import nearest

MIN_SAMPLES = 5
STUDY_EPS = (0.5, 0.9)
SWEEP = 24
_TINY = np.float32(1e-30)  # a sparse matrix takes 0 for "no edge"; equal tiles are neighbours


@dataclass(frozen=True)
class Labels:
    """A column of labels and how it was made.

    labels: (n,) int32, -1 for noise or stray tiles; 0 is the largest cluster.
    core: (n,) bool, tiles that define their cluster.
    """

    labels: NDArray[np.int32]
    core: NDArray[np.bool_]
    about: Clustering


def edges(graph: Hits) -> csr_array:
    """Turn the neighbour graph into a symmetric sparse matrix of distances."""
    count, k = graph.rows.shape
    matrix = csr_array(
        (
            np.maximum(graph.distances, _TINY).ravel().astype(np.float64),
            graph.rows.ravel(),
            np.arange(0, count * k + 1, k),
        ),
        shape=(count, count),
    )
    return matrix.maximum(matrix.T).tocsr()


def k_distances(graph: Hits) -> NDArray[np.float32]:
    """Return (n,) float32, ascending: distance to the MIN_SAMPLES-th tile, itself counted."""
    return np.sort(graph.distances[:, min(MIN_SAMPLES - 1, graph.rows.shape[1]) - 1])


def knee(curve: NDArray[np.float32]) -> float:
    """Return the value of an ascending curve where it lies farthest below its chord."""
    share = np.linspace(0, 1, len(curve))
    height = float(curve[-1] - curve[0])
    if height <= 0:
        return max(float(curve[0]), STUDY_EPS[0])
    value = float(curve[int(np.argmax(share - (curve - curve[0]) / height))])
    return value if value > 0 else float(curve[curve > 0][0])


def dbscan(matrix: csr_array, eps: float) -> Labels:
    """Run the study's DBSCAN on the neighbour graph."""
    near = matrix.copy()
    near.data[near.data > eps] = 0
    near.eliminate_zeros()
    found = DBSCAN(eps=eps, min_samples=MIN_SAMPLES, metric="precomputed").fit(
        sort_graph_by_row_values(near, warn_when_not_sorted=False)
    )
    labels = by_size(found.labels_)
    core = np.zeros(len(labels), dtype=bool)
    core[found.core_sample_indices_] = True
    return Labels(labels, core, _about("dbscan", labels, {"eps": eps, "min_samples": MIN_SAMPLES}))


def sweep(matrix: csr_array, curve: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run DBSCAN over many eps: (m, 3) float32 of eps, noise share, number of clusters."""
    low, high = np.quantile(curve, [0.01, 1.0])
    values = np.geomspace(max(low, 1e-3), max(high * 1.05, 2e-3), SWEEP)
    results = [dbscan(matrix, eps).about for eps in sorted({*values.tolist(), *STUDY_EPS})]
    return np.array(
        [(about.settings["eps"], about.noise_share, about.clusters) for about in results],
        dtype=np.float32,
    )


def by_size(labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """Renumber labels so that 0 is the largest cluster; -1 stays."""
    sizes = np.bincount(labels[labels >= 0])
    place = np.empty(len(sizes) + 1, dtype=np.int32)
    place[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    place[-1] = -1
    renumbered: NDArray[np.int32] = place[labels]
    return renumbered


def _about(method: str, labels: NDArray[np.int32], settings: dict[str, float | int]) -> Clustering:
    return Clustering(
        method=method,
        settings={**settings},
        clusters=int(labels.max(initial=-1)) + 1,
        noise_share=float((labels < 0).mean()),
    )


def density(points: Points, matrix: csr_array) -> tuple[Labels, float]:
    """Label tiles by HDBSCAN's clusters and the nearest-core rule; return labels and reach."""
    size = max(5, round(len(points) ** 0.5 / 2))
    raw = _hdbscan(connect(points, matrix), size)
    if not (raw >= 0).any():
        raw = np.zeros(len(points), dtype=np.int32)
    raw = by_size(raw)
    labels, reach = spread(points, raw)
    settings: dict[str, float | int] = {
        "min_cluster_size": size,
        "min_samples": MIN_SAMPLES,
        "hdbscan_noise_share": float((raw < 0).mean()),
    }
    return Labels(labels, raw >= 0, _about("hdbscan + nearest core", labels, settings)), reach


def _hdbscan(matrix: csr_array, size: int) -> NDArray[np.int32]:
    if matrix.shape[0] < 2 * size:
        return np.full(matrix.shape[0], -1, dtype=np.int32)
    model = HDBSCAN(min_cluster_size=size, min_samples=MIN_SAMPLES, metric="precomputed", copy=True)
    labels: NDArray[np.int32] = model.fit(matrix).labels_.astype(np.int32)
    return labels


def connect(points: Points, matrix: csr_array) -> csr_array:
    """Join the graph's components by the shortest links between them."""
    count, component = connected_components(matrix, directed=False)
    while count > 1:
        links = [_link(points, component == number) for number in range(count)]
        first, second, away = (np.array(column) for column in zip(*links, strict=True))
        added = csr_array((np.maximum(away, _TINY), (first, second)), shape=matrix.shape)
        matrix = matrix.maximum(added.maximum(added.T)).tocsr()
        count, component = connected_components(matrix, directed=False)
    return matrix


def _link(points: Points, inside: NDArray[np.bool_]) -> tuple[int, int, float]:
    here, there = np.flatnonzero(inside), np.flatnonzero(~inside)
    hits = nearest(points[here], points[there], 1)
    at = int(hits.distances[:, 0].argmin())
    return int(here[at]), int(there[hits.rows[at, 0]]), float(hits.distances[at, 0])


def spread(points: Points, raw: NDArray[np.int32]) -> tuple[NDArray[np.int32], float]:
    """Give every tile without a label that of its nearest core tile, if within reach."""
    cores = np.argsort(raw, kind="stable")[(raw < 0).sum() :]
    k = min(2, len(cores))
    hits = nearest(points, points[cores], k)
    away = np.where(raw >= 0, hits.distances[:, k - 1], hits.distances[:, 0])
    reach = max(float(np.quantile(away, 0.95, method="higher")), 1e-3 * points.shape[1] ** 0.5)
    inherited = np.where(hits.distances[:, 0] <= reach, raw[cores[hits.rows[:, 0]]], -1)
    return np.where(raw >= 0, raw, inherited).astype(np.int32), reach
