"""The pages of places: the map of all tiles, and scans put together again."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from bundle.layout import MAP
from service.deps import HolderDep, ServingDep
from service.errors import UnknownScan
from service.pages import scans
from service.pages.rendering import missing, render
from service.pages.sheets import tile
from service.pictures.mosaic import layout
from service.routes.refreshing import refreshed
from service.state import Serving

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

FOUND = 24
"""Tiles with lettering listed beside the picture of a scan, highest score first."""


@router.get("/view/map")
async def tile_map(serving: ServingDep, holder: HolderDep) -> Response:
    """Show the map of all tiles."""
    down = await refreshed(serving)
    laid_out = MAP in serving.bundle.arrays
    return render(serving, "map.html", here="map", laid_out=laid_out, reviewer=holder, down=down)


@router.get("/view/scans")
async def all_scans(serving: ServingDep, page: str = "1", order: str = "lettering") -> Response:
    """List the scans with how much lettering each holds."""
    return await serving.apart(_all_scans, serving, page, order)


def _all_scans(serving: Serving, asked: str, order: str) -> HTMLResponse:
    order = order if order in scans.SORTS else "lettering"
    shown, pages = scans.wall(serving.findings, order, asked)
    listed = [
        (one, scans.heat(serving.findings, layout(serving.bundle, one.rows))) for one in shown
    ]
    return render(
        serving,
        "scans.html",
        here="scans",
        scans=listed,
        pages=pages,
        order=order,
        orders=scans.SORTS.items(),
    )


@router.get("/view/scans/{name:path}")
async def scan(name: str, serving: ServingDep, holder: HolderDep) -> Response:
    """Show one scan put together again, with the heat map of its lettering score."""
    down = await refreshed(serving)
    try:
        return await serving.apart(_scan, serving, name, holder, down)
    except UnknownScan as error:
        return missing(serving, "No such scan", str(error))


def _scan(serving: Serving, name: str, reviewer: str, down: str) -> HTMLResponse:
    findings, bundle = serving.findings, serving.bundle
    rows = serving.catalog.in_scan(name)
    ids = serving.catalog.ids
    found = rows[findings.told[rows, 0]]
    found = found[(-findings.scores[found, 0]).argsort(kind="stable")][:FOUND]
    return render(
        serving,
        "scan.html",
        here="scans",
        scan=scans.scanned(findings, rows, name),
        heat=scans.heat(findings, layout(bundle, rows)),
        states={ids[row]: serving.reviewed.state(row) or "" for row in rows.tolist()},
        found=[tile(bundle, int(row)) for row in found],
        reviewer=reviewer,
        down=down,
    )
