"""Pixels that are inflated before Pillow sees them: the same pictures, the same refusals."""

import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.mutants import mutant
from bundle.arrays import Grey
from bundle.errors import DamagedTile, TileError
from bundle.inflate import ends_early, stored
from bundle.preprocess import plain_chunks, png_size, read_picture
from tests.forge import chunk, forge_png, header, interlaced_png, rows
from tests.pictures import png

GREY: Grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
NOISE = np.random.default_rng(5).integers(0, 256, (299, 301), dtype=np.uint8)
RAW = b"".join(b"\0" + line.tobytes() for line in GREY)


def shown(data: bytes) -> bytes | str:
    """Return the pixels that Pillow makes of a PNG, or the kind of its error."""
    try:
        with Image.open(BytesIO(data), formats=["PNG"]) as image:
            return image.tobytes()
    except Exception as error:  # noqa: BLE001, whatever it is, it must stay the same
        return type(error).__name__


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1"])
@pytest.mark.parametrize("pixels", [GREY, NOISE, NOISE[:20, :37]])
def test_pixels_are_the_same_and_not_compressed(mode: str, pixels: Grey) -> None:
    """Every mode, rows that end within a byte, and more than one block of 64 KiB."""
    chunks = plain_chunks(png(pixels, mode))
    again = b"".join(stored(chunks))
    assert again[again.index(b"IDAT") + 4 :].startswith(b"\x78\x01")
    assert shown(again) == shown(b"".join(chunks))


def test_pixels_in_many_chunks_become_one() -> None:
    """The parts of a stream are put together, wherever it was cut."""
    packed = zlib.compress(RAW)
    parts = [chunk(b"IDAT", packed[at : at + 7]) for at in range(0, len(packed), 7)]
    found = stored(plain_chunks(forge_png(header(16, 16), *parts)))
    assert found == stored(plain_chunks(forge_png(header(16, 16), rows(GREY))))


@pytest.mark.parametrize(
    "data",
    [
        interlaced_png(GREY),
        forge_png(header(16, 16)),
        forge_png(header(16, 17), rows(GREY)),
        forge_png(header(16, 15), rows(GREY)),
        forge_png(header(16, 16, colour=5), rows(GREY)),
        forge_png(chunk(b"IHDR", bytes(12)), rows(GREY)),
        forge_png(header(16, 16), chunk(b"IDAT", zlib.compress(RAW)[:-1])),
        forge_png(header(16, 16), chunk(b"IDAT", zlib.compress(RAW)[:-1] + b"\0")),
        forge_png(header(16, 16), chunk(b"IDAT", zlib.compress(RAW) + b"more")),
        forge_png(header(16, 16), chunk(b"IDAT", zlib.compress(bytes(1 << 22)))),
        forge_png(header(16, 16), rows(GREY), chunk(b"PLTE", bytes(3)), rows(GREY)),
        forge_png(header(2000, 2000), chunk(b"IDAT", zlib.compress(bytes(2001 * 2000)))),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_pillow(data: bytes) -> None:
    """Interlaced, short, long, damaged, split or large: not a byte is changed."""
    chunks = plain_chunks(data)
    assert stored(chunks) is chunks


@pytest.mark.parametrize(
    "data",
    [
        forge_png(header(16, 17), rows(GREY)),
        forge_png(header(16, 16), rows(GREY[:1])),
        forge_png(header(16, 17, lace=1), rows(GREY)),
        forge_png(header(2000, 2000), chunk(b"IDAT", zlib.compress(bytes(2001 * 1999)))),
        forge_png(header(2048, 2048), chunk(b"IDAT", zlib.compress(b"\0" + bytes(2049 * 1024)))),
    ],
)
def test_rows_that_are_not_there_are_no_black_ones(data: bytes) -> None:
    """Sound chunks, a sound stream, and fewer rows than the header says: the writer died early."""
    with pytest.raises(DamagedTile, match="fewer rows than its header says"):
        read_picture(data)


@given(height=st.integers(8, 40), width=st.integers(8, 40))
@settings(deadline=None, max_examples=60)
def test_an_interlaced_picture_has_as_many_bytes_as_its_passes(height: int, width: int) -> None:
    """Of any size; with a byte less in its last row it is one that ends early."""
    grey = np.arange(height * width, dtype=np.uint64).astype(np.uint8).reshape(height, width)
    whole = plain_chunks(interlaced_png(grey))
    assert not ends_early(whole)
    (packed,) = (one[8:-4] for one in whole if one[4:8] == b"IDAT")
    short = chunk(b"IDAT", zlib.compress(zlib.decompress(packed)[:-1]))
    assert ends_early(plain_chunks(forge_png(header(width, height, lace=1), short)))


@given(number=st.integers(0, 2**62))
@settings(deadline=None, max_examples=300)
def test_nearly_sound_pngs_are_seen_as_before(number: int) -> None:
    """Whatever Pillow says of a damaged file, it says of what is made of that."""
    try:
        data = mutant(number)
        png_size(data)
        chunks = plain_chunks(data)
    except TileError:  # nothing that reaches the decoder
        return
    assert shown(b"".join(stored(chunks))) == shown(b"".join(chunks))
