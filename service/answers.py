"""The one shape of every answer about tiles: `{"bundle": ..., "results": [...]}`."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import orjson
from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from service.errors import INTERNAL, problem_of
from service.facts import Fact
from service.looks import Look
from service.state import Serving
from service.uploads import Uploads, read_uploads

_log = logging.getLogger("service.answers")
R = TypeVar("R")


def json_response(content: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON; numpy's floats are written in their own precision."""
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json", headers=headers)


def enveloped(serving: Serving, **members: object) -> Response:
    """Return an answer that names its bundle first."""
    return json_response({"bundle": serving.bundle.manifest.bundle_id, **members})


def stored(serving: Serving, tile_id: str, fact: Fact) -> Response:
    """Return what is known of one stored tile, as the only one of the results."""
    return enveloped(serving, results=[{"index": 0, "id": tile_id, **fact}])


async def kept_png(
    request: Request, serving: Serving, version: str | None, paint: Callable[[], bytes]
) -> Response:
    """Return a PNG to be kept: for ever at an address that names the bundle, else ask again.

    Args:
        request: may name the ETag of a picture that the browser has already.
        serving: its bundle's id is the ETag.
        version: the bundle's id that the address names, if it names one.
        paint: makes the PNG, in the pool.
    """
    bundle_id = serving.bundle.manifest.bundle_id
    lasting = version == bundle_id
    headers = {
        "ETag": f'"{bundle_id}"',
        "Cache-Control": "private, max-age=31536000, immutable" if lasting else "no-cache",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(await serving.apart(paint), media_type="image/png", headers=headers)


async def uploaded(
    request: Request, serving: Serving, describe: Callable[[Look], Fact], *, again: bool = False
) -> Response:
    """Read the request's tiles, look at them, and say of each what `describe` says.

    With `again`, tiles of which the encoder is in doubt are looked at a second time.

    A tile alone in a raw body answers with its own status; in a form, each tile has its own
    error and the others their answers.

    Raises:
        TilescreenError: the request as a whole, or its one raw tile, cannot be used.
    """
    with serving.gate.enter() as ticket:
        uploads = await read_uploads(request, serving.settings, ticket)
        names = [tile.id for tile in uploads.tiles]
        request.state.tiles = len(names)
        found = await unless_gone(request, _describe(serving, uploads, describe, again))
    if uploads.raw and isinstance(found[0], BaseException):
        raise found[0]
    results = [
        {"index": index, "id": name, **fact_or_problem(index, fact)}
        for index, (name, fact) in enumerate(zip(names, found, strict=True))
    ]
    return enveloped(serving, results=results)


async def _describe(
    serving: Serving, uploads: Uploads, describe: Callable[[Look], Fact], again: bool
) -> list[Fact | BaseException]:
    async def one(look: Look | BaseException) -> Fact:
        if isinstance(look, BaseException):
            raise look
        return await serving.apart(describe, look)

    looks = await serving.look(uploads.hand_over(), again=again)
    return await asyncio.gather(*map(one, looks), return_exceptions=True)


def fact_or_problem(index: int, fact: Fact | BaseException) -> Fact:
    """Return what is said of one tile, or its error as a member of its result."""
    if isinstance(fact, BaseException):
        problem = problem_of(fact)
        if problem.kind is INTERNAL:
            _log.error("unforeseen error on a tile", exc_info=fact)
        return {"error": problem.members(index=index)}
    return fact


async def unless_gone(request: Request, work: Coroutine[Any, Any, R]) -> R:
    """Do the work, but drop it when the client hangs up meanwhile.

    Raises:
        ClientDisconnect: nobody waits for the answer any more.
    """
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise ClientDisconnect
        return doing.result()
    finally:
        doing.cancel()
        leaving.cancel()
