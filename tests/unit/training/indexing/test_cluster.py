"""DBSCAN on the neighbour graph, its eps, and the sweep."""

import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from tests.points import groups
from training.indexing.cluster import (
    by_size,
    dbscan,
    edges,
    k_distances,
    knee,
    sweep,
    sweep_values,
)
from training.indexing.graph import neighbor_graph


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
