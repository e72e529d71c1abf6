"""Dependencies of the routes, as types."""

from typing import Annotated, cast

from fastapi import Depends, Request

from service.state import Serving


async def _serving(request: Request) -> Serving:
    # Asynchronous because FastAPI runs plain functions in threads.
    return cast(Serving, request.app.state.serving)


ServingDep = Annotated[Serving, Depends(_serving)]
