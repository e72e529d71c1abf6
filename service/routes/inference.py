"""The Open Inference Protocol, version 2, for those who speak it already: a thin adapter."""

from functools import partial
from typing import Annotated

import numpy as np
from fastapi import Path, Request, Response

from bundle.encoders import runtime_of
from service.answering.envelope import json_response, unless_gone
from service.answering.facts import Fact
from service.answering.looks import Look, Sent
from service.answering.protocol import (
    HEADER_LENGTH,
    MODEL,
    PNGS,
    TILES,
    Column,
    Inference,
    read_inference,
    write_inference,
)
from service.answering.results import problem_with
from service.answering.screening import new_screenings
from service.deps import ServingDep
from service.errors import TileTooLong, TooManyTiles, UnknownModel
from service.observing.timing import timed
from service.openapi.described import UPLOAD, inference_body, problems
from service.requests.bodies import read_body
from service.requests.queries import Router
from service.schemas import (
    InferAnswer,
    Live,
    ModelMetadata,
    ModelReady,
    ServerMetadata,
    ServerReady,
)
from service.settings import Settings
from service.state import Serving

router = Router(prefix="/v2", tags=["inference protocol"])

OUTPUTS = ("latent", "score", "verdict", "error")
Name = Annotated[str, Path(description="Always `tilescreen`.", examples=[MODEL])]


@router.get("", response_model=ServerMetadata, responses=problems())
async def server(request: Request) -> Response:
    """Tell name, version and extensions of the server."""
    version = request.app.version
    return json_response({"name": MODEL, "version": version, "extensions": ["binary_tensor_data"]})


@router.get("/health/live", response_model=Live, responses=problems())
async def live() -> Response:
    """Say that the process answers; touches nothing."""
    return json_response({"live": True})


@router.get("/health/ready", response_model=ServerReady, responses=problems(503))
async def ready(serving: ServingDep) -> Response:
    """Prove that tiles can be encoded, as /readyz does."""
    await serving.prove()
    return json_response({"ready": True})


@router.get("/models/{model_name}", response_model=ModelMetadata, responses=problems(404))
async def model(model_name: Name, serving: ServingDep) -> Response:
    """Tell what the model takes and gives; its only version is the bundle's id."""
    _check(model_name)
    manifest = serving.bundle.manifest
    outputs = {"latent": ("FP32", [-1, manifest.latent_dim]), "score": ("FP32", [-1])}
    outputs |= {"verdict": ("BYTES", [-1]), "error": ("BYTES", [-1])}
    return json_response(
        {
            "name": model_name,
            "versions": [manifest.bundle_id],
            "platform": f"{runtime_of(serving.precision)}_onnx",
            "inputs": [
                {"name": PNGS, "datatype": "BYTES", "shape": [-1]},
                {"name": TILES, "datatype": "UINT8", "shape": [-1, -1, -1]},
            ],
            "outputs": [
                {"name": output, "datatype": kind, "shape": shape}
                for output, (kind, shape) in outputs.items()
            ],
        }
    )


@router.get("/models/{model_name}/ready", response_model=ModelReady, responses=problems(404, 503))
async def model_ready(model_name: Name, serving: ServingDep) -> Response:
    """Prove that tiles can be encoded, as /readyz does."""
    _check(model_name)
    await serving.prove()
    return json_response({"name": model_name, "ready": True})


@router.post(
    "/models/{model_name}/infer",
    response_model=InferAnswer,
    responses=problems(404, *UPLOAD),
    openapi_extra=inference_body(),
)
async def infer(model_name: Name, request: Request, serving: ServingDep) -> Response:
    """Encode and screen tiles: PNG files, or greys of one size; a screen, never a diagnosis."""
    _check(model_name)
    settings = serving.settings
    with serving.gate.enter() as ticket:
        body = bytearray()
        with timed("read"):
            await read_body(
                request,
                limit=settings.max_body_bytes,
                patience_s=settings.request_timeout_s,
                ticket=ticket,
                take=body.extend,
            )
        header = request.headers.get(HEADER_LENGTH)
        asked = await serving.apart(read_inference, bytes(body), header, OUTPUTS)
        del body  # its tiles are counted as long as they are held
        if len(asked.tiles) > settings.max_client_batch:
            raise TooManyTiles(
                f"The request holds {len(asked.tiles)} tiles; at most {settings.max_client_batch} "
                "are taken. Send them in several requests."
            )
        ticket.take(len(asked.tiles))
        request.state.tiles = len(asked.tiles)
        columns = await unless_gone(request, _columns(serving, asked))
    told = {"model_name": model_name, "model_version": serving.bundle.manifest.bundle_id}
    content, headers = write_inference(asked, columns, told)
    return Response(content, headers=headers)


def _check(name: str) -> None:
    if name != MODEL:
        raise UnknownModel(f"There is no model {name[:100]!r}; there is {MODEL!r}.")


def _short(tile: Sent | Exception, settings: Settings) -> Sent | Exception:
    if isinstance(tile, bytes) and len(tile) > settings.max_tile_bytes:
        return TileTooLong(len(tile), settings.max_tile_bytes)
    return tile


async def _columns(serving: Serving, asked: Inference) -> dict[str, Column]:
    tiles = (_short(tile, serving.settings) for tile in asked.tiles)
    looks = await serving.look(tiles, again=True)
    with timed("search"):
        screen = partial(new_screenings, serving.findings, k=0)
        found = await serving.together(screen, looks)
    facts = [_code(one) if isinstance(one, BaseException) else one for one in found]
    dim = serving.bundle.manifest.latent_dim
    latents = np.full((len(looks), dim), np.nan, dtype=np.float32)
    for row, look in zip(latents, looks, strict=True):
        if isinstance(look, Look):
            row[:] = look.latent
    return {
        "latent": latents,
        "score": np.array([fact.get("score", np.nan) for fact in facts], dtype=np.float32),
        "verdict": [fact.get("verdict", "") for fact in facts],
        "error": [fact.get("error", "") for fact in facts],
    }


def _code(error: BaseException) -> Fact:
    return {"error": problem_with(error).kind.code}
