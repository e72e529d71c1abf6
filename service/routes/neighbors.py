"""Nearest stored tiles."""

from fastapi import APIRouter, Response
import orjson

from service.deps import ServingDep

router = APIRouter(tags=["neighbors"])


@router.get("/neighbors/{tile_id:path}")
async def stored_neighbors(tile_id: str, serving: ServingDep, k: int = 5) -> Response:
    """Neighbours of a stored tile, from the precomputed graph."""
    catalog = serving.catalog
    row = catalog.row(tile_id)
    hits = catalog.hits(catalog.neighbors[row, :k].tolist(), catalog.distances[row, :k])
    return Response(orjson.dumps({"bundle": serving.bundle.manifest.bundle_id, "results": [{"index": 0, "id": tile_id, "self_excluded": True, "neighbors": hits}]}), media_type="application/json")
