"""Vectors and streams: every promise holds for `Client` and `AsyncClient`."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from client import (
    AsyncClient,
    BundleChanged,
    Client,
    FailedTile,
    InputUnusable,
    Payload,
    ServiceUnreachable,
    UnexpectedAnswer,
)
from tests.unit.client.fake_service import AT_ONCE, FakeService, problem

Call = Callable[..., Any]


def _sync(service: Any, method: str, *args: Any) -> Any:
    transport = httpx.MockTransport(service)
    with Client("http://service", retry=AT_ONCE, transport=transport) as client:
        found = getattr(client, method)(*args)
        return list(found) if hasattr(found, "__next__") else found


async def _async(service: Any, method: str, *args: Any) -> Any:
    transport = httpx.MockTransport(service)
    async with AsyncClient("http://service", retry=AT_ONCE, transport=transport) as client:
        found = getattr(client, method)(*args)
        return [each async for each in found] if hasattr(found, "__anext__") else await found


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """`call(service, method, *args)` on either client; iterators come back as lists."""
    if request.param == "sync":
        return _sync
    return lambda *args: asyncio.run(_async(*args))


def _tiles(*contents: bytes) -> list[Payload]:
    return [Payload(f"t{number}.png", data) for number, data in enumerate(contents)]


def test_vectors_are_one_array(call: Call, tmp_path: Path) -> None:
    """Rows in order over several requests; failed and unreadable tiles are NaN, with a problem."""
    sent = [*_tiles(b"1", b"bad", *[b"4444"] * 70), tmp_path / "gone.png"]
    service = FakeService()
    found = call(service, "vectors", sent)
    assert len(service.asked) == 2
    assert (found.bundle, found.latents.shape, found.latents.dtype) == ("b1", (73, 2), np.float32)
    assert found.latents[[0, 2, 71]].tolist() == [[1.0, 0.5], [4.0, 0.5], [4.0, 0.5]]
    assert np.isnan(found.latents[[1, 72]]).all()
    told = [(one.id, one.problem.code) for one in found.failed]
    assert told == [("t1", "not_a_png"), ("gone", "unreadable_file")]
    assert found.ids[:2] + found.ids[-1:] == ("t0", "t1", "gone")


def test_vectors_split_what_is_too_much(call: Call) -> None:
    """A request that is refused for its size is sent in halves, and the poison is found."""
    service = FakeService(most_tiles=2)
    found = call(service, "vectors", _tiles(b"1", b"22", b"poison", b"333"))
    assert found.latents[:, 0].tolist()[:2] == [1.0, 2.0]
    assert [one.id for one in found.failed] == ["t2"]


def test_vectors_of_nothing(call: Call) -> None:
    """No tiles give no rows."""
    assert call(FakeService(), "vectors", []).latents.shape == (0, 0)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"bundle": "b1", "results": []}),
        httpx.Response(200, content=b"\x93NUMPY", headers={"Content-Type": "application/x-npy"}),
    ],
)
def test_vectors_from_something_else_are_unexpected(call: Call, answer: httpx.Response) -> None:
    """JSON, or half an array, is no answer."""
    with pytest.raises(UnexpectedAnswer):
        call(FakeService(script=[answer]), "vectors", _tiles(b"1"))


def test_vectors_say_when_numpy_is_missing(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, with what to do."""
    monkeypatch.setitem(__import__("sys").modules, "numpy", None)
    with pytest.raises(InputUnusable, match="Vectors need the package numpy"):
        call(lambda _: problem(404, "x"), "vectors", [])


def test_a_stream_says_what_many_says(call: Call, tmp_path: Path) -> None:
    """Over several requests, with failed and unreadable tiles in their places."""
    sent = [*_tiles(b"1", b"bad", *[b"4444"] * 70), tmp_path / "gone.png", *_tiles(b"x" * 30)]
    usual = call(FakeService(), "screen_many", sent)
    service = FakeService()
    assert call(service, "screen_stream", sent) == usual
    assert len(service.asked) == 2
    assert sum(isinstance(one, FailedTile) for one in usual) == 2


def test_a_stream_of_unreadable_files_asks_nothing(call: Call, tmp_path: Path) -> None:
    """There is nothing to send."""
    service = FakeService()
    (only,) = call(service, "screen_stream", [tmp_path / "gone.png"])
    assert only.problem.code == "unreadable_file"
    assert service.asked == []


def test_a_stream_splits_what_is_too_much(call: Call) -> None:
    """What is refused for its size is asked in halves; the answers keep their order."""
    service = FakeService(most_tiles=2)
    assert [one.id for one in call(service, "screen_stream", _tiles(*[b"1"] * 5))] == [
        f"t{number}" for number in range(5)
    ]


def test_a_stream_that_breaks_off_is_told(call: Call) -> None:
    """It is no whole answer, however politely it ends."""
    service = FakeService(most_lines=3)
    with pytest.raises(ServiceUnreachable, match="after 2 tiles, with 3 to come"):
        call(service, "screen_stream", _tiles(*[b"1"] * 5))


def test_a_stream_whose_connection_breaks_is_told(call: Call) -> None:
    """What came before is not taken for all."""

    class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Any:
            yield b'{"bundle": "b1", "tiles": 2}\n'
            raise httpx.ReadError("reset")

        async def __aiter__(self) -> Any:
            for piece in self:
                yield piece

    with pytest.raises(ServiceUnreachable, match="after 0 tiles, with 2 to come"):
        call(lambda _: httpx.Response(200, stream=Broken()), "screen_stream", _tiles(b"1", b"2"))


@pytest.mark.parametrize(
    "text",
    ["no JSON", "[]", '{"tiles": 7, "bundle": "b1"}', '{"tiles": 1, "bundle": "b1"}\n{"index": 3}'],
)
def test_lines_of_something_else_are_unexpected(call: Call, text: str) -> None:
    """What is not the form of a stream is refused."""
    with pytest.raises(UnexpectedAnswer):
        call(FakeService(script=[httpx.Response(200, text=text)]), "screen_stream", _tiles(b"1"))


def test_a_stream_from_two_bundles_is_refused(call: Call) -> None:
    """Answers of one call come from one bundle."""
    service = FakeService()

    def changing(request: httpx.Request) -> httpx.Response:
        service.bundle = f"b{len(service.asked)}"
        return service(request)

    with pytest.raises(BundleChanged):
        call(changing, "screen_stream", _tiles(*[b"1"] * 70))
