"""What is known of a tile that was sent: what the encoder saw, and what it says."""

from dataclasses import dataclass, field

from bundle.preprocess import Input
from service.batcher import Latent, Map


@dataclass(frozen=True)
class Look:
    """All that the routes say anything from.

    read: what its bytes came to. latent: (d,) float32, not scaled.
    map: (3, g, g) float32 log-odds; (0, 0, 0) from an encoder that makes none.
    """

    read: Input = field(repr=False)
    latent: Latent = field(repr=False)
    map: Map = field(repr=False)
