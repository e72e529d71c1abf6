"""Answers in other forms than one JSON object: lines, NumPy, Arrow, and 406."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow.ipc
import pytest

from bundle.arrays import Latents, Tiles
from service import state
from service.answering.looks import decode
from service.requests.negotiation import quality
from tests.api import Api, running, until
from tests.fakes import FakeEncoder, GatedEncoder
from tests.pictures import png
from tests.tiny import tiny_tiles

NDJSON, NPY = "application/x-ndjson", "application/x-npy"
ARROW = "application/vnd.apache.arrow.stream"
TILES = [png(tile) for tile in tiny_tiles()]
MIXED = [("a.png", TILES[0]), ("b.png", b"no picture"), ("c.png", TILES[2]), ("d.png", b"")]


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path) as api:
        yield api


def send(api: Api, url: str, accept: str, files: list[tuple[str, bytes]]) -> httpx.Response:
    parts = [("files", (name, data, "image/png")) for name, data in files]
    return api.ask("POST", url, files=parts, headers={"Accept": accept})


@pytest.mark.parametrize("url", ["/encode", "/neighbors?k=3", "/cluster", "/screen"])
def test_lines_say_what_json_says(api: Api, url: str) -> None:
    """The first line names the bundle and the number of tiles; the rest are the results."""
    usual = api.form(url, *MIXED).json()
    answer = send(api, url, NDJSON, MIXED)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(NDJSON)
    first, *rest = map(json.loads, answer.content.splitlines())
    assert first == {"bundle": usual["bundle"], "tiles": 4}
    assert rest == usual["results"]


def test_npy_is_the_latents_with_nan_for_what_failed(api: Api) -> None:
    """Rows are in request order; the header names failed tiles by code."""
    usual = api.form("/encode", *MIXED).json()["results"]
    answer = send(api, "/encode", NPY, MIXED)
    rows = np.load(BytesIO(answer.content), allow_pickle=False)
    assert (rows.shape, rows.dtype) == ((4, 4), np.float32)
    for row, result in zip(rows, usual, strict=True):
        if "error" in result:
            assert np.isnan(row).all()
        else:
            assert row == pytest.approx(np.array(result["latent"], dtype=np.float32), abs=0)
    assert answer.headers["x-tile-errors"] == "empty_tile=(3), not_a_png=(1)"
    assert "x-tile-errors" not in send(api, "/encode", NPY, MIXED[:1]).headers


def test_arrow_has_a_latent_or_an_error_in_each_row(api: Api) -> None:
    """Another implementation of Arrow reads ids, latents and errors."""
    usual = api.form("/encode", *MIXED).json()["results"]
    answer = send(api, "/encode", ARROW, MIXED)
    found = pyarrow.ipc.open_stream(answer.content).read_all().to_pylist()
    assert [row["id"] for row in found] == ["a", "b", "c", "d"]
    for row, result in zip(found, usual, strict=True):
        error = result.get("error", {"code": None, "detail": None})
        assert (row["error"], row["detail"]) == (error["code"], error["detail"])
        latent = row["latent"] and np.array(row["latent"], dtype=np.float32).tolist()
        told = result.get("latent")
        assert latent == (told and np.array(told, dtype=np.float32).tolist())


@pytest.mark.parametrize("accept", [NDJSON, NPY, ARROW])
def test_a_raw_tile_that_cannot_be_used_has_its_own_status(api: Api, accept: str) -> None:
    """Whatever the form of a good answer, a problem is a problem."""
    answer = api.post("/encode", b"no picture", Accept=accept)
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("url", "accept"),
    [("/encode", "text/html"), ("/screen", NPY), ("/encode", "application/json;q=0")],
)
def test_a_form_that_is_not_given_is_406(api: Api, url: str, accept: str) -> None:
    """The problem names the forms that are; the body is not read."""
    answer = api.post(url, TILES[0], Accept=accept)
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert NDJSON in answer.json()["detail"]
    assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize("accept", ["application/json", NDJSON, NPY, ARROW, "*/*"])
def test_answers_vary_by_accept(api: Api, accept: str) -> None:
    """A cache on the way learns that the header decides the form."""
    assert api.post("/encode", TILES[0], Accept=accept).headers["vary"] == "Accept"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", 1.0),
        ("*/*", 1.0),
        ("application/*;q=0.5", 0.5),
        ("*/*;q=0.1, application/json;q=0.7", 0.7),
        ("application/json;q=0, */*", 0.0),
        ("APPLICATION/JSON ; q=0.25", 0.25),
        ("text/html", 0.0),
    ],
)
def test_the_most_exact_range_decides(accept: str, wanted: float) -> None:
    """Accept is read as RFC 9110 has it."""
    assert quality(accept, "application/json") == wanted


class Turnstile(FakeEncoder):
    """Once `closed`, waits in every run until `turns` lets one through."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False
        self.turns = threading.Semaphore(0)

    def encode(self, tiles: Tiles) -> Latents:
        if self.closed:
            self.turns.acquire(timeout=20)
        return super().encode(tiles)


def test_lines_come_before_the_last_tile_is_done(tiny_path: Path) -> None:
    """The first run's results arrive while the encoder still waits with the second."""
    encoder = Turnstile()
    with running(tiny_path, encoder=encoder, max_batch_size=2) as api:
        encoder.closed = True
        api.runner.run(_by_turns(api, encoder))


async def _by_turns(api: Api, encoder: Turnstile) -> None:
    lines: list[Any] = []

    async def send(message: Any) -> None:
        lines.extend(map(json.loads, message.get("body", b"").splitlines()))

    files = [(f"t{number}.png", tile) for number, tile in enumerate(TILES[:4])]
    asked = asyncio.create_task(_ask(api, files, send))
    await until(lambda: len(lines) == 1)
    encoder.turns.release()
    await until(lambda: len(lines) == 3)
    encoder.turns.release()
    await asked
    assert [line.get("index") for line in lines] == [None, 0, 1, 2, 3]


def test_tiles_of_a_client_that_hangs_up_are_dropped(tiny_path: Path) -> None:
    """In the middle of a stream, what still waits for the encoder leaves the queue."""
    encoder = Turnstile()
    with running(tiny_path, encoder=encoder, max_batch_size=1) as api:
        encoder.closed = True
        encoder.runs.clear()
        api.runner.run(_hang_up(api, encoder))
    assert len(encoder.runs) <= 2


async def _hang_up(api: Api, encoder: Turnstile) -> None:
    gone, lines = asyncio.Event(), []

    async def send(message: Any) -> None:
        lines.extend(message.get("body", b"").splitlines())

    files = [(f"t{number}.png", tile) for number, tile in enumerate(TILES[:8])]
    asked = asyncio.create_task(_ask(api, files, send, gone))
    encoder.turns.release()
    await until(lambda: len(lines) == 2)
    gone.set()
    await asked
    encoder.turns.release(8)


async def _ask(
    api: Api, files: list[tuple[str, bytes]], send: Any, gone: asyncio.Event | None = None
) -> None:
    parts = [("files", (name, data, "image/png")) for name, data in files]
    made = api.client.build_request("POST", "/encode", files=parts, headers={"Accept": NDJSON})
    body, gone = [made.read()], gone or asyncio.Event()

    async def receive() -> Any:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/encode",
        "query_string": b"",
        "headers": [(k.lower(), v) for k, v in made.headers.raw],
        "app": api.app,
    }
    await api.app(scope, receive, send)


def test_what_is_not_done_in_time_is_an_error_line(tiny_path: Path) -> None:
    """A stream that has begun is finished, and says which tiles came too late."""
    encoder = GatedEncoder(begin_open=True)
    with running(tiny_path, encoder=encoder, request_timeout_s=0.2) as api:
        encoder.gate.clear()
        answer = send(api, "/encode", NDJSON, MIXED)
        encoder.gate.set()
    _, *rest = map(json.loads, answer.content.splitlines())
    codes = [result["error"]["code"] for result in rest]
    assert codes == ["took_too_long", "not_a_png", "took_too_long", "empty_tile"]


def test_reading_and_a_stream_share_one_time(
    tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What decoding took is not given to the stream again: a request has its time once."""

    def slow(*args: Any, **more: Any) -> Any:
        time.sleep(1.0)
        return decode(*args, **more)

    encoder = GatedEncoder(begin_open=True)
    with running(tiny_path, encoder=encoder, request_timeout_s=1.3) as api:
        monkeypatch.setattr(state, "decode", slow)
        encoder.gate.clear()
        began = time.monotonic()
        answer = send(api, "/encode", NDJSON, MIXED[:1])
        took = time.monotonic() - began
        encoder.gate.set()
    _, line = map(json.loads, answer.content.splitlines())
    assert line["error"]["code"] == "took_too_long"
    assert took < 2.0  # 2.3 if the stream had a time of its own


def test_a_full_queue_is_told_before_the_stream(tiny_path: Path) -> None:
    """One gate for all forms: too many tiles are 429, not a stream of errors."""
    encoder = Turnstile()
    limits = {"max_queue_tiles": 2, "max_client_batch": 2, "max_batch_size": 1}
    with running(tiny_path, encoder=encoder, **limits) as api:
        encoder.closed = True
        api.runner.run(_fill(api, encoder))


async def _fill(api: Api, encoder: Turnstile) -> None:
    statuses = []

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    files = [("a.png", TILES[0]), ("b.png", TILES[1])]
    batcher = api.serving.batcher
    first = asyncio.create_task(_ask(api, files, send))
    await until(lambda: batcher.waiting == 1)  # the other one is being encoded
    second = asyncio.create_task(_ask(api, files, send))
    await second
    assert 429 in statuses
    encoder.turns.release(2)
    await first
