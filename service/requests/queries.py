"""Routes that refuse a query parameter which they do not have, or have been given twice."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import Enum
from typing import Any, get_args, get_origin

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

_TOLD = 20
"""Parameters that are complained of, at most."""


class StrictRoute(APIRoute):
    """A route that knows the names of its parameters."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's own handler behind a look at the query, which costs nothing without.

        Pages, which are not in the API's document, take whatever a link brings.
        """
        handle = super().get_route_handler()
        if not self.include_in_schema:
            return handle
        known = {
            one.alias: _takes_several(one.field_info.annotation)
            for one in get_flat_params(self.dependant)
            if one.alias not in self.param_convertors
        }

        async def checked(request: Request) -> Response:
            if request.scope["query_string"]:
                _refuse_others(request, known)
            return await handle(request)

        return checked


def _takes_several(annotation: object) -> bool:
    if get_origin(annotation) in (list, Sequence):
        return True
    return any(map(_takes_several, get_args(annotation)))


def _refuse_others(request: Request, known: Mapping[str, bool]) -> None:
    """Raise RequestValidationError for what is not known, or is given twice where one is taken."""
    offered = f"it has {', '.join(known)}" if known else "it has none"
    complaints = []
    given: set[str] = set()
    for name, value in request.query_params.multi_items():
        if name not in known:
            problem = ("unknown_parameter", f"this address has no such parameter, {offered}")
        elif name in given and not known[name]:
            problem = ("repeated_parameter", "it is given more than once; give it once")
        else:
            given.add(name)
            continue
        kind, message = problem
        complaints.append({"type": kind, "loc": ("query", name), "msg": message, "input": value})
    if complaints:
        raise RequestValidationError(complaints[:_TOLD])


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
