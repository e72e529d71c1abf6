"""The map shows neighbourhoods, and is the same each time."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness

from bundle.plane import principal_plane
from training.indexing.graph import neighbor_graph
from training.indexing.plane import STEPS, _push, lay_out

Cloud = NDArray[np.float32]


@pytest.fixture(scope="module")
def groups() -> Cloud:
    """Six groups of forty points in twelve dimensions, no two of which show all in a plane."""
    rng = np.random.default_rng(4)
    middles = rng.normal(0, 6, (6, 12)).repeat(40, axis=0)
    return (middles + rng.normal(0, 1, middles.shape)).astype(np.float32)


@pytest.fixture(scope="module")
def laid(groups: Cloud) -> Cloud:
    """Their places on the map."""
    return lay_out(groups, neighbor_graph(groups, 20).rows)


def test_neighbours_stay_neighbours(groups: Cloud, laid: Cloud) -> None:
    """Who is near on the map is near in truth, far more so than by principal axes."""
    assert np.abs(laid).max() == pytest.approx(1)
    assert trustworthiness(groups, laid, n_neighbors=10) > 0.97
    assert trustworthiness(groups, principal_plane(groups), n_neighbors=10) < 0.95


def test_groups_stand_apart(laid: Cloud) -> None:
    """The nearest point on the map is nearly always one of the own group."""
    away = np.linalg.norm(laid[:, None] - laid[None], axis=2)
    np.fill_diagonal(away, np.inf)
    own = np.arange(240) // 40
    assert (own[away.argmin(axis=1)] == own).mean() > 0.98


def test_the_map_is_the_same_each_time(groups: Cloud, laid: Cloud) -> None:
    """Nothing is drawn by chance; each step is reported."""
    steps: list[int] = []
    again = lay_out(groups, neighbor_graph(groups, 20).rows, advance=steps.append)
    assert np.array_equal(again, laid)
    assert len(steps) == STEPS


@pytest.mark.parametrize("span", [1e-3, 3.0, 120.0])
def test_the_push_is_that_of_all_pairs(span: float) -> None:
    """The grid's push is the sum over all pairs but for a tenth, at any size of the map."""
    places = np.random.default_rng(6).uniform(0, span, (400, 2)).astype(np.float32)
    away = places[:, None].astype(float) - places[None]
    near = 1 / (1 + (away**2).sum(2))
    truth = (away * near[:, :, None] ** 2).sum(1) / (near.sum() - len(places))
    assert np.linalg.norm(_push(places) - truth) < 0.1 * np.linalg.norm(truth)


@pytest.mark.parametrize("points", [np.zeros((2, 3)), np.ones((9, 2)), np.eye(3)[:2]])
def test_few_or_equal_points_have_places(points: NDArray[np.float64]) -> None:
    """Two tiles, or tiles that are all the same, are no error."""
    cloud = points.astype(np.float32)
    others = [[other for other in range(len(cloud)) if other != row] for row in range(len(cloud))]
    laid = lay_out(cloud, np.array(others, np.int32))
    assert np.isfinite(laid).all()
    assert np.abs(laid).max() <= 1
