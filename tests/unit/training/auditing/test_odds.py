"""Odds ratios: known tables, small counts, and tiles that hang together."""

import numpy as np
import pytest
from scipy.stats.contingency import odds_ratio

from training.auditing.odds import Odds, haldane, strongest_first, take_odds


def taken(a: int, b: int, c: int, d: int, *, tiles_a_group: int = 1) -> Odds:
    """Measure a table whose tiles stand in order, so many of them a group."""
    marked = np.repeat([True, False, True, False], [a, b, c, d])
    inside = np.repeat([True, True, False, False], [a, b, c, d])
    groups = np.unique(np.arange(len(marked)) // tiles_a_group, return_inverse=True)[1]
    return take_odds("mark", "class", marked, inside, groups, seed=1)


def test_a_known_table_has_the_textbooks_interval():
    """Woolf's interval of 40, 60, 10, 90: exp(ln 6 -+ 1.96 sqrt(sum of 1 / cell))."""
    found = taken(40, 60, 10, 90)
    spread = 1.959964 * np.sqrt(1 / 40 + 1 / 60 + 1 / 10 + 1 / 90)
    assert found.ratio == pytest.approx(6.0)
    assert found.method == "Woolf"
    assert (found.low, found.high) == pytest.approx((6 * np.exp(-spread), 6 * np.exp(spread)))


def test_small_counts_have_the_exact_interval():
    """A cell below five takes the conditional interval; an empty one is open on one side."""
    found = taken(7, 93, 2, 98)
    exact = odds_ratio(np.array([[7, 93], [2, 98]])).confidence_interval(0.95)
    assert (found.method, found.low, found.high) == ("exact", *exact)
    empty = taken(7, 93, 0, 100)
    assert empty.ratio == pytest.approx(7.5 * 100.5 / (93.5 * 0.5))
    assert empty.high is None
    assert empty.low is not None


def test_an_empty_row_has_no_interval():
    """Where nothing is marked the ratio is near one and says that it has no interval."""
    found = taken(0, 50, 0, 50)
    assert (found.ratio, found.low, found.high) == (1.0, None, None)
    assert found.p_groups == 1.0


def test_draws_of_single_tiles_agree_with_woolf():
    """Where each tile is a group of its own, the drawn interval is about the plain one."""
    found = taken(120, 280, 60, 340)
    assert found.group_low == pytest.approx(found.low, rel=0.12)
    assert found.group_high == pytest.approx(found.high, rel=0.12)
    assert found.p_groups < 0.01


def test_tiles_that_hang_together_widen_the_interval_and_the_chance():
    """The same table in twenty scans, lettering in whole scans, is far less sure."""
    alone, together = taken(60, 140, 20, 180), taken(60, 140, 20, 180, tiles_a_group=20)
    assert together.ratio == alone.ratio
    assert together.group_high is not None
    assert alone.group_high is not None
    assert together.group_high > 2 * alone.group_high
    assert together.p_groups > 0.05 > alone.p_groups


def test_the_mirror_has_the_inverse_ratio():
    """The other class of two says the same, the other way round."""
    assert haldane(3, 7, 2, 0) == pytest.approx(1 / haldane(2, 0, 3, 7))


def test_a_class_without_a_lettered_tile_does_not_have_the_lettering():
    """Haldane's half gives two bare tiles a ratio of 3.5, above a class that has the letters."""
    codes = np.repeat([0, 1, 2], [300, 300, 2])
    groups = np.repeat(np.arange(61), [10] * 60 + [2])
    marked = np.zeros(602, dtype=bool)
    marked[np.r_[0:240:10, 300:380:10]] = True
    odds = [
        take_odds("mark", name, marked, codes == code, groups, seed=1)
        for code, name in enumerate(("benign", "malign", "unsure"))
    ]
    assert max(odds, key=lambda one: one.ratio).name == "unsure"
    assert [one.name for one in strongest_first(odds)] == ["benign", "malign", "unsure"]


def test_draws_without_a_mark_say_nothing():
    """They gave the classes' sizes for a ratio, and an interval where nothing is marked."""
    found = taken(0, 40, 0, 80, tiles_a_group=4)
    assert (found.group_low, found.group_high) == (None, None)


def test_the_exact_interval_of_a_large_table_is_woolfs():
    """It took a minute; where a row or column is small, the exact one is soon taken."""
    assert taken(2500, 3, 100, 2500).method == "Woolf"
    empty = taken(2500, 0, 100, 2500)
    assert empty.low is not None
    assert empty.high is not None
    assert empty.low < empty.ratio < empty.high
    assert taken(3, 2500, 100, 2500).method == "exact"
