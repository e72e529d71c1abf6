"""Verdicts on tiles: a screen for people who look, never a diagnosis."""

from functools import partial
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from bundle.screening import Code, Verdict
from service.answering.envelope import enveloped, kept_png, stored, uploaded
from service.answering.facts import Fact
from service.answering.screening import listed, new_screenings, stored_screening
from service.answering.streaming import NDJSON
from service.answering.tables import MEDIA_TYPE, csv_pieces, prefers_csv
from service.deps import ServingDep, TileId, Version
from service.openapi.described import (
    UPLOAD,
    also,
    csv_as_well,
    lasting,
    picture,
    problems,
    upload_body,
)
from service.pictures.overlay import overlay
from service.requests.queries import Router
from service.schemas import ScreenAnswer, ScreenPage
from service.stored.findings import Filter, Findings, Sort

router = Router(tags=["screen"])

K = Annotated[
    int, Query(ge=0, le=20, description="Most tiles of evidence for each reason.", examples=[5])
]


class ListQuery(BaseModel):
    """Which stored tiles to list, and how."""

    verdict: list[Verdict] = Field(
        [], description="Tiles with one of these verdicts only.", examples=[["drop"]]
    )
    reason: list[Code] = Field(
        [], description="Tiles with one of these reasons only.", examples=[["LETTERING"]]
    )
    scan: str | None = Field(
        None, description="Tiles of the scan of this name only.", examples=["film-a"]
    )
    min_score: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Tiles with at least this lettering score only.",
        examples=[0.5],
    )
    sort: Sort = Field(
        "-score",
        description="By lettering score, highest first, lowest first, or by id; "
        "tiles of one score by id.",
        examples=["-score"],
    )
    limit: int = Field(100, ge=1, le=1000, description="Tiles on a page.", examples=[100])
    cursor: str | None = Field(
        None, description="`next` of the page before; begin without.", examples=["0.97,c311"]
    )
    format: Literal["json", "csv"] | None = Field(
        None,
        description="`csv` gives the whole list at once, as does Accept: text/csv; "
        "`limit` and `cursor` are for JSON.",
        examples=["json"],
    )

    def filter(self) -> Filter:
        """Return which tiles are wanted."""
        return Filter(
            verdicts=self.verdict, reasons=self.reason, scan=self.scan, min_score=self.min_score
        )


@router.post(
    "/screen",
    response_model=ScreenAnswer,
    responses={**also(NDJSON), **problems(*UPLOAD)},
    openapi_extra=upload_body(),
)
async def screen_tiles(request: Request, serving: ServingDep, k: K = 5) -> Response:
    """Screen tiles that are sent, one raw PNG or a form: a screen, never a diagnosis."""
    describe = partial(new_screenings, serving.findings, k=k)
    return await uploaded(request, serving, partial(serving.together, describe), again=True)


@router.get(
    "/screen",
    response_model=ScreenPage,
    responses={**csv_as_well("The whole list."), **problems(404)},
)
async def screened_tiles(
    request: Request, serving: ServingDep, query: Annotated[ListQuery, Query()]
) -> Response:
    """List stored tiles with their verdicts, page by page, or all of them as CSV."""
    findings = serving.findings
    wanted = query.filter()
    if query.format == "csv" or (
        query.format is None and prefers_csv(request.headers.get("accept", ""))
    ):
        rows = await serving.apart(findings.choose, wanted, query.sort)
        name = f"screen-{serving.bundle.manifest.bundle_id}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"}
        return StreamingResponse(csv_pieces(findings, rows), media_type=MEDIA_TYPE, headers=headers)
    page = await serving.apart(_page, findings, query)
    answer = enveloped(serving, **page)
    answer.headers["Vary"] = "Accept"
    return answer


def _page(findings: Findings, query: ListQuery) -> Fact:
    rows = findings.choose(query.filter(), query.sort)
    chosen, following = findings.page(rows, query.sort, cursor=query.cursor, limit=query.limit)
    return {
        "total": len(rows),
        "summary": findings.count(rows),
        "tiles": [listed(findings, row) for row in chosen],
        "next": following,
    }


@router.get(
    "/screen/{tile_id:path}/overlay",
    response_class=Response,
    responses={**picture("The tile with what was found drawn on it."), **problems(404)},
)
async def tile_overlay(
    request: Request, tile_id: TileId, serving: ServingDep, v: Version = None
) -> Response:
    """Show what was found on a stored tile: boxes by reason, and below them code and score."""
    row = serving.catalog.row(tile_id)
    return await kept_png(request, serving, v, partial(_overlay, serving.findings, row))


def _overlay(findings: Findings, row: int) -> bytes:
    tile = findings.catalog.bundle.tile(row)
    score = float(findings.scores[row, 0])
    return overlay(tile, findings.verdict(row), score, findings.reasons(row))


@router.get("/screen/{tile_id:path}", response_model=ScreenAnswer, responses=lasting(404))
async def stored_tile_screening(
    request: Request, tile_id: TileId, serving: ServingDep, k: K = 5, v: Version = None
) -> Response:
    """Give the verdict on a stored tile, as it was when the bundle was fitted."""
    describe = partial(stored_screening, serving.findings, k=k)
    return await stored(request, serving, tile_id, v, describe, apart=True)
