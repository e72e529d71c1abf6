"""A request holds one bundle from its first byte to its last."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Holding:
    """ASGI middleware, the outermost; what is inside finds the bundle in the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        with scope["app"].state.shelf.lend() as state["serving"]:
            try:
                await self._app(scope, receive, send)
            finally:
                # An idle connection keeps its last request, and would keep the bundle with it.
                del state["serving"]
