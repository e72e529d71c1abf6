"""What every answer gets: a request id, the bundle's id, safe headers, one line in the log."""

import itertools
import logging
import re
import time
import uuid
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import problem_of

_log = logging.getLogger("service.access")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_PROBES = {"/livez", "/healthz", "/readyz"}
_POLICY = (
    b"default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
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
        start = time.perf_counter()
        method = scope["method"]
        if method == "HEAD":  # the answer of GET without its body; a copy, the server has its own
            scope = {**scope, "method": "GET"}
        request_id = _request_id(scope) or f"{self._prefix}-{next(self._count):08x}"
        scope["state"]["request_id"] = request_id
        bundle_id = scope["state"]["serving"].bundle.manifest.bundle_id
        added = [
            *_SAFE,
            (b"x-bundle", bundle_id.encode()),
            (b"x-request-id", request_id.encode()),
        ]
        status = 0

        async def send_more(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *added]
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, send_more)
        except ClientDisconnect:
            pass
        except Exception as error:  # noqa: BLE001, a border: the caller learns nothing of the inside
            _log.exception("unforeseen error", extra={"request_id": request_id})
            if not status:
                await problem_of(error).response(request_id)(scope, receive, send_more)
        finally:
            _note({**scope, "method": method}, status, time.perf_counter() - start)


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
