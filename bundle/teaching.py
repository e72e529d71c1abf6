"""A concept from a few marked tiles: what a tile is like, told from its point and its scores.

The marked tiles alone bear no model of 134 features; the stored tiles around them do. A first
guess joins Fisher's discriminant with the score of the bundle that the examples agree with, if
any. Then, a few times over, what lies beside each tile in its scan is added, as lettering and
marks go on over several tiles, and a ridge regression learns the sum from the features alone.
So the concept that comes out needs no place, and holds for sent tiles as for stored ones.
Source of all numbers: docs/decisions.md.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points
from bundle.bundle import Bundle
from bundle.calibration import Curve, curve
from bundle.concepts import log_odds, sigmoid
from bundle.places import around, beside
from bundle.screening import REASONS

Values = NDArray[np.float64]
Marked = NDArray[np.intp]
"""(m,) rows of marked tiles."""

_ROUNDS = 4
_FISHER_RIDGE, _RIDGE = 10.0, 0.02
_TRUST = 3.0
"""How many times a score counts as a feature beside one of the latent's."""
_AROUND, _AROUND_AT_LAST = 1.0, 0.5
_LOW, _HIGH = -1.0, 3.0
"""Bounds of what is learnt, in standard deviations: a tile is no more than surely one."""
_MARK = 0.002
"""What a marked tile weighs beside all stored ones together."""
_DOUBT = 5
"""Negative examples that count as much as all tiles together in the first guess."""
_SCORE_WEIGHT = 2.0
_PRIOR = np.array([0.28, 0.7, 0.005, 0.005, 0.005, 0.005])
"""Of a concept that no score agrees with, then of one that each of REASONS agrees with."""
_SHAPE, _ORDERED = 0.3, 0.9
_SAME = 1e-6
_AT_ONCE = 1 << 13


@dataclass(frozen=True)
class Background:
    """All stored tiles, laid out so that a concept can be fitted to them in a moment.

    points: (n, d) float32. odds: (n, 5) float32 log-odds of the scores.
    center, scale: (f,) float64 of the features, f = d + 5; a scale is infinite where all are one.
    products: (f, f) float64, mean products of the standardised features.
    beside: (n, 8) int32, see `bundle.places.beside`.
    ordered: (5, n) float32 log-odds of each score, ascending.
    """

    points: Points = field(repr=False)
    odds: NDArray[np.float32] = field(repr=False)
    center: Values = field(repr=False)
    scale: Values = field(repr=False)
    products: Values = field(repr=False)
    beside: NDArray[np.int32] = field(repr=False)
    ordered: NDArray[np.float32] = field(repr=False)

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """Lay out a bundle's stored tiles."""
        points, odds = bundle.points, log_odds(np.asarray(bundle.scores)).astype(np.float32)
        width = points.shape[1] + odds.shape[1]
        total, products = np.zeros(width), np.zeros((width, width))
        for start in range(0, len(points), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            rows = np.hstack([points[part], odds[part]]).astype(np.float64)
            total += rows.sum(axis=0)
            products += rows.T @ rows
        center = total / len(points)
        spread = products / len(points) - np.outer(center, center)
        deviation = np.sqrt(spread.diagonal().clip(0))
        scale = np.where(deviation > _SAME, deviation, np.inf)
        where = (bundle.arrays["scan_numbers.npy"], bundle.arrays["positions.npy"])
        near = beside(*map(np.asarray, where))
        return cls(
            points,
            odds,
            center,
            scale,
            spread / np.outer(scale, scale),
            near,
            np.sort(odds.T.copy(), axis=1),
        )

    def __len__(self) -> int:
        """Return the number of stored tiles."""
        return len(self.points)

    def features(self, rows: Marked) -> Values:
        """Return (m, f) standardised features of some tiles."""
        joined = np.hstack([self.points[rows], self.odds[rows]]).astype(np.float64)
        result: Values = (joined - self.center) / self.scale
        return result

    def along(self, weights: Values) -> Values:
        """Return (n,) sums of the standardised features, each with its weight of (f,)."""
        raw = (weights / self.scale).astype(np.float32)
        dim = self.points.shape[1]
        sums = self.points @ raw[:dim] + self.odds @ raw[dim:]
        result: Values = sums.astype(np.float64) - float(self.center @ (weights / self.scale))
        return result


@dataclass(frozen=True)
class Taught:
    """A concept as it was taught.

    weights: (f + 1,) float32, log-odds of a tile from its features and, last, 1.
    values: (n,) float64 log-odds of the stored tiles, with what lies beside them counted in.
    agreement: of each of REASONS, in [0, 1], how much its score was relied on.
    """

    weights: NDArray[np.float32] = field(repr=False)
    values: Values = field(repr=False)
    agreement: Values

    @property
    def scores(self) -> Values:
        """(n,) in [0, 1]: how sure it is of each stored tile, its place counted in."""
        return sigmoid(self.values)


def teach(background: Background, positive: Marked, negative: Marked) -> Taught:
    """Fit a concept to its examples.

    Args:
        background: all stored tiles.
        positive: rows of tiles that show it; at least one.
        negative: rows of tiles that do not.
    """
    weights, agreement = _first_guess(background, positive, negative)
    learner = _Learner(background, positive, negative)
    value = background.along(weights)
    for _ in range(_ROUNDS):
        weights = learner.learn(around(value, background.beside, _AROUND))
        value = background.along(weights)
    own = curve(value, positive, negative)
    placed = around(value, background.beside, _AROUND_AT_LAST)
    return Taught(
        _folded(background, weights, own),
        curve(placed, positive, negative).of(placed),
        agreement[1:],
    )


def _folded(background: Background, weights: Values, own: Curve) -> NDArray[np.float32]:
    """Return weights of features as they are, so that their sum is calibrated log-odds."""
    raw = own.slope * weights / background.scale
    return np.append(raw, own.offset - background.center @ raw).astype(np.float32)


def _first_guess(
    background: Background, positive: Marked, negative: Marked
) -> tuple[Values, Values]:
    """Return weights by discriminant and scores, and what each score was believed to tell.

    Five examples bear no more than a discriminant with a heavy ridge: all tiles give its
    spread, the examples its direction. The scores know lettering, but not whether it is asked
    for: their weight is how probable that is, given where the examples stand among all tiles.
    """
    dim = background.points.shape[1]
    direction = background.features(positive).mean(axis=0)[:dim]
    if len(negative):
        share = len(negative) / (len(negative) + _DOUBT)
        direction = direction - share * background.features(negative).mean(axis=0)[:dim]
    spread = background.products[:dim, :dim]
    found = np.linalg.solve(spread + _FISHER_RIDGE * np.eye(dim), direction)
    along = float(found @ spread @ found) ** 0.5 or 1.0
    agreement = _agreement(background, positive, negative)
    return np.append(found / along, _SCORE_WEIGHT * agreement[1:]), agreement


def _agreement(background: Background, positive: Marked, negative: Marked) -> Values:
    """Return (6,) how probable it is that the concept is what no score or each score tells.

    If a score tells the concept, few tiles stand above a positive one: the share u of them has
    the density a u^(a-1); else any share is as likely. And it stands above the negatives.
    """
    evidence = np.log(_PRIOR)
    for column in range(len(REASONS)):
        odds = background.odds[:, column]
        if not np.isfinite(background.scale[len(background.scale) - len(REASONS) + column]):
            evidence[column + 1] = -np.inf
            continue
        ordered = background.ordered[column]
        # Tiles of the same score stand half above: many scores are nought for most tiles.
        ends = [np.searchsorted(ordered, odds[positive], side) for side in ("left", "right")]
        shares = 1 - (ends[0] + ends[1] - 1) / (2 * len(odds))
        evidence[column + 1] += (np.log(_SHAPE) + (_SHAPE - 1) * np.log(shares)).sum()
        if len(negative):
            higher = (odds[positive][:, None] > odds[negative]).mean(axis=0)
            right, wrong = np.log(2 * _ORDERED), np.log(2 - 2 * _ORDERED)
            evidence[column + 1] += (higher * right + (1 - higher) * wrong).sum()
    likely: Values = np.exp(evidence - evidence.max())
    likely /= likely.sum()
    return likely


class _Learner:
    """Ridge regression on all stored tiles, among which the examples count more and are sure."""

    def __init__(self, background: Background, positive: Marked, negative: Marked) -> None:
        self._background = background
        count, width = len(background), len(background.scale)
        self._trust = np.ones(width)
        self._trust[-len(REASONS) :] = _TRUST
        self._marked = np.concatenate([positive, negative])
        self._sure = np.repeat([_HIGH, _LOW], [len(positive), len(negative)])
        self._seen = background.features(self._marked) * self._trust
        self._weight = _MARK * count
        products = count * background.products * np.outer(self._trust, self._trust)
        products += self._weight * self._seen.T @ self._seen
        self._inverse = np.linalg.inv(products + _RIDGE * count * np.eye(width))

    def learn(self, wanted: Values) -> Values:
        """Return (f,) weights that come nearest to (n,) values, bounded."""
        background = self._background
        target = ((wanted - wanted.mean()) / max(wanted.std(), _SAME)).clip(_LOW, _HIGH)
        middle = target.mean()
        target = (target - middle).astype(np.float32)
        sums = np.append(target @ background.points, target @ background.odds).astype(np.float64)
        sums = (sums - target.sum(dtype=np.float64) * background.center) / background.scale
        sums = sums * self._trust + self._weight * (self._sure - middle) @ self._seen
        weights: Values = self._inverse @ sums * self._trust
        return weights
