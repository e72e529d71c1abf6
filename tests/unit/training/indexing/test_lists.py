"""The index of a large bundle."""

import numpy as np
import pytest

from bundle.index import Index
from tests.points import groups
from training.indexing.lists import Indexed, index_points

POINTS = groups(300, 200, 100, width=10)
NAMES = ("axes", "rows", "sketches", "ends", "centers")


def laid_out(made: Indexed) -> Index:
    """Return the index as a bundle has it."""
    return Index.of(*(made.arrays[f"index_{name}.npy"] for name in NAMES))


def test_few_points_have_one_list_and_exact_answers() -> None:
    """Up to `exact` points nothing is missed, and the manifest says so."""
    made = index_points(POINTS, 3)
    assert (made.about.lists, made.about.probes) == (1, 1)
    assert (made.about.recall_at_10, made.about.recall_at_100) == (1, 1)
    assert made.arrays["index_ends.npy"].tolist() == [0, 600]


def test_many_points_have_lists_and_a_measured_recall() -> None:
    """Beyond it points lie in lists, and what looking into a few of them finds is measured."""
    made = index_points(POINTS, 3, exact=500)
    about, index = made.about, laid_out(made)
    assert (about.lists, about.queries) == (49, 500)
    assert 1 < about.probes < about.lists
    assert 0.995 <= about.recall_at_10 < 1
    asked = [np.linalg.norm(POINTS - point, axis=1) for point in POINTS]
    truth = [set(away.argsort()[1:11].tolist()) for away in asked]
    found = [set(index.probe(POINTS, one, 11, about.probes)[0].tolist()) for one in POINTS]
    shares = [len(near & hits) / 10 for near, hits in zip(truth, found, strict=True)]
    assert np.mean(shares) == pytest.approx(about.recall_at_10, abs=0.005)


def test_each_point_lies_in_the_list_of_its_nearest_centre() -> None:
    """Lists are what a search takes them for."""
    index = laid_out(index_points(POINTS, 3, exact=500))
    away = np.linalg.norm(index.all.vectors[:, None] - index.centers[None], axis=2)
    nearest = away[np.arange(600), np.repeat(np.arange(49), np.diff(index.ends))]
    np.testing.assert_allclose(nearest, away.min(axis=1), rtol=1e-5)


def test_the_same_points_give_the_same_index() -> None:
    """Nothing but the seed decides what is drawn."""
    first, second = (index_points(POINTS, 3, exact=500) for _ in range(2))
    assert first.about == second.about
    assert all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)
