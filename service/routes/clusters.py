"""Clusters: of a tile, and all there are."""

from contextlib import suppress
from functools import partial

from fastapi import Request, Response

from bundle import UnknownCluster
from service.answering.caching import FRESH
from service.answering.envelope import enveloped, stored, uploaded
from service.answering.facts import Fact, cluster_summary, new_cluster, stored_cluster, tile_summary
from service.answering.streaming import NDJSON
from service.deps import Cursor, Label, Limit, ReviewerDep, ServingDep, TileId, Version
from service.errors import LedgerDown
from service.openapi.described import UPLOAD, also, json_body, lasting, problems, upload_body
from service.requests.json_bodies import read_json
from service.requests.queries import Router
from service.schemas import ClusterAnswer, ClusterDetail, ClusterList, ClusterNamed, NewName
from service.state import Serving

router = Router(tags=["clusters"])


@router.post(
    "/cluster",
    response_model=ClusterAnswer,
    responses={**also(NDJSON), **problems(*UPLOAD)},
    openapi_extra=upload_body(),
)
async def cluster_of_tiles(request: Request, serving: ServingDep) -> Response:
    """Find the cluster of tiles that are sent: one raw PNG, or a form."""
    describe = partial(new_cluster, serving.catalog)
    return await uploaded(request, serving, partial(serving.each, describe))


@router.get("/cluster/{tile_id:path}", response_model=ClusterAnswer, responses=lasting(404))
async def stored_tile_cluster(
    request: Request, tile_id: TileId, serving: ServingDep, v: Version = None
) -> Response:
    """Give the cluster of a stored tile, and the study's DBSCAN label."""
    describe = partial(stored_cluster, serving.catalog)
    return await stored(request, serving, tile_id, v, describe, apart=True)


@router.get("/clusters", response_model=ClusterList, responses=problems())
async def clusters(serving: ServingDep) -> Response:
    """List all clusters with their size and medoid."""
    await refresh_names(serving)
    return enveloped(serving, **await serving.apart(_all, serving))


def _all(serving: Serving) -> Fact:
    made = serving.bundle.manifest.clustering
    return {
        "method": made.method,
        "clusters": [_named(serving, label) for label in range(made.clusters)],
        "stray": _named(serving, -1),
    }


def _named(serving: Serving, label: int) -> Fact:
    return {**cluster_summary(serving.catalog, label), "name": serving.names.of(label)}


async def refresh_names(serving: Serving) -> None:
    """Bring the names of clusters up to date; without their database those known before hold."""
    with suppress(LedgerDown):
        await serving.names.refresh()


@router.put(
    "/clusters/{label}/name",
    response_model=ClusterNamed,
    responses=problems(403, 404, 408, 412, 413, 415, 429, 503),
    openapi_extra=json_body("NewName"),
)
async def name_cluster(
    request: Request, label: Label, serving: ServingDep, reviewer: ReviewerDep
) -> Response:
    """Name a cluster; an empty name takes it away. Names carry over by the tile in the middle.

    With If-Match, the ETag of GET /clusters/{label}, it is refused where somebody named it, or
    another bundle took its place, meanwhile.
    """
    summary = await serving.apart(cluster_summary, serving.catalog, label)
    sent = await read_json(request, serving, NewName)
    if summary["medoid"] is None:
        raise UnknownCluster(label, serving.bundle.manifest.clustering.clusters - 1)
    given = request.headers.get("if-match", "*").strip()
    expected = None if given == "*" else given
    await serving.names.name(reviewer, label, sent.name or None, expected=expected)
    return enveloped(serving, _tagged(serving, label), label=label, name=serving.names.of(label))


def _tagged(serving: Serving, label: int) -> dict[str, str]:
    return {"ETag": serving.names.tag(label), **FRESH}


@router.get("/clusters/{label}", response_model=ClusterDetail, responses=problems(404))
async def cluster(
    label: Label, serving: ServingDep, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Give a cluster's size, medoid and members, page by page; label -1 are the stray tiles."""
    catalog = serving.catalog
    await refresh_names(serving)
    summary = await serving.apart(_named, serving, label)
    rows, following = catalog.page(catalog.bundle.members(label), cursor=cursor, limit=limit)
    members = [tile_summary(catalog, row) for row in rows]
    return enveloped(serving, _tagged(serving, label), **summary, members=members, next=following)
