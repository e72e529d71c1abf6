"""DBSCAN on the neighbour graph, eps, and the default labels."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import DBSCAN

from bundle.clusters import choose
from training.cluster import (
    Density,
    by_size,
    connect,
    dbscan,
    density,
    edges,
    k_distances,
    knee,
    smallest_cluster,
    sweep,
    sweep_values,
)
from training.graph import neighbor_graph


def groups(*sizes: int, width: int = 6, seed: int = 5) -> NDArray[np.float32]:
    """Return (n, width) float32: round groups of the sizes given, 30 apart."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(loc=30 * at, size=(size, width)) for at, size in enumerate(sizes)]
    return np.concatenate(parts).astype(np.float32)


def loose(seed: int = 5) -> NDArray[np.float32]:
    """Return (160, 8) float32: three tight groups, two of them close, and 40 % strewn about."""
    rng = np.random.default_rng(seed)
    tight = [rng.normal(loc=at, size=(32, 8)) for at in (0, 5, 20)]
    return np.concatenate([*tight, rng.normal(loc=8, scale=9, size=(64, 8))]).astype(np.float32)


def found_in(points: NDArray[np.float32], k: int = 15) -> Density:
    graph = neighbor_graph(points, min(k, len(points) - 1))
    return density(points, edges(graph))


@pytest.mark.parametrize("eps", [0.5, 1.2, 1.6, 2.0, 40.0])
def test_dbscan_on_the_graph_is_dbscan_on_all_pairs(eps: float) -> None:
    """Noise and clusters are those of scikit-learn's DBSCAN on the points themselves."""
    points = groups(120, 60, 3)
    found = dbscan(edges(neighbor_graph(points, 30)), eps).labels
    expected = by_size(DBSCAN(eps=eps, min_samples=5).fit(points).labels_)
    np.testing.assert_array_equal(found < 0, expected < 0)
    assert found.max() == expected.max()


def test_equal_tiles_are_one_dbscan_cluster() -> None:
    """Tiles at distance 0 are neighbours, not strangers."""
    points = np.repeat(groups(2), 10, axis=0)
    assert dbscan(edges(neighbor_graph(points, 12)), 0.1).about.clusters == 2


def test_graph_is_symmetric() -> None:
    """A link found from one side counts from both."""
    matrix = edges(neighbor_graph(groups(40, 7), 5))
    assert abs(matrix - matrix.T).max() == 0


def test_k_distances_count_the_tile_itself() -> None:
    """The distance to the fifth tile counting itself is that to the fourth other."""
    points = np.arange(9, dtype=np.float32)[:, None]
    assert k_distances(neighbor_graph(points, 8)).tolist() == [2, 2, 2, 2, 2, 3, 3, 4, 4]


def test_k_distances_of_few_tiles_end_at_the_last() -> None:
    """With fewer than five tiles the farthest one stands in."""
    points = np.array([[0.0], [1.0], [5.0]], dtype=np.float32)
    assert k_distances(neighbor_graph(points, 2)).tolist() == [4, 5, 5]


def test_knee_is_where_the_curve_turns_up() -> None:
    """The knee of a flat curve with a steep end is the last flat value."""
    curve = np.concatenate([np.linspace(1, 2, 90), np.linspace(3, 40, 10)]).astype(np.float32)
    assert knee(curve) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("curve", "eps"), [([0, 0, 0, 0], 0.5), ([0, 0, 0, 3], 3.0), ([2, 2, 2, 2], 2.0)]
)
def test_knee_is_never_zero(curve: list[float], eps: float) -> None:
    """Equal tiles do not lead to an eps that DBSCAN refuses."""
    assert knee(np.array(curve, dtype=np.float32)) == eps


def test_sweep_runs_from_all_noise_to_none_and_holds_the_studys_eps() -> None:
    """The sweep begins where nearly all is noise, ends where none is, and never rises."""
    graph = neighbor_graph(groups(100, 50), 20)
    values = sweep_values(k_distances(graph))
    done: list[int] = []
    swept = sweep(edges(graph), values, advance=done.append)
    assert {0.5, 0.9} <= set(values)
    assert swept.shape == (len(values), 3) == (26, 3)
    assert swept[0, 1] > 0.9
    assert swept[-1, 1] == 0
    assert (np.diff(swept[:, 1]) <= 0).all()
    assert sum(done) == len(values)


def test_labels_are_numbered_by_size() -> None:
    """The largest cluster is 0, and noise stays -1."""
    assert by_size(np.array([0, 1, 1, -1, 2, 2, 2])).tolist() == [2, 1, 1, -1, 0, 0, 0]
    assert by_size(np.array([-1, -1])).tolist() == [-1, -1]


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
        away = np.linalg.norm(points - point, axis=1)
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
