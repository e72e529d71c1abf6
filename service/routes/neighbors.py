"""Nearest stored tiles."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import Query, Request, Response

from bundle.neighbors import IndexKind
from service.answering.envelope import stored, uploaded
from service.answering.facts import Examples, new_neighbors, stored_alike, stored_neighbors
from service.answering.streaming import NDJSON
from service.deps import TileId, Version, serving_of
from service.openapi.described import UPLOAD, also, lasting, problems, upload_body
from service.requests.queries import Router
from service.routes.unasked import UnaskedRoute
from service.schemas import NeighborsAnswer
from service.state import Serving

router = Router(tags=["neighbors"], route_class=UnaskedRoute)

K = Annotated[int, Query(ge=1, le=100, description="How many neighbours.", examples=[5])]
Index = Annotated[
    IndexKind,
    Query(
        description="How to search: `auto` is the bundle's index, and compares with all tiles "
        "where there is none; `brute` always does; `kdtree` is the study's; both are exact.",
        examples=["auto"],
    ),
]
Exact = Annotated[
    bool,
    Query(
        description="Miss none of the nearest. Without it the index of a bundle beyond 100,000 "
        "tiles may miss the share that `index` in GET /bundle tells.",
        examples=[False],
    ),
]
OtherScans = Annotated[
    bool, Query(description="Leave out tiles of the same scan.", examples=[False])
]
Positive = Annotated[
    Sequence[str],
    Query(
        max_length=16,
        description="Stored tiles that are wanted as well: what is near to any of them counts.",
        examples=[["c311"]],
    ),
]
Negative = Annotated[
    Sequence[str],
    Query(
        max_length=16,
        description="Stored tiles that are not wanted: what is nearer to one of them is left out.",
        examples=[["c578"]],
    ),
]


def _examples(serving: Serving, positive: Sequence[str], negative: Sequence[str]) -> Examples:
    catalog = serving.catalog
    return Examples([catalog.row(one) for one in positive], [catalog.row(one) for one in negative])


@router.post(
    "/neighbors",
    response_model=NeighborsAnswer,
    responses={**also(NDJSON), **problems(404, *UPLOAD)},
    openapi_extra=upload_body(),
)
async def neighbors_of_tiles(
    request: Request,
    *,
    positive: Positive = (),
    negative: Negative = (),
    k: K = 5,
    index: Index = "auto",
    exact: Exact = False,
) -> Response:
    """Search the nearest stored tiles of tiles that are sent: one raw PNG, or a form."""
    serving = await serving_of(request)
    examples = _examples(serving, positive, negative)
    search = partial(
        new_neighbors, serving.catalog, k=k, index=index, exact=exact, examples=examples
    )
    return await uploaded(request, serving, partial(serving.each, search))


@router.get("/neighbors/{tile_id:path}", response_model=NeighborsAnswer, responses=lasting(404))
async def stored_tile_neighbors(
    request: Request,
    tile_id: TileId,
    *,
    positive: Positive = (),
    negative: Negative = (),
    k: K = 5,
    other_scans: OtherScans = False,
    v: Version = None,
) -> Response:
    """Give the nearest other tiles of a stored tile: from the graph, or with examples searched."""
    serving = await serving_of(request)
    examples = _examples(serving, positive, negative)
    describe = (
        partial(stored_alike, serving.catalog, k=k, examples=examples, other_scans=other_scans)
        if examples
        else partial(stored_neighbors, serving.catalog, k=k, other_scans=other_scans)
    )
    return await stored(request, serving, tile_id, v, describe, apart=bool(examples))
