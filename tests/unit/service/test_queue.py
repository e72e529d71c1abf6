"""What a client meets when the encoder cannot keep up, and what happens when it leaves."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bundle.arrays import Tiles
from bundle.runtime import Examined
from tests.api import Api, running, until
from tests.fakes import FakeEncoder, GatedEncoder
from tests.pictures import png
from tests.tiny import tiny_tiles

TILE, OTHER = png(tiny_tiles()[0]), png(tiny_tiles()[7])


@contextmanager
def stuck(path: Path, **settings: Any) -> Iterator[tuple[Api, GatedEncoder]]:
    """An application whose encoder stands still until its gate is opened."""
    encoder = GatedEncoder(begin_open=True)
    limits = {"max_batch_size": 1, "max_client_batch": 1, "max_queue_tiles": 2, **settings}
    with running(path, encoder=encoder, **limits) as api:
        encoder.gate.clear()
        encoder.busy.clear()
        try:
            yield api, encoder
        finally:
            encoder.gate.set()


def send(api: Api, tile: bytes = TILE) -> "asyncio.Task[httpx.Response]":
    return asyncio.create_task(api.client.post("/encode", content=tile))


def test_a_full_queue_says_when_to_come_back(tiny_path: Path) -> None:
    """With the queue full, one tile more is answered 429 and Retry-After; those before are done."""
    with stuck(tiny_path) as (api, encoder):
        batcher = api.serving.batcher

        async def talk() -> list[httpx.Response]:
            first = send(api)
            await until(encoder.busy.is_set)
            second = send(api)
            await until(lambda: batcher.waiting == 1)
            third = await send(api)
            encoder.gate.set()
            return [third, await first, await second]

        refused, *served = api.runner.run(talk())
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert [answer.status_code for answer in served] == [200, 200]


def test_an_answer_that_takes_too_long(tiny_path: Path) -> None:
    """A tile that is not encoded in time is answered 504, with what to do."""
    with stuck(tiny_path, request_timeout_s=0.05) as (api, _):
        answer = api.post("/encode", TILE)
    assert (answer.status_code, answer.json()["code"]) == (504, "took_too_long")


def test_what_is_too_late_is_not_worked_for(tiny_path: Path) -> None:
    """A tile whose time is over while it waits leaves the queue, and is never run."""
    with stuck(tiny_path, request_timeout_s=0.2) as (api, encoder):
        serving = api.serving

        async def talk() -> list[int]:
            first = send(api)
            await until(encoder.busy.is_set)
            answers = await asyncio.gather(first, send(api))
            assert (serving.batcher.waiting, serving.gate.tiles) == (0, 0)
            encoder.gate.set()
            return [answer.status_code for answer in answers]

        runs = len(encoder.runs)
        assert api.runner.run(talk()) == [504, 504]
    assert len(encoder.runs) == runs + 1


def test_a_client_who_hangs_up_is_not_worked_for(tiny_path: Path) -> None:
    """A request whose client left gives up its place in the queue."""
    with stuck(tiny_path) as (api, encoder):

        async def talk() -> None:
            first = send(api)
            await until(encoder.busy.is_set)
            left = asyncio.Event()
            second = asyncio.create_task(_ask(api, left))
            await until(lambda: api.serving.batcher.waiting == 1)
            left.set()
            assert await second == []
            encoder.gate.set()
            await first

        runs = len(encoder.runs)
        api.runner.run(talk())
    assert len(encoder.runs) == runs + 1


async def _ask(api: Api, left: asyncio.Event | None = None) -> list[Any]:
    """Speak ASGI as a server whose client leaves, at once or when told; return what was sent."""
    sent: list[Any] = []
    pieces = iter([{"type": "http.request", "body": TILE, "more_body": left is None}])

    async def receive() -> Any:
        for piece in pieces:
            return piece
        if left is not None:
            await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/encode",
        "query_string": b"",
        "headers": [(b"content-type", b"image/png")],
    }
    await api.app(scope, receive, send)
    return sent


def test_not_ready_when_the_probe_differs(tiny_path: Path) -> None:
    """An encoder that no longer gives the stored latents makes the service not ready: 503."""
    encoder = Drifting()
    with running(tiny_path, encoder=encoder) as api:
        encoder.off = 0.5
        answer = api.get("/readyz")
        assert api.get("/livez").status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "latent differs from the stored one by 0.5" in answer.json()["detail"]


def test_not_ready_when_the_probes_map_differs(tiny_path: Path) -> None:
    """An encoder that no longer gives the stored maps makes the service not ready: 503."""
    encoder = Drifting()
    with running(tiny_path, encoder=encoder) as api:
        encoder.maps_off = 0.5
        answer = api.get("/readyz")
    assert answer.status_code == 503
    assert "map differs from the stored one by 0.5" in answer.json()["detail"]


def test_not_ready_when_the_encoder_fails(tiny_path: Path) -> None:
    """An encoder that fails on the probe tile makes the service not ready: 503."""
    encoder = FakeEncoder()
    with running(tiny_path, encoder=encoder) as api:
        encoder.drop = 1
        answer = api.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_the_probe_does_not_stand_in_line(tiny_path: Path) -> None:
    """However many tiles wait, the probe is the next to be run: busy is no fault."""
    with stuck(tiny_path) as (api, encoder):

        async def talk() -> None:
            first, second = send(api), send(api, OTHER)
            await until(lambda: encoder.busy.is_set() and waiting() == 1)
            probe = asyncio.create_task(api.client.get("/readyz"))
            await until(lambda: waiting() == 2)
            encoder.gate.set()
            await asyncio.gather(first, second)
            assert (await probe).status_code == 200

        def waiting() -> int:
            return int(api.serving.batcher.waiting)

        encoder.seen.clear()
        api.runner.run(talk())
    tile, other = tiny_tiles()[0, 0, 0], tiny_tiles()[7, 0, 0]
    assert encoder.seen == [tile, tile, other], "the probe is the first tile too"


def test_not_ready_once_it_stops(tiny_path: Path) -> None:
    """A service that has stopped says so with 503."""
    with running(tiny_path) as api:
        serving = api.serving
        api.runner.run(serving.batcher.__aexit__(None, None, None))
        answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")


class Drifting(FakeEncoder):
    """Gives latents that are off by `off`, and maps by `maps_off`."""

    off = maps_off = 0.0

    def examine(self, tiles: Tiles) -> Examined:
        latents, maps = super().examine(tiles)
        return Examined(latents + self.off, maps + self.maps_off)


def test_a_client_who_leaves_while_sending_gets_no_answer(tiny_path: Path) -> None:
    """A connection that ends within the body ends the request; the next one is answered."""
    with running(tiny_path) as api:
        sent = api.runner.run(_ask(api))
        assert api.post("/encode", TILE).status_code == 200
    assert sent == []
