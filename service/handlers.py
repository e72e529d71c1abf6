"""FastAPI's exceptions as problems, so that every error has the one shape."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from bundle.errors import TilescreenError
from service.errors import Kind, Problem, problem_of
from service.requests.admission import TAKING
from service.requests.invalid import described

_INVALID = Kind(422, "invalid_request", "The request is not valid")
_STATUS = {
    404: (
        Kind(404, "unknown_route", "No such route"),
        "Nothing answers here; GET /docs lists all.",
    ),
    405: (
        Kind(405, "wrong_method", "Wrong method"),
        "This route answers to other methods: {allow}.",
    ),
}
_NAMED, _TOLD = 1000, 3
"""How many wrong parts of a request are named at most, and how many of them in the sentence."""
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")

Handler = Callable[[Request, Exception], Awaitable[Response]]


def add_handlers(app: FastAPI) -> None:
    """Register the three handlers; the rest ends in `service.observing.middleware`."""
    app.add_exception_handler(TilescreenError, cast(Handler, _tilescreen))
    app.add_exception_handler(RequestValidationError, cast(Handler, _invalid))
    app.add_exception_handler(HTTPException, cast(Handler, _http))


async def _tilescreen(request: Request, error: TilescreenError) -> Response:
    return _answer(request, problem_of(error))


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = [described(part) for part in error.errors()[:_NAMED]]
    told = [f"{part['where']}: {part['message']}." for part in found[:_TOLD]]
    more = [f"`errors` names {len(found) - _TOLD:,} more."] if found[_TOLD:] else []
    problem = Problem(_INVALID, " ".join(told + more), {"errors": found})
    return _answer(request, problem)


async def _http(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    usual = Kind(error.status_code, f"http_{error.status_code}", str(error.detail))
    kind, detail = _STATUS.get(error.status_code, (usual, str(error.detail)))
    detail = detail.format(allow=headers.get("Allow", "see /docs"))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail += _stored_instead(request)
    return _answer(request, Problem(kind, detail, headers=headers))


def _answer(request: Request, problem: Problem) -> Response:
    if request.url.path.startswith("/v2/"):  # where clients of the inference protocol look
        problem = replace(problem, extra={**problem.extra, "error": problem.detail})
    return problem.response(request.state.request_id)


def _allowed(request: Request) -> str:
    """Return all methods that a path answers to; the router itself names those of one route."""
    found = [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]
    # service.observing.middleware answers HEAD wherever GET is answered.
    return ", ".join(found).replace("GET", "GET, HEAD")


def _stored_instead(request: Request) -> str:
    """Return where a stored tile is asked about, for who sent GET to a route that takes tiles."""
    path = request.url.path
    meant = request.method == "GET" and path in TAKING
    return f" For a stored tile: GET {path}/{{tile_id}}." if meant else ""
