"""Five marked tiles: how well a space finds the rest from what a user can mark in a minute.

Twenty draws of five lettering tiles, twice: of all scans, with every other tile to be
ranked; and of two scans only, with the tiles of all other scans to be ranked.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from bundle.arrays import Points
from bundle.sketches import squared_distances
from training.measuring.measures import Scores, Truth

DRAWS = 20
MARKED = 5
_UNLABELLED = 500
_RIDGE, _SCORE_WEIGHT = 10.0, 2.0
_LEAST = 1e-6
_SEED = 42

Rows = NDArray[np.intp]
Statistic = Callable[[Scores], float | None]
"""From (n,) weights of the tiles to a number."""
Draw = tuple[Rows, NDArray[np.bool_]]
"""Rows of marked tiles, and which of the tiles are ranked."""


def few_marked(truth: Truth) -> Iterator[tuple[str, Statistic]]:
    """Yield each figure's key and its statistic; none if there are too few positives."""
    rng = np.random.default_rng(_SEED)
    for ending, draws in _draws(truth, rng):
        near = [ranking(truth.positive, _nearness(truth, marked), on) for marked, on in draws]
        yield f"five_nearest_ap{ending}", partial(_mean, near)
        learned = [
            ranking(truth.positive, _learned(truth, marked, rng), on) for marked, on in draws
        ]
        yield f"five_probe_ap{ending}", partial(_mean, learned)


def taught(truth: Truth, scores: Scores) -> Iterator[tuple[str, Statistic]]:
    """Yield the figures of five marked tiles for features and score taken together.

    Args:
        truth: the tiles.
        scores: (n,) in [0, 1], which used no label.
    """
    for ending, draws in _draws(truth, np.random.default_rng(_SEED)):
        found = [
            ranking(truth.positive, _like(truth.points, scores, marked), on) for marked, on in draws
        ]
        yield f"five_taught_ap{ending}", partial(_mean, found)


def _draws(truth: Truth, rng: np.random.Generator) -> Iterator[tuple[str, list[Draw]]]:
    """Yield the draws of all scans, then those of two; none if there are too few positives."""
    if truth.positive.sum() <= MARKED or len(np.unique(truth.scans[truth.positive])) <= 2:
        return
    for ending, draw in (("", _anywhere), ("_other_scans", _of_two_scans)):
        yield ending, [draw(truth, rng) for _ in range(DRAWS)]


def _like(points: Points, scores: Scores, marked: Rows) -> Scores:
    """Return (n,) how much tiles are like the marked ones, by discriminant and by score.

    The discriminant is Fisher's with a heavy ridge, as five examples bear no more: all tiles
    give its spread, the marked ones its direction. Its rank is joined with the score's
    log-odds, which count twice.
    """
    features = _standard(points.astype(np.float64))
    spread = features.T @ features / len(features) + _RIDGE * np.eye(features.shape[1])
    along: Scores = features @ np.linalg.solve(spread, features[marked].mean(axis=0))
    bounded = scores.clip(_LEAST, 1 - _LEAST)
    found: Scores = _standard(along) + _SCORE_WEIGHT * _standard(np.log(bounded / (1 - bounded)))
    return found


def _standard(values: Scores) -> Scores:
    found: Scores = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
    return found


def _anywhere(truth: Truth, rng: np.random.Generator) -> Draw:
    marked = rng.choice(np.flatnonzero(truth.positive), MARKED, replace=False)
    ranked = np.ones(len(truth.positive), dtype=bool)
    ranked[marked] = False
    return marked, ranked


def _of_two_scans(truth: Truth, rng: np.random.Generator) -> Draw:
    scans = rng.choice(np.unique(truth.scans[truth.positive]), 2, replace=False)
    inside = np.isin(truth.scans, scans)
    there = np.flatnonzero(inside & truth.positive)
    return rng.choice(there, min(MARKED, len(there)), replace=False), ~inside


def _nearness(truth: Truth, marked: Rows) -> Scores:
    """Return (n,) minus the squared distance to the nearest marked tile."""
    away = [squared_distances(truth.points, truth.points[row]) for row in marked.tolist()]
    nearest: Scores = np.min(away, axis=0).astype(np.float64)
    return -nearest


def _learned(truth: Truth, marked: Rows, rng: np.random.Generator) -> Scores:
    """Return (n,) log-odds of a logistic regression: marked tiles against unlabelled ones.

    The unlabelled tiles, some of which hold lettering, come from half of the scans, and
    the tiles of the other half are ranked; then the other way round. So no tile is ranked
    by a regression that was told that it is negative.
    """
    scans = rng.permutation(np.unique(truth.scans))
    first = np.isin(truth.scans, scans[: len(scans) // 2])
    scores = np.empty(len(truth.positive))
    for half in (first, ~first):
        known = np.setdiff1d(np.flatnonzero(half), marked)
        told = rng.choice(known, min(_UNLABELLED, len(known)), replace=False)
        seen = np.concatenate([marked, told])
        probe = LogisticRegression(class_weight="balanced", max_iter=5000)
        probe.fit(truth.points[seen], np.arange(len(seen)) < len(marked))
        scores[~half] = probe.decision_function(truth.points[~half])
    return scores


def ranking(positive: NDArray[np.bool_], scores: Scores, ranked: NDArray[np.bool_]) -> Statistic:
    """Return what gives the average precision of the ranked tiles for (n,) weights.

    The number of `measures.precision`, with the order taken once and not at every draw.
    """
    rows = np.flatnonzero(ranked)
    order = rows[np.argsort(-scores[rows])]
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    found = positive[order]

    def statistic(weights: Scores) -> float | None:
        counted = weights[order]
        hits = np.cumsum(counted * found)[ends]
        if not hits[-1]:
            return None
        precisions = hits / np.maximum(np.cumsum(counted)[ends], 1)  # weights are whole numbers
        return float(np.diff(hits, prepend=0) @ precisions / hits[-1])

    return statistic


def _mean(rankings: list[Statistic], weights: Scores) -> float | None:
    """Return the mean of the draws' figures."""
    known = [value for one in rankings if (value := one(weights)) is not None]
    return float(np.mean(known)) if known else None
