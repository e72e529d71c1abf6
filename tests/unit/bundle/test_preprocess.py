"""From PNG bytes to encoder input: every mode right, every wrong picture refused."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from bundle import (
    AnimatedTile,
    DamagedTile,
    EmptyTile,
    NotAPng,
    TileError,
    TileTooLarge,
    TileTooSmall,
    decode_png,
    load_tile,
    read_tile,
    resize,
)
from bundle.preprocess import MAX_CHUNKS, check_size, plain_chunks, png_size
from tests.forge import chunk, forge_png, header, interlaced_png, rows
from tests.pictures import png

GREY = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_a_grey_picture_is_the_same_in_every_mode(mode: str) -> None:
    """All 256 greys come back exactly, whatever mode they are stored in."""
    assert np.array_equal(decode_png(png(GREY, mode)), GREY)


def test_one_bit_becomes_black_and_white() -> None:
    """Mode 1 gives 0 and 255."""
    assert np.array_equal(decode_png(png(GREY > 99)), np.where(GREY > 99, 255, 0))


def test_sixteen_bits_are_divided_by_256() -> None:
    """A 16-bit grey value loses its low byte, as in the study's recipe: no rounding."""
    deep = GREY.astype(np.uint16) * 256 + 255
    assert np.array_equal(decode_png(png(deep)), GREY)


def test_sixteen_bit_colour_loses_its_low_byte() -> None:
    """16-bit RGB, which Pillow cannot write, is read like 16-bit grey."""
    deep = np.repeat(GREY[..., None].astype(np.uint16) * 256 + 255, 3, axis=2)
    lines = deep.astype(">u2").view(np.uint8).reshape(16, -1)
    data = forge_png(header(16, 16, depth=16, colour=2), rows(lines))
    assert np.array_equal(decode_png(data), GREY)


def test_colour_becomes_luma() -> None:
    """Red, green and blue weigh 299, 587 and 114 thousandths (ITU-R 601)."""
    pixels = np.zeros((8, 24, 3), dtype=np.uint8)
    for channel in range(3):
        pixels[:, channel * 8 : channel * 8 + 8, channel] = 255
    assert decode_png(png(pixels))[0, ::8].tolist() == [76, 150, 29]


def test_alpha_is_laid_over_black() -> None:
    """A white picture with alpha a shows grey a: nothing transparent shines through."""
    pixels = np.stack([np.full_like(GREY, 255), GREY], axis=2)
    assert np.array_equal(decode_png(png(pixels)), GREY)


def test_half_transparent_grey_is_rounded() -> None:
    """Value 200 under alpha 128 is 200 * 128 / 255, rounded."""
    pixels = np.full((8, 8, 4), (200, 200, 200, 128), dtype=np.uint8)
    assert (decode_png(png(pixels)) == 100).all()


@pytest.mark.parametrize(("at", "value"), [(10, 1), (11, 1), (12, 2)])
def test_a_method_that_png_has_not(at: int, value: int) -> None:
    """Compression, filters and interlacing are known ones, or nobody knows what the bytes mean."""
    head = bytearray(header(8, 8)[8:21])
    head[at] = value
    data = forge_png(chunk(b"IHDR", bytes(head)), rows(np.zeros((8, 8), np.uint8)))
    with pytest.raises(DamagedTile, match="names a method that PNG has not"):
        decode_png(data)


@pytest.mark.parametrize(("kind", "fine"), [(b"ABCD", False), (b"aBCD", True)])
def test_an_unknown_chunk(kind: bytes, fine: bool) -> None:
    """One that begins with a small letter may be passed over, any other may not."""
    data = forge_png(header(8, 8), chunk(kind, b"12"), rows(np.full((8, 8), 9, np.uint8)))
    if fine:
        assert (decode_png(data) == 9).all()
    else:
        with pytest.raises(DamagedTile, match="has a chunk that PNG has not, b'ABCD'"):
            decode_png(data)


@pytest.mark.parametrize(
    ("palette", "told"),
    [(b"", "not of whole colours"), (bytes(7), "not of whole"), (bytes(6), "of no colour of its")],
)
def test_a_palette_that_does_not_do(palette: bytes, told: str) -> None:
    """Pillow would take what it lacks for black: tissue became a blank tile."""
    pixels = rows(np.full((8, 8), 2, np.uint8))
    data = forge_png(header(8, 8, colour=3), chunk(b"PLTE", palette), pixels)
    with pytest.raises(DamagedTile, match=told):
        decode_png(data)
    whole = forge_png(header(8, 8, colour=3), chunk(b"PLTE", bytes(6) + b"\7\7\7"), pixels)
    assert (decode_png(whole) == 7).all()


def test_a_second_palette() -> None:
    """It is no PNG then, and its colours, added to the first's, would let any pixel pass."""
    pixels, palette = rows(np.full((8, 8), 2, np.uint8)), chunk(b"PLTE", bytes(6))
    data = forge_png(header(8, 8, colour=3), palette, pixels, palette)
    with pytest.raises(DamagedTile, match="two palettes"):
        decode_png(data)


def test_a_count_of_frames_that_is_cut() -> None:
    """It is no number then."""
    data = forge_png(header(8, 8), chunk(b"acTL", b"\0"), rows(np.zeros((8, 8), np.uint8)))
    with pytest.raises(DamagedTile, match="count of frames"):
        decode_png(data)


def test_a_palette_that_is_not_there() -> None:
    """Numbers of colours say nothing without the colours."""
    data = forge_png(header(8, 8, colour=3), rows(np.zeros((8, 8), np.uint8)))
    with pytest.raises(DamagedTile, match="lacks the palette"):
        decode_png(data)


def test_as_many_chunks_as_anyone_writes() -> None:
    """Each is looked at once; beyond the bound a PNG is refused."""
    parts = [header(8, 8, colour=3), chunk(b"PLTE", bytes(3)), chunk(b"IDAT", b"")]
    many = parts + [chunk(b"IDAT", b""), chunk(b"IDAT", b"")] * (MAX_CHUNKS // 2 - 2)
    with pytest.raises(DamagedTile, match="does not decode"):
        decode_png(forge_png(*many))
    more = [*many, chunk(b"IDAT", b""), chunk(b"IDAT", b"")]
    with pytest.raises(DamagedTile, match="more than 65,536 chunks"):
        decode_png(forge_png(*more))


def test_a_transparent_palette_entry_is_black() -> None:
    """P with tRNS: the transparent colour becomes 0, the others keep theirs."""
    grey = decode_png(png(GREY, "P", transparency=7))
    assert np.array_equal(grey, np.where(GREY == 7, 0, GREY))


def test_a_transparent_grey_is_black() -> None:
    """L with tRNS: the keyed value becomes 0."""
    assert np.array_equal(decode_png(png(GREY, transparency=255)), np.where(GREY == 255, 0, GREY))


def test_a_key_of_sixteen_bits_is_ignored() -> None:
    """tRNS of a 16-bit picture says nothing: the pixels stay as they are."""
    key = chunk(b"tRNS", struct.pack(">H", 65535))
    lines = np.full((8, 16), 255, dtype=np.uint8)
    assert (decode_png(forge_png(header(8, 8, depth=16), key, rows(lines))) == 255).all()


def test_exif_orientation_is_ignored() -> None:
    """A tile is not turned, whatever a camera's tag says."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert np.array_equal(decode_png(png(GREY, exif=exif)), GREY)


def test_gamma_is_ignored() -> None:
    """A gAMA chunk changes no pixel."""
    data = forge_png(header(16, 16), chunk(b"gAMA", struct.pack(">I", 10_000)), rows(GREY))
    assert np.array_equal(decode_png(data), GREY)


def test_interlaced_pictures_are_read() -> None:
    """Adam7 gives the same pixels as plain rows, also when some passes are short."""
    odd = GREY[:13, :11].copy()
    assert np.array_equal(decode_png(interlaced_png(odd)), odd)


def test_pixels_alone_reach_the_decoder() -> None:
    """Text, profiles and EXIF are dropped before Pillow sees the file."""
    data = forge_png(header(16, 16), chunk(b"zTXt", b"note\0\0" + bytes(99)), rows(GREY))
    assert b"".join(plain_chunks(data)) == forge_png(header(16, 16), rows(GREY))


@pytest.mark.parametrize(
    ("data", "error", "sentence"),
    [
        (b"", EmptyTile, "0 bytes were sent. Send the bytes of a PNG"),
        (b"id,label\nc311,1\n", NotAPng, "PNG signature is missing. Convert"),
        (forge_png()[:20], DamagedTile, "ends within its header"),
        (png(GREY)[:-20], DamagedTile, r"ends early, at byte \d+. Send it again"),
        (png(GREY).removesuffix(chunk(b"IEND", b"")), DamagedTile, "ends early"),
        (forge_png(header(1, 1), rows(GREY[:1, :1])), TileTooSmall, "1 x 1 pixels.*at least 8"),
        (forge_png(header(9, 7), rows(GREY[:7, :9])), TileTooSmall, "9 x 7"),
        (forge_png(header(20_000, 20_000)), TileTooLarge, "20000 x 20000.*at most 4,194,304"),
        (forge_png(header(0, 0)), TileTooSmall, "0 x 0"),
        (forge_png(header(16, 16)), DamagedTile, "does not decode"),
        (
            forge_png(header(16, 16, depth=3), rows(GREY)),
            DamagedTile,
            r"not decode \(its header is",
        ),
    ],
)
def test_what_is_no_tile_is_refused(data: bytes, error: type[TileError], sentence: str) -> None:
    """Each kind of wrong bytes has its error, with the bound and what to do."""
    with pytest.raises(error, match=sentence):
        load_tile(data, 16)


def test_cmyk_in_disguise_is_refused() -> None:
    """A CMYK JPEG named .png is told by its bytes."""
    stream = BytesIO()
    Image.new("CMYK", (16, 16)).save(stream, "JPEG")
    with pytest.raises(NotAPng, match="not a PNG"):
        load_tile(stream.getvalue(), 16)


def test_animated_pictures_are_refused() -> None:
    """An APNG of two frames is refused, and the number is named."""
    stream = BytesIO()
    first, second = Image.fromarray(GREY), Image.fromarray(255 - GREY)
    first.save(stream, "PNG", save_all=True, append_images=[second])
    with pytest.raises(AnimatedTile, match="2 frames"):
        load_tile(stream.getvalue(), 16)


def test_an_altered_pixel_is_noticed() -> None:
    """A flipped bit in the pixels, which Pillow does not check, is refused."""
    data = bytearray(png(GREY))
    data[data.index(b"IDAT") + 8] ^= 1
    with pytest.raises(DamagedTile, match="altered near byte 33"):
        load_tile(bytes(data), 16)


def test_a_second_header_cannot_ask_for_more() -> None:
    """The size that was checked is the size that is decoded."""
    data = forge_png(header(16, 16), header(60_000, 60_000), rows(GREY))
    with pytest.raises(DamagedTile, match="two headers"):
        load_tile(data, 16)


def test_errors_show_no_addresses() -> None:
    """The sentence is for the user: no object, no address of memory."""
    with pytest.raises(DamagedTile) as caught:
        load_tile(forge_png(header(16, 16, depth=5), rows(GREY)), 16)
    assert "0x" not in str(caught.value)
    assert "object" not in str(caught.value)


def test_a_caller_may_allow_more_pixels() -> None:
    """`max_pixels` is a bound on width times height, itself allowed."""
    check_size(3000, 3000, 9_000_000)
    with pytest.raises(TileTooLarge):
        check_size(3000, 3001, 9_000_000)


def test_the_size_is_read_from_the_header() -> None:
    """`png_size` gives width and height without decoding."""
    assert png_size(png(GREY[:8])) == (16, 8)


def test_resizing_to_the_same_size_changes_nothing() -> None:
    """A tile of the right size is passed on as it is."""
    assert resize(GREY, 16) is GREY


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_grey_has_no_colour_in_any_mode(mode: str) -> None:
    """Channels that agree are no colour."""
    assert read_tile(png(GREY, mode), 16).colour == 0


def test_colour_is_the_share_of_pixels_that_have_it() -> None:
    """The right half is red; on the left the channels differ by no more than JPEG leaves."""
    pixels = np.full((16, 32, 3), 100, dtype=np.uint8)
    pixels[:, :16, 0] += 16
    pixels[:, 16:, 0] += 17
    read = read_tile(png(pixels), 16)
    assert (read.colour, read.size, read.tile.shape) == (0.5, (16, 32), (16, 16))


def test_resizing_averages() -> None:
    """Halving a checkerboard gives its mean away from the border: no pixel is left out."""
    board = (np.indices((64, 64)).sum(0) % 2 * 254).astype(np.uint8)
    assert (resize(board, 8) == 127).all()


def test_tiles_are_made_square() -> None:
    """An oblong tile becomes (side, side) uint8."""
    tile = load_tile(png(GREY[:9]), 12)
    assert tile.shape == (12, 12)
    assert tile.dtype == np.uint8


def test_the_same_bytes_give_the_same_tile() -> None:
    """The recipe has no state: decode, then resize."""
    data = png(GREY)
    assert np.array_equal(load_tile(data, 11), resize(decode_png(data), 11))
