"""Stored tiles and their pictures."""

from functools import partial

import numpy as np
from fastapi import Request, Response

from service.answering.caching import kept
from service.answering.envelope import enveloped, kept_png
from service.answering.facts import tile_detail, tile_summary
from service.deps import Cursor, Limit, OptionalLabel, OptionalScan, ServingDep, TileId, Version
from service.openapi.described import lasting, picture, problems
from service.pictures.pngs import png_bytes
from service.requests.queries import Router
from service.schemas import TileDetail, TilePage
from service.state import Serving
from service.stored.catalog import Catalog

router = Router(tags=["tiles"])


@router.get("/tiles", response_model=TilePage, responses=problems(404))
async def tiles(
    serving: ServingDep,
    limit: Limit = 100,
    cursor: Cursor = None,
    cluster: OptionalLabel = None,
    scan: OptionalScan = None,
) -> Response:
    """List stored tiles page by page, all or those of a cluster or a scan."""
    catalog = serving.catalog
    wanted = _wanted(catalog, cluster, scan)
    rows, following = catalog.page(wanted, cursor=cursor, limit=limit)
    listed = [tile_summary(catalog, row) for row in rows]
    return enveloped(serving, total=len(wanted), tiles=listed, next=following)


def _wanted(
    catalog: Catalog, cluster: int | None, scan: str | None
) -> "np.ndarray[tuple[int], np.dtype[np.intp]] | range":
    if cluster is None and scan is None:
        return range(len(catalog.ids))
    if cluster is None or scan is None:
        return catalog.in_scan(str(scan)) if cluster is None else catalog.bundle.members(cluster)
    return np.intersect1d(catalog.bundle.members(cluster), catalog.in_scan(scan))


@router.get(
    "/tiles/{tile_id:path}/image",
    response_class=Response,
    responses={**picture("The encoder's input, grey."), **problems(404)},
)
async def tile_image(
    request: Request, tile_id: TileId, serving: ServingDep, v: Version = None
) -> Response:
    """Give a stored tile's picture."""
    row = serving.catalog.row(tile_id)
    return await kept_png(request, serving, v, partial(serving.bundle.picture, row))


@router.get(
    "/tiles/{tile_id:path}/reconstruction",
    response_class=Response,
    responses={**picture("What the decoder makes of the latent."), **problems(404)},
)
async def tile_reconstruction(
    request: Request, tile_id: TileId, serving: ServingDep, v: Version = None
) -> Response:
    """Give what the autoencoder keeps of a stored tile: its latent, decoded."""
    row = serving.catalog.row(tile_id)
    return await kept_png(request, serving, v, partial(_reconstruct, serving, row))


def _reconstruct(serving: Serving, row: int) -> bytes:
    (tile,) = serving.decoder.decode(np.array(serving.bundle.latents[row : row + 1]))
    return png_bytes(tile)


@router.get("/tiles/{tile_id:path}", response_model=TileDetail, responses=lasting(404))
async def tile(
    request: Request, tile_id: TileId, serving: ServingDep, v: Version = None
) -> Response:
    """Give what is stored of a tile: cluster, scan, place in the scan."""
    row = serving.catalog.row(tile_id)
    keeping = kept(request, serving, v)
    if keeping.unchanged:
        return keeping.unchanged
    return enveloped(serving, keeping.headers, **tile_detail(serving.catalog, row))
