"""The one way from PNG bytes to encoder input, used by training, evaluation and serving.

The study failed on two ways that differed: its encoder was trained on grey pictures and
then asked about green ones. Nothing else in this project may decode or resize a tile.
"""

import struct
import zlib
from hashlib import sha256
from io import BytesIO
from typing import NamedTuple

import numpy as np
from isal.isal_zlib import crc32
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from bundle.arrays import Grey
from bundle.errors import (
    AnimatedTile,
    DamagedTile,
    EmptyTile,
    NotAPng,
    TileTooLarge,
    TileTooSmall,
)
from bundle.inflate import ends_early, stored

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES, _HEADER = 33, 13  # signature and the whole IHDR chunk; what that chunk says
MIN_SIDE = 8
"""Shortest side in pixels; below it there is no letter to see."""
MAX_PIXELS = 2048 * 2048
"""Most pixels of a tile. Checked on the header, before anything is decoded."""

MAX_CHUNKS = 1 << 16
"""Most chunks of a PNG. The largest tile has some thousands, and each takes time to look at."""

CONTENT_BYTES = 16
_COLOURED = 16
"""Grey levels that the channels of a pixel must differ by; tinted film and JPEG differ by less."""

_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_DEPTH, _COLOUR = 24, 25  # where the header says them
_BYTE, _PALETTE = 8, 3
_ANIMATION = 8  # bytes that announce frames
_WAYS = ((b"\0\0", b"\0"), (b"\0\0", b"\1"))
"""What a header may say of compression and filters, one of each, and of interlacing."""
_PASSED_OVER = 0x20
"""The bit that makes a chunk's first letter small: readers may pass over what they do not know."""
_UNTOLD = "not identified by this driver"
"""What Pillow says of a header that it cannot use."""
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error, zlib.error)


class Picture(NamedTuple):
    """A decoded PNG: (height, width) uint8 grey, and the share of its pixels that have colour."""

    grey: Grey
    colour: float


class Input(NamedTuple):
    """What a tile's bytes come to.

    tile: (side, side) uint8, the encoder's input.
    size: height and width of the PNG, in pixels.
    colour: share of its pixels that have colour, in [0, 1].
    content: its `content_hash`, where that was asked for.
    """

    tile: Grey
    size: tuple[int, int]
    colour: float
    content: bytes = b""


def png_size(data: bytes) -> tuple[int, int]:
    """Read (width, height) in pixels from a PNG's header without decoding it.

    Raises:
        EmptyTile, NotAPng, DamagedTile: the header is not there or not sound.
    """
    if not data:
        raise EmptyTile("The tile is empty: 0 bytes were sent. Send the bytes of a PNG file.")
    if not data.startswith(SIGNATURE):
        raise NotAPng("The bytes are not a PNG: the PNG signature is missing. Convert the tile.")
    if len(data) < _HEADER_BYTES:
        raise DamagedTile("The PNG ends within its header. Send the file again, whole.")
    if data[12:16] != b"IHDR":
        raise DamagedTile("The PNG does not begin with its header. Save it as a plain PNG.")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def check_size(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse sizes that no tile has.

    Raises:
        TileTooSmall, TileTooLarge: with the size, the bound and what to do.
    """
    if min(width, height) < MIN_SIDE:
        raise TileTooSmall(
            f"The tile is {width} x {height} pixels; each side must have at least {MIN_SIDE}. "
            "Cut larger tiles."
        )
    if width * height > max_pixels:
        raise TileTooLarge(
            f"The picture is {width} x {height} pixels; a tile has at most {max_pixels:,}. "
            "Cut it into tiles first (python -m training tile)."
        )


def plain_chunks(data: bytes) -> list[bytes]:
    """Return a PNG's signature and the chunks that make its pixels, no other, each one checked.

    Pillow does not look at the checksum of the pixels, believes the last of two headers
    (which could ask for any amount of memory), and reads text, colour profiles and EXIF.

    Raises:
        DamagedTile, AnimatedTile: with the place in the file, or the number of frames.
    """
    kept, at, kind, number = [SIGNATURE], len(SIGNATURE), b"", 0
    keyed = data[_COLOUR] == _PALETTE or data[_DEPTH] == _BYTE  # Pillow misreads other keys
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data.ljust(at + 8, b"\0"), at)
        chunk = data[at : at + 12 + length]
        if len(chunk) < 12 + length:
            raise DamagedTile(f"The PNG ends early, at byte {len(data)}. Send it again, whole.")
        if crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            raise DamagedTile(f"The PNG is altered near byte {at}. Send it again, whole.")
        _check_chunk(kind, chunk, first=len(kept) == 1)
        if kind in _PIXEL_CHUNKS or (kind == b"tRNS" and keyed):
            kept.append(chunk)
        at, number = at + len(chunk), number + 1
        if number > MAX_CHUNKS:
            raise DamagedTile(f"The PNG has more than {MAX_CHUNKS:,} chunks. Save it again.")
    _check_palette(kept)
    return kept


def _check_chunk(kind: bytes, chunk: bytes, *, first: bool) -> None:
    """Refuse what PNG does not know, and what Pillow would read as something else.

    Args:
        kind: of the chunk.
        chunk: all its bytes.
        first: whether no chunk that makes pixels came before it.
    """
    content = chunk[8:-4]
    if kind == b"IHDR" and not first:
        raise DamagedTile("The PNG has two headers. Save it again as a plain PNG.")
    if kind == b"IHDR" and len(content) == _HEADER and (content[10:12], content[12:]) not in _WAYS:
        raise DamagedTile("The PNG's header names a method that PNG has not. Save it again.")
    if kind[0] & _PASSED_OVER == 0 and kind not in _PIXEL_CHUNKS:
        raise DamagedTile(f"The PNG has a chunk that PNG has not, {kind!r}. Save it again.")
    if kind == b"acTL":
        _check_frames(content)
    if kind == b"PLTE" and (not content or len(content) % 3):
        raise DamagedTile("The PNG's palette is not of whole colours. Save it again.")


def _check_palette(chunks: list[bytes]) -> None:
    """Refuse pixels that come before the palette that they name: in one look over all chunks."""
    if sum(one[4:8] == b"PLTE" for one in chunks) > 1:
        raise DamagedTile("The PNG has two palettes. Save it again as a plain PNG.")
    pixels = next((at for at, one in enumerate(chunks) if one[4:8] == b"IDAT"), None)
    if pixels is not None and _names_palette(chunks) and not _colours(chunks[:pixels]):
        raise DamagedTile("The PNG lacks the palette that it names. Save it again.")


def _check_frames(content: bytes) -> None:
    if len(content) != _ANIMATION:
        raise DamagedTile("The PNG's count of frames is cut. Save it again as a plain PNG.")
    if (frames := int.from_bytes(content[:4], "big")) != 1:
        raise AnimatedTile(f"The PNG is animated: {frames} frames. Send one as a still PNG.")


def _names_palette(chunks: list[bytes]) -> bool:
    """Tell whether the header, which comes first after the signature, says so."""
    return chunks[1][17:18] == bytes([_PALETTE])


def _colours(chunks: list[bytes]) -> int:
    """Return the number of colours of a PNG's palette, 0 where there is none."""
    return sum(len(chunk) // 3 - 4 for chunk in chunks if chunk[4:8] == b"PLTE")


def decode_png(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Grey:
    """Decode a PNG of any mode to one grey channel: `read_picture` without the colour."""
    return read_picture(data, max_pixels=max_pixels).grey


def read_picture(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a PNG of any mode to one grey channel, and see whether it had colour.

    Colour becomes luma (ITU-R 601; exact for grey stored as RGB), 16 bits become 8 by
    integer division by 256 (the study's recipe), alpha is laid over black; EXIF orientation,
    gamma and colour profiles are ignored.

    Raises:
        TileError: one of its kinds, each with a sentence for the user.
    """
    image, colour = _decode(data, max_pixels)
    return Picture(np.array(image, dtype=np.uint8), colour)


def _decode(data: bytes, max_pixels: int) -> tuple[Image.Image, float]:
    """Return one grey channel, as Pillow holds it (a copy fewer than an array), and the colour."""
    check_size(*png_size(data), max_pixels)
    chunks = plain_chunks(data)
    plain = stored(chunks)
    if plain is chunks and ends_early(chunks):
        raise DamagedTile("The PNG has fewer rows than its header says. Save the tile again.")
    try:
        with PngImageFile(BytesIO(b"".join(plain))) as image:
            image.load()
            if image.mode == "P" and np.asarray(image).max() >= _colours(chunks):
                raise DamagedTile("The PNG has pixels of no colour of its palette. Save it again.")
            return _grey(image)
    except _BROKEN as error:
        raise DamagedTile(
            f"The PNG does not decode ({_reason(error)}). Save it anew as a plain PNG."
        ) from error


def _grey(image: Image.Image) -> tuple[Image.Image, float]:
    if image.mode.startswith("I"):
        high = np.asarray(image).astype(np.uint32) >> 8
        return Image.fromarray(high.clip(0, 255).astype(np.uint8)), 0.0
    if "A" in image.mode or "transparency" in image.info:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        black.alpha_composite(image.convert("RGBA"))
        image = black
    return (image, 0.0) if image.mode == "L" else (image.convert("L"), _colour(image))


def _colour(image: Image.Image) -> float:
    """Return the share of pixels whose channels differ; a quarter of them are looked at."""
    if image.mode == "1":
        return 0.0
    red, green, blue = np.moveaxis(np.asarray(image.convert("RGB"))[::2, ::2], 2, 0)
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    return float((highest - lowest > _COLOURED).mean())


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if text == _UNTOLD:
        return "its header is not as a PNG's is"
    return text.rstrip(".")[:120]


def resize(grey: Grey, side: int) -> Grey:
    """Resize a grey picture to the encoder's square input, anti-aliased bilinear.

    Returns: (side, side) uint8; the same pixels when the size is right already.
    """
    if grey.shape == (side, side):
        return grey
    return np.array(_resized(Image.fromarray(grey), side), dtype=np.uint8)


def _resized(picture: Image.Image, side: int) -> Image.Image:
    if picture.size == (side, side):
        return picture
    return picture.resize((side, side), Image.Resampling.BILINEAR)


def read_tile(
    data: bytes, side: int, *, max_pixels: int = MAX_PIXELS, hashed: bool = False
) -> Input:
    """Turn PNG bytes into encoder input: decode, then resize; `hashed` asks for `content`.

    Raises:
        TileError: one of its kinds, each with a sentence for the user.
    """
    image, colour = _decode(data, max_pixels)
    width, height = image.size
    content = content_hash(np.asarray(image)) if hashed else b""
    tile = np.array(_resized(image, side), dtype=np.uint8)
    return Input(tile, (height, width), colour, content)


def content_hash(grey: Grey) -> bytes:
    """Return 16 bytes that stand for a tile whatever it is called: of its size and its pixels.

    Args:
        grey: (height, width) uint8 as the tile was given, not resized.
    """
    height, width = grey.shape
    digest = sha256(f"{height} {width} ".encode())
    digest.update(np.ascontiguousarray(grey).data)
    return digest.digest()[:CONTENT_BYTES]


def load_tile(data: bytes, side: int, *, max_pixels: int = MAX_PIXELS) -> Grey:
    """Return the (side, side) uint8 pixels of `read_tile` alone."""
    return read_tile(data, side, max_pixels=max_pixels).tile
