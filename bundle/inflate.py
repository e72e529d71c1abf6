"""A PNG's pixels, inflated at once and stored again, which Pillow reads in half the time.

Pillow has zlib inflate into one row after the other, too little room for its fast loop. Here ISA-L
inflates them all, and they are wrapped as deflate's blocks that hold bytes as they are. Pillow
still makes the picture, and whatever is out of the ordinary is left to it as it was. Only one thing
that Pillow takes is told of: pixels that end early.
"""

import struct
from collections.abc import Iterator

from isal import isal_zlib

_PIXELS = b"IDAT"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Of each pixel, by the header's colour type."""
_MOST = 1 << 20
"""Bytes to hold at once; larger pictures have large rows."""
_HEADER = 25
_COLOUR, _INTERLACED = 17, 20  # where the header's chunk says them
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""Passes of an interlaced picture: first column, first row, steps between them (PNG 8.2)."""
WHOLE = ((0, 0, 1, 1),)
"""The one pass of any other."""
_BLOCK = 0xFFFF
_HEAD = b"\x78\x01"


def stored(chunks: list[bytes]) -> list[bytes]:
    """Return the chunks of a PNG, the signature first, with the pixels not compressed.

    Returns: the same chunks where the pixels are not exactly what the header announces, sound
    and in one place, where they are interlaced, or of more than a megabyte.
    """
    places = _places(chunks)
    if not places or places[-1] - places[0] >= len(places):
        return chunks
    raw = _inflated(chunks, places[0], places[-1] + 1)
    if raw is None:
        return chunks
    content = b"".join([_PIXELS, _HEAD, *_blocks(raw), _number(isal_zlib.adler32(raw))])
    one = [_number(len(content) - 4), content, _number(isal_zlib.crc32(content))]
    return [*chunks[: places[0]], *one, *chunks[places[-1] + 1 :]]


def ends_early(chunks: list[bytes]) -> bool:
    """Tell whether a stream of pixels that is sound has fewer of them than the header announces.

    Pillow would take it, and make the rows that are not there black.
    """
    header = chunks[1]
    if len(header) != _HEADER:
        return False
    missing, engine = _announced(header), isal_zlib.decompressobj()
    packed = b"".join(chunks[at][8:-4] for at in _places(chunks))
    try:
        while missing > 0 and not engine.eof:
            piece = engine.decompress(packed, _MOST)
            packed = engine.unconsumed_tail
            if not piece and not packed:  # it ends before the stream does
                break
            missing -= len(piece)
    except isal_zlib.error:  # type: ignore[misc]  # as in `_inflated`
        return False
    return bool(engine.eof) and missing > 0


def _places(chunks: list[bytes]) -> list[int]:
    return [at for at, chunk in enumerate(chunks) if chunk[4:8] == _PIXELS]


def _inflated(chunks: list[bytes], first: int, end: int) -> bytes | None:
    size = _size(chunks[1])
    if size > _MOST:
        return None
    engine = isal_zlib.decompressobj()
    try:
        # A byte more than there should be, so that a stream that goes on shows.
        raw = engine.decompress(b"".join(chunk[8:-4] for chunk in chunks[first:end]), size + 1)
    except isal_zlib.error:  # type: ignore[misc]  # its stubs take the class for an instance
        return None
    whole = engine.eof and not engine.unused_data and len(raw) == size
    return raw if whole else None


def _size(header: bytes) -> int:
    """Return the bytes of all rows; too many if that is unsure."""
    sure = len(header) == _HEADER and not header[_INTERLACED] and header[_COLOUR] in SAMPLES
    return _announced(header) if sure else _MOST + 1


def _announced(header: bytes) -> int:
    """Return the bytes of all rows, a filter's number before each; 0 for no kind of colour."""
    width, height, depth, colour = struct.unpack_from(">IIBB", header, 8)
    bits = depth * SAMPLES.get(colour, 0)
    if not bits:
        return 0
    passes = ADAM7 if header[_INTERLACED] else WHOLE
    sizes = [
        (-(-max(0, width - x) // across), -(-max(0, height - y) // down))
        for x, y, across, down in passes
    ]
    return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sizes if columns)


def _blocks(raw: bytes) -> Iterator[bytes]:
    for start in range(0, len(raw), _BLOCK):
        piece = raw[start : start + _BLOCK]
        last = start + _BLOCK >= len(raw)
        yield struct.pack("<BHH", last, len(piece), len(piece) ^ 0xFFFF)
        yield piece


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")
