"""The default labels: core tiles, reach and stray tiles."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from bundle.clusters import choose
from bundle.sketches import squared_distances
from tests.points import groups, loose
from training.indexing.cluster import edges
from training.indexing.density import Density, connect, density, smallest_cluster
from training.indexing.graph import neighbor_graph


def found_in(points: NDArray[np.float32], k: int = 15) -> Density:
    graph = neighbor_graph(points, min(k, len(points) - 1))
    return density(points, edges(graph))


def test_connecting_takes_the_shortest_link() -> None:
    """Two components are joined by their two closest tiles, at their distance."""
    points = np.array([[0], [1], [2], [10], [11], [12.5]], dtype=np.float32)
    matrix = edges(neighbor_graph(points, 2))
    assert connected_components(matrix)[0] == 2
    joined = connect(points, matrix)
    assert connected_components(joined)[0] == 1
    assert joined[2, 3] == joined[3, 2] == 8


def test_groups_become_clusters() -> None:
    """Clear groups come out whole, largest first, whatever the order of their tiles."""
    points = groups(20, 60, 35)
    mixed = np.random.default_rng(0).permutation(len(points))
    labels = found_in(points[mixed]).labels
    truth = np.repeat([2, 0, 1], [20, 60, 35])[mixed]
    settled = labels.labels >= 0
    assert labels.about.clusters == 3
    np.testing.assert_array_equal(labels.labels[settled], truth[settled])


@pytest.mark.parametrize("seed", range(4))
def test_at_most_five_percent_are_stray(seed: int) -> None:
    """The reach leaves at most one tile in twenty without a cluster."""
    found = found_in(loose(seed))
    assert 0 < found.labels.about.noise_share <= 0.05
    assert found.labels.about.noise_share == (found.labels.labels < 0).mean()


@pytest.mark.parametrize("seed", range(4))
def test_no_cluster_loses_more_than_another(seed: int) -> None:
    """Of the tiles nearest to any one cluster at most 5 % are stray, of the loosest some."""
    points = loose(seed)
    found = found_in(points)
    cores = np.flatnonzero(found.core)
    owners = np.array([cores[squared_distances(points[cores], point).argmin()] for point in points])
    stray = found.labels.labels < 0
    shares = [
        stray[found.labels.labels[owners] == at].mean() for at in range(found.labels.about.clusters)
    ]
    assert 0 < max(shares) <= 0.05


def test_stray_tiles_are_no_core_and_cores_no_stray() -> None:
    """Every core tile has a label."""
    found = found_in(loose())
    assert (found.labels.labels[found.core] >= 0).all()
    assert 0 < found.core.sum() < len(found.core)


def test_stored_tiles_follow_the_rule_for_new_ones() -> None:
    """Each stored tile asked again as a new one gets the label that it has."""
    points = loose()
    found = found_in(points)
    labels = found.labels.labels
    for point, label in zip(points, labels.tolist(), strict=True):
        away = np.sqrt(squared_distances(points, point))
        nearest = [
            away[found.core & (labels == at)].min() for at in range(found.labels.about.clusters)
        ]
        assert choose(np.array(nearest, dtype=np.float32), found.reach).label == label


def test_nothing_dense_is_one_cluster() -> None:
    """Where HDBSCAN* finds nothing, all tiles are one cluster and the share says so."""
    found = found_in(np.arange(6, dtype=np.float32)[:, None] ** 2)
    assert found.labels.about.clusters == 1
    assert found.core.all()
    assert found.labels.about.settings["hdbscan_noise_share"] == 1.0


def test_equal_tiles_are_one_cluster_with_room_for_float_noise() -> None:
    """All tiles identical: one cluster, none stray, and a reach above rounding."""
    found = found_in(np.zeros((40, 100), dtype=np.float32))
    assert found.labels.labels.tolist() == [0] * 40
    assert found.reach == pytest.approx(0.01)


@pytest.mark.parametrize(("tiles", "size"), [(2, 5), (400, 5), (10_000, 25), (62_000, 62)])
def test_smallest_cluster_grows_with_the_root(tiles: int, size: int) -> None:
    """Small sets may have clusters of five; large ones are not cut to crumbs."""
    assert smallest_cluster(tiles) == size
