"""Routes that refuse a query parameter which they do not have, instead of answering without it."""

from collections.abc import Callable, Coroutine
from enum import Enum
from itertools import islice
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

_TOLD = 20
"""Unknown parameters that are named, at most."""


class StrictRoute(APIRoute):
    """A route that knows the names of its parameters."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's own handler behind a look at the query, which costs nothing without.

        Pages, which are not in the API's document, take whatever a link brings.
        """
        handle = super().get_route_handler()
        if not self.include_in_schema:
            return handle
        names = [one.alias for one in get_flat_params(self.dependant)]
        known = list(dict.fromkeys(name for name in names if name not in self.param_convertors))

        async def checked(request: Request) -> Response:
            if request.scope["query_string"]:
                _refuse_others(request, known)
            return await handle(request)

        return checked


def _refuse_others(request: Request, known: list[str]) -> None:
    offered = f"it has {', '.join(known)}" if known else "it has none"
    others = (one for one in request.query_params.items() if one[0] not in known)
    unknown = [
        {
            "type": "unknown_parameter",
            "loc": ("query", name),
            "msg": f"this address has no such parameter, {offered}",
            "input": value,
        }
        for name, value in islice(others, _TOLD)
    ]
    if unknown:
        raise RequestValidationError(unknown)


class Router(APIRouter):
    """Makes such routes."""

    def __init__(
        self,
        *,
        tags: list[str | Enum],
        prefix: str = "",
        route_class: type[StrictRoute] = StrictRoute,
    ) -> None:
        """`tags`, `prefix`, `route_class`: as those of FastAPI's own."""
        super().__init__(prefix=prefix, tags=tags, route_class=route_class)
