"""A second look at a tile that the encoder is not sure of: turned, and turned back.

Film has no upside; what the encoder finds on a tile should not depend on how it lies. Where it
is not sure, the mean over the four quarter turns says more than one (docs/decisions.md).
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Maps, Tiles
from bundle.runtime import Encoder, Examined
from bundle.screening import peaks

_TURNS = (1, 2, 3)
_CLEAR, _SURE = -1.5, 5.0
"""Log-odds of lettering, outside of which one look is enough."""

Examine = Callable[[Tiles], Maps]
Value = TypeVar("Value", bound=np.generic)


def examine_twice(encoder: Encoder, tiles: Tiles) -> Examined:
    """Examine (m, side, side) uint8 tiles; maps in doubt are those of a second look."""
    seen = encoder.examine(tiles)
    maps = look_again(tiles, seen.maps, lambda some: encoder.examine(some).maps)
    return Examined(seen.latents, maps)


def look_again(tiles: Tiles, maps: Maps, examine: Examine) -> Maps:
    """Return the maps, those of tiles in doubt averaged over four turns; shapes stay.

    Each tile's answer depends on that tile alone.

    Args:
        tiles: (m, side, side) uint8, the encoder's input.
        maps: (m, 3, g, g) float32 of these tiles, or (m, 0, 0, 0) of an encoder without maps.
        examine: what made the maps; asked about (3 d, side, side) where d tiles are in doubt.
    """
    rows = np.flatnonzero(_unsure(maps)) if maps.size else np.empty(0, dtype=np.intp)
    if not len(rows):
        return maps
    again = examine(np.concatenate([_turned(tiles[rows], turn) for turn in _TURNS]))
    parts = again.reshape(len(_TURNS), len(rows), *maps.shape[1:])
    back = [_turned(part, -turn) for turn, part in zip(_TURNS, parts, strict=True)]
    agreed = maps.copy()
    agreed[rows] = np.mean([maps[rows], *back], axis=0)
    return agreed


def _unsure(maps: Maps) -> NDArray[np.bool_]:
    evidence = peaks(maps[:, :1])[:, 0]
    return (evidence > _CLEAR) & (evidence < _SURE)


def _turned(stack: NDArray[Value], turn: int) -> NDArray[Value]:
    return np.rot90(stack, turn, axes=(-2, -1))
