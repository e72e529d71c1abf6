"""Alive and ready."""

from fastapi import APIRouter

from service.deps import ServingDep

router = APIRouter(tags=["health"])


@router.get("/livez")
@router.get("/healthz", include_in_schema=False)
async def livez() -> dict[str, str]:
    """Say that the process answers; touches nothing."""
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(serving: ServingDep) -> dict[str, str]:
    """Say whether tiles can be encoded."""
    return {"status": "ready", "bundle": serving.bundle.manifest.bundle_id}
