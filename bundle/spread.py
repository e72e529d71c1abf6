"""Some that stand for all, evenly spread."""

import numpy as np
from numpy.typing import NDArray


def spread(count: int, wanted: int) -> NDArray[np.intp]:
    """Return `wanted` evenly spaced positions of `count`, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).round().astype(np.intp))
