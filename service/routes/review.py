"""The review page and the list behind it."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from bundle import TilescreenError
from bundle.screening import Code, Verdict
from service.answers import enveloped
from service.deps import ServingDep, TileId
from service.facts import Fact
from service.findings import Chosen, Filter, Order
from service.openapi import problems
from service.pages import triage as page
from service.pages.rendering import render
from service.pages.verdicts import NAMES
from service.schemas import ReviewDetail, ReviewPage, ReviewSelection, TileIds
from service.screening import finding
from service.state import Serving
from service.triage import (
    State,
    States,
    Wanted,
    confirmed,
    states_of,
    triage_rows,
    triage_tile,
)

router = APIRouter(tags=["review"])

PIECE = 120
"""Tiles that the page is served with; as in static/review-list.js."""


class ReviewQuery(BaseModel):
    """Which stored tiles, in which order, and which piece of the list."""

    model_config = ConfigDict(extra="forbid")

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
    sort: Order | Literal["given"] = Field(
        "-score",
        description="By lettering score, highest or lowest first, or nearest to 0.5 first; by id; "
        "by cluster. `given` keeps the order of the ids that are sent, else of scores.",
        examples=["-score"],
    )
    offset: int = Field(0, ge=0, description="Tiles of the list to leave out.", examples=[0])
    limit: int = Field(100, ge=1, le=1000, description="Tiles in the piece.", examples=[100])

    def wanted(self) -> Wanted:
        """Return which tiles, in which order."""
        tiles = Filter(
            verdicts=self.verdict, reasons=self.reason, scan=self.scan, cluster=self.cluster
        )
        order = "-score" if self.sort == "given" else self.sort
        return Wanted(tiles=tiles, states=self.state, order=order)


QueryDep = Annotated[ReviewQuery, Query()]


@router.get("/review/tiles", response_model=ReviewPage, responses=problems(404, 422))
async def review_tiles(serving: ServingDep, query: QueryDep) -> Response:
    """List stored tiles for review: what screening found, and what people decided."""
    return enveloped(serving, **await serving.apart(_listed, serving, query))


def _listed(serving: Serving, query: ReviewQuery) -> Fact:
    states = states_of(serving)
    rows = triage_rows(serving.findings, states, query.wanted())
    return _piece(serving, states, rows, query.offset, query.limit)


def _piece(serving: Serving, states: States, rows: Chosen, offset: int, limit: int) -> Fact:
    piece = rows[offset : offset + limit].tolist()
    return {
        "total": len(rows),
        "offset": offset,
        "tiles": [triage_tile(serving.findings, states, row) for row in piece],
    }


@router.post("/review/tiles", response_model=ReviewSelection, responses=problems(404, 413, 422))
async def review_selection(serving: ServingDep, query: QueryDep, named: TileIds) -> Response:
    """List tiles that are named, filtered and ordered as GET does, with all of their ids."""
    return enveloped(serving, **await serving.apart(_selected, serving, query, named.ids))


def _selected(serving: Serving, query: ReviewQuery, ids: Sequence[str]) -> Fact:
    states, catalog = states_of(serving), serving.catalog
    given = [catalog.rows[name] for name in dict.fromkeys(ids) if name in catalog.rows]
    rows = triage_rows(serving.findings, states, query.wanted())
    if query.sort == "given":
        passing = np.zeros(len(catalog.ids), dtype=bool)
        passing[rows] = True
        kept = np.array(given, dtype=np.intp)
        rows = kept[passing[kept]]
    else:
        rows = rows[np.isin(rows, given)]
    return {
        **_piece(serving, states, rows, query.offset, query.limit),
        "ids": [catalog.ids[row] for row in rows.tolist()],
        "unknown": sum(name not in catalog.rows for name in ids),
    }


K = Annotated[int, Query(ge=0, le=20, description="Most decided tiles of each kind.", examples=[3])]


@router.get(
    "/review/tiles/{tile_id:path}", response_model=ReviewDetail, responses=problems(404, 422)
)
async def review_tile(serving: ServingDep, tile_id: TileId, k: K = 3) -> Response:
    """Tell why a tile stands where it does: all that was found, and decided tiles near it."""
    row = serving.catalog.row(tile_id)
    return enveloped(serving, **await serving.apart(_detail, serving, row, k))


def _detail(serving: Serving, row: int, k: int) -> Fact:
    states, findings = states_of(serving), serving.findings
    return {
        **triage_tile(findings, states, row),
        "found": finding(findings, row)["reasons"],
        "confirmed": confirmed(findings, states, row, k),
    }


@router.get("/view/review", include_in_schema=False, response_class=HTMLResponse)
async def review(request: Request, serving: ServingDep) -> Response:
    """Show stored tiles to be decided on."""
    return await serving.apart(_review, serving, page.asked(request.query_params))


def _review(serving: Serving, asked: page.Asked) -> HTMLResponse:
    states, problem = states_of(serving), ""
    rows: Chosen = np.empty(0, dtype=np.intp)
    if not asked.kept:
        try:
            rows = triage_rows(serving.findings, states, asked.wanted)
        except TilescreenError as error:
            problem = str(error)
    start = {
        "bundle": serving.bundle.manifest.bundle_id,
        **_piece(serving, states, rows, 0, PIECE),
    }
    return render(
        serving,
        "review.html",
        here="review",
        bar=page.bar(serving.findings, states, asked),
        query=asked.query,
        total=len(rows),
        start=page.embedded(start),
        names=orjson.dumps(NAMES).decode(),
        keys=page.KEYS,
        problem=problem,
        fixed=False,
    )
