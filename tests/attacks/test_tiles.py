"""Attacks with a tile: small files that would become large, and files that are something else."""

import struct
import zlib

import pytest

from benchmarks.mutants import join
from tests.pictures import png
from tests.tiny import tiny_tiles
from tests.wire import Victim

TILE = png(tiny_tiles()[0])
MIB = 2**20
ZEROS = zlib.compress(bytes(100 * MIB), 9)


def header(width: int, height: int, colour: int = 0) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)


END = (b"IEND", b"")
SMALL = (b"IDAT", zlib.compress(bytes(17 * 16)))
BOMBS = {
    "50,000 x 50,000 pixels": (join([header(50_000, 50_000), SMALL, END]), 422, "tile_too_large"),
    "the largest size there is": (
        join([header(2**31 - 1, 2**31 - 1), SMALL, END]),
        422,
        "tile_too_large",
    ),
    "one pixel high": (join([header(4_000_000, 1), SMALL, END]), 422, "tile_too_small"),
    "a second, huge header": (
        join([header(16, 16), header(60_000, 60_000), SMALL, END]),
        400,
        "damaged_tile",
    ),
    "a palette and pixels in 10,000 chunks": (
        join([header(16, 16, 3), (b"PLTE", bytes(3)), *[(b"IDAT", b"")] * 10_000, END]),
        400,
        "damaged_tile",
    ),
    "a script": (b"#!/bin/sh\nrm -rf /\n", 415, "not_a_png"),
    "an SVG that loads a file": (
        b'<svg><image href="file:///etc/passwd"/></svg>',
        415,
        "not_a_png",
    ),
    "a pickle": (b"cos\nsystem\n(S'id'\ntR.", 415, "not_a_png"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb(service: Victim, name: str) -> None:
    """It is refused by its first bytes, with the status of its kind."""
    data, status, code = BOMBS[name]
    answer = service.post("/screen", data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"iTXt"])
def test_text_that_unpacks_to_100_mib(service: Victim, kind: bytes) -> None:
    """Chunks that are no pixels are never unpacked: the tile is a tile like any other."""
    bomb = join([header(16, 16), (kind, b"a\0\0" + ZEROS), SMALL, END])
    assert service.post("/encode", bomb).status_code == 200


def test_pixels_that_unpack_to_100_mib(service: Victim) -> None:
    """Of pixels that go on after the last row no more is unpacked than the tile has."""
    bomb = join([header(16, 16), (b"IDAT", ZEROS), END])
    assert service.post("/encode", bomb).status_code in {200, 400}


def test_many_large_tiles(service: Victim) -> None:
    """A form of 32 tiles of four million pixels each is decoded one after another."""
    large = join([header(2048, 2048), (b"IDAT", zlib.compress(bytes(2049 * 2048), 9)), END])
    files = [("files", ("a.png", large)) for _ in range(32)]
    answer = service.api.post("/encode", files=files)
    assert answer.status_code in {200, 504}


def test_bad_tiles_beside_good_ones(service: Victim) -> None:
    """Bombs in a form fail alone; the tiles between them have the answers they have alone."""
    bad = [(f"{name}.png", data) for name, (data, _, _) in BOMBS.items()]
    files = [
        file for pair in zip(bad, [("good.png", TILE)] * len(bad), strict=True) for file in pair
    ]
    answer = service.api.post("/encode", files=[("files", file) for file in files])
    results = answer.json()["results"]
    alone = service.post("/encode", TILE).json()["results"][0]["latent"]
    assert [one["error"]["code"] for one in results[::2]] == [code for _, _, code in BOMBS.values()]
    assert all(one["latent"] == alone for one in results[1::2])


def test_names_that_climb(service: Victim) -> None:
    """A file's name is only ever a name: without folders, never opened, never written."""
    names = ["../../../etc/passwd.png", "C:\\windows\\a.png", "a\0b.png", "%2e%2e%2fx.png"]
    files = [("files", (name, TILE)) for name in names]
    results = service.api.post("/encode", files=files).json()["results"]
    assert [one["id"] for one in results][:2] == ["passwd", "a"]
    assert all("/" not in one["id"] and "latent" in one for one in results)
