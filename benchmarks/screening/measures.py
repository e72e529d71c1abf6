"""What is measured of a way to find lettering, each a statistic of weighted tiles.

The statistics take (n,) weights, so that an interval can draw the scans again; they are
those of `training.measuring.measures`, with P@5 for thousands of tiles beside them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.screening.data import Collection
from benchmarks.screening.few_marked import few_marked, taught
from bundle.arrays import Points
from training.indexing.graph import nearest, neighbor_graph
from training.measuring.measures import (
    Scores,
    Truth,
    average,
    measure,
    precision,
    probe_scores,
    recall,
)
from training.studying.flaws import looked_up

K = 5
OUTLIER_NEIGHBORS = 10
_BINS = 10

Statistic = Callable[[Scores], float | None]

TITLES = {
    "score_ap": "AP of its score",
    "score_recall": "recall of its score at 1% false alarms",
    "outlier_ap": "outlier AP, mean of 10 nearest",
    "outlier_recall": "outlier recall at 1% false alarms",
    "p_at_5": "P@5",
    "p_at_5_other_scans": "P@5, other scans",
    "probe_ap": "probe AP, held out",
    "probe_recall": "probe recall at 1% false alarms, held out",
    "five_nearest_ap": "five marked tiles, nearest: AP of the rest",
    "five_probe_ap": "five marked tiles, logistic: AP of the rest",
    "five_taught_ap": "five marked tiles and the score: AP of the rest",
    "five_nearest_ap_other_scans": "five marked tiles of two scans, nearest: AP of other scans",
    "five_probe_ap_other_scans": "five marked tiles of two scans, logistic: AP of other scans",
    "five_taught_ap_other_scans": "five marked tiles of two scans and the score: AP of other scans",
}

ABLATION_TITLES = {
    "ap": "AP",
    "recall": "recall at 1% false alarms",
    "calibration_error": "calibration error",
    "p_at_5_other_scans": "P@5, other scans",
    "five_taught_ap": "five marked tiles and the score",
    "in_pure_clusters": "lettering in pure clusters",
}
"""What is measured of our way without a part."""


@dataclass(frozen=True)
class Finding:
    """One figure of one variant, ready to be taken again with other weights."""

    key: str
    statistic: Statistic


def of_scores(collection: Collection, scores: Scores) -> Iterator[Finding]:
    """Yield what can be measured of scores that used no label."""
    yield from _ranking("score", collection.positive, scores)


def of_points(
    collection: Collection, points: Points, index: NDArray[np.int64] | None = None
) -> Iterator[Finding]:
    """Yield what can be measured of features; the probe and the marked tiles use labels.

    Args:
        collection: the tiles.
        points: (n, d) float32.
        index: of `Output`: what P@5 counts are the neighbours that are shown.
    """
    positive = collection.positive
    graph = neighbor_graph(points, min(OUTLIER_NEIGHBORS, len(points) - 1))
    yield from _ranking("outlier", positive, graph.distances.mean(axis=1, dtype=np.float64))
    near = np.where(positive, shown_precision(positive, graph.rows[:, :K], index), np.nan)
    yield Finding("p_at_5", partial(average, near))
    others = other_scans_precision(collection, points, index)
    yield Finding("p_at_5_other_scans", partial(average, others))
    truth = Truth(points, positive, collection.scans, collection.patients)
    yield from _ranking("probe", positive, probe_scores(truth))
    for key, statistic in few_marked(truth):
        yield Finding(key, statistic)


def of_both(collection: Collection, points: Points, scores: Scores) -> Iterator[Finding]:
    """Yield what can be measured of features and a score in [0, 1] taken together."""
    truth = Truth(points, collection.positive, collection.scans, collection.patients)
    for key, statistic in taught(truth, scores):
        yield Finding(key, statistic)


def _ranking(name: str, positive: NDArray[np.bool_], scores: Scores | None) -> Iterator[Finding]:
    yield Finding(f"{name}_ap", partial(precision, positive, scores))
    yield Finding(f"{name}_recall", partial(recall, positive, scores))


def other_scans_precision(
    collection: Collection, points: Points, index: NDArray[np.int64] | None = None
) -> Scores:
    """Return (n,) P@5 of each positive tile among the tiles of other scans, NaN elsewhere.

    The same numbers as `neighbor_precision`, by one exact search a scan.
    """
    found = np.full(len(points), np.nan)
    for scan in np.unique(collection.scans[collection.positive]).tolist():
        queries = np.flatnonzero(collection.positive & (collection.scans == scan))
        others = np.flatnonzero(collection.scans != scan)
        rows = others[nearest(points[queries], points[others], min(K, len(others))).rows]
        found[queries] = shown_precision(collection.positive, rows, index)
    return found


def shown_precision(
    positive: NDArray[np.bool_], rows: NDArray[np.integer[Any]], index: NDArray[np.int64] | None
) -> Scores:
    """Return (m,) the share of positives among the tiles shown for (m, k) rows; NaN for none.

    Args:
        positive: (n,) bool.
        rows: (m, k) true neighbours.
        index: a frame's, in which they are looked up; None shows them themselves.
    """
    if index is None:
        return np.asarray(positive[rows].mean(axis=1))
    shown = looked_up(rows.astype(np.int32), index)
    there = shown >= 0
    counts = there.sum(axis=1)
    hits = (positive[shown] & there).sum(axis=1)
    return np.where(counts > 0, hits / np.maximum(counts, 1), np.nan)


def calibration_error(positive: NDArray[np.bool_], scores: Scores, weights: Scores) -> float | None:
    """Return how far scores are from the share of positives, on average of all tiles.

    In ten equal ranges of the score (expected calibration error).

    Args:
        positive: (n,) bool.
        scores: (n,) in [0, 1].
        weights: (n,) how often each tile counts.
    """
    if not weights.any():
        return None
    bins = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    said = np.bincount(bins, weights * scores, minlength=_BINS)
    true = np.bincount(bins, weights * positive, minlength=_BINS)
    return float(np.abs(said - true).sum() / weights.sum())


def found_lettering(
    positive: Truth, scores: Scores, scans: NDArray[np.intp], seed: int
) -> dict[str, dict[str, float | None]]:
    """Return average precision and recall of (n,) scores, each with its interval, rounded."""
    found = {}
    for key, statistic in (("ap", precision), ("recall", recall)):
        taken = partial(statistic, positive, scores)
        one = measure(key, key, taken, groups=scans, seed=seed)
        numbers = {"value": one.value, "low": one.low, "high": one.high}
        found[key] = {name: None if n is None else round(n, 4) for name, n in numbers.items()}
    return found
