"""How many tiles with lettering are left among those that nobody has looked at.

A draw is a random sample of the tiles that were undecided and would be kept. Given all that
happened before it, the hits in it are hypergeometric, whatever order other tiles are looked at
in. So the likelihood of a number that is left now is a product over the draws, and the interval
holds every number whose likelihood is at least 1 - level of the mean over a prior (the
prior-posterior-ratio martingale of Waudby-Smith and Ramdas, 2020). By Ville's inequality it
holds with that level however often one looks, and whenever one stops.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
METHOD = "hypergeometric confidence sequence (Waudby-Smith and Ramdas 2020)"
_NONE_LEFT = 0.5
"""Prior share of "none is left": a sample without a hit then says as much as the exact
two-sided interval of Clopper and Pearson does."""
Counts = NDArray[np.intp]
Logs = NDArray[np.float64]


@dataclass(frozen=True)
class Draw:
    """One finished sample.

    population: tiles it was drawn from. size: tiles drawn, all decided by now.
    hits: those of them that are not kept. found: tiles of the population, sampled or not, that
    are decided by now and not kept.
    """

    population: int
    size: int
    hits: int
    found: int


@dataclass(frozen=True)
class Estimate:
    """Of tiles to be dropped among `tiles` that nobody has looked at: most likely, and bounds."""

    tiles: int
    likely: int
    low: int
    high: int

    def within(self, share: float) -> bool:
        """Say whether surely at most this share of the tiles is to be dropped."""
        return self.high <= share * self.tiles


def estimate(draws: Sequence[Draw], tiles: int, level: float = LEVEL) -> Estimate | None:
    """Return how many are left, None where nothing was sampled yet.

    Args:
        draws: finished, in the order of time; each population holds the later ones.
        tiles: that nobody has looked at and that would be kept, all in the last population.
        level: with which the interval holds, over all draws together.
    """
    if tiles == 0:
        return Estimate(0, 0, 0, 0)
    if not draws:
        return None
    logs = LogFactorials(draws[0].population)
    likelihood = _likelihood(draws, np.arange(tiles + 1), logs)
    inside = np.flatnonzero(likelihood >= np.log(1 - level) + _evidence(draws, logs))
    likely = int(likelihood.argmax())
    low, high = (int(inside[0]), int(inside[-1])) if len(inside) else (likely, likely)
    return Estimate(tiles, likely, low, high)


def more_needed(
    draws: Sequence[Draw], tiles: int, share: float, *, outside: int = 0, level: float = LEVEL
) -> int:
    """Return how many tiles more, all of them kept, would show that at most a share is left.

    At most `tiles`: to look at all of them shows it, if anything does.

    Args:
        draws: as for `estimate`.
        tiles: as for `estimate`, those that a sample can hold.
        share: of these tiles and those outside, without what was looked at.
        outside: tiles that no sample can hold; each may be one that is left.
        level: as for `estimate`.
    """
    fewest, enough = 0, tiles
    while fewest < enough:
        middle = (fewest + enough) // 2
        clean = [*draws, Draw(tiles, middle, 0, 0)] if middle else draws
        found = estimate(clean, tiles - middle, level)
        most = share * (tiles - middle + outside)
        if found is not None and found.high + outside <= most:
            enough = middle
        else:
            fewest = middle + 1
    return enough


class LogFactorials:
    """Logarithms of binomial coefficients, by table."""

    def __init__(self, largest: int) -> None:
        self._sums = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])

    def choose(self, n: Counts, k: Counts | int) -> Logs:
        """Return log of n over k, minus infinity where there is no such choice."""
        k = np.asarray(k)
        possible = (k >= 0) & (k <= n) & (n >= 0)
        n, k = np.where(possible, n, 0), np.where(possible, k, 0)
        value = self._sums[n] - self._sums[k] - self._sums[n - k]
        return np.asarray(np.where(possible, value, -np.inf))

    def hits(self, draw: Draw, holding: Counts) -> Logs:
        """Return the log chance of a draw's hits if its population holds so many."""
        others = np.intp(draw.population) - holding
        both = self.choose(holding, draw.hits) + self.choose(others, draw.size - draw.hits)
        return np.asarray(both - self.choose(np.asarray(draw.population), draw.size))


def _likelihood(draws: Sequence[Draw], left: Counts, logs: LogFactorials) -> Logs:
    return np.asarray(np.sum([logs.hits(draw, left + draw.found) for draw in draws], axis=0))


def _evidence(draws: Sequence[Draw], logs: LogFactorials) -> float:
    """Return the log of the mean likelihood of the hits over the prior.

    The prior is on what the first population held. What was found between two draws, and so was
    known before the second, is taken off.
    """
    first = draws[0]
    holding = np.arange(first.population + 1)
    total = np.zeros(len(holding))
    for draw in draws:
        still = (holding - (first.found - draw.found)).clip(0, draw.population)
        total = total + logs.hits(draw, still)
    return float(np.logaddexp.reduce(total + _prior(first.population)))


def _prior(population: int) -> Logs:
    """Return log shares: half for none, the rest as one over the number."""
    some = 1 / np.arange(1, population + 1)
    shares = np.concatenate([[_NONE_LEFT], (1 - _NONE_LEFT) * some / some.sum()])
    return np.asarray(np.log(shares))
