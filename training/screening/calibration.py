"""From evidence to probability: plantings teach the slope, stored tiles the share, no labels.

A logistic curve is fitted to tiles with and without plantings, half of each. How much
lettering the stored tiles really hold then follows by expectation maximisation: Saerens,
Latinne and Decaestecker, *Adjusting the outputs of a classifier to new a priori
probabilities*, Neural Computation 14, 2002.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Values = NDArray[np.float64]

FEWEST = 100
"""Stored tiles below which the share of lettering cannot be told from chance."""
HARDLY_SEEN = 0.1
"""Share of plantings left out of the curve, those of the least evidence: they fell where the
tile hides them. With them every clean tile has a score that adds up. Source: docs/decisions.md."""
_ROUNDS, _SETTLED = 200, 1e-9
_REFITS = 8
_GENTLEST = 1e-3
_STEEPEST = 3.0
"""Log-odds a unit of evidence; the network was trained on log-odds, whose slope is 1."""
_UNTAUGHT = (1.0, 0.0)
"""Slope and offset where there is nothing to compare: the log-odds that the network was taught."""


@dataclass(frozen=True)
class Calibration:
    """score = 1 / (1 + exp(-(slope * evidence + offset))); share: of lettering, estimated."""

    slope: float
    offset: float
    share: float

    def scores(self, evidence: Values) -> Values:
        """Return (m,) float64 in [0, 1]."""
        return _sigmoid(self.slope * evidence + self.offset)


def curve(planted: Values, unlabelled: Values, clean: Values) -> tuple[float, float]:
    """Return slope and offset of the logistic curve between planted and clean tiles, half each.

    Of unlabelled tiles some hold lettering of their own. Each counts as clean only so far as
    the curve so far, and the share of lettering that it makes out among them, leave it to be.

    Args:
        planted: (a,) evidence of tiles with plantings.
        unlabelled: (b,) evidence of tiles as they are.
        clean: (c,) of tiles known to be clean.
    """
    if not len(planted):
        return _UNTAUGHT  # tiles so noisy that nothing shows on them
    planted = planted[planted >= np.quantile(planted, HARDLY_SEEN)]
    values = np.concatenate([planted, unlabelled, clean])
    found = np.arange(len(values)) < len(planted)
    slope, offset = _fit(values, found, _start_weights(planted, unlabelled, clean))
    for _ in range(_REFITS if len(unlabelled) else 0):
        log_odds = slope * unlabelled + offset
        share = estimate_share(log_odds)
        left = 1 - _sigmoid(log_odds + np.log(share / (1 - share)))
        weights = np.concatenate([np.ones(len(planted)), left, np.ones(len(clean))])
        slope, offset = _fit(values, found, weights)
    return slope, offset


def _start_weights(planted: Values, unlabelled: Values, clean: Values) -> Values:
    """Begin with the unlabelled tiles that look cleaner than half of the planted ones."""
    left = (unlabelled <= np.median(planted)).astype(np.float64)
    return np.concatenate([np.ones(len(planted)), left, np.ones(len(clean))])


def _fit(values: Values, found: NDArray[np.bool_], weights: Values) -> tuple[float, float]:
    there, not_there = weights[found].sum(), weights[~found].sum()
    if not_there < 1:
        return _UNTAUGHT
    centre, spread = float(np.average(values, weights=weights)), float(values.std()) or 1.0
    balanced = weights / np.where(found, there, not_there)
    model = LogisticRegression(C=1e4)
    model.fit(((values - centre) / spread)[:, None], found, sample_weight=balanced)
    steep, middle = float(model.coef_[0, 0]) / spread, float(model.intercept_[0])
    slope = float(np.clip(steep, _GENTLEST, _STEEPEST))
    half = centre - middle / steep if steep > _GENTLEST else centre
    return slope, -slope * float(np.clip(half, values.min(), values.max()))


def estimate_share(log_odds: Values) -> float:
    """Return the share of lettering among tiles, from their log-odds at a share of one half.

    Never 0 or 1: what n tiles cannot show is left at half a tile.
    """
    least = 0.5 / (len(log_odds) + 1)
    share = 0.1
    for _ in range(_ROUNDS):
        posterior = _sigmoid(log_odds + np.log(share / (1 - share)))
        new = float(np.clip(posterior.mean(), least, 1 - least))
        if abs(new - share) < _SETTLED:
            break
        share = new
    return share


def calibrate(planted: Values, unlabelled: Values, clean: Values, stored: Values) -> Calibration:
    """Fit the curve and the share.

    Args:
        planted: (a,) evidence of held-out tiles with plantings.
        unlabelled: (b,) without.
        clean: (c,) of tiles known to be clean.
        stored: (n,) of all stored tiles.
    """
    slope, offset = curve(planted, unlabelled, clean)
    share = estimate_share(slope * stored + offset)
    return Calibration(slope, offset + float(np.log(share / (1 - share))), share)


def _sigmoid(values: Values) -> Values:
    result: Values = 1 / (1 + np.exp(-np.clip(values, -700, 700)))
    return result
