"""Which tiles are most worth a look."""

import numpy as np
import pytest

from service.reviewing.worth import Doubles, log_odds, most_worth, worth

NONE = Doubles(np.empty((60, 0), np.int32), np.empty((60, 0), np.float32), np.ones(1, np.float32))


@pytest.fixture
def points() -> np.ndarray:
    """Sixty tiles in two groups of thirty, far apart along the first axis."""
    rng = np.random.default_rng(1)
    found = rng.normal(0, 1, (60, 5)).astype(np.float32)
    found[:30, 0] += 6
    return found


def flags(*rows: int) -> np.ndarray:
    return np.isin(np.arange(60), rows)


def test_undecided_the_order_is_the_scores(points: np.ndarray) -> None:
    """Before any decision the score alone orders, ties by row."""
    scores = np.linspace(0, 1, 60, dtype=np.float32).round(1)
    order = most_worth(worth(points, scores, flags(), flags()), flags(), NONE, 60)
    assert order.tolist() == np.argsort(-scores, kind="stable").tolist()


def test_decisions_bring_their_like_forward(points: np.ndarray) -> None:
    """With scores that say nothing, what is like the dropped tiles comes before the kept ones'."""
    scores = np.full(60, 0.1, np.float32)
    looked, found = flags(0, 1, 2, 30, 31, 32), flags(0, 1, 2)
    order = most_worth(worth(points, scores, looked, found), looked, NONE, 54)
    assert set(order[:27].tolist()) == set(range(3, 30))


def test_contrary_decisions_overrule_the_score(points: np.ndarray) -> None:
    """A group with high scores whose tiles are kept falls behind one whose tiles are dropped."""
    scores = np.where(np.arange(60) < 30, 0.8, 0.2).astype(np.float32)
    looked, found = flags(*range(10), *range(30, 40)), flags(*range(30, 40))
    order = most_worth(worth(points, scores, looked, found), looked, NONE, 40)
    assert (order[:20] >= 40).sum() >= 15


def test_nothing_decided_is_asked_again(points: np.ndarray) -> None:
    """Decided tiles are never in the budget, and it is as long as asked or as there are tiles."""
    scores = np.full(60, 0.5, np.float32)
    looked = flags(*range(50))
    odds = worth(points, scores, looked, flags(0))
    assert len(most_worth(odds, looked, NONE, 4)) == 4
    assert sorted(most_worth(odds, looked, NONE, 300).tolist()) == list(range(50, 60))


def test_near_duplicates_come_last(points: np.ndarray) -> None:
    """Of two tiles that show the same, one is asked with the others and one behind them."""
    neighbors = np.array([[1], [0], [3], [2], *([[0]] * 56)], np.int32)
    distances = np.array([[0.0], [0.0], [5.0], [5.0], *([[9.0]] * 56)], np.float32)
    doubles = Doubles(neighbors, distances, np.full(3, 10, np.float32))
    scores = np.linspace(0.9, 0.1, 60, dtype=np.float32)
    odds = worth(points, scores, flags(), flags())
    assert most_worth(odds, flags(), doubles, 4).tolist() == [0, 2, 3, 4]
    looked = flags(0)
    again = worth(points, scores, looked, looked)
    assert 1 not in most_worth(again, looked, doubles, 4)


def test_many_certain_decisions_stay_finite(points: np.ndarray) -> None:
    """Scores of 0 and 1, each contradicted, give finite odds."""
    scores = np.where(np.arange(60) % 2, 1.0, 0.0).astype(np.float32)
    odds = worth(points, scores, flags(*range(40)), flags(*range(0, 40, 2)))
    assert np.isfinite(odds).all()
    assert np.isfinite(log_odds(scores)).all()
