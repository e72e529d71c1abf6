"""Answers as NDJSON: one line a tile, in request order, each as soon as it is known.

The first line names the bundle and says how many lines follow, so that a stream that ends
early shows. What is wrong with the request as a whole is told before it, with a status of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeAlias

import orjson
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from service.answering.facts import Fact
from service.answering.looks import Look
from service.answering.results import fact_or_problem
from service.state import Begun, Serving

NDJSON = "application/x-ndjson"
_LINES_A_PIECE = 64
Say: TypeAlias = Callable[
    [Iterable[Look | BaseException]], Coroutine[Any, Any, list[Fact | BaseException]]
]
"""Says what is asked of tiles, in their order; those that are errors stay so."""


@dataclass(frozen=True)
class Underway:
    """Tiles on their way through the encoder.

    names: ids of the tiles. begun: the tiles, or what is wrong with them.
    end: the loop's time when that of the request is over.
    """

    names: Sequence[str | None]
    begun: Sequence[Begun | BaseException]
    end: float


async def lines(
    request: Request, serving: Serving, tiles: Underway, say: Say
) -> AsyncIterator[bytes]:
    """Yield the lines, some at a time where some are ready.

    Tiles that are not done within the time that a request has get an error each; those of a
    client that hangs up are dropped.

    Args:
        request: to notice that the client hangs up.
        serving: the bundle that answers.
        tiles: on their way through the encoder.
        say: says what is asked of tiles.

    Raises:
        ClientDisconnect: nobody reads any more.
    """
    names, begun = tiles.names, tiles.begun
    leaving: asyncio.Future[Message] = asyncio.ensure_future(request.receive())
    try:
        yield _line({"bundle": serving.bundle.manifest.bundle_id, "tiles": len(begun)})
        told = 0
        while told < len(begun):
            await _wait(begun[told], leaving, tiles.end)
            ready = [*takewhile(_done, begun[told : told + _LINES_A_PIECE])]
            piece = ready or begun[told:]  # none in time: the rest are too late
            looks = [await _look(serving, one) for one in piece]
            facts = await say(looks)
            yield b"".join(
                _line({"index": index, "id": names[index], **fact_or_problem(index, fact)})
                for index, fact in enumerate(facts, told)
            )
            told += len(piece)
    finally:
        leaving.cancel()
        for one in begun:
            if isinstance(one, Begun):
                one.seen.cancel()


async def _wait(one: Begun | BaseException, leaving: asyncio.Future[Message], end: float) -> None:
    if isinstance(one, Begun):
        left = end - asyncio.get_running_loop().time()
        either: set[asyncio.Future[Any]] = {one.seen, leaving}
        await asyncio.wait(either, timeout=max(0, left), return_when=asyncio.FIRST_COMPLETED)
        if leaving.done() and not one.seen.done():
            raise ClientDisconnect


def _done(one: Begun | BaseException) -> bool:
    return isinstance(one, BaseException) or one.seen.done()


async def _look(serving: Serving, one: Begun | BaseException) -> Look | BaseException:
    return await serving.joined(one) if _done(one) else serving.too_late()


def _line(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)
