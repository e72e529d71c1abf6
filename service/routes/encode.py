"""Latents of tiles."""

from fastapi import APIRouter, Request, Response
import orjson

from service.deps import ServingDep

router = APIRouter(tags=["encode"])


@router.post("/encode")
async def encode(request: Request, serving: ServingDep) -> Response:
    """Encode tiles."""
    latents = await serving.encode([await request.body()])
    for latent in latents:
        if isinstance(latent, BaseException):
            raise latent
    return Response(orjson.dumps({"bundle": serving.bundle.manifest.bundle_id, "results": [{"index": i, "id": None, "latent": l} for i, l in enumerate(latents)]}, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")
