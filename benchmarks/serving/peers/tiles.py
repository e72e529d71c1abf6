"""From PNG bytes to pixels, the same for every peer: grey, 128 x 128, anti-aliased bilinear."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 128


def decode(data: bytes) -> NDArray[np.uint8]:
    """Return (128, 128) uint8."""
    picture = Image.open(BytesIO(data)).convert("L")
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def for_keras(tiles: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return (n, 128, 128, 3) float32 in [0, 1], three equal channels, as the study had."""
    grey = np.stack(tiles)[..., None].astype(np.float32) / 255
    return np.repeat(grey, 3, axis=3)
