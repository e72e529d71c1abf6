"""Which figures are taken of a bundle, and of which tiles."""

import numpy as np

from training.measuring.scorecard import _calibration


def test_each_range_of_scores_tells_what_it_states_and_holds() -> None:
    """Ranges without a tile are left out; a score of 1 belongs to the last."""
    screened = np.array([0.0, 0.04, 0.06, 0.1, 0.9, 0.85, 1.0, 0.95])
    positive = np.array([0, 0, 0, 1, 1, 0, 1, 1], dtype=bool)
    found = {key: (title, values) for key, title, values in _calibration(positive, screened)}
    assert [title for title, _ in found.values()] == [
        "score 0.00-0.05, 2 tiles at 0.02",
        "score 0.05-0.20, 2 tiles at 0.08",
        "score 0.80-0.95, 2 tiles at 0.88",
        "score 0.95-1.00, 2 tiles at 0.97",
    ]
    assert [float(np.nanmean(values)) for _, values in found.values()] == [0, 0.5, 0.5, 1]
    assert [int(np.isfinite(values).sum()) for _, values in found.values()] == [2] * 4
