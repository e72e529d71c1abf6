"""What all requests together may hold, and that each gives it back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.errors import BodiesFull, Draining, QueueFull
from service.requests.admission import Gate
from service.requests.bodies import Pace
from tests.api import Api, running, until
from tests.pictures import png
from tests.tiny import tiny_tiles

TILE = png(tiny_tiles()[0])
SIZE = 1000
ROUTES = ["/encode", "/neighbors", "/cluster", "/view/upload"]


@contextmanager
def narrow(path: Path) -> Iterator[tuple[Api, Gate]]:
    """An application with room for four bodies of SIZE bytes and for four tiles."""
    limits = {"max_tile_bytes": 1024, "max_body_bytes": 1024, "max_bytes_in_flight": 4 * SIZE}
    with running(path, max_queue_tiles=4, max_client_batch=4, **limits) as api:
        yield api, api.serving.gate


def send(api: Api, body: Any, route: str = "/encode", **headers: str) -> Any:
    headers = {"Content-Type": "image/png"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return asyncio.create_task(api.client.post(route, content=body, headers=headers))


async def held(gate: asyncio.Event, size: int = SIZE) -> AsyncIterator[bytes]:
    """A body that stops before its last byte until the gate is opened."""
    yield bytes(size - 1)
    await gate.wait()
    yield b"x"


@pytest.mark.parametrize("announced", [{"Content_Length": str(SIZE)}, {}])
@pytest.mark.parametrize("route", ROUTES)
def test_bodies_beyond_the_budget_are_refused_at_once(
    tiny_path: Path, route: str, announced: dict[str, str]
) -> None:
    """With four bodies under way, a fifth is answered 429, with a length and without; then none."""
    with narrow(tiny_path) as (api, gate):

        async def talk() -> list[httpx.Response]:
            opened = asyncio.Event()
            first = [send(api, held(opened), route, **announced) for _ in range(4)]
            await until(lambda: gate.bytes >= 4 * (SIZE - 1))
            refused = await send(api, held(opened), route, **announced)
            opened.set()
            return [refused, *await asyncio.gather(*first), await send(api, TILE, route)]

        refused, *others, last = api.runner.run(talk())
        assert refused.status_code == 429
        assert "all together may hold 4,000" in refused.text
        assert {answer.status_code for answer in others} <= {415, 422}
        assert (last.status_code, gate.bytes, gate.tiles) == (200, 0, 0)


def test_refused_bodies_say_when_to_come_back(tiny_path: Path) -> None:
    """The refusal has its own code and Retry-After, and comes before the body is read."""
    with narrow(tiny_path) as (api, gate), gate.enter() as ticket:
        ticket.hold(4 * SIZE)
        answer = api.post("/encode", never(), Content_Length="1")
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("bodies_full", "1")


@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data; boundary=x"])
def test_a_full_gate_refuses_before_the_body_is_read(tiny_path: Path, kind: str) -> None:
    """With all tiles taken, one more is answered 429 unread, alone in a body or in a form."""
    with narrow(tiny_path) as (api, gate), gate.enter() as ticket:
        ticket.take(4)
        answer = api.post("/encode", never(), kind)
    assert (answer.status_code, answer.json()["code"]) == (429, "queue_full")
    assert answer.headers["retry-after"] == "1"


def test_a_form_without_room_is_refused_while_it_arrives(tiny_path: Path) -> None:
    """A form is turned away at the first tile too many; one that just fits is answered."""
    with narrow(tiny_path) as (api, gate), gate.enter() as ticket:
        ticket.take(2)
        refused = api.form("/encode", *[("a.png", TILE)] * 3)
        served = api.form("/encode", *[("a.png", TILE)] * 2)
    assert (refused.status_code, served.status_code) == (429, 200)
    assert (
        "2 tiles are being worked on or wait, this request has 3 or more, and at most 4"
        in (refused.json()["detail"])
    )


async def never() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


@pytest.mark.parametrize("kind", ["image/png", "text/plain", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("body", [TILE, b"", b"junk", bytes(2000)])
def test_each_answer_gives_its_room_back(tiny_path: Path, kind: str, body: bytes) -> None:
    """Good or bad, a request that was answered holds nothing."""
    with narrow(tiny_path) as (api, gate):
        api.post("/encode", body, kind)
        assert (gate.bytes, gate.tiles) == (0, 0)


def test_a_client_who_hangs_up_gives_its_room_back(tiny_path: Path) -> None:
    """A request that ends in the middle of its body holds nothing."""
    with narrow(tiny_path) as (api, gate):

        async def talk() -> None:
            going = send(api, held(asyncio.Event()))
            await until(lambda: gate.bytes > 0)
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)

        api.runner.run(talk())
        assert (gate.bytes, gate.tiles) == (0, 0)


def test_tiles_being_decoded_count(tiny_path: Path) -> None:
    """Work for the decoder does not pile up: with four tiles waiting for it, a fifth is refused."""
    with narrow(tiny_path) as (api, gate):
        serving = api.serving

        async def talk() -> tuple[httpx.Response, list[httpx.Response]]:
            turns = 2 * serving.settings.thread_count
            for _ in range(turns):
                await serving.process.turns.acquire()
            first = [send(api, TILE) for _ in range(4)]
            await until(lambda: gate.tiles == 4)
            refused = await send(api, TILE)
            for _ in range(turns):
                serving.process.turns.release()
            return refused, await asyncio.gather(*first)

        refused, served = api.runner.run(talk())
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
    assert [answer.status_code for answer in served] == [200] * 4


def opened(*, tiles: int = 10, size: int = 10) -> Gate:
    return Gate(most_tiles=tiles, most_bytes=size)


def test_a_ticket_keeps_what_it_has() -> None:
    """A ticket that cannot hold more stays as it was; the other's is not touched."""
    gate = opened()
    with gate.enter() as one, gate.enter() as other:
        one.hold(6)
        other.hold(4)
        one.hold(5)
        with pytest.raises(BodiesFull, match="Other requests hold 4 bytes, this one has 7"):
            one.hold(7)
        assert (one.bytes, other.bytes, gate.bytes) == (6, 4, 10)
    assert gate.bytes == 0


def test_tiles_are_taken_all_or_none() -> None:
    """A request for which there is no room leaves the gate as it was."""
    gate = opened(tiles=4)
    with gate.enter() as one, gate.enter() as other:
        one.take(3)
        with pytest.raises(QueueFull, match=r"3 tiles are being worked on or wait, this .* has 2"):
            other.take(2)
        assert (gate.tiles, other.tiles) == (3, 0)
        other.take(1)
    assert gate.tiles == 0


def test_slow_senders_keep_nobody_out() -> None:
    """Requests that are still being read hold no tiles, however many there are."""
    gate = opened(tiles=1)
    with gate.enter() as slow, gate.enter() as quick:
        slow.expect(1)
        quick.take(1)
    assert gate.tiles == 0


def test_nobody_comes_in_once_it_stops() -> None:
    """A request that comes while the service stops is told before it is read."""
    gate = opened()
    gate.close()
    with pytest.raises(Draining), gate.enter():
        pass


def test_a_body_that_announces_much_must_send_much() -> None:
    """After the first pause, the part that was read must be that of the time gone by."""
    pace = Pace(start=0, patience=60, size=1000)
    assert pace.deadline(0, 0) == 10  # the first pause
    assert pace.deadline(9, 100) == pytest.approx(15)  # a tenth of it: of the other 50 s, 5
    assert pace.deadline(9, 900) == 19  # fast enough, but it must not stand still
    assert pace.deadline(55, 990) == pytest.approx(59.5)


def test_a_body_that_announces_nothing_may_take_the_whole_time() -> None:
    """Without a size there are only the pause and the whole time."""
    pace = Pace(start=0, patience=60, size=0)
    assert (pace.deadline(0, 0), pace.deadline(40, 1), pace.deadline(55, 2)) == (10, 50, 60)


@pytest.mark.parametrize("route", ["/encode", "/neighbors", "/cluster", "/screen"])
def test_without_room_tiles_alone_are_turned_away(tiny_path: Path, route: str) -> None:
    """With no room for a tile, 429 by the route's own name; stored tiles are answered about."""
    with narrow(tiny_path) as (api, gate), gate.enter() as ticket:
        ticket.take(4)
        refused = api.post(route, TILE)
        assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
        assert refused.headers["x-bundle"] == api.serving.bundle.manifest.bundle_id
        name = f'route="{route}",status="429"'
        assert name in api.get("/metrics").text
        assert api.get(f"{route}/c300").status_code == 200
