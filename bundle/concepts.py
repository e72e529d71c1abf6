"""Concepts that people taught: what a tile is like, by name, beside the bundle's own reasons."""

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points

_LEAST = 1e-6


def log_odds(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return log-odds of scores in [0, 1], those of 0 and 1 bounded."""
    bounded = scores.astype(np.float64).clip(_LEAST, 1 - _LEAST)
    result: NDArray[np.float64] = np.log(bounded / (1 - bounded))
    return result


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what has these log-odds."""
    result: NDArray[np.float64] = 1 / (1 + np.exp(-values.clip(-700, 700)))
    return result


def concept_scores(
    weights: NDArray[np.float32], points: Points, scores: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return (m, c) float32 in [0, 1]: how much each tile is like each concept.

    A tile at a time, so that its bits are the same in any company. What is no number scores a
    half, as evidence does.

    Args:
        weights: (c, d + 6) of the point, of the log-odds of the scores, and of 1.
        points: (m, d) float32, scaled.
        scores: (m, 5) float32 of the reasons.
    """
    wide = weights.astype(np.float64)
    features = np.hstack([points.astype(np.float64), log_odds(scores), np.ones((len(points), 1))])
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.array([wide @ row for row in features]).reshape(len(points), len(weights))
        return np.nan_to_num(sigmoid(values), nan=0.5).astype(np.float32)
