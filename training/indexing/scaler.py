"""The scaler: how much each latent counts in distances."""

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from bundle.arrays import Latents, Points

LETTERING_GAP = 2.0
"""Distance between lettering and none, in typical distances of two tiles. Source:
docs/decisions.md."""


def scale(latents: Latents, *, lettering: bool = False) -> tuple[NDArray[np.float32], Points]:
    """Fit scikit-learn's StandardScaler; a latent that never changes gets scale 1.

    Args:
        latents: (n, d) float32.
        lettering: the last latent says in [0, 1] how sure the network is of lettering. Two
            tiles that differ in nothing else lie then `LETTERING_GAP` times as far apart as
            two random tiles do, if one is surely lettering and the other surely none.

    Returns: (2, d) float32 mean and scale, and (n, d) float32 points.
    """
    fitted = StandardScaler().fit(latents.astype(np.float64))
    scales = np.array(fitted.scale_)
    if lettering:
        typical = np.sqrt(2 * (latents.shape[1] - 1))  # root mean square, of scaled latents
        scales[-1] = 1 / (LETTERING_GAP * typical)
    scaler = np.stack([fitted.mean_, scales]).astype(np.float32)
    return scaler, ((latents - scaler[0]) / scaler[1]).astype(np.float32)
