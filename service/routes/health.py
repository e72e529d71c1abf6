"""Alive, ready, and which bundle."""

from fastapi import APIRouter, Request, Response

from service.answering.envelope import enveloped, json_response
from service.deps import ServingDep
from service.openapi.described import problems
from service.schemas import Alive, BundleManifest, Ready

router = APIRouter(tags=["service"])


@router.get("/livez", response_model=Alive, responses=problems())
@router.get("/healthz", response_model=Alive, responses=problems(), name="healthz")
async def livez() -> Response:
    """Say that the process answers; touches nothing. /healthz is the same."""
    return json_response({"status": "alive"})


@router.get("/readyz", response_model=Ready, responses=problems(503))
async def readyz(request: Request, serving: ServingDep) -> Response:
    """Prove it: a probe tile must come back as stored, and lie nearest to the tile it did."""
    difference = await serving.prove()
    strength = request.app.state.team.strength
    return enveloped(
        serving,
        status="ready" if strength.ready >= strength.of else "degraded",
        workers=strength._asdict(),
        tiles=len(serving.bundle),
        probe_difference=difference,
        queue_tiles=serving.gate.tiles,
        queue_limit=serving.settings.max_queue_tiles,
    )


@router.get("/bundle", response_model=BundleManifest, responses=problems())
async def manifest(serving: ServingDep) -> Response:
    """Give the bundle's manifest: where it comes from, its settings, versions and files."""
    return json_response(serving.bundle.manifest.model_dump(mode="json"))
