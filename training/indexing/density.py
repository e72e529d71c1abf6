"""The default labels: HDBSCAN* finds the core tiles, and the others go to the nearest one."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import HDBSCAN

from bundle.arrays import Points
from training.indexing.cluster import MIN_SAMPLES, TINY, Labels, about, by_size
from training.indexing.graph import nearest

REACH_QUANTILE = 0.95


@dataclass(frozen=True)
class Density:
    """The default labels, with what the nearest-core rule needs.

    core: (n,) bool, tiles that define their cluster.
    reach: a tile farther than this from every core tile is stray.
    """

    labels: Labels
    core: NDArray[np.bool_] = field(repr=False)
    reach: float


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
    summary = about(
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
    return Density(Labels(order, summary), cores >= 0, reach)


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
        added = csr_array((np.maximum(away, TINY), (here, there)), shape=matrix.shape)
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

    In every cluster, 95 % of the tiles that are nearest to its cores lie within the reach, so
    at most 5 % of each are stray: tiles with lettering lie far apart, and one reach for the
    typical tile would call them noise, as the study did. It never falls below a thousandth
    of the typical length of a point: a set full of equal tiles must not refuse float noise.
    """
    ordered = np.argsort(cores, kind="stable")[np.count_nonzero(cores < 0) :]
    hits = nearest(points, points[ordered], min(2, len(ordered)))
    nearest_other = np.where(cores >= 0, hits.distances[:, -1], hits.distances[:, 0])
    owners = cores[ordered[hits.rows[:, 0]]]
    reach = max(
        float(np.quantile(nearest_other[owners == owner], REACH_QUANTILE, method="higher"))
        for owner in np.unique(owners)
    )
    reach = max(reach, 1e-3 * points.shape[1] ** 0.5)
    inherited = np.where(hits.distances[:, 0] <= reach, owners, -1)
    return reach, np.where(cores >= 0, cores, inherited).astype(np.int32)
