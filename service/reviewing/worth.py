"""Which tiles are most worth a look, given what is decided so far.

The score is where it begins: with nothing decided, the order is the score's. Each decision then
shifts the log-odds of all tiles by a logistic regression on the scaled latents that takes the
score's log-odds as its offset, and whose weights are held small. So tiles like those that were
dropped come forward, tiles like those that were kept fall back, and tiles near the bound between
both move most.
"""

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points, Rows
from bundle.concepts import log_odds
from bundle.spread import spread

Flags = NDArray[np.bool_]
Odds = NDArray[np.float64]

_WEIGHT = 0.2
"""Standard deviation of a weight before anything is decided; chosen by benchmarks/curator.py."""
_SLOPE, _SHIFT = 0.2, 2.0
"""The same of what is added to the score's slope, and of what is added to every tile alike."""
_AT_MOST = 1000
"""Decided tiles of each kind that the regression is fitted on, so that it takes no longer."""
_STEPS = 25
_ENOUGH = 1e-3
_DOUBLE = 0.1
"""Of the median distance of random pairs: closer tiles show nearly the same."""
_NEAREST = 5


def worth(points: Points, scores: NDArray[np.float32], looked: Flags, found: Flags) -> Odds:
    """Return (n,) log-odds that tiles would be dropped.

    Args:
        points: (n, d) float32, scaled latents.
        scores: (n,) float32 in [0, 1].
        looked: (n,) bool, the tiles that are decided.
        found: (n,) bool, those of them that are not kept.
    """
    offset = log_odds(scores)
    known = np.concatenate([_some(looked & found), _some(looked & ~found)])
    if not len(known):
        return offset
    weights = _fitted(_features(points[known], offset[known]), offset[known], found[known])
    shift, slope, rest = weights[0], weights[1], weights[2:]
    along = points @ rest.astype(np.float32)
    result: Odds = offset * (1 + slope) + shift + along
    return result


def most_worth(odds: Odds, looked: Flags, doubles: "Doubles", size: int) -> NDArray[np.intp]:
    """Return up to `size` rows to look at, the most worth first.

    Tiles that show nearly the same as one decided, or as one before them in the list, come
    after all others that are as likely: the list is cut from twice as many.

    Args:
        odds: (n,) of `worth`.
        looked: (n,) bool, the tiles that are decided.
        doubles: which tiles show nearly the same.
        size: how many.
    """
    open_ = np.flatnonzero(~looked)
    candidates = open_[np.argsort(-odds[open_], kind="stable")[: 2 * size]]
    seen = set[int]()
    first, later = list[int](), list[int]()
    for row in candidates.tolist():
        near = doubles.of(row)
        again = any(looked[other] or other in seen for other in near)
        (later if again else first).append(row)
        seen.add(row)
    return np.array((first + later)[:size], dtype=np.intp)


class Doubles:
    """Which stored tiles show nearly the same as another."""

    def __init__(
        self, neighbors: Rows, distances: NDArray[np.float32], random: NDArray[np.float32]
    ) -> None:
        """Take (n, k) nearest tiles, their distances, and (q,) distances of random pairs."""
        self._neighbors = neighbors[:, :_NEAREST]
        self._distances = distances[:, :_NEAREST]
        self._limit = _DOUBLE * float(np.median(random)) if len(random) else 0.0

    def of(self, row: int) -> list[int]:
        """Return the rows of up to five others that show nearly the same."""
        near: list[int] = self._neighbors[row][self._distances[row] <= self._limit].tolist()
        return near


def _some(flags: Flags) -> NDArray[np.intp]:
    rows = np.flatnonzero(flags)
    return rows[spread(len(rows), _AT_MOST)] if len(rows) else rows


def _features(points: Points, offset: Odds) -> Odds:
    ones = np.ones(len(points))
    return np.column_stack([ones, offset, points.astype(np.float64)])


def _fitted(features: Odds, offset: Odds, found: Flags) -> Odds:
    """Return the most likely weights, by Newton's method with halved steps."""
    held = np.full(features.shape[1], _WEIGHT**-2)
    held[:2] = _SHIFT**-2, _SLOPE**-2
    truth = found.astype(np.float64)

    def loss(weights: Odds) -> float:
        odds = offset + features @ weights
        unlikely = np.logaddexp(0, odds).sum() - truth @ odds
        return float(unlikely + 0.5 * (held * weights**2).sum())

    weights = np.zeros(features.shape[1])
    best = loss(weights)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(offset + features @ weights).clip(-50, 50)))
        slope = features.T @ (truth - chance) - held * weights
        bend = (features * (chance * (1 - chance))[:, None]).T @ features + np.diag(held)
        step, length = np.linalg.solve(bend, slope), 1.0
        while (now := loss(weights + length * step)) > best and length > _ENOUGH:
            length /= 2
        if now > best:
            break
        weights = weights + length * step
        if best - now < _ENOUGH:
            break
        best = now
    return weights
