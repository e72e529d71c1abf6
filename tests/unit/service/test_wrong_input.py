"""Uploads that cannot be used: the right status, a sentence, and the service lives on."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bundle.preprocess import SIGNATURE
from tests.api import Api, running
from tests.fakes import FakeEncoder
from tests.pictures import png
from tests.tiny import tiny_tiles

TILE = png(tiny_tiles()[0])
MIB = 2**20


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path, encoder=FakeEncoder(refuse=77)) as api:
        yield api


def header_only(width: int, height: int) -> bytes:
    """The signature and header of a PNG of that size, and nothing after it."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return SIGNATURE + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def interlaced(pixels: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> bytes:
    """An Adam7 PNG, which Pillow reads but does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    height, width = pixels.shape
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2))
    lines = b"".join(
        b"\0" + row.tobytes()
        for y, x, down, right in (*passes, (1, 0, 2, 1))
        for row in pixels[y::down, x::right]
    )
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1))
    return SIGNATURE + start + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def picture(kind: str, mode: str) -> bytes:
    stream = BytesIO()
    Image.new(mode, (32, 32), None).save(stream, kind)
    return stream.getvalue()


def animated() -> bytes:
    stream = BytesIO()
    frames = [Image.new("L", (16, 16), grey) for grey in (10, 200)]
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    return stream.getvalue()


WRONG = {
    "empty": (b"", 400, "empty_tile"),
    "truncated": (
        png(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))[:900],
        400,
        "damaged_tile",
    ),
    "one pixel": (png(np.zeros((1, 1), np.uint8)), 422, "tile_too_small"),
    "20,000 x 20,000": (header_only(20_000, 20_000), 422, "tile_too_large"),
    "animated": (animated(), 422, "animated_tile"),
    "CMYK in disguise": (picture("JPEG", "CMYK"), 415, "not_a_png"),
    "text": (b"id,class\nc311,0\n", 415, "not_a_png"),
    "a tile that the encoder fails on": (
        png(np.full((16, 16), 77, np.uint8)),
        500,
        "encoding_failed",
    ),
}


@pytest.mark.parametrize("route", ["/encode", "/neighbors", "/cluster", "/screen"])
@pytest.mark.parametrize("name", WRONG)
def test_raw_tile_answers_with_its_own_status(api: Api, name: str, route: str) -> None:
    """A raw tile that cannot be used gives the problem as the answer, on every route."""
    data, status, code = WRONG[name]
    answer = api.post(route, data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["instance"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("route", ["/encode", "/neighbors", "/cluster", "/screen"])
def test_form_answers_about_each_tile(api: Api, route: str) -> None:
    """In a form, each bad tile has its own error, the good ones their answers, in order."""
    files = [(f"{name}.png", data) for name, (data, _, _) in WRONG.items()]
    answer = api.form(route, ("good.png", TILE), *files, ("last.png", TILE))
    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [result["id"] for result in results] == ["good", *WRONG, "last"]
    assert [result["index"] for result in results] == list(range(len(results)))
    assert [result["error"]["code"] for result in results[1:-1]] == [
        c for _, _, c in WRONG.values()
    ]
    assert {k: v for k, v in results[0].items() if k not in {"index", "id"}} == {
        k: v for k, v in results[-1].items() if k not in {"index", "id"}
    }


def test_interlaced_tile_works(api: Api) -> None:
    """An interlaced PNG gives the same latent as the plain one."""
    tile = tiny_tiles()[0]
    answers = [api.post("/encode", data).json()["results"] for data in (interlaced(tile), TILE)]
    assert answers[0] == answers[1]


def test_200_mb_are_refused_before_they_are_read(api: Api) -> None:
    """A length over the limit is refused at once, with the size and the limit."""
    answer = api.post("/encode", _never(), Content_Length=str(200 * 10**6))
    assert answer.status_code == 413
    assert "200,000,000 bytes; at most 16,777,216" in answer.json()["detail"]


async def _never() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data; boundary=x"])
def test_200_mb_without_a_length_are_refused_while_read(api: Api, kind: str) -> None:
    """A body that only turns out too long is refused at the limit; the rest is not read."""
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        for _ in range(200):
            sent += 1
            yield bytes(MIB)

    answer = api.post("/encode", body(), kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert "goes on after the" in answer.json()["detail"]
    assert sent <= 34


def test_a_long_file_in_a_form_fails_alone(tiny_path: Path) -> None:
    """A file over the limit for one tile gets its own 413; the tile beside it its answer."""
    with running(tiny_path, max_tile_bytes=2048) as api:
        results = api.form("/encode", ("long.png", bytes(5000)), ("a.png", TILE)).json()["results"]
    assert results[0]["error"]["code"] == "tile_too_long"
    assert "5,000 bytes; a tile has at most 2,048. Cut it" in results[0]["error"]["detail"]
    assert "latent" in results[1]


def test_too_many_tiles(tiny_path: Path) -> None:
    """A form with more tiles than allowed is refused as a whole, naming the limit."""
    with running(tiny_path, max_client_batch=2) as api:
        answer = api.form("/encode", *[("a.png", TILE)] * 3)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_tiles")
    assert "more than 2 tiles" in answer.json()["detail"]


PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nabc'
FORMS = {
    "no boundary": ("multipart/form-data", PART, "has no boundary"),
    "not a form": ("multipart/form-data; boundary=x", b"abc", "cannot be read"),
    "ends early": ("multipart/form-data; boundary=x", PART, "ends early"),
    "no file": ("multipart/form-data; boundary=x", b"--x--\r\n", "holds no file"),
    "another field": (
        "multipart/form-data; boundary=x",
        PART.replace(b"files", b"image") + b"\r\n--x--\r\n",
        "a field 'image'",
    ),
    "a header without end": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: " + b"a" * 100_000,
        "cannot be read",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_malformed_form(api: Api, name: str) -> None:
    """A form that cannot be read, or holds no tile, is refused with what to do."""
    kind, body, said = FORMS[name]
    answer = api.post("/encode", body, kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_form")
    assert said in answer.json()["detail"]


def test_wrong_media_type(api: Api) -> None:
    """A body of another kind is refused, naming the kinds that are taken."""
    answer = api.post("/encode", b"{}", "application/json")
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_media_type")
    assert "image/png" in answer.json()["detail"]


def test_a_body_is_refused_in_words_for_what_it_is(tiny_path: Path) -> None:
    """A table is not told of tiles, nor of PNGs and forms."""
    with running(tiny_path, max_body_bytes=1024, max_tile_bytes=1024) as api:
        long = api.post("/decisions/import", b"id,decision\n" + b"c303,drop\n" * 1000, "text/csv")
        other = api.post("/decisions/import", b"{}", "application/json")
    assert (long.status_code, other.status_code) == (413, 415)
    assert "Send it in parts." in long.json()["detail"]
    assert "tile" not in long.json()["detail"]
    assert "PNG" not in other.json()["title"]


def test_pages_do_not_tell_of_requests(tiny_path: Path) -> None:
    """What a program would send next is for the answers that programs get."""
    with running(tiny_path) as api:
        page, answer = api.get("/view/review?sample=7").text, api.get("/review/samples/7").json()
    assert "has no audit sample 7." in page
    assert "POST /review/sample" in answer["detail"]
    assert "POST /review/sample draws" not in page


def test_a_slow_body_is_not_waited_for(tiny_path: Path) -> None:
    """A body that does not arrive within the limit is answered 408."""

    async def body() -> AsyncIterator[bytes]:
        yield b"\x89PNG"
        await asyncio.Event().wait()

    with running(tiny_path, request_timeout_s=0.05) as api:
        answer = api.post("/encode", body())
    assert answer.status_code == 408
    assert "Send smaller tiles" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "url", "status", "said"),
    [
        ("GET", "/tiles/zzz", 404, "the id 'zzz'. GET /tiles lists them."),
        ("GET", "/neighbors/", 404, "The id is empty. GET /tiles lists them."),
        ("GET", "/tiles?scan=x", 404, "named 'x'. GET /tiles names the scan of each tile."),
        ("GET", "/encode", 405, "other methods: POST. For a stored tile: GET /encode/{tile_id}."),
        ("PATCH", "/encode", 405, "other methods: POST."),
        ("DELETE", "/screen", 405, "other methods: GET, HEAD, POST."),
    ],
)
def test_wrong_addresses_say_where_to_go(
    api: Api, method: str, url: str, status: int, said: str
) -> None:
    """What is not found, or not with this method, ends with the route that helps."""
    answer = api.ask(method, url)
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(said)


def test_a_tile_that_is_too_small_says_what_to_do(api: Api) -> None:
    """The refusal names the size, the bound and the remedy."""
    detail = api.post("/encode", png(np.zeros((1, 1), np.uint8))).json()["detail"]
    assert detail.endswith("1 x 1 pixels; each side must have at least 8. Cut larger tiles.")


@pytest.mark.parametrize("route", ["/encode", "/v2/models/tilescreen/infer"])
def test_a_compressed_body_is_refused_as_such(api: Api, route: str) -> None:
    """It is told to be sent as it is, not that it is no PNG."""
    answer = api.ask("POST", route, content=b"x", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert "'gzip'. Send the body as it is, not compressed." in answer.json()["detail"]
