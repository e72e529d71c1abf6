"""Draws, deals and areas."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.auditing.resampling import Auc, dealt_anew, draws, interval


def test_the_area_is_scikit_learns_under_any_weights():
    """Equal scores count half; a weight of two is the tile twice."""
    rng = np.random.default_rng(1)
    positive, scores = rng.random(200) < 0.4, rng.integers(0, 12, 200).astype(float)
    area = Auc(positive, scores)
    assert area() == pytest.approx(roc_auc_score(positive, scores))
    weights = rng.integers(0, 4, 200).astype(float)
    assert area(weights) == pytest.approx(roc_auc_score(positive, scores, sample_weight=weights))


def test_a_draw_without_one_of_the_classes_has_no_area():
    """It is told as no number, not as one half."""
    area = Auc(np.array([True, False]), np.array([1.0, 0.0]))
    assert np.isnan(area(np.array([1.0, 0.0])))


def test_whole_groups_are_drawn():
    """All tiles of a group count equally often, and all draws have as many groups."""
    groups = np.array([0, 0, 0, 1, 2, 2])
    for weights in draws(groups, seed=3, count=20):
        assert weights[0] == weights[1] == weights[2]
        assert weights[0] + weights[3] + weights[4] == 3


def test_pure_groups_stay_pure_when_classes_are_dealt_anew():
    """Where each scan has one class, so it has afterwards, and some scans have changed it."""
    groups = np.repeat(np.arange(40), 5)
    codes = (groups % 2).astype(np.intp)
    dealt = dealt_anew(codes, groups, np.random.default_rng(2))
    assert all(len(np.unique(dealt[groups == group])) == 1 for group in range(40))
    assert (dealt != codes).any()
    assert dealt.sum() == codes.sum()


def test_an_interval_of_hardly_any_draw_is_none():
    """Half of the draws must say something."""
    assert interval(np.array([1.0, np.nan, np.nan])) is None
    assert interval(np.array([1.0, 1.0, np.nan])) == (1.0, 1.0)
