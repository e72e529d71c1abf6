"""Latents of tiles."""

from fastapi import APIRouter, Request, Response

from service.answers import stored, uploaded
from service.batcher import Latent
from service.deps import ServingDep, TileId
from service.facts import Fact
from service.looks import Look
from service.openapi import UPLOAD, problems, upload_body
from service.schemas import EncodeAnswer

router = APIRouter(tags=["encode"])


@router.post(
    "/encode",
    response_model=EncodeAnswer,
    responses=problems(*UPLOAD),
    openapi_extra=upload_body(),
)
async def encode_tiles(request: Request, serving: ServingDep) -> Response:
    """Encode tiles: one PNG as raw image/png, or several in a form."""
    return await uploaded(request, serving, _new)


@router.get("/encode/{tile_id:path}", response_model=EncodeAnswer, responses=problems(404, 422))
async def stored_latent(tile_id: TileId, serving: ServingDep) -> Response:
    """Give the latent of a stored tile, as it was when the bundle was fitted."""
    row = serving.catalog.row(tile_id)
    return stored(serving, tile_id, _fact(serving.catalog.latents[row]))


def _new(look: Look) -> Fact:
    return _fact(look.latent)


def _fact(latent: Latent) -> Fact:
    return {"latent": latent}
