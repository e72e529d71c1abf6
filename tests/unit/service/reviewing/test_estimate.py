"""How many are left, from random samples of what nobody has looked at."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.stats import beta, hypergeom

from service.reviewing.estimate import Draw, Estimate, LogFactorials, estimate, more_needed

TILES, SAMPLE, SHARE, REPEATS = 300, 40, 0.1, 400


def test_chances_are_hypergeometric() -> None:
    """The log chance of some hits is SciPy's, also where there is none."""
    draw, holding = Draw(30, 7, 2, 2), np.arange(31)
    ours = LogFactorials(30).hits(draw, holding)
    theirs = hypergeom.logpmf(2, 30, holding, 7)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_clean_sample_says_as_much_as_the_exact_interval() -> None:
    """Without a hit the upper bound is that of Clopper and Pearson, or less."""
    found = estimate([Draw(5000, 300, 0, 0)], 4700)
    assert found
    assert (found.low, found.likely) == (0, 0)
    assert 0.8 * 4700 * beta.ppf(0.975, 1, 300) < found.high <= 4700 * beta.ppf(0.975, 1, 300)


def test_what_is_found_elsewhere_comes_off() -> None:
    """Ten hits in the sample and ninety found by other looks leave that much less."""
    at_once = estimate([Draw(1000, 200, 10, 10)], 800)
    later = estimate([Draw(1000, 200, 10, 40)], 770)
    assert at_once
    assert later
    assert at_once.likely == 40
    assert later.likely == at_once.likely - 30
    assert later.high == at_once.high - 30


def test_all_looked_at_leaves_nothing() -> None:
    """With no tile left the estimate is nought, with no sample there is none."""
    assert estimate([], 0) == Estimate(0, 0, 0, 0)
    assert estimate([Draw(9, 9, 3, 3)], 0) == Estimate(0, 0, 0, 0)
    assert estimate([], 5) is None


def test_more_needed_where_some_tiles_are_in_no_sample() -> None:
    """They count as left, so more must be looked at; and no more than a sample can hold."""
    draws = [Draw(100, 20, 0, 0)]
    with_all, with_some = (more_needed(draws, 80, 0.1, outside=outside) for outside in (0, 3))
    assert 0 < with_all < with_some <= 80
    assert more_needed([Draw(2, 2, 0, 0)], 0, 0.01, outside=7) == 0


def test_more_needed_is_just_enough() -> None:
    """As many clean tiles bound what is left, one fewer does not."""
    for draws in ([], [Draw(1000, 100, 1, 1)]):
        tiles = 1000 if not draws else 900
        needed = more_needed(draws, tiles, 0.01)
        enough = estimate([*draws, Draw(tiles, needed, 0, 0)], tiles - needed)
        short = estimate([*draws, Draw(tiles, needed - 1, 0, 0)], tiles - needed + 1)
        assert enough
        assert short
        assert enough.within(0.01)
        assert not short.within(0.01)


def simulated(rng: np.random.Generator, lettering: int) -> Iterator[tuple[Estimate, int]]:
    """Sample and look by score in turns until little seems left; yield estimate and truth.

    The looks depend on what the samples showed: after a hit the tiles most like it come first.
    """
    truth = np.arange(TILES) < lettering
    likeness = truth + rng.normal(0, 1.0, TILES)
    looked, draws = np.zeros(TILES, bool), list[tuple[np.ndarray, np.ndarray]]()
    while True:
        population = ~looked
        left = np.flatnonzero(population)
        sample = rng.choice(left, min(SAMPLE, len(left)), replace=False)
        draws.append((population, sample))
        looked[sample] = True
        if truth[sample].any():
            rest = np.flatnonzero(~looked)
            looked[rest[np.argsort(-likeness[rest])[:30]]] = True
        seen = [
            Draw(
                int(one.sum()), len(rows), int(truth[rows].sum()), int((one & looked & truth).sum())
            )
            for one, rows in draws
        ]
        found = estimate(seen, int((~looked).sum()))
        assert found
        yield found, int((~looked & truth).sum())
        if found.within(SHARE):
            return


@pytest.mark.parametrize("lettering", [0, 3, 6, 15, 60])
def test_the_interval_holds_however_often_one_looks(lettering: int) -> None:
    """In at least 95 % of whole reviews the truth is inside after every single sample.

    A review samples until it may stop, so an interval for one sample would fail more often.
    """
    rng = np.random.default_rng(20)
    good = sum(
        all(found.low <= truth <= found.high for found, truth in simulated(rng, lettering))
        for _ in range(REPEATS)
    )
    assert good >= 0.95 * REPEATS


def test_the_interval_is_not_empty_talk() -> None:
    """It is not so wide that it holds everything: reviews end before all is looked at."""
    rng = np.random.default_rng(21)
    ends = [list(simulated(rng, 6))[-1][0].tiles for _ in range(50)]
    assert np.median(ends) > 60
