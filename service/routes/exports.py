"""What is handed on when all is decided: a list, boxes, and a manifest that can be checked."""

from typing import Annotated

from fastapi import Query, Response

from service.answering.envelope import enveloped, json_response
from service.answering.tables import MEDIA_TYPE as CSV
from service.deps import ServingDep
from service.exports import boxes, table
from service.exports.export import MANIFEST, Export, export, manifest, zipped
from service.exports.signing import ALGORITHM, public_hex, signing_key
from service.openapi.described import download, problems
from service.requests.queries import Router
from service.schemas import CocoBoxes, ExportKey, ExportManifest
from service.state import Serving

_REMEDY = (
    "Ask `through` a number that GET /exports/manifest.json told (`decisions_through`), or leave "
    "it out."
)
router = Router(prefix="/exports", tags=["exports"])

Through = Annotated[
    int | None,
    Query(
        ge=0,
        description="Decisions up to the event of this number only: files that were asked for with "
        "one number belong together. Without it all of them; X-Decisions-Through says which.",
        examples=[0],
    ),
]
_ZIP = "application/zip"
_PROBLEMS = problems(404, 503)


@router.get(
    "",
    response_class=Response,
    responses={
        **download(_ZIP, "The list, the boxes and their manifest."),
        **problems(404, 503),
    },
)
async def exported(serving: ServingDep, through: Through = None) -> Response:
    """Give all three files at once."""
    made = await _made(serving, through)
    data = await serving.at_length(zipped, serving, made)
    name = f"export-{serving.bundle.manifest.bundle_id}-{made.through}.zip"
    return Response(data, media_type=_ZIP, headers=_headers(made, name))


@router.get(
    "/tiles.csv",
    response_class=Response,
    responses={**download(CSV, "A line for every stored tile."), **_PROBLEMS},
)
async def exported_tiles(serving: ServingDep, through: Through = None) -> Response:
    """List every stored tile with what was decided about it, else with its verdict."""
    made = await _made(serving, through)
    return Response(made.files[table.NAME], media_type=CSV, headers=_headers(made, table.NAME))


@router.get("/boxes.json", response_model=CocoBoxes, responses=_PROBLEMS)
async def exported_boxes(serving: ServingDep, through: Through = None) -> Response:
    """Give the boxes on tiles to drop, in COCO's format."""
    made = await _made(serving, through)
    data, headers = made.files[boxes.NAME], _headers(made, boxes.NAME)
    return Response(data, media_type="application/json", headers=headers)


@router.get("/manifest.json", response_model=ExportManifest, responses=_PROBLEMS)
async def exported_manifest(serving: ServingDep, through: Through = None) -> Response:
    """Give the hashes of both files and of the bundle, signed."""
    made = await _made(serving, through)
    return json_response(await serving.apart(manifest, serving, made), _headers(made, MANIFEST))


@router.get("/key", response_model=ExportKey, responses=problems(503))
async def export_key(serving: ServingDep) -> Response:
    """Tell the public key of this service's exports."""
    key = await serving.apart(signing_key, serving.settings)
    return enveloped(serving, algorithm=ALGORITHM, public_key=public_hex(key))


async def _made(serving: Serving, through: int | None) -> Export:
    """Make an export.

    Raises:
        UnknownEvent: there is no such event yet.
        LedgerDown: the database cannot be used.
    """
    await serving.reviewed.refresh()
    return await serving.at_length(export, serving, serving.reviewed.moment(through, _REMEDY))


def _headers(made: Export, name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Decisions-Through": str(made.through),
    }
