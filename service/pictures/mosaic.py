"""A scan put together again from its stored tiles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bundle import Bundle
from service.pictures.pngs import png_bytes

LONGEST = 1400
"""Pixels of the longer side of a picture put together; a smaller scan is not enlarged."""
_PLATE = 12


@dataclass(frozen=True)
class Layout:
    """Where the tiles of a scan lie, those without a place left out.

    rows: (m,) of the bundle. corners, sizes: (m, 2) y and x, height and width in pixels of the
    scan, from the upper left tile. height, width: of all together. cell: height and width of what
    is a tile's own where neighbours overlap it.
    """

    rows: NDArray[np.intp]
    corners: NDArray[np.int64]
    sizes: NDArray[np.int64]
    height: int
    width: int
    cell: tuple[int, int]


def layout(bundle: Bundle, rows: NDArray[np.intp]) -> Layout | None:
    """Lay out the tiles of one scan; None if no place is known."""
    corners = bundle.arrays["positions.npy"][rows].astype(np.int64)
    known = (corners >= 0).all(axis=1)
    if not known.any():
        return None
    rows, corners = rows[known], corners[known] - corners[known].min(axis=0)
    sizes = bundle.arrays["tile_sizes.npy"][rows].astype(np.int64)
    height, width = (corners + sizes).max(axis=0).tolist()
    cell = (_step(corners[:, 0], sizes[:, 0]), _step(corners[:, 1], sizes[:, 1]))
    return Layout(rows, corners, sizes, height, width, cell)


def _step(starts: NDArray[np.int64], sides: NDArray[np.int64]) -> int:
    """Return how far tiles begin from each other along an axis, at most a tile's side."""
    steps = np.diff(np.unique(starts))
    side = int(np.median(sides))
    return min(side, int(np.median(steps))) if len(steps) else side


def mosaic(bundle: Bundle, laid: Layout) -> bytes:
    """Return the tiles' pictures at their places as one grey PNG, its longer side at most 1,400."""
    factor = min(1.0, LONGEST / max(laid.height, laid.width))
    size = max(1, round(laid.width * factor)), max(1, round(laid.height * factor))
    sheet = Image.new("L", size, _PLATE)
    for row, corner, given in zip(laid.rows.tolist(), laid.corners, laid.sizes, strict=True):
        top, left = np.round(corner * factor).astype(int).tolist()
        bottom, right = np.round((corner + given) * factor).astype(int).tolist()
        tile = Image.fromarray(bundle.tile(row))
        fitted = (max(1, right - left), max(1, bottom - top))
        sheet.paste(tile.resize(fitted, Image.Resampling.BILINEAR), (left, top))
    return png_bytes(np.asarray(sheet))
