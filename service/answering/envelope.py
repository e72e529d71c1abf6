"""The one shape of every answer about tiles: `{"bundle": ..., "results": [...]}`."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from service.answering.caching import kept
from service.answering.facts import Fact
from service.answering.results import fact_or_problem, problem_with
from service.answering.streaming import NDJSON, Say, Underway, lines
from service.answering.vectors import ARROW, NPY, arrow, errors, npy
from service.errors import problem_of
from service.observing import metrics
from service.observing.timing import timed
from service.requests.negotiation import choose
from service.requests.uploads import Uploads, read_uploads
from service.state import Serving

JSON = "application/json"
FORMS = (JSON, NDJSON)
"""Forms of every answer about tiles that are sent."""
VECTORS = (NPY, ARROW)
"""Forms of latents only."""
R = TypeVar("R")


def json_response(content: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON; numpy's floats are written in their own precision."""
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json", headers=headers)


def enveloped(
    serving: Serving, headers: Mapping[str, str] | None = None, **members: object
) -> Response:
    """Return an answer that names its bundle first."""
    return json_response({"bundle": serving.bundle.manifest.bundle_id, **members}, headers)


async def stored(
    request: Request,
    serving: Serving,
    tile_id: str,
    version: str | None,
    describe: Callable[[int], Fact],
    *,
    apart: bool = False,
) -> Response:
    """Return what is known of one stored tile, as the only one of the results.

    Args:
        request: may name an answer that the caller has already.
        serving: the bundle that answers.
        tile_id: of the tile.
        version: as in `service.answering.caching.kept`.
        describe: says what is asked of the tile's row.
        apart: that takes more than a millisecond, and is done in the pool.

    Raises:
        UnknownTile: it is not stored.
    """
    row = serving.catalog.row(tile_id)
    keeping = kept(request, serving, version)
    if keeping.unchanged:
        return keeping.unchanged
    fact = await serving.apart(describe, row) if apart else describe(row)
    results = [{"index": 0, "id": tile_id, **fact}]
    return enveloped(serving, keeping.headers, results=results)


async def kept_png(
    request: Request, serving: Serving, version: str | None, paint: Callable[[], bytes]
) -> Response:
    """Return a PNG to be kept; `version` as in `service.answering.caching.kept`.

    `paint` makes the PNG, in the pool.
    """
    keeping = kept(request, serving, version)
    if keeping.unchanged:
        return keeping.unchanged
    return Response(await serving.apart(paint), media_type="image/png", headers=keeping.headers)


async def uploaded(
    request: Request,
    serving: Serving,
    say: Say,
    forms: Sequence[str] = FORMS,
    *,
    again: bool = False,
) -> Response:
    """Read the request's tiles, look at them, and say of each what is asked.

    A tile alone in a raw body answers with its own status; in a form, each tile has its own
    error and the others their answers.

    Args:
        request: holds the tiles; its Accept header chooses one of the forms.
        serving: the bundle that answers.
        say: says what is asked of tiles.
        forms: media types of the answer, the usual one first.
        again: look a second time at tiles of which the encoder is in doubt.

    Raises:
        TilescreenError: the request as a whole, or its one raw tile, cannot be used.
    """
    form = choose(request.headers.get("accept", ""), forms)
    with ExitStack() as held:
        ticket = held.enter_context(serving.gate.enter())
        with timed("read"):
            uploads = await read_uploads(request, serving.settings, ticket)
        names = [tile.id for tile in uploads.tiles]
        request.state.tiles = len(names)
        metrics.TILES.inc(len(names))
        asked = _Asked(request, serving, uploads, names, say, form, again)
        answer = await unless_gone(request, _ANSWERS[form](asked))
        if isinstance(answer, _Stream):
            answer.held = held.pop_all()
    answer.headers["Vary"] = "Accept"
    return answer


class _Stream(StreamingResponse):
    """Sends lines, and lets go of what the request holds once they end, however they end."""

    held: ExitStack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        with self.held:
            await super().__call__(scope, receive, send)


@dataclass(frozen=True)
class _Asked:
    """A request that was read: its tiles, what is asked of each, and in which form.

    again: whether tiles in doubt are looked at a second time.
    """

    request: Request
    serving: Serving
    uploads: Uploads
    names: Sequence[str | None]
    say: Say
    form: str
    again: bool


async def _json(asked: _Asked) -> Response:
    looks = await asked.serving.look(asked.uploads.hand_over(), again=asked.again)
    with timed("search"):
        found = await asked.say(looks)
    _refuse_raw(asked, found[0])
    results = [
        {"index": index, "id": name, **fact_or_problem(index, fact)}
        for index, (name, fact) in enumerate(zip(asked.names, found, strict=True))
    ]
    return enveloped(asked.serving, results=results)


async def _lines(asked: _Asked) -> Response:
    async with asked.serving.patience() as end:
        begun = await asked.serving.begin(asked.uploads.hand_over(), again=asked.again)
        if asked.uploads.raw:
            _refuse_raw(asked, await asked.serving.failure(begun[0]))
    tiles = Underway(asked.names, begun, end)
    body = lines(asked.request, asked.serving, tiles, asked.say)
    return _Stream(body, media_type=NDJSON)


async def _vectors(asked: _Asked) -> Response:
    looks = await asked.serving.look(asked.uploads.hand_over())
    _refuse_raw(asked, looks[0])
    found = [problem_with(one) if isinstance(one, BaseException) else one for one in looks]
    dim = asked.serving.bundle.manifest.latent_dim
    if asked.form == NPY:
        return Response(npy(found, dim), media_type=NPY, headers=errors(found))
    return Response(await asked.serving.apart(arrow, found, asked.names, dim), media_type=ARROW)


_ANSWERS = {JSON: _json, NDJSON: _lines, NPY: _vectors, ARROW: _vectors}


def _refuse_raw(asked: _Asked, found: object) -> None:
    """Have a raw tile that cannot be used answer with its own status."""
    if asked.uploads.raw and isinstance(found, BaseException):
        metrics.TILE_ERRORS.labels(problem_of(found).kind.code).inc()
        raise found


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
