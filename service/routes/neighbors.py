"""Nearest stored tiles."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bundle.neighbors import IndexKind
from service.answers import stored, uploaded
from service.deps import ServingDep, TileId
from service.facts import new_neighbors, stored_neighbors
from service.openapi import UPLOAD, problems, upload_body
from service.schemas import NeighborsAnswer

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
    responses=problems(*UPLOAD),
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
    "/neighbors/{tile_id:path}", response_model=NeighborsAnswer, responses=problems(404, 422)
)
async def stored_tile_neighbors(
    tile_id: TileId, serving: ServingDep, k: K = 5, other_scans: OtherScans = False
) -> Response:
    """Give the nearest other tiles of a stored tile, from the precomputed graph."""
    row = serving.catalog.row(tile_id)
    fact = stored_neighbors(serving.catalog, row, k, other_scans=other_scans)
    return stored(serving, tile_id, fact)
