"""`/docs`: every route on one page made here, asking nothing of other servers."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.deps import ServingDep
from service.pages.reference import entries
from service.pages.rendering import render, segment

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def reference(request: Request, serving: ServingDep) -> HTMLResponse:
    """Show the API document as a page."""
    tile_id = segment(serving.catalog.ids[len(serving.catalog.ids) // 2])
    base = str(request.base_url).rstrip("/")
    groups = entries(request.app.openapi(), base, tile_id)
    return render(serving, "reference.html", groups=groups)
