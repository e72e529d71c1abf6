"""Routes for which a request without a query need not be checked."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response

from service.requests.queries import StrictRoute


class UnaskedRoute(StrictRoute):
    """Calls its function at once when the address has no query: all defaults, nothing to check.

    FastAPI goes through every parameter of every request, which takes longer than the answer of a
    stored tile. The function must take the request first, texts out of the path, and beside them
    nothing without a default.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        checked, endpoint = super().get_route_handler(), self.endpoint

        async def answer(request: Request) -> Response:
            if request.scope["query_string"]:
                return await checked(request)
            found: Response = await endpoint(request, **request.path_params)
            return found

        return answer
