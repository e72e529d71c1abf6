"""The scaler: how much each latent counts in distances."""

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from bundle.arrays import Latents, Points

LETTERING_GAP = 2.0
"""Distance between lettering and none, in typical distances of two tiles. Source:
docs/decisions.md."""
SURE_SLOPE, SURE_FROM = 1.0, 2.0
"""Of the last latent: the sigmoid of so many times what a tile's evidence lies above that. Source:
docs/decisions.md."""


def sureness(evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n,) float32 in [0, 1]: the last latent of tiles with that evidence, (n,) log-odds."""
    with np.errstate(over="ignore"):
        found: NDArray[np.float32] = 1 / (1 + np.exp(-SURE_SLOPE * (evidence - SURE_FROM)))
    return found


def scale(
    latents: Latents, sure: NDArray[np.float32] | None = None
) -> tuple[NDArray[np.float32], Points]:
    """Fit scikit-learn's StandardScaler; a latent that never changes gets scale 1.

    Args:
        latents: (n, d) float32.
        sure: (n,) float32 in [0, 1], how sure lettering is on each tile; None where no latent
            says so. The points have it in place of the last latent, which knows the tile alone.
            Two tiles that differ in nothing else lie then `LETTERING_GAP` times as far apart as
            two random tiles do, if one is surely lettering and the other surely none.

    Returns: (2, d) float32 mean and scale, and (n, d) float32 points.
    """
    fitted = StandardScaler().fit(latents.astype(np.float64))
    scales = np.array(fitted.scale_)
    if sure is not None:
        typical = np.sqrt(2 * (latents.shape[1] - 1))  # root mean square, of scaled latents
        scales[-1] = 1 / (LETTERING_GAP * typical)
        latents = np.column_stack([latents[:, :-1], sure])
    scaler = np.stack([fitted.mean_, scales]).astype(np.float32)
    return scaler, ((latents - scaler[0]) / scaler[1]).astype(np.float32)
