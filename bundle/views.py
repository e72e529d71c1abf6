"""A second look at a tile that the encoder is not sure of: turned, from further away, and darker.

Film has no upside, and letters no size of their own; what the encoder finds on a tile should not
depend on how it lies, and hardly on its scale. Where it doubts, the mean over the tile and its half
turn says more than one look, and where these do not clear it, so do a smaller and a darker picture
with them. What was left in the dark by a scanner or by JPEG fades in a darker picture before
lettering does: where the encoder is nearly sure, that alone is asked (docs/decisions.md).
"""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Maps, Tiles
from bundle.preprocess import resize
from bundle.runtime import Encoder, Examined
from bundle.screening import peaks

_FURTHER = 0.75
"""Scale of the smaller picture. Source: docs/decisions.md."""
_CLEAR, _LIKELY, _SURE = -0.5, 3.0, 6.0
"""Log-odds of lettering: between the first and the last one look is not enough."""
_BRIGHT = 0.99
"""Share of a collection's tiles that show no grey above its white."""

Examine = Callable[[Tiles], Maps]
Value = TypeVar("Value", bound=np.generic)


def examine_twice(encoder: Encoder, tiles: Tiles, white: int) -> Examined:
    """Examine (m, side, side) uint8 tiles; maps in doubt are those of a second look."""
    seen = encoder.examine(tiles)
    maps = look_again(tiles, seen.maps, lambda some: encoder.examine(some).maps, white)
    return Examined(seen.latents, maps)


def look_again(tiles: Tiles, maps: Maps, examine: Examine, white: int) -> Maps:
    """Return the maps, those of tiles in doubt averaged over two looks or four; shapes stay.

    Each tile's answer depends on that tile alone.

    Args:
        tiles: (m, side, side) uint8, the encoder's input.
        maps: (m, 3, g, g) float32 of these tiles, or (m, 0, 0, 0) of an encoder without maps.
        examine: what made the maps; asked about the tiles in doubt, (d, side, side), then
            about those that are not cleared, twice.
        white: the brightest grey of the collection, 1 to 255, as `whitest` has it.
    """
    if not maps.size:
        return maps
    evidence = _evidence(maps)
    doubtful = np.flatnonzero((evidence > _CLEAR) & (evidence < _LIKELY))
    likely = np.flatnonzero((evidence >= _LIKELY) & (evidence < _SURE))
    if not len(doubtful) + len(likely):
        return maps
    looks = np.concatenate([_turned(tiles[doubtful]), darker(tiles[likely], white)])
    turned, dark = np.split(examine(looks), [len(doubtful)])
    agreed = maps.copy()
    agreed[doubtful] = (maps[doubtful] + _turned(turned)) / 2
    agreed[likely] = (maps[likely] + dark) / 2
    rows = doubtful[_evidence(agreed[doubtful]) > _CLEAR]
    if len(rows):
        looks = np.concatenate([_further(tiles[rows], maps.shape[-1]), darker(tiles[rows], white)])
        far, dark = np.split(examine(looks), 2)
        agreed[rows] = agreed[rows] / 2 + (_nearer(far) + dark) / 4
    return agreed


def darker(tiles: Tiles, white: int) -> Tiles:
    """Return the tiles with every grey squared, in shares of white; brighter ones stay.

    (m, side, side) uint8, as given.
    """
    greys = np.arange(256)
    squares = np.minimum((greys**2 + white // 2) // white, greys).astype(np.uint8)
    return squares[tiles]


def whitest(tiles: Tiles) -> int:
    """Return the grey that hardly any of (m, side, side) tiles goes beyond, 1 to 255."""
    return max(1, int(np.quantile(tiles.max(axis=(1, 2)), _BRIGHT)))


def _further(tiles: Tiles, cells: int) -> Tiles:
    """Return the tiles smaller, in the middle of what is mirrored at their borders."""
    cell = tiles.shape[-1] // cells
    side, margin = (cells - 2 * _margin(cells)) * cell, _margin(cells) * cell
    small = np.stack([resize(tile, side) for tile in tiles])
    return np.pad(small, ((0, 0), (margin, margin), (margin, margin)), mode="reflect")


def _nearer(maps: Maps) -> Maps:
    """Return the maps of tiles that were seen further away as those of the tiles themselves."""
    cells = maps.shape[-1]
    inner = slice(_margin(cells), cells - _margin(cells))
    stretch = _stretch(cells)
    return np.asarray(stretch @ maps[..., inner, inner] @ stretch.T, dtype=np.float32)


def _margin(cells: int) -> int:
    """Return the cells on each side that a smaller picture leaves free."""
    return round(cells * (1 - _FURTHER) / 2)


@cache
def _stretch(cells: int) -> NDArray[np.float32]:
    """Return (cells, cells of a smaller picture), which fills in by straight lines."""
    few = cells - 2 * _margin(cells)
    at = (np.arange(cells) + 0.5) * few / cells - 0.5
    columns = [np.interp(at, np.arange(few), one) for one in np.eye(few)]
    return np.stack(columns, axis=1).astype(np.float32)


def _evidence(maps: Maps) -> NDArray[np.float32]:
    return peaks(maps[:, :1])[:, 0]


def _turned(stack: NDArray[Value]) -> NDArray[Value]:
    return stack[..., ::-1, ::-1]
