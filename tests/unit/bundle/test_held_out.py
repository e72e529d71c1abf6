"""Figures of tiles held out: what one value is told of many is nobody's merit."""

import numpy as np
import pytest

from bundle.held_out import _figures


@pytest.mark.parametrize(
    ("values", "shown", "precision", "area"),
    [
        ([0, 0, 0, 0], [1, 1, 0, 0], 0.5, 0.5),
        ([3, 2, 1, 0], [1, 1, 0, 0], 1, 1),
        ([3, 2, 1, 0], [0, 0, 1, 1], (1 / 3 + 2 / 4) / 2, 0),
        ([2, 1, 1, 0], [1, 1, 0, 0], (1 + 2 / 3) / 2, 7 / 8),
    ],
)
def test_ties_come_together(
    values: list[float], shown: list[int], precision: float, area: float
) -> None:
    """As in scikit-learn: copies of one tile on both sides are no perfect concept."""
    found = _figures(np.array(values, dtype=np.float32), np.array(shown, dtype=bool))
    assert found == pytest.approx((precision, area))
