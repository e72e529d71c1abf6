"""Pictures that travel inside a page: small, as data: URIs."""

import base64
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bundle.arrays import Grey
from bundle.bundle import Bundle
from bundle.preprocess import resize

_QUALITY = 82  # WebP; a tile of 96 pixels takes about 1 KiB


@dataclass(frozen=True)
class Thumbnail:
    """One tile as the page shows it: `uri` is the picture, `note` stands below it."""

    id: str
    uri: str = field(repr=False)
    note: str = ""
    kind: str = ""


def data_uri(pixels: Grey, side: int) -> str:
    """Return a picture as a WebP data: URI, at most `side` pixels wide."""
    return encode_uri(resize(pixels, min(side, *pixels.shape)))


def encode_uri(pixels: NDArray[np.uint8]) -> str:
    """Return a (height, width) or (height, width, 3) picture as a WebP data: URI."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", quality=_QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()


def thumbnail(bundle: Bundle, row: int, side: int, *, note: str = "", kind: str = "") -> Thumbnail:
    """Return a stored tile's picture with its id."""
    uri = data_uri(bundle.tile(row), side)
    return Thumbnail(bundle.id(row), uri, note, kind)
