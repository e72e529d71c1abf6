"""From values that rank tiles to how sure one may be: a logistic curve from few examples."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle.spread import spread

Values = NDArray[np.float64]
_STEPS = 40
_MOST = 8192
"""Tiles that are enough to tell two heaps apart."""
_SHARE = 0.05
"""Share of tiles that is assumed before anything is known. Source: training.screening.rules."""
_ANCHOR = 0.002
"""What an example weighs beside all tiles together."""


@dataclass(frozen=True)
class Curve:
    """Log-odds are `slope * value + offset`."""

    slope: float
    offset: float

    def of(self, values: Values) -> Values:
        """Return the log-odds of values."""
        return self.slope * values + self.offset


def curve(values: Values, positive: NDArray[np.intp], negative: NDArray[np.intp]) -> Curve:
    """Fit a curve to a mixture of two normal distributions of one width.

    By expectation maximisation over the examples, which are known, and at most 8,192 tiles.

    Args:
        values: (n,) of all tiles.
        positive: rows of examples that show it; at least one.
        negative: rows of examples that do not.
    """
    examples = np.concatenate([positive, negative])
    rest = np.setdiff1d(spread(len(values), _MOST), examples)
    values = values[np.concatenate([examples, rest])]
    count = len(values)
    positive, negative = np.split(np.arange(len(examples)), [len(positive)])
    weights = np.ones(count)
    weights[: len(examples)] += _ANCHOR * count
    share, low, high = _SHARE, float(np.median(values)), float(values[positive].mean())
    width = max(float(values.std()) / 2, 1e-6)
    found = Curve(1.0, 0.0)
    for _ in range(_STEPS):
        high = max(high, low + 1e-6)
        slope = (high - low) / width**2
        found = Curve(slope, float(np.log(share / (1 - share)) - slope * (high + low) / 2))
        likely = 1 / (1 + np.exp(-found.of(values).clip(-60, 60)))
        likely[positive], likely[negative] = 1.0, 0.0
        share = float(likely.mean().clip(1 / count, 0.5))
        yes, no = weights * likely, weights * (1 - likely)
        high, low = float(yes @ values / yes.sum()), float(no @ values / max(no.sum(), 1e-9))
        squares = yes @ (values - high) ** 2 + no @ (values - low) ** 2
        width = max(float(np.sqrt(squares / weights.sum())), 1e-6)
    return found
