"""What every answer gets: a request id, the bundle's id, safe headers, one line in the log."""

import itertools
import logging
import re
import time
import uuid
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.bundles.holding import ALIVE
from service.errors import BundleChanged, problem_of
from service.observing import timing
from service.observing.notes import observe
from service.state import Serving

_log = logging.getLogger("service.access")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_PROBES = {*ALIVE, "/readyz"}
_WAY_OUT = re.compile(r"/bundles(/[^/]*:activate)?")
"""Reads nothing from the bundle's arrays, and leads to another bundle."""
_POLICY = (
    b"default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", _POLICY),
]


class Envelope:
    """ASGI middleware; the outermost place where an unforeseen error still becomes an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # Unique without asking the system for random bytes a thousand times a second; made
        # here, as workers are forks of one process that has imported this already.
        self._prefix = uuid.uuid4().hex[:16]
        self._count = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock = timing.start()
        method = scope["method"]
        if method == "HEAD":  # the answer of GET without its body; a copy, the server has its own
            scope = {**scope, "method": "GET"}
        request_id = _request_id(scope) or f"{self._prefix}-{next(self._count):08x}"
        scope["state"]["request_id"] = request_id
        serving: Serving | None = scope["state"]["serving"]
        added = [*_SAFE, *_bundle(serving), (b"x-request-id", request_id.encode())]
        status = 0

        async def send_more(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                _check(serving, scope["path"], message["status"])
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    *added,
                    (b"server-timing", clock.header()),
                ]
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, send_more)
        except ClientDisconnect:
            pass
        except _Broken as error:
            _log.error("%s", error.cause, extra={"request_id": request_id})
            await problem_of(error.cause).response(request_id)(scope, receive, send_more)
        except Exception as error:  # noqa: BLE001, a border: the caller learns nothing of the inside
            _log.exception("unforeseen error", extra={"request_id": request_id})
            if not status:
                await problem_of(error).response(request_id)(scope, receive, send_more)
        finally:
            _note({**scope, "method": method}, status, time.perf_counter() - clock.start)
            observe(scope, method, status, clock, getattr(scope["app"].state, "tracer", None))


class _Broken(Exception):
    """Goes past the application's own handlers, for which the answer has begun."""

    def __init__(self, cause: BundleChanged) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _bundle(serving: Serving | None) -> list[tuple[bytes, bytes]]:
    return [(b"x-bundle", serving.bundle.manifest.bundle_id.encode())] if serving else []


def _check(serving: Serving | None, path: str, status: int) -> None:
    """Let no answer out that may have been read from a file that changed meanwhile."""
    if serving is None or status >= HTTPStatus.BAD_REQUEST or path in ALIVE:
        return
    if not _WAY_OUT.fullmatch(path) and (name := serving.seal.broken()):
        raise _Broken(BundleChanged(name))


def _request_id(scope: Scope) -> str | None:
    """Return the caller's own id if it is harmless."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return None


def _note(scope: Scope, status: int, seconds: float) -> None:
    """Log the route's template, never the path: it may name a tile, and so a patient."""
    level = logging.DEBUG if scope["path"] in _PROBES and status == HTTPStatus.OK else logging.INFO
    if not _log.isEnabledFor(level):
        return
    route = getattr(scope.get("route"), "path_format", "(no route)")
    state = scope["state"]
    fields = {
        "method": scope["method"],
        "route": route,
        "status": status or 499,  # the client left before it was answered
        "ms": round(seconds * 1000, 2),
        "tiles": state.get("tiles", 0),
        "request_id": state["request_id"],
    }
    _log.log(level, "request", extra={"fields": fields})
