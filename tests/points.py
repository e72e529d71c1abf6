"""Points in groups, as scaled latents of tiles are."""

import numpy as np
from numpy.typing import NDArray


def groups(*sizes: int, width: int = 6, seed: int = 5) -> NDArray[np.float32]:
    """Return (n, width) float32: round groups of the sizes given, 30 apart."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(loc=30 * at, size=(size, width)) for at, size in enumerate(sizes)]
    return np.concatenate(parts).astype(np.float32)


def loose(seed: int = 5) -> NDArray[np.float32]:
    """Return (160, 8) float32: three tight groups, two of them close, and 40 % strewn about."""
    rng = np.random.default_rng(seed)
    tight = [rng.normal(loc=at, size=(32, 8)) for at in (0, 5, 20)]
    return np.concatenate([*tight, rng.normal(loc=8, scale=9, size=(64, 8))]).astype(np.float32)
