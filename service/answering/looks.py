"""What is known of a tile that was sent: what the encoder saw, and what it says."""

from dataclasses import dataclass, field
from typing import TypeAlias

from bundle.arrays import Grey
from bundle.preprocess import Input, check_size, read_tile, resize
from service.answering.batcher import Latent, Map


@dataclass(frozen=True)
class Look:
    """All that the routes say anything from.

    read: what its bytes came to. latent: (d,) float32, not scaled.
    map: (3, g, g) float32 log-odds; (0, 0, 0) from an encoder that makes none.
    """

    read: Input = field(repr=False)
    latent: Latent = field(repr=False)
    map: Map = field(repr=False)


Sent: TypeAlias = bytes | Grey
"""A tile as it was sent: the bytes of a PNG, or (height, width) uint8 greys."""


def decode(data: Sent, side: int, max_pixels: int) -> Input:
    """Turn PNG bytes, or greys, into encoder input.

    Raises:
        TileError: one of its kinds.
    """
    if isinstance(data, bytes):
        return read_tile(data, side, max_pixels=max_pixels)
    height, width = data.shape
    check_size(width, height, max_pixels)
    return Input(resize(data, side), (height, width), 0.0)
