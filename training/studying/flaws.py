"""The study's flaws, each alone, as its notebook had them. Nothing that serves may use these.

This is the one place besides `bundle.preprocess` that resizes a tile, since resizing in
another way is the first flaw.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from bundle.arrays import Grey, Rows

STUDY_KEPT = 48_596 / 55_885
"""Share of the study's rows that are of class 0; the others left gaps in its frame's index."""


def in_grey(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Repeat grey tiles to three equal channels, as the encoder was trained.

    Args:
        tiles: (n, side, side) uint8.

    Returns: (n, side, side, 3) float32 in [0, 1].
    """
    return np.repeat((tiles / np.float32(255))[..., None], 3, axis=-1).astype(np.float32)


def skewed(grey: Grey, side: int) -> NDArray[np.float32]:
    """Resize as the notebook did before encoding: `skimage.transform.resize(grey, (s, s, 3))`.

    The notebook asked for three channels of a picture that has none. scikit-image then took
    the picture for (height, width, 1), smoothed it with a Gaussian of sigma (factor - 1) / 2
    along each axis, and sampled all three axes linearly at (i + 0.5) * factor - 0.5. Along
    the channels the factor is 1/3, which puts the samples at -1/3, 0 and 1/3 of an axis that
    has the one place 0. What lies outside is black: red and blue come out exactly 0 and
    green holds the whole picture. The same steps stand here. (scikit-image 0.20 to 0.26 were
    tried: they repeat the picture in all three channels, and give the very numbers of the
    green one here.)

    Args:
        grey: (height, width) uint8, the tile at its full size.
        side: pixels of the encoder's input.

    Returns: (side, side, 3) float32 in [0, 1].
    """
    picture = grey[..., None] / 255.0
    factors = np.array(picture.shape) / (side, side, 3)
    smooth = gaussian_filter(picture, np.maximum(0, (factors - 1) / 2), mode="mirror")
    axes = [
        (np.arange(count) + 0.5) * factor - 0.5
        for count, factor in zip((side, side, 3), factors, strict=True)
    ]
    at = np.meshgrid(*axes, indexing="ij")
    green: NDArray[np.float32] = map_coordinates(
        smooth, at, order=1, mode="constant", cval=0.0, output=np.float32
    )
    return green


def nearest_resized(grey: Grey, side: int) -> NDArray[np.float32]:
    """Resize as the Keras generator did for training: nearest pixel, three equal channels.

    Args:
        grey: (height, width) uint8, the tile at its full size.
        side: pixels of the encoder's input.

    Returns: (side, side, 3) float32 in [0, 1].
    """
    picture = Image.fromarray(grey).resize((side, side), Image.Resampling.NEAREST)
    grey_thrice: NDArray[np.float32] = in_grey(np.asarray(picture)[None])[0]
    return grey_thrice


def gapped_index(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the index that a frame has after rows were filtered out and not renumbered.

    Args:
        count: rows that are left.
        rng: draws which rows went.

    Returns: (count,) int64, ascending; gaps are as frequent as in the study's frame.
    """
    before = round(count / STUDY_KEPT)
    return np.sort(rng.choice(before, count, replace=False)).astype(np.int64)


def looked_up(rows: Rows, index: NDArray[np.int64]) -> Rows:
    """Take row numbers for labels of a gapped index, as `frame.loc[rows]` does.

    Args:
        rows: (n, k) int32, true row numbers; -1 where there is none.
        index: (count,) int64, ascending.

    Returns: (n, k) int32, the rows that are shown; -1 where no row has that label.
    """
    at = np.minimum(np.searchsorted(index, rows), len(index) - 1)
    shown: Rows = np.where((index[at] == rows) & (rows >= 0), at, -1).astype(np.int32)
    return shown
