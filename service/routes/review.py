"""The review page and the list behind it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
import orjson
from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from bundle import TilescreenError
from bundle.screening import Code, Verdict
from service.answering.caching import FRESH
from service.answering.envelope import enveloped
from service.answering.facts import Fact
from service.answering.screening import finding
from service.deps import Alone, HolderDep, ReviewerName, ServingDep, TileId
from service.errors import BadReviewer, LedgerDown, UnknownSample
from service.openapi.described import json_body, problems
from service.pages import triage as page
from service.pages.rendering import render
from service.pages.verdicts import NAMES
from service.requests.json_bodies import read_json
from service.requests.queries import Router
from service.requests.reviewers import named
from service.reviewing import board
from service.reviewing.triage import (
    UNDECIDED,
    State,
    States,
    Wanted,
    confirmed,
    triage_rows,
    triage_tile,
)
from service.schemas import ReviewDetail, ReviewPage, ReviewSelection, TileIds
from service.state import Serving
from service.stored.findings import Chosen, Filter, Order

router = Router(tags=["review"])

PIECE = 120
"""Tiles that the page is served with; as in static/review-list.js."""


class ReviewQuery(BaseModel):
    """Which stored tiles, in which order, and which piece of the list."""

    verdict: list[Verdict] = Field(
        [], description="Tiles with one of these verdicts only.", examples=[["drop"]]
    )
    reason: list[Code] = Field(
        [], description="Tiles with one of these reasons only.", examples=[["LETTERING"]]
    )
    state: list[State] = Field(
        [],
        description="Tiles that people left undecided, or decided so, only.",
        examples=[["undecided"]],
    )
    reviewer: ReviewerName | None = Field(
        None,
        max_length=80,
        description="States as this reviewer alone decided: for a second reading that knows "
        "nothing of the first.",
        examples=[None],
    )
    cluster: int | None = Field(
        None,
        ge=-(2**31),
        lt=2**31,
        description="Tiles of this cluster only; -1 are the stray ones.",
        examples=[0],
    )
    scan: str | None = Field(
        None, description="Tiles of the scan of this name only.", examples=["film-a"]
    )
    sort: Literal[Order, "given"] = Field(
        "-score",
        description="By lettering score, highest or lowest first, or nearest to 0.5 first; by id; "
        "by cluster. `given` keeps the order of the ids that are sent, else of scores.",
        examples=["-score"],
    )
    as_of: int | None = Field(
        None,
        ge=0,
        lt=2**63,
        description="`as_of` of the list's first piece: the others are then of the same list, "
        "whatever was decided meanwhile.",
        examples=[7],
    )
    offset: int = Field(
        0, ge=0, lt=2**63, description="Tiles of the list to leave out.", examples=[0]
    )
    limit: int = Field(100, ge=1, le=1000, description="Tiles in the piece.", examples=[100])

    def wanted(self) -> Wanted:
        """Return which tiles, in which order."""
        tiles = Filter(
            verdicts=self.verdict, reasons=self.reason, scan=self.scan, cluster=self.cluster
        )
        order = "-score" if self.sort == "given" else self.sort
        return Wanted(tiles=tiles, states=self.state, order=order)


QueryDep = Annotated[ReviewQuery, Query()]


@router.get("/review/tiles", response_model=ReviewPage, responses=problems(404, 503))
async def review_tiles(serving: ServingDep, query: QueryDep) -> Response:
    """List stored tiles for review: what screening found, and what people decided."""
    await serving.reviewed.refresh()
    return _fresh(serving, **await serving.apart(_listed, serving, query))


def _fresh(serving: Serving, **members: object) -> Response:
    # Decisions change while the bundle does not: no answer with them may be kept.
    return enveloped(serving, FRESH, **members)


def _listed(serving: Serving, query: ReviewQuery) -> Fact:
    reviewed = serving.reviewed
    now = reviewed.states_of(query.reviewer)
    as_of = reviewed.seq if query.as_of is None else query.as_of
    then = reviewed.states_of(query.reviewer, as_of) if query.state else now
    rows = triage_rows(serving.findings, then, query.wanted())
    return {"as_of": as_of, **_piece(serving, rows, now, query.offset, query.limit)}


def _piece(serving: Serving, rows: Chosen, states: States, offset: int, limit: int) -> Fact:
    piece = rows[offset : offset + limit].tolist()
    return {
        "total": len(rows),
        "offset": offset,
        "tiles": [triage_tile(serving.findings, states, row) for row in piece],
    }


@router.post(
    "/review/tiles",
    response_model=ReviewSelection,
    responses=problems(400, 404, 408, 413, 415, 429, 503),
    openapi_extra=json_body("TileIds"),
)
async def review_selection(request: Request, serving: ServingDep, query: QueryDep) -> Response:
    """List tiles that are named, filtered and ordered as GET does, with all of their ids."""
    named = await read_json(request, serving, TileIds)
    await serving.reviewed.refresh()
    return _fresh(serving, **await serving.apart(_selected, serving, query, named.ids))


def _selected(serving: Serving, query: ReviewQuery, ids: Sequence[str]) -> Fact:
    catalog, reviewed = serving.catalog, serving.reviewed
    given = [catalog.rows[name] for name in dict.fromkeys(ids) if name in catalog.rows]
    states = reviewed.states_of(query.reviewer)
    rows = triage_rows(serving.findings, states, query.wanted())
    if query.sort == "given":
        passing = np.zeros(len(catalog.ids), dtype=bool)
        passing[rows] = True
        kept = np.array(given, dtype=np.intp)
        rows = kept[passing[kept]]
    else:
        rows = rows[np.isin(rows, given)]
    return {
        "as_of": reviewed.seq,
        **_piece(serving, rows, states, query.offset, query.limit),
        "ids": [catalog.ids[row] for row in rows.tolist()],
        "unknown": sum(name not in catalog.rows for name in ids),
    }


K = Annotated[int, Query(ge=0, le=20, description="Most decided tiles of each kind.", examples=[3])]


@router.get(
    "/review/tiles/{tile_id:path}", response_model=ReviewDetail, responses=problems(404, 503)
)
async def review_tile(
    serving: ServingDep, tile_id: TileId, k: K = 3, reviewer: Alone = None
) -> Response:
    """Tell why a tile stands where it does: all that was found, and decided tiles near it."""
    row = serving.catalog.row(tile_id)
    await serving.reviewed.refresh()
    return _fresh(serving, **_detail(serving, row, k, reviewer))


def _detail(serving: Serving, row: int, k: int, reviewer: str | None) -> Fact:
    findings, reviewed = serving.findings, serving.reviewed
    states = reviewed.states_of(reviewer)
    return {
        **triage_tile(findings, states, row),
        "found": finding(findings, row)["reasons"],
        "decisions": [
            {"reviewer": event.reviewer, "decision": event.decision, "at": event.at}
            for event in reviewed.opinions(row)
            if reviewer in (None, event.reviewer)
        ],
        "confirmed": confirmed(findings, states, row, k),
    }


@router.get("/view/review", include_in_schema=False, response_class=HTMLResponse)
async def review(request: Request, serving: ServingDep, holder: HolderDep) -> Response:
    """Show stored tiles to be decided on."""
    problem, drawn = "", 0
    asked = page.asked(request.query_params.multi_items())
    if asked.alone:
        with suppress(BadReviewer):  # whose cookie that is, is asked for a name
            asked = replace(asked, reviewer=named(request) or "")
    try:
        await serving.reviewed.refresh()
        if "sample" in asked.kept and not asked.problems:
            drawn = int((await board.sample(serving, int(asked.kept["sample"]))).drawn.sum())
    except LedgerDown as error:
        problem = str(error)
    except UnknownSample as error:
        asked = replace(asked, problems=[str(error)])
    return await serving.apart(_review, serving, asked, holder, problem, drawn)


def _review(
    serving: Serving, asked: page.Asked, reviewer: str, problem: str, drawn: int
) -> HTMLResponse:
    reviewed = serving.reviewed
    as_of, rows, problems = reviewed.seq, np.empty(0, dtype=np.intp), asked.problems
    states = reviewed.states_of(asked.reviewer if asked.alone else None)
    if not problems:
        try:
            found = triage_rows(serving.findings, states, asked.wanted)
            rows = rows if asked.kept else found
        except TilescreenError as error:
            problems = [str(error)]
    undecided = None if problem else int((states == UNDECIDED).sum())
    start = {
        "bundle": serving.bundle.manifest.bundle_id,
        "as_of": as_of,
        **_piece(serving, rows, states, 0, PIECE),
    }
    return render(
        serving,
        "review.html",
        status=422 if problems else 200,
        here="review",
        problems=problems,
        kept={} if problems else asked.kept,
        showing="" if problems else page.showing(asked.kept, drawn, undecided),
        open=asked.open,
        bar=page.bar(serving.findings, None if problem else states, asked),
        alone=asked.alone,
        reading=asked.reviewer,
        query=asked.query,
        total=len(rows),
        start=page.embedded(start),
        names=orjson.dumps(NAMES).decode(),
        keys=page.KEYS,
        deciding_keys=page.DECIDING,
        problem=problem,
        reviewer=reviewer,
    )
