"""What all requests together may hold, and that each gives it back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.budget import Budget
from service.errors import BodiesFull
from tests.api import Api, running, until
from tests.pictures import png
from tests.tiny import tiny_tiles

TILE = png(tiny_tiles()[0])
SIZE = 1000
ROUTES = ["/encode", "/neighbors", "/cluster", "/view/upload"]


@contextmanager
def narrow(path: Path) -> Iterator[tuple[Api, Budget]]:
    """An application with room for four bodies of SIZE bytes."""
    limits = {"max_tile_bytes": 1024, "max_body_bytes": 1024, "max_bytes_in_flight": 4 * SIZE}
    with running(path, **limits) as api:
        yield api, api.serving.budget


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
    with narrow(tiny_path) as (api, budget):

        async def talk() -> list[httpx.Response]:
            gate = asyncio.Event()
            first = [send(api, held(gate), route, **announced) for _ in range(4)]
            await until(lambda: budget.taken >= 4 * (SIZE - 1))
            refused = await send(api, held(gate), route, **announced)
            gate.set()
            return [refused, *await asyncio.gather(*first), await send(api, TILE, route)]

        refused, *others, last = api.runner.run(talk())
        assert refused.status_code == 429
        assert "all together may hold 4,000" in refused.text
        assert {answer.status_code for answer in others} <= {415, 422}
        assert (last.status_code, budget.taken) == (200, 0)


def test_refused_bodies_say_when_to_come_back(tiny_path: Path) -> None:
    """The refusal has its own code and Retry-After, and comes before the body is read."""
    with narrow(tiny_path) as (api, budget), budget.share() as share:
        share.grow(4 * SIZE)
        answer = api.post("/encode", never(), Content_Length="1")
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("bodies_full", "1")


async def never() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


@pytest.mark.parametrize("kind", ["image/png", "text/plain", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("body", [TILE, b"", b"junk", bytes(2000)])
def test_each_answer_gives_its_share_back(tiny_path: Path, kind: str, body: bytes) -> None:
    """Good or bad, a request that was answered holds nothing."""
    with narrow(tiny_path) as (api, budget):
        api.post("/encode", body, kind)
        assert budget.taken == 0


def test_a_client_who_hangs_up_gives_its_share_back(tiny_path: Path) -> None:
    """A request that ends in the middle of its body holds nothing."""
    with narrow(tiny_path) as (api, budget):

        async def talk() -> None:
            going = send(api, held(asyncio.Event()))
            await until(lambda: budget.taken > 0)
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)

        api.runner.run(talk())
        assert budget.taken == 0


def test_a_share_keeps_what_it_has() -> None:
    """A share that cannot grow stays as it was; the other's is not touched."""
    budget = Budget(10)
    with budget.share() as one, budget.share() as other:
        one.grow(6)
        other.grow(4)
        one.grow(5)
        with pytest.raises(BodiesFull, match="Other requests hold 4 bytes, this one has 7"):
            one.grow(7)
        assert (one.size, other.size, budget.taken) == (6, 4, 10)
