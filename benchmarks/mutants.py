"""Damaged PNGs without end: each made from its number alone, so that a finding can be repeated.

Random bytes rarely pass the signature; what breaks decoders is a file that is nearly sound. So
most mutants are cut up chunk by chunk and put together again with right checksums.
"""

import random
import struct
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO

from PIL import Image

from bundle.inflate import ADAM7, SAMPLES, WHOLE

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_KINDS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"iCCP", b"zTXt")
_NUMBERS = (0, 1, 7, 8, 255, 256, 2047, 2048, 65_535, 2**24, 2**31 - 1, 2**31, 2**32 - 1)

_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits of a sample that each colour type may have."""
_SIZES = ((8, 8), (16, 16), (33, 9), (64, 64))

Chunk = tuple[bytes, bytes]


def mutant(number: int) -> bytes:
    """Return the damaged PNG of this number; numbers from 0 on, in any order."""
    rng = random.Random(number)  # noqa: S311, it plays dice, it keeps no secret
    chunks = list(rng.choice(_seeds()))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        rng.choice(_CHUNKWISE)(rng, chunks)
    data = join(chunks)
    while rng.random() < 0.4:
        data = rng.choice(_BYTEWISE)(rng, data)
    return data


def join(chunks: list[Chunk]) -> bytes:
    """Return the file of these chunks, each with its right length and checksum."""
    written = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return SIGNATURE + b"".join(written)


def split(data: bytes) -> list[Chunk]:
    """Return the chunks of a sound PNG."""
    chunks, at = [], len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


@cache
def _seeds() -> list[list[Chunk]]:
    """Return sound PNGs as chunks: all kinds that the format knows, and as Pillow writes them."""
    rng = random.Random(0)  # noqa: S311, as above
    found = [
        sound(rng, colour, depth, size, interlaced=interlaced)
        for colour, depths in _DEPTHS.items()
        for depth in depths
        for interlaced in (False, True)
        for size in _SIZES
    ]
    for mode in _MODES:
        for width, height in _SIZES:
            image = Image.frombytes("L", (width, height), rng.randbytes(width * height))
            stream = BytesIO()
            image.convert(mode).save(stream, "PNG")
            found.append(split(stream.getvalue()))
    frames = [Image.new("L", (16, 16), grey) for grey in (10, 200)]
    stream = BytesIO()
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    return [*found, split(stream.getvalue())]


def sound(
    rng: random.Random, colour: int, depth: int, size: tuple[int, int], *, interlaced: bool
) -> list[Chunk]:
    """Return a sound PNG of noise as chunks, each line with another filter.

    Args:
        rng: the noise.
        colour: colour type: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
        depth: bits of a sample.
        size: width and height in pixels.
        interlaced: in the seven passes of Adam7.
    """
    (width, height), bits = size, depth * SAMPLES[colour]
    lines = bytearray()
    for left, top, across, down in ADAM7 if interlaced else WHOLE:
        columns, rows = len(range(left, width, across)), len(range(top, height, down))
        for _ in range(rows if columns else 0):
            lines += bytes([rng.randrange(5)]) + rng.randbytes((columns * bits + 7) // 8)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    palette = [(b"PLTE", rng.randbytes(3 * 2**depth))] if colour == 3 else []
    pixels = (b"IDAT", zlib.compress(bytes(lines)))
    return [(b"IHDR", header), *palette, pixels, (b"IEND", b"")]


def _place(rng: random.Random, chunks: list[Chunk]) -> int:
    return rng.randrange(len(chunks))


def _change_byte(rng: random.Random, chunks: list[Chunk]) -> None:
    at = _place(rng, chunks)
    kind, data = chunks[at]
    changed = bytearray(data or b"\0")
    changed[rng.randrange(len(changed))] = rng.randrange(256)
    chunks[at] = kind, bytes(changed)


def _change_header(rng: random.Random, chunks: list[Chunk]) -> None:
    """Other size, depth, colour type, interlace: what the pixels then no longer agree with."""
    width, height = (rng.choice((*_NUMBERS, *range(8, 40))) for _ in range(2))
    depth, colour = rng.choice((1, 2, 4, 8, 16, 3, 255)), rng.choice((0, 2, 3, 4, 6, 1, 7))
    rest = rng.choice((0, 0, 0, 1)), rng.choice((0, 0, 0, 9)), rng.choice((0, 1, 1, 2))
    chunks[0] = b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, *rest)


def _change_interlace(_: random.Random, chunks: list[Chunk]) -> None:
    chunks[0] = b"IHDR", chunks[0][1][:12] + b"\1"


def _change_pixels(rng: random.Random, chunks: list[Chunk]) -> None:
    """Pixels that unpack to another length, to bad filters, or not at all."""
    size = rng.choice((0, 1, 63, 64, 272, 4160, 100_000))
    raw = rng.randbytes(size) if rng.random() < 0.5 else bytes(size)
    packed = zlib.compress(raw, rng.choice((0, 1, 9)))
    if rng.random() < 0.3:
        packed = packed[: rng.randrange(len(packed))]
    places = [at for at, (kind, _) in enumerate(chunks) if kind == b"IDAT"]
    for at in reversed(places[1:]):  # else a mutant of many chunks would become a huge one
        del chunks[at]
    if places:
        chunks[places[0]] = b"IDAT", packed


def _split_pixels(rng: random.Random, chunks: list[Chunk]) -> None:
    """The pixels in many chunks, some of them empty."""
    for at, (kind, data) in enumerate(chunks):
        if kind == b"IDAT":
            step = rng.choice((1, 2, 7, 100))
            parts = [(kind, data[i : i + step]) for i in range(0, len(data), step)]
            chunks[at : at + 1] = [*parts, (kind, b"")]
            return


def _swap(rng: random.Random, chunks: list[Chunk]) -> None:
    one, other = _place(rng, chunks), _place(rng, chunks)
    chunks[one], chunks[other] = chunks[other], chunks[one]


def _repeat(rng: random.Random, chunks: list[Chunk]) -> None:
    chunks.insert(_place(rng, chunks), chunks[_place(rng, chunks)])


def _drop(rng: random.Random, chunks: list[Chunk]) -> None:
    if len(chunks) > 1:
        del chunks[_place(rng, chunks)]


def _insert(rng: random.Random, chunks: list[Chunk]) -> None:
    """A chunk of a known or an invented kind, full of noise."""
    kind = rng.choice((*_KINDS, rng.randbytes(4)))
    chunks.insert(_place(rng, chunks), (kind, rng.randbytes(rng.choice((0, 1, 4, 13, 26, 300)))))


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 4, 16))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _graft(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 4, 60))) + data[at:]


def _lie(rng: random.Random, data: bytes) -> bytes:
    """A number of four bytes somewhere, often where a length was."""
    at = rng.choice((8, 33, rng.randrange(len(data) + 1)))
    return data[:at] + struct.pack(">I", rng.choice(_NUMBERS)) + data[at + 4 :]


_CHUNKWISE: tuple[Callable[[random.Random, list[Chunk]], None], ...] = (
    _change_byte,
    _change_header,
    _change_interlace,
    _change_pixels,
    _split_pixels,
    _swap,
    _repeat,
    _drop,
    _insert,
)
_BYTEWISE: tuple[Callable[[random.Random, bytes], bytes], ...] = (_flip, _cut, _graft, _lie)
