"""`/docs`: every route on one page made here, asking nothing of other servers."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.answering.protocol import MODEL
from service.deps import ServingDep
from service.pages.reference import entries
from service.pages.rendering import render, segment
from service.state import Serving

router = APIRouter(include_in_schema=False)


def example_names(serving: Serving) -> dict[str, str]:
    """Return what may stand for each name in a path, quoted."""
    tile_id = segment(serving.catalog.ids[len(serving.catalog.ids) // 2])
    bundle_id = serving.bundle.manifest.bundle_id
    return {
        "tile_id": tile_id,
        "label": "0",
        "bundle_id": bundle_id,
        "a": bundle_id,
        "b": bundle_id,
        "model_name": MODEL,
        "scan": segment(next((scan.name for scan in serving.bundle.scans), "scan")),
        "name": "lettering",
        "draw": "1",
    }


@router.get("/docs")
async def reference(request: Request, serving: ServingDep) -> HTMLResponse:
    """Show the API document as a page."""
    names = example_names(serving)
    base = str(request.base_url).rstrip("/")
    groups = entries(request.app.openapi(), base, names)
    return render(serving, "reference.html", groups=groups)
