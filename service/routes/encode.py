"""Latents of tiles."""

from collections.abc import Iterable

from fastapi import Request, Response

from service.answering.batcher import Latent
from service.answering.envelope import FORMS, VECTORS, stored, uploaded
from service.answering.facts import Fact
from service.answering.looks import Look
from service.answering.streaming import NDJSON
from service.answering.vectors import ARROW, NPY
from service.deps import TileId, Version, serving_of
from service.openapi.described import UPLOAD, also, lasting, problems, upload_body
from service.requests.queries import Router
from service.routes.unasked import UnaskedRoute
from service.schemas import EncodeAnswer

router = Router(tags=["encode"], route_class=UnaskedRoute)


@router.post(
    "/encode",
    response_model=EncodeAnswer,
    responses={**also(NDJSON, NPY, ARROW), **problems(*UPLOAD)},
    openapi_extra=upload_body(),
)
async def encode_tiles(request: Request) -> Response:
    """Encode tiles: one PNG as raw image/png, or several in a form."""
    return await uploaded(request, await serving_of(request), _say, (*FORMS, *VECTORS))


@router.get("/encode/{tile_id:path}", response_model=EncodeAnswer, responses=lasting(404))
async def stored_latent(request: Request, tile_id: TileId, v: Version = None) -> Response:
    """Give the latent of a stored tile, as it was when the bundle was fitted."""
    serving = await serving_of(request)
    latents = serving.catalog.latents
    return await stored(request, serving, tile_id, v, lambda row: _fact(latents[row]))


async def _say(looks: Iterable[Look | BaseException]) -> list[Fact | BaseException]:
    return [one if isinstance(one, BaseException) else _fact(one.latent) for one in looks]


def _fact(latent: Latent) -> Fact:
    return {"latent": latent}
