"""Exact search, by brute force or by the stored k-d tree, and how rare a distance is."""

import numpy as np
import pytest

from bundle import Bundle, rarity, search
from bundle.neighbors import IndexKind, nearest_among
from bundle.sketches import Sketches, squared_distances

KINDS: list[IndexKind] = ["auto", "brute", "kdtree"]


@pytest.mark.parametrize("index", KINDS)
def test_a_stored_point_finds_itself_first(tiny_bundle: Bundle, index: IndexKind) -> None:
    """Search leaves nothing out: a stored tile's own row comes first, at distance 0."""
    hits = search(tiny_bundle, tiny_bundle.points, 3, index=index)
    assert hits.rows[:, 0].tolist() == list(range(12))
    assert not hits.distances[:, 0].any()


@pytest.mark.parametrize("index", KINDS)
def test_the_rest_is_the_stored_graph(tiny_bundle: Bundle, index: IndexKind) -> None:
    """After itself come the neighbours that training stored, in their order."""
    hits = search(tiny_bundle, tiny_bundle.points, 6, index=index)
    assert np.array_equal(hits.rows[:, 1:], tiny_bundle.neighbors)
    assert np.allclose(hits.distances[:, 1:], tiny_bundle.neighbor_distances, atol=1e-6)


@pytest.mark.parametrize("index", KINDS)
def test_shapes_and_dtypes(tiny_bundle: Bundle, index: IndexKind) -> None:
    """m points give (m, k) int32 rows and (m, k) float32 distances, also for m = 0."""
    for count in (0, 1, 2):
        hits = search(tiny_bundle, tiny_bundle.points[:count], 4, index=index)
        assert (hits.rows.shape, hits.rows.dtype) == ((count, 4), np.int32)
        assert (hits.distances.shape, hits.distances.dtype) == ((count, 4), np.float32)


@pytest.mark.parametrize("index", KINDS)
def test_more_neighbours_than_tiles(tiny_bundle: Bundle, index: IndexKind) -> None:
    """Asking for more than there are gives all, each once."""
    hits = search(tiny_bundle, tiny_bundle.points[:1], 100, index=index)
    assert sorted(hits.rows[0].tolist()) == list(range(12))


def test_nearest_among_some_is_search_among_those(tiny_bundle: Bundle) -> None:
    """The nearest of a few rows, in the order that a search of all would find them."""
    rows = np.array([1, 4, 7, 8, 11], dtype=np.int32)
    among = Sketches.of(rows, tiny_bundle.points[rows])
    hits = nearest_among(tiny_bundle, tiny_bundle.points, among, 3)
    every = search(tiny_bundle, tiny_bundle.points, 12)
    kept = np.isin(every.rows, rows)
    assert np.array_equal(hits.rows, every.rows[kept].reshape(12, 5)[:, :3])
    assert np.allclose(hits.distances, every.distances[kept].reshape(12, 5)[:, :3], atol=1e-6)


@pytest.mark.parametrize(("rows", "found"), [([], 0), ([3], 1), ([0, 5, 9], 3)])
def test_nearest_among_fewer_than_asked_for(
    tiny_bundle: Bundle, rows: list[int], found: int
) -> None:
    """As many as there are, in the shapes and dtypes of a search, also for no point."""
    for count in (0, 2):
        points = tiny_bundle.points[:count]
        some = np.array(rows, dtype=np.int32)
        among = Sketches.of(some, tiny_bundle.points[some])
        hits = nearest_among(tiny_bundle, points, among, 4)
        assert hits.rows.shape == hits.distances.shape == (count, found)
        assert (hits.rows.dtype, hits.distances.dtype) == (np.int32, np.float32)


def test_distances_do_not_cancel() -> None:
    """Far from the origin, a small distance keeps its digits."""
    far = np.full((2, 3), 4096, dtype=np.float32)
    far[1, 0] += 0.25
    assert squared_distances(far, far[0]).tolist() == [0, 0.0625]


def test_distances_over_many_blocks() -> None:
    """Blocks are an inner matter: every row has its distance."""
    stored = np.arange(5000, dtype=np.float32)[:, None]
    assert np.array_equal(squared_distances(stored, stored[0]), stored[:, 0] ** 2)


def test_rarity_is_a_share_of_random_pairs(tiny_bundle: Bundle) -> None:
    """0 is closer than any pair, 1 farther than any, the median lies at one half."""
    pairs = tiny_bundle.arrays["random_distances.npy"]
    asked = np.array([0, np.median(pairs), pairs[-1] + 1], dtype=np.float32)
    assert rarity(tiny_bundle, asked).tolist() == [0, 0.5, 1]


def test_rarity_keeps_the_shape(tiny_bundle: Bundle) -> None:
    """Any shape of distances gives the same shape, float32."""
    shares = rarity(tiny_bundle, tiny_bundle.neighbor_distances)
    assert shares.shape == (12, 5)
    assert shares.dtype == np.float32
