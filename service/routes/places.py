"""Where tiles are: on the map of all, and in their scan."""

from functools import partial
from typing import Annotated

import numpy as np
from fastapi import Path, Request, Response

from service.answering.caching import kept
from service.answering.envelope import enveloped, kept_png
from service.deps import ServingDep, Version
from service.errors import UnknownScan
from service.openapi.described import lasting, picture, problems
from service.pictures.mosaic import layout, mosaic
from service.requests.queries import Router
from service.schemas import MapIds
from service.state import Serving
from service.stored.places import map_columns

router = Router(tags=["review"])

ScanName = Annotated[str, Path(description="Name of a scan.", examples=["film-a"])]
_OCTETS = "application/octet-stream"
_BINARY = {_OCTETS: {"schema": {"type": "string", "format": "binary"}}}
_COLUMNS = (
    "Columns of n tiles, one after another, little-endian: x and y (float32 pairs in -1 to 1), "
    "cluster (int32, -1: stray), verdict (uint8: 0 keep, 1 review, 2 drop), lettering score "
    "(uint8 of 255)."
)
_STATES = "A byte a tile: 0 undecided, 1 keep, 2 review, 3 drop, 4 conflict."


@router.get(
    "/review/map",
    response_class=Response,
    responses={200: {"description": _COLUMNS, "content": _BINARY}, **lasting()},
)
async def tile_map(request: Request, serving: ServingDep, v: Version = None) -> Response:
    """Give the places of all tiles on the map, in the order of `GET /review/map/ids`."""
    keeping = kept(request, serving, v)
    if keeping.unchanged:
        return keeping.unchanged
    columns = await serving.apart(map_columns, serving.bundle, serving.findings)
    return Response(columns, media_type=_OCTETS, headers=keeping.headers)


@router.get("/review/map/ids", response_model=MapIds, responses=lasting())
async def tile_map_ids(request: Request, serving: ServingDep, v: Version = None) -> Response:
    """List the ids of all tiles, in the order of the map."""
    keeping = kept(request, serving, v)
    return keeping.unchanged or enveloped(serving, keeping.headers, ids=[*serving.catalog.ids])


@router.get(
    "/review/map/states",
    response_class=Response,
    responses={200: {"description": _STATES, "content": _BINARY}, **problems(503)},
)
async def tile_map_states(serving: ServingDep) -> Response:
    """Give what is decided about each tile now, in the order of the map."""
    await serving.reviewed.refresh()
    return Response(serving.reviewed.states.tobytes(), media_type=_OCTETS)


@router.get(
    "/scans/{scan:path}/picture",
    response_class=Response,
    responses={**picture("The scan, put together again."), **problems(404)},
)
async def scan_picture(
    request: Request, scan: ScanName, serving: ServingDep, v: Version = None
) -> Response:
    """Give a scan put together again from its tiles, its longer side at most 1,400 pixels."""
    rows = serving.catalog.in_scan(scan)
    return await kept_png(request, serving, v, partial(_put_together, serving, rows))


def _put_together(serving: Serving, rows: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> bytes:
    laid = layout(serving.bundle, rows)
    if laid is None:
        raise UnknownScan("The places of this scan's tiles are not known, so it has no picture.")
    return mosaic(serving.bundle, laid)
