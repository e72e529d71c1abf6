"""A request holds one bundle from its first byte to its last, and without one it is told so."""

from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import Loading, NotReady, problem_of

ALIVE = {"/livez", "/healthz", "/v2/health/live"}
"""Paths that say only that the process answers; they touch no bundle."""


class Holding:
    """ASGI middleware, the outermost; what is inside finds the bundle in the request's state.

    While the service starts there is none, and `serving` is None.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        shelf = scope["app"].state.shelf
        if shelf is None:
            state["serving"] = None
            await self._app(scope, receive, send)
            return
        with shelf.lend() as state["serving"]:
            try:
                await self._app(scope, receive, send)
            finally:
                # An idle connection keeps its last request, and would keep the bundle with it.
                del state["serving"]


class Opening:
    """ASGI middleware, the innermost: without a bundle, 503 for all but the signs of life."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        state = scope.get("state", {})
        if scope["type"] != "http" or state["serving"] is not None or scope["path"] in ALIVE:
            await self._app(scope, receive, send)
            return
        fault = scope["app"].state.fault
        refused = problem_of(NotReady(fault) if fault else Loading()).response(state["request_id"])
        # Another worker may have its bundle already: the next request shall find it.
        refused.headers["Connection"] = "close"
        await refused(scope, receive, send)
