"""Measures whose values are known by hand."""

from functools import partial

import numpy as np
import pytest
from numpy.typing import ArrayLike
from sklearn.metrics import average_precision_score

from training.measuring.measures import (
    Truth,
    average,
    cluster_share,
    measure,
    neighbor_precision,
    precision,
    probe_scores,
    recall,
)


def on_a_line(places: ArrayLike, positive: ArrayLike, scans: ArrayLike) -> Truth:
    numbers = np.array(scans, dtype=np.intp)
    points = np.array(places, dtype=np.float32)[:, None]
    return Truth(points, np.array(positive, dtype=bool), numbers, numbers)


def two_sides(seed: int = 0) -> Truth:
    """Return 90 tiles of 6 scans; the positive third lies to one side."""
    rng = np.random.default_rng(seed)
    positive = np.arange(90) % 3 == 0
    points = rng.normal(size=(90, 4)).astype(np.float32)
    points[positive, 1] += 8
    scans = np.arange(90) // 15
    return Truth(points, positive, scans, scans)


def test_precision_of_neighbors_leaves_the_tile_itself_out() -> None:
    """Each positive tile is asked for its two nearest others; others are not asked."""
    truth = on_a_line([0, 1, 2, 10, 11], [1, 1, 0, 0, 1], [0, 0, 0, 0, 0])
    shares = neighbor_precision(truth, 2, other_scans=False)
    np.testing.assert_array_equal(shares, [0.5, 0.5, np.nan, np.nan, 0.0])


def test_other_scans_only_leaves_the_whole_scan_out() -> None:
    """Overlapping windows of the query's own scan do not count."""
    truth = on_a_line([0, 1, 2, 3], [1, 1, 0, 1], [0, 0, 1, 1])
    shares = neighbor_precision(truth, 1, other_scans=True)
    np.testing.assert_array_equal(shares, [0.0, 0.0, np.nan, 1.0])


def test_tiles_of_unknown_scans_are_not_other_scans() -> None:
    """A tile whose scan is not known is neither asked nor answered with."""
    truth = on_a_line([0, 1, 2, 3], [1, 1, 0, 1], [0, -1, 1, -1])
    shares = neighbor_precision(truth, 1, other_scans=True)
    np.testing.assert_array_equal(shares, [0.0, np.nan, np.nan, np.nan])


def test_fewer_candidates_than_k_are_all_counted() -> None:
    """P@5 among two others is the share among those two."""
    truth = on_a_line([0, 1, 2], [1, 1, 0], [0, 0, 1])
    assert neighbor_precision(truth, 5, other_scans=False)[0] == 0.5


def test_probe_tells_held_out_scans_apart() -> None:
    """What is linearly separable is ranked rightly on scans that the probe never saw."""
    truth = two_sides()
    scores = probe_scores(truth)
    assert scores is not None
    assert scores[truth.positive].min() > scores[~truth.positive].max()


def test_probe_cannot_learn_what_marks_a_scan() -> None:
    """A feature that names the scan is of no use, as its scan is held out."""
    truth = two_sides()
    named = np.eye(6, dtype=np.float32)[truth.scans]
    scores = probe_scores(Truth(named, truth.scans == 2, truth.scans, truth.scans))
    assert scores is None


def test_probe_needs_two_groups_with_positives() -> None:
    """With all positives in one group there is nothing to learn from."""
    truth = on_a_line([0, 1, 2, 3], [1, 1, 0, 0], [0, 0, 1, 1])
    assert probe_scores(truth) is None


def test_average_precision_by_hand() -> None:
    """Positives at ranks one and three have the average precision (1 + 2/3) / 2."""
    positive = np.array([True, False, True, False])
    scores = np.array([4.0, 3.0, 2.0, 1.0])
    assert precision(positive, scores, np.ones(4)) == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_that_of_scikit_learn(seed: int) -> None:
    """Ties and weights count as they do in scikit-learn."""
    rng = np.random.default_rng(seed)
    positive, scores = rng.random(80) < 0.3, rng.integers(12, size=80).astype(float)
    weights = rng.integers(3, size=80).astype(float)
    expected = average_precision_score(positive, scores, sample_weight=weights)
    assert precision(positive, scores, weights) == pytest.approx(expected)


@pytest.mark.parametrize(("allowed", "expected"), [(0.0, 0.5), (0.25, 0.75), (1.0, 1.0)])
def test_recall_by_hand(allowed: float, expected: float) -> None:
    """The bound falls as low as the share of false alarms allows, and no lower."""
    positive = np.array([1, 1, 0, 1, 0, 0, 1, 0], dtype=bool)
    scores = np.array([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0])
    assert recall(positive, scores, np.ones(8), allowed) == expected


def test_recall_of_equal_scores_is_all_or_nothing() -> None:
    """Tiles of one score are on one side of any bound."""
    positive = np.array([True, True, False, False])
    assert recall(positive, np.ones(4), np.ones(4), 0.5) == 0.0
    assert recall(positive, np.ones(4), np.ones(4), 1.0) == 1.0


def test_recall_counts_weights_and_needs_both_kinds() -> None:
    """A tile drawn twice counts twice; without positives or negatives there is no figure."""
    positive = np.array([True, False, True])
    scores = np.array([3.0, 2.0, 1.0])
    assert recall(positive, scores, np.array([3.0, 1.0, 1.0])) == 0.75
    assert recall(positive, scores, np.array([0.0, 1.0, 0.0])) is None
    assert recall(positive, scores, np.array([1.0, 0.0, 1.0])) is None
    assert recall(positive, None, np.ones(3)) is None


def test_weights_drop_and_repeat_tiles() -> None:
    """A weight of 0 takes a tile out; without positives or scores there is no figure."""
    positive = np.array([True, False, True])
    scores = np.array([3.0, 2.0, 1.0])
    assert precision(positive, scores, np.array([1.0, 0.0, 2.0])) == 1.0
    assert precision(positive, scores, np.array([0.0, 1.0, 0.0])) is None
    assert precision(positive, None, np.ones(3)) is None
    assert average(np.array([1.0, np.nan, 0.0]), np.array([3.0, 1.0, 1.0])) == 0.75
    assert average(np.array([np.nan]), np.ones(1)) is None


def test_interval_holds_the_value_and_repeats_with_its_seed() -> None:
    """The interval surrounds the value, and a seed gives it again."""
    truth = two_sides()
    values = truth.points[:, 0].astype(np.float64)
    take = partial(measure, "key", "title", partial(average, values), groups=truth.scans)
    taken = take(seed=1)
    assert taken.value == pytest.approx(values.mean())
    assert taken.low is not None
    assert taken.high is not None
    assert taken.low < values.mean() < taken.high
    assert taken == take(seed=1)


def test_interval_draws_whole_scans() -> None:
    """Tiles of one scan come and go together: equal scans leave no doubt."""
    values = np.tile([0.0, 1.0], 10)
    taken = measure("k", "t", partial(average, values), groups=np.arange(20) // 2, seed=0)
    assert (taken.low, taken.value, taken.high) == (0.5, 0.5, 0.5)


def test_a_measure_that_cannot_be_taken_has_no_value() -> None:
    """None comes back as a measure without value and interval."""
    taken = measure("k", "t", lambda _weights: None, groups=np.zeros(3, dtype=int), seed=0)
    assert (taken.value, taken.low, taken.high) == (None, None, None)


def test_share_of_positives_in_each_cluster() -> None:
    """Each tile gets its cluster's share; stray tiles have none."""
    positive = np.array([True, False, True, True, False])
    labels = np.array([0, 0, 1, -1, -1], dtype=np.int32)
    np.testing.assert_array_equal(cluster_share(positive, labels), [0.5, 0.5, 1.0, np.nan, np.nan])
    assert np.isnan(cluster_share(positive, np.full(5, -1, dtype=np.int32))).all()
