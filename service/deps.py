"""Dependencies and parameters of the routes, as types."""

from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request
from pydantic import AfterValidator

from service.errors import RoleTooLow
from service.keys import Role
from service.requests.reviewers import as_kept, reviewer_of
from service.state import Serving


async def serving_of(request: Request) -> Serving:
    """Return what the service holds."""
    # Asynchronous because FastAPI runs plain functions in threads.
    return cast(Serving, request.state.serving)


async def _admin(request: Request) -> None:
    role: Role = request.state.role
    if role < Role.ADMIN:
        raise RoleTooLow(Role.ADMIN.name.lower(), role.name.lower())


async def _holder(request: Request) -> str:
    return cast(str | None, request.state.name) or ""


ADMIN = Depends(_admin)
"""Lets only keys with the role admin in."""
ReviewerDep = Annotated[str, Depends(reviewer_of)]
"""Lets only those in who may decide; the name of whoever does."""
HolderDep = Annotated[str, Depends(_holder)]
"""The reviewer that the key names, or empty; pages where people decide ask all others."""
ServingDep = Annotated[Serving, Depends(serving_of)]

TileId = Annotated[
    str, Path(description="Id of a stored tile, as GET /tiles lists it.", examples=["c311"])
]
ReviewerName = Annotated[str, AfterValidator(as_kept)]
Alone = Annotated[
    ReviewerName | None,
    Query(
        max_length=80,
        description="As if this reviewer alone had decided anything: for a second reading that "
        "knows nothing of the first.",
        examples=[None],
    ),
]
Label = Annotated[
    int,
    Path(
        ge=-(2**31),
        lt=2**31,
        description="Label of a cluster; -1 are the stray tiles.",
        examples=[0],
    ),
]
OptionalLabel = Annotated[
    int | None,
    Query(
        ge=-(2**31),
        lt=2**31,
        description="Tiles of this cluster only; -1 are the stray ones.",
        examples=[0],
    ),
]
OptionalScan = Annotated[
    str | None, Query(description="Tiles of the scan of this name only.", examples=["film-a"])
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Tiles on a page.", examples=[100])]
Offset = Annotated[int, Query(ge=0, lt=2**63, description="Tiles before the page.", examples=[0])]
Cursor = Annotated[
    str | None, Query(description="`next` of the page before; begin without.", examples=["c311"])
]
Version = Annotated[
    str | None,
    Query(
        description="The bundle's id: an address with it may be cached for ever.",
        examples=["d58c69737ebf73dd"],
    ),
]
