"""The figures of the screening benchmark, where they are its own."""

import numpy as np
import pytest

from benchmarks.screening.few_marked import ranking
from benchmarks.screening.measures import calibration_error, shown_precision
from training.measuring.measures import precision


def test_a_ranking_gives_the_average_precision_of_the_ranked_tiles() -> None:
    """With equal scores, tiles left out and other weights it is the number of `precision`."""
    rng = np.random.default_rng(0)
    positive = rng.random(60) < 0.3
    scores = rng.integers(0, 12, 60).astype(np.float64)
    ranked = rng.random(60) < 0.8
    statistic = ranking(positive, scores, ranked)
    for weights in (np.ones(60), rng.integers(0, 3, 60).astype(np.float64)):
        wanted = precision(positive[ranked], scores[ranked], weights[ranked])
        assert statistic(weights) == pytest.approx(wanted)


def test_a_ranking_without_a_positive_has_no_number() -> None:
    """A draw that holds no lettering says nothing."""
    statistic = ranking(np.array([True, False]), np.array([1.0, 0.0]), np.array([True, True]))
    assert statistic(np.array([0.0, 1.0])) is None


def test_neighbours_shown_through_an_index_with_gaps_are_other_tiles() -> None:
    """Row 2 is looked up as the label 2, which row 1 bears; a label that is gone shows nothing."""
    positive = np.array([True, False, True])
    rows = np.array([[2, 0], [1, 1]])
    index = np.array([0, 2, 3])
    assert shown_precision(positive, rows, None).tolist() == [1.0, 0.0]
    shown = shown_precision(positive, rows, index)
    assert shown[0] == 0.5
    assert np.isnan(shown[1])


def test_scores_that_say_what_is_true_have_no_calibration_error() -> None:
    """Of four tiles scored 0.75 three are positive; where none is, the error is 0.75."""
    scores, weights = np.full(4, 0.75), np.ones(4)
    assert calibration_error(np.array([True, True, True, False]), scores, weights) == 0
    assert calibration_error(np.zeros(4, dtype=bool), scores, weights) == 0.75
