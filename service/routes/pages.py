"""The pages that people look at: gallery, screening, cluster, tile, upload.

Errors here are pages too; the API beside them answers with problem details.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, get_args

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bundle import TilescreenError, UnknownCluster, UnknownTile
from bundle.screening import Code
from service.answering.envelope import unless_gone
from service.answering.looks import Look
from service.answering.results import problem_with
from service.answering.screening import stored_screening
from service.deps import HolderDep, ServingDep
from service.errors import MalformedForm, problem_of
from service.pages import filters, sheets
from service.pages.captions import same_scan_words
from service.pages.cards import Answer, answer, stored_hits, stored_lines
from service.pages.rendering import ASSETS, missing, render, segment
from service.pages.scans import heat_of
from service.pages.verdicts import EVIDENCE, finding
from service.requests.uploads import Uploads, read_uploads
from service.reviewing.triage import UNDECIDED
from service.routes.refreshing import refreshed
from service.state import Serving

_DIGITS, _SHOWN = 10, 40
"""Of a label at most, and how many letters are repeated of what is none."""
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

FEW, MANY = 18, 100
"""Neighbours on a stored tile's page: at first, and when asked for more."""
PageNumber = Annotated[str, Query(alias="page")]


@router.get("/")
async def gallery(serving: ServingDep, page: PageNumber = "1", order: str = "size") -> Response:
    """Show every cluster as a contact sheet."""
    down = await refreshed(serving)
    return await serving.apart(_gallery, serving, page, order, down)


def _gallery(serving: Serving, asked: str, order: str, down: str) -> HTMLResponse:
    bundle = serving.bundle
    order = order if order in sheets.ORDERS else "size"
    labels = sheets.ordered(bundle, order)
    pages = sheets.page_of(asked, len(labels), sheets.CLUSTERS_A_PAGE)
    stray = sheets.sheet(bundle, -1, sheets.STRAYS) if pages.number == 1 else None
    shown = labels[pages.start : pages.end]
    return render(
        serving,
        "gallery.html",
        here="gallery",
        strip=sheets.strip(bundle),
        stray=stray if stray and stray.size else None,
        groups=[sheets.sheet(bundle, label, sheets.SHEET) for label in shown],
        names={label: serving.names.of(label) for label in shown},
        pages=pages,
        order=order,
        orders=sheets.ORDERS.items(),
        bar=filters.bar(serving.findings, filters.asked([])),
        undecided=None if down else int((serving.reviewed.states == UNDECIDED).sum()),
    )


@router.get("/view/screen")
async def screen(request: Request, serving: ServingDep, page: PageNumber = "1") -> Response:
    """Show stored tiles by verdict and reason, those with the highest score first."""
    wanted = filters.asked(request.query_params.multi_items())
    return await serving.apart(_screen, serving, wanted, page)


def _screen(serving: Serving, wanted: filters.Asked, asked: str) -> HTMLResponse:
    cards, pages, total = filters.wall(serving.findings, wanted, asked)
    return render(
        serving,
        "screen.html",
        status=422 if wanted.problems else 200,
        here="screen",
        problems=wanted.problems,
        bar=filters.bar(serving.findings, wanted),
        cards=cards,
        pages=pages,
        total=total,
    )


@router.get("/view/clusters/{label}")
async def cluster(
    label: str, serving: ServingDep, holder: HolderDep, page: PageNumber = "1"
) -> Response:
    """Show the tiles of one cluster."""
    down = await refreshed(serving)
    try:
        return await serving.apart(_cluster, serving, label, page, down, holder)
    except UnknownCluster as error:
        return missing(serving, "No such cluster", str(error))


def _cluster(serving: Serving, asked: str, page: str, down: str, reviewer: str) -> HTMLResponse:
    bundle = serving.bundle
    try:
        label = int(asked if len(asked) < _DIGITS else "")
    except ValueError:
        highest = bundle.manifest.clustering.clusters - 1
        return missing(
            serving,
            "No such cluster",
            f"{asked[:_SHOWN]!r} is no cluster: a cluster is a number. Their labels go from 0 to "
            f"{highest}, and -1 are the stray tiles.",
        )
    group, pages = sheets.wall(bundle, label, page)
    medoid = bundle.medoid(label) if label >= 0 else None
    name = None if medoid is None else bundle.id(medoid)
    called = serving.names.of(label)
    states = {one.id: serving.reviewed.state(serving.catalog.rows[one.id]) for one in group.tiles}
    return render(
        serving,
        "cluster.html",
        group=group,
        pages=pages,
        medoid=name,
        called=called,
        tag=serving.names.tag(label),
        states=states,
        reviewer=reviewer,
        down=down,
    )


@router.get("/view/tiles")
async def find(serving: ServingDep, tile_id: Annotated[str, Query(alias="id")] = "") -> Response:
    """Go to the tile with an id that someone typed, with or without its .png."""
    typed = tile_id.strip()
    if not typed:
        return RedirectResponse("/", 303)
    for name in (tile_id, typed, typed.removesuffix(".png")):
        if name in serving.catalog.rows:
            return RedirectResponse(f"/view/tiles/{segment(name)}", 303)
    return _unknown(serving, typed)


@router.get("/view/tiles/{tile_id:path}")
async def tile(
    tile_id: str, serving: ServingDep, holder: HolderDep, k: str = "", near: str = ""
) -> Response:
    """Show one stored tile with its verdict, neighbours, reconstruction and cluster."""
    if tile_id not in serving.catalog.rows:
        return _unknown(serving, tile_id)
    wanted = MANY if k == str(MANY) else FEW
    down = await refreshed(serving)
    row = serving.catalog.rows[tile_id]
    other_scans = near == "other"
    return await serving.apart(_tile, serving, row, wanted, down, holder, other_scans=other_scans)


def _tile(
    serving: Serving, row: int, k: int, down: str, reviewer: str, *, other_scans: bool
) -> HTMLResponse:
    bundle = serving.bundle
    hits = stored_hits(serving.catalog, row, k, other_scans=other_scans)
    before, after = sheets.beside(bundle, row)
    known = [hit.same_scan for hit in hits if hit.same_scan is not None]
    screened = stored_screening(serving.findings, row, EVIDENCE)
    return render(
        serving,
        "tile.html",
        tile=sheets.tile(bundle, row),
        asked=bundle.id(row),
        finding=finding(serving.catalog, screened, serving.findings.size(row)),
        lines=stored_lines(serving.catalog, row, hits),
        hits=hits,
        near_words=same_scan_words(sum(known), len(known)) if known else "",
        more=min(MANY, bundle.manifest.neighbors) if len(hits) == FEW else None,
        before=before,
        after=after,
        other_scans=other_scans,
        k=k,
        called=serving.names.of(int(bundle.labels[row])),
        state=serving.reviewed.state(row),
        down=down,
        codes=get_args(Code),
        history=serving.reviewed.history(row),
        heat=heat_of(serving.findings, row),
        reviewer=reviewer,
    )


@router.get("/view/upload")
async def upload_form(serving: ServingDep) -> Response:
    """Show the upload box alone."""
    return _upload(serving)


@router.post("/view/upload")
async def upload(request: Request, serving: ServingDep) -> Response:
    """Answer the files that were sent, each with what a stored tile's page shows."""
    try:
        with serving.gate.enter() as ticket:
            uploads = await read_uploads(request, serving.settings, ticket)
            if all(not one.id and not one.data for one in uploads.tiles):
                raise MalformedForm("No file was chosen. Choose some PNG files, then look up.")
            answers = await unless_gone(request, _answers(serving, uploads))
    except TilescreenError as error:
        problem = problem_of(error)
        return _upload(serving, problem=problem.detail, status=problem.kind.status)
    return _upload(serving, answers, status=200 if any(not one.problem for one in answers) else 422)


async def _answers(serving: Serving, uploads: Uploads) -> list[Answer]:
    names = [one.id or f"file {number}" for number, one in enumerate(uploads.tiles, 1)]
    looks = await serving.look(uploads.hand_over(), again=True)
    named = zip(names, looks, strict=True)
    sound = (look if isinstance(look, BaseException) else (name, look) for name, look in named)
    found = await serving.each(partial(_answer, serving), sound)
    return [
        Answer(name, problem_with(one).detail) if isinstance(one, BaseException) else one
        for name, one in zip(names, found, strict=True)
    ]


def _answer(serving: Serving, sent: tuple[str, Look]) -> Answer:
    name, look = sent
    (restored,) = serving.decoder.decode(look.latent[None])
    return answer(serving.findings, name, look, restored)


def _upload(
    serving: Serving,
    answers: Sequence[Answer] = (),
    *,
    problem: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    good = sum(answer.problem is None for answer in answers)
    return render(
        serving,
        "upload.html",
        status=status,
        here="upload",
        answers=answers,
        good=good,
        problem=problem,
    )


@router.get("/view/{rest:path}")
async def nowhere(rest: str, serving: ServingDep) -> Response:
    """Say that there is no such page."""
    return missing(serving, "No such page", f"There is nothing at /view/{rest[:200]}.")


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """Serve the stylesheet and the script from memory, to be kept: their address has a hash."""
    asset = ASSETS.get(name)
    if asset is None:
        raise HTTPException(404, f"There is no static file {name[:100]!r}.")
    keep = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(asset.content, media_type=asset.media_type, headers=keep)


def _unknown(serving: Serving, tile_id: str) -> HTMLResponse:
    """Say that there is no such tile, and show those with an id like it."""
    try:
        serving.catalog.row(tile_id)
    except UnknownTile as error:
        rows = [serving.catalog.row(name) for name in error.near]
        return render(
            serving,
            "missing.html",
            status=404,
            title="No such tile",
            asked=error.tile_id,
            detail=f"No stored tile has the id {error.tile_id!r}.",
            near=[sheets.tile(serving.bundle, row) for row in rows],
            remedy="Ids are case-sensitive and as in the tiles' file names, without .png.",
        )
    raise AssertionError(tile_id)
