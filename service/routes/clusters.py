"""Clusters: of a tile, and all there are."""

from functools import partial

from fastapi import APIRouter, Request, Response

from service.answers import enveloped, stored, uploaded
from service.catalog import Catalog
from service.deps import Cursor, Label, Limit, ServingDep, TileId, Version
from service.facts import Fact, cluster_summary, new_cluster, stored_cluster, tile_summary
from service.openapi import UPLOAD, also, lasting, problems, upload_body
from service.schemas import ClusterAnswer, ClusterDetail, ClusterList
from service.streaming import NDJSON

router = APIRouter(tags=["clusters"])


@router.post(
    "/cluster",
    response_model=ClusterAnswer,
    responses={**also(NDJSON), **problems(*UPLOAD)},
    openapi_extra=upload_body(),
)
async def cluster_of_tiles(request: Request, serving: ServingDep) -> Response:
    """Find the cluster of tiles that are sent: one raw PNG, or a form."""
    return await uploaded(request, serving, partial(new_cluster, serving.catalog))


@router.get("/cluster/{tile_id:path}", response_model=ClusterAnswer, responses=lasting(404, 422))
async def stored_tile_cluster(
    request: Request, tile_id: TileId, serving: ServingDep, v: Version = None
) -> Response:
    """Give the cluster of a stored tile, and the study's DBSCAN label."""
    describe = partial(stored_cluster, serving.catalog)
    return await stored(request, serving, tile_id, v, describe, apart=True)


@router.get("/clusters", response_model=ClusterList, responses=problems())
async def clusters(serving: ServingDep) -> Response:
    """List all clusters with their size and medoid."""
    return enveloped(serving, **await serving.apart(_all, serving.catalog))


def _all(catalog: Catalog) -> Fact:
    made = catalog.bundle.manifest.clustering
    return {
        "method": made.method,
        "clusters": [cluster_summary(catalog, label) for label in range(made.clusters)],
        "stray": cluster_summary(catalog, -1),
    }


@router.get("/clusters/{label}", response_model=ClusterDetail, responses=problems(404, 422))
async def cluster(
    label: Label, serving: ServingDep, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Give a cluster's size, medoid and members, page by page; label -1 are the stray tiles."""
    catalog = serving.catalog
    summary = await serving.apart(cluster_summary, catalog, label)
    rows, following = catalog.page(catalog.bundle.members(label), cursor=cursor, limit=limit)
    members = [tile_summary(catalog, row) for row in rows]
    return enveloped(serving, **summary, members=members, next=following)
