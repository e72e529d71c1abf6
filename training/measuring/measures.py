"""Figures of merit of a bundle on labelled tiles, each with an interval over scans."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from bundle.arrays import Points
from bundle.sketches import squared_distances

RESAMPLES = 1000
FALSE_ALARMS = 0.01
"""Share of negatives that a recall may cost."""
_FOLDS = 5
_INTERVAL = (0.025, 0.975)

Flags = NDArray[np.bool_]
Numbers = NDArray[np.intp]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """Labelled tiles, all arrays of one length m.

    points: (m, d) float32, scaled latents.
    positive: (m,) bool, what is to be found.
    scans: (m,) a number for each scan, -1 when not known.
    groups: (m,) a number for each patient or scan: what is held out together.
    """

    points: Points = field(repr=False)
    positive: Flags = field(repr=False)
    scans: Numbers = field(repr=False)
    groups: Numbers = field(repr=False)


@dataclass(frozen=True)
class Measure:
    """One figure with a 95 % interval; None where it cannot be taken.

    The interval comes from drawing the scans again, with replacement. `key` names the
    figure in JSON, `title` in the table.
    """

    key: str
    title: str
    value: float | None
    low: float | None = None
    high: float | None = None


def neighbor_precision(truth: Truth, k: int, *, other_scans: bool) -> Scores:
    """Return (m,) the share of positives among each tile's k nearest labelled tiles.

    The tile itself is left out; with `other_scans`, its whole scan. NaN for tiles that are
    not positive, and where no candidate is left. Exact search.
    """
    found = np.full(len(truth.positive), np.nan)
    for query in np.flatnonzero(truth.positive).tolist():
        allowed = np.ones(len(found), dtype=bool)
        allowed[query] = False
        if other_scans:
            allowed &= (truth.scans >= 0) & (truth.scans != truth.scans[query])
        candidates = np.flatnonzero(allowed)
        if len(candidates) and not (other_scans and truth.scans[query] < 0):
            away = squared_distances(truth.points[candidates], truth.points[query])
            nearest = candidates[np.argsort(away, kind="stable")[:k]]
            found[query] = truth.positive[nearest].mean()
    return found


def probe_scores(truth: Truth) -> Scores | None:
    """Return (m,) log-odds of a logistic regression that never saw the tile's group.

    None if fewer than two groups hold positives: then there is nothing to learn from.
    """
    holding = len(np.unique(truth.groups[truth.positive]))
    if holding < 2:  # noqa: PLR2004
        return None
    scores = np.empty(len(truth.positive))
    folds = StratifiedGroupKFold(n_splits=min(_FOLDS, holding))
    for seen, held_out in folds.split(truth.points, truth.positive, truth.groups):
        if not truth.positive[seen].any() or truth.positive[seen].all():
            return None
        probe = LogisticRegression(class_weight="balanced", max_iter=5000)
        probe.fit(truth.points[seen], truth.positive[seen])
        scores[held_out] = probe.decision_function(truth.points[held_out])
    return scores


def average(values: Scores, weights: Scores) -> float | None:
    """Return the weighted mean of the values that are numbers; None if there are none."""
    known = ~np.isnan(values) & (weights > 0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else None


def precision(positive: Flags, scores: Scores | None, weights: Scores) -> float | None:
    """Return the weighted average precision of scores; None without scores or a positive.

    Equal scores share one rank, as in scikit-learn, which takes far longer for the
    thousands of draws of an interval.
    """
    if scores is None or not weights[positive].any():
        return None
    order = np.argsort(-scores)
    ends = np.append(np.diff(scores[order]) != 0, True)
    hits = np.cumsum(np.where(positive, weights, 0)[order])[ends]
    ranks = np.cumsum(weights[order])[ends]
    precisions = hits / np.maximum(ranks, 1)  # weights are whole numbers
    return float(np.diff(hits, prepend=0) @ precisions / hits[-1])


def recall(
    positive: Flags, scores: Scores | None, weights: Scores, false_alarms: float = FALSE_ALARMS
) -> float | None:
    """Return the largest share of positives above a bound that few negatives are above.

    Args:
        positive: (n,) bool.
        scores: (n,), high for what may be positive; equal ones are on one side of the bound.
        weights: (n,) how often each tile counts.
        false_alarms: the share of negatives that may be above the bound.
    """
    if scores is None or not weights[positive].any() or not weights[~positive].any():
        return None
    order = np.argsort(-scores)
    ends = np.append(np.diff(scores[order]) != 0, True)
    hits = np.cumsum(np.where(positive, weights, 0)[order])[ends]
    alarms = np.cumsum(np.where(positive, 0, weights)[order])[ends]
    allowed = alarms <= false_alarms * alarms[-1]
    return float(hits[allowed].max(initial=0.0) / hits[-1])


def measure(
    key: str,
    title: str,
    statistic: Callable[[Scores], float | None],
    *,
    groups: Numbers,
    seed: int,
) -> Measure:
    """Take a statistic over all tiles, and its interval by drawing the groups again.

    Args:
        key: names the figure in JSON.
        title: names it in the table.
        statistic: from (m,) weights of the tiles to a number, or None if there is none.
        groups: (m,) number of each tile's group.
        seed: of the draws.
    """
    value = statistic(np.ones(len(groups)))
    if value is None:
        return Measure(key, title, None)
    numbers = np.unique(groups, return_inverse=True)[1]
    count = int(numbers.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        weights = np.bincount(rng.integers(count, size=count), minlength=count)
        again = statistic(weights[numbers].astype(np.float64))
        if again is not None:
            drawn.append(again)
    low, high = np.quantile(drawn, _INTERVAL).tolist()
    return Measure(key, title, value, low, high)


def cluster_share(positive: Flags, labels: NDArray[np.int32]) -> Scores:
    """Return (m,) the share of positives among the labelled tiles of each tile's cluster.

    Args:
        positive: (m,) bool.
        labels: (m,) int32 cluster of each tile; NaN comes back for -1, which is no cluster.
    """
    inside = labels >= 0
    clusters = int(labels.max(initial=-1)) + 1
    tiles = np.bincount(labels[inside], minlength=clusters)
    positives = np.bincount(labels[inside & positive], minlength=clusters)
    found = np.full(len(labels), np.nan)
    found[inside] = (positives / np.maximum(tiles, 1))[labels[inside]]
    return found
