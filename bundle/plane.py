"""Places of tiles in a plane, for maps."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points

Plane: TypeAlias = NDArray[np.float32]
"""(n, 2) float32, in -1 to 1."""


def principal_plane(points: Points) -> Plane:
    """Return the places of (n, d) points along the two axes on which they differ most."""
    middle = points - points.mean(axis=0, dtype=np.float64).astype(np.float32)
    _, axes = np.linalg.eigh(np.atleast_2d(middle.T @ middle))
    plane = np.zeros((len(points), 2), np.float32)
    main = axes[:, ::-1][:, :2]
    plane[:, : main.shape[1]] = middle @ main
    plane /= max(float(np.abs(plane).max()), 1e-12)
    return plane
