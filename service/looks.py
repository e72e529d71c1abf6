"""What is known of a tile that was sent: what the encoder saw, and what it says."""

from dataclasses import dataclass, field

from bundle.arrays import Grey
from bundle.preprocess import load_tile, png_size
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


def decode(data: bytes, side: int, max_pixels: int) -> Decoded:
    """Turn PNG bytes into encoder input.

    Raises:
        TileError: one of its kinds.
    """
    tile = load_tile(data, side, max_pixels=max_pixels)
    width, height = png_size(data)
    return Decoded(tile, (height, width))
