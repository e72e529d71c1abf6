"""How much may be asked at once, so that a client need not find out by being refused."""

from fastapi import Response

from service.answering.envelope import enveloped
from service.deps import ServingDep
from service.openapi.described import problems
from service.requests.queries import Router
from service.schemas import Limits

router = Router(tags=["service"])


@router.get("/limits", response_model=Limits, responses=problems())
async def limits(serving: ServingDep) -> Response:
    """Tell what one request may hold, and all requests together in this worker process."""
    settings = serving.settings
    return enveloped(
        serving,
        request_tiles=settings.max_client_batch,
        request_bytes=settings.max_body_bytes,
        request_timeout_s=settings.request_timeout_s,
        tile_bytes=settings.max_tile_bytes,
        tile_pixels=settings.max_tile_pixels,
        tiles_under_way=settings.max_queue_tiles,
        bytes_under_way=settings.max_bytes_in_flight,
    )
