"""What is known of a tile that was sent: what the encoder saw, and what it says."""

from dataclasses import dataclass, field
from typing import TypeAlias

from bundle.arrays import Grey
from bundle.preprocess import check_size, load_tile, png_size, resize
from service.batcher import Latent, Map


@dataclass(frozen=True)
class Decoded:
    """A tile's bytes, read.

    tile: (side, side) uint8, the encoder's input.
    size: height and width of the PNG as it was sent, in pixels.
    """

    tile: Grey = field(repr=False)
    size: tuple[int, int]


@dataclass(frozen=True)
class Look:
    """All that the routes say anything from.

    tile, size: see `Decoded`. latent: (d,) float32, not scaled.
    map: (3, g, g) float32 log-odds; (0, 0, 0) from an encoder that makes none.
    """

    tile: Grey = field(repr=False)
    size: tuple[int, int]
    latent: Latent = field(repr=False)
    map: Map = field(repr=False)


Sent: TypeAlias = bytes | Grey
"""A tile as it was sent: the bytes of a PNG, or (height, width) uint8 greys."""


def decode(data: Sent, side: int, max_pixels: int) -> Decoded:
    """Turn PNG bytes, or greys, into encoder input.

    Raises:
        TileError: one of its kinds.
    """
    if not isinstance(data, bytes):
        height, width = data.shape
        check_size(width, height, max_pixels)
        return Decoded(resize(data, side), (height, width))
    tile = load_tile(data, side, max_pixels=max_pixels)
    width, height = png_size(data)
    return Decoded(tile, (height, width))
