"""The neighbour graph against brute force and scikit-learn's tree."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from bundle import open_bundle, search
from tests.tiny import write_tiny_bundle
from training.indexing.graph import nearest, neighbor_graph, random_distances, tree_arrays


def blobs(count: int, width: int = 20, seed: int = 3) -> NDArray[np.float32]:
    """Return (count, width) float32: eight groups and a few far points."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(8, width)) * 3
    points = centers[rng.integers(8, size=count)] + rng.normal(size=(count, width))
    points[::97] *= 50
    return points.astype(np.float32)


def brute_force(points: NDArray[np.float32], k: int) -> NDArray[np.float64]:
    """Return the k smallest distances of each point to another, in double precision."""
    away = np.linalg.norm(points[:, None].astype(np.float64) - points[None], axis=2)
    np.fill_diagonal(away, np.inf)
    return np.sort(away, axis=1)[:, :k]


@pytest.mark.parametrize(("count", "k"), [(2, 1), (3, 2), (17, 16), (400, 10), (700, 100)])
def test_distances_are_those_of_brute_force(count: int, k: int) -> None:
    """Each tile's distances equal brute force over all pairs in double precision."""
    points = blobs(count)
    found = neighbor_graph(points, k)
    assert found.rows.shape == (count, k)
    np.testing.assert_allclose(found.distances, brute_force(points, k), rtol=1e-5)


def test_rows_lie_at_the_distances_given() -> None:
    """The rows named are the tiles at those distances, and none is named twice."""
    points = blobs(300)
    found = neighbor_graph(points, 20)
    measured = np.linalg.norm(points[found.rows] - points[:, None], axis=2)
    np.testing.assert_allclose(found.distances, measured, rtol=1e-5)
    assert all(len(set(rows)) == 20 for rows in found.rows.tolist())


def test_graph_agrees_with_the_tree_of_scikit_learn() -> None:
    """The k-d tree of scikit-learn finds the same distances."""
    points = blobs(500)
    expected, _ = KDTree(points).query(points, k=8)
    np.testing.assert_allclose(neighbor_graph(points, 7).distances, expected[:, 1:], rtol=1e-5)


def test_no_tile_is_its_own_neighbor() -> None:
    """A tile's own row is left out even among many equal tiles."""
    points = np.zeros((300, 4), dtype=np.float32)
    points[250:] = blobs(50, 4)
    found = neighbor_graph(points, 20)
    assert not (found.rows == np.arange(300)[:, None]).any()
    assert (found.distances[:250] == 0).all()


def test_equal_tiles_come_in_the_order_of_rows() -> None:
    """Ties go to the lower row."""
    found = neighbor_graph(np.ones((200, 3), dtype=np.float32), 3)
    assert found.rows[0].tolist() == [1, 2, 3]
    assert found.rows[2].tolist() == [0, 1, 3]
    assert found.rows[150].tolist() == [0, 1, 2]


def test_close_points_far_from_the_origin_are_told_apart() -> None:
    """Cancellation in the matrix product is seen and the query searched again."""
    rng = np.random.default_rng(0)
    points = (1e4 + rng.integers(0, 64, (900, 6)) / 16).astype(np.float32)
    found = neighbor_graph(points, 5)
    np.testing.assert_allclose(found.distances, brute_force(points, 5), rtol=1e-6)


def test_queries_need_not_be_stored() -> None:
    """Points that are not stored find their nearest stored ones."""
    stored, queries = blobs(400), blobs(30, seed=9)
    expected, _ = KDTree(stored).query(queries, k=3)
    np.testing.assert_allclose(nearest(queries, stored, 3).distances, expected, rtol=1e-5)


def test_progress_adds_up_to_all_tiles() -> None:
    """The numbers of tiles done that are reported sum to the number of tiles."""
    done: list[int] = []
    neighbor_graph(blobs(300), 2, advance=done.append)
    assert sum(done) == 300


def test_graph_equals_search_in_a_bundle(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A stored tile asked again gets the neighbours of the graph, to the last bit."""
    path = tmp_path_factory.mktemp("graph") / "bundle"
    write_tiny_bundle(path, count=60)
    bundle = open_bundle(path)
    found = neighbor_graph(np.array(bundle.points), 5)
    hits = search(bundle, bundle.points, 6)
    np.testing.assert_array_equal(found.distances, hits.distances[:, 1:])


def test_tree_arrays_hold_every_row_once_inside_its_box() -> None:
    """Leaves cover all rows once, and each leaf's box holds its points."""
    points = blobs(200)
    arrays = dict(tree_arrays(points))
    rows, leaves = arrays["kdtree_rows.npy"], arrays["kdtree_leaves.npy"]
    low, high = arrays["kdtree_bounds.npy"]
    assert sorted(rows.tolist()) == list(range(200))
    assert sum(end - first for first, end in leaves.tolist()) == 200
    for leaf, (first, end) in enumerate(leaves.tolist()):
        inside = points[rows[first:end]]
        assert (inside >= low[leaf]).all()
        assert (inside <= high[leaf]).all()


def test_random_distances_of_few_tiles_are_all_pairs() -> None:
    """With few tiles every pair is measured once, ascending."""
    points = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    assert random_distances(points, seed=1).tolist() == [1.0, 2.0, 3.0]


def test_random_distances_never_pair_a_tile_with_itself() -> None:
    """With many different tiles no drawn distance is zero, and a seed repeats the draw."""
    points = np.arange(600, dtype=np.float32)[:, None]
    drawn = random_distances(points, seed=1)
    assert len(drawn) == 100_000
    assert drawn[0] >= 1
    assert (np.diff(drawn) >= 0).all()
    np.testing.assert_array_equal(drawn, random_distances(points, seed=1))
