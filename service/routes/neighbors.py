"""Nearest stored tiles."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bundle.neighbors import IndexKind
from service.answers import stored, uploaded
from service.caching import kept
from service.deps import ServingDep, TileId, Version, serving_of
from service.facts import new_neighbors, stored_neighbors
from service.openapi import UPLOAD, also, lasting, problems, upload_body
from service.schemas import NeighborsAnswer
from service.streaming import NDJSON

router = APIRouter(tags=["neighbors"])

K = Annotated[int, Query(ge=1, le=100, description="How many neighbours.", examples=[5])]
Index = Annotated[
    IndexKind,
    Query(
        description="How to search; both are exact, `kdtree` is the study's.", examples=["brute"]
    ),
]
OtherScans = Annotated[
    bool, Query(description="Leave out tiles of the same scan.", examples=[False])
]


@router.post(
    "/neighbors",
    response_model=NeighborsAnswer,
    responses={**also(NDJSON), **problems(*UPLOAD)},
    openapi_extra=upload_body(),
)
async def neighbors_of_tiles(
    request: Request, serving: ServingDep, k: K = 5, index: Index = "brute"
) -> Response:
    """Search the nearest stored tiles of tiles that are sent: one raw PNG, or a form."""
    return await uploaded(
        request, serving, partial(new_neighbors, serving.catalog, k=k, index=index)
    )


@router.get(
    "/neighbors/{tile_id:path}", response_model=NeighborsAnswer, responses=lasting(404, 422)
)
async def stored_tile_neighbors(
    request: Request,
    tile_id: TileId,
    k: K = 5,
    other_scans: OtherScans = False,
    v: Version = None,
) -> Response:
    """Give the nearest other tiles of a stored tile, from the precomputed graph."""
    serving = await serving_of(request)  # the busiest route: a dependency costs 10 us
    row = serving.catalog.row(tile_id)
    keeping = kept(request, serving, v)
    if keeping.unchanged:
        return keeping.unchanged
    fact = stored_neighbors(serving.catalog, row, k, other_scans=other_scans)
    return stored(serving, tile_id, fact, keeping.headers)
