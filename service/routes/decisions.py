"""What people decide about stored tiles."""

from operator import itemgetter
from typing import Annotated, Literal

import numpy as np
from fastapi import Query, Request, Response

from bundle.errors import UnknownTile
from service.answering.caching import FRESH
from service.answering.envelope import enveloped
from service.answering.facts import Fact
from service.answering.results import problem_with
from service.decisions.events import Event
from service.decisions.reviewed import STATES, State, Wanted, opinions_of, state_of
from service.deps import Limit, Offset, ReviewerDep, ReviewerName, ServingDep, TileId
from service.errors import BadPrecondition
from service.openapi.described import json_body, problems
from service.requests.json_bodies import read_json
from service.requests.queries import Router
from service.schemas import (
    BulkDecided,
    BulkDecisions,
    DecisionPage,
    NewDecision,
    TileDecided,
    Undone,
    UndoTold,
)
from service.state import Serving

router = Router(tags=["decisions"])

OptionalState = Annotated[
    Literal["keep", "review", "drop", "conflict"] | None,
    Query(description="Tiles that stand so only.", examples=["drop"]),
]
OptionalReviewer = Annotated[
    ReviewerName | None,
    Query(description="Tiles that this reviewer decided on only.", examples=["ann"]),
]
History = Annotated[
    bool, Query(description="Give every event as well, also what was taken back.", examples=[False])
]
Through = Annotated[
    int | None,
    Query(
        ge=0,
        lt=2**63,
        description="As decisions stood after this event; the `through` of the first page.",
        examples=[None],
    ),
]
_FIRST_PAGE = "Ask for the first page without `through`, and for the others with the one it tells."
_DIGITS = 18  # of a number that a database can hold
_CHANGES = (400, 403, 408, 412, 413, 415, 422, 429, 503)


@router.put(
    "/tiles/{tile_id:path}/decision",
    response_model=TileDecided,
    responses=problems(404, *_CHANGES),
    openapi_extra=json_body("NewDecision"),
)
async def decide(
    request: Request, tile_id: TileId, serving: ServingDep, reviewer: ReviewerDep
) -> Response:
    """Decide about a stored tile; it is on the disk when this answers.

    With If-Match, the ETag of GET, it is refused where somebody decided meanwhile.
    """
    row = serving.catalog.row(tile_id)
    sent = await read_json(request, serving, NewDecision)
    wanted = Wanted(row, sent.decision, sent.reason, sent.comment, _expected(_if_match(request)))
    await serving.reviewed.decide(reviewer, [wanted])
    return _tile(serving, row)


@router.delete(
    "/tiles/{tile_id:path}/decision",
    response_model=TileDecided,
    responses=problems(404, *_CHANGES),
)
async def withdraw(
    request: Request, tile_id: TileId, serving: ServingDep, reviewer: ReviewerDep
) -> Response:
    """Take one's own decision about a stored tile back."""
    row = serving.catalog.row(tile_id)
    await serving.reviewed.decide(
        reviewer, [Wanted(row, None, expected=_expected(_if_match(request)))]
    )
    return _tile(serving, row)


@router.get(
    "/tiles/{tile_id:path}/decision", response_model=TileDecided, responses=problems(404, 503)
)
async def decision(tile_id: TileId, serving: ServingDep, *, history: History = False) -> Response:
    """Tell what is decided about a stored tile, and by whom."""
    row = serving.catalog.row(tile_id)
    await serving.reviewed.refresh()
    return _tile(serving, row, history=history)


@router.post(
    "/decisions",
    response_model=BulkDecided,
    responses=problems(404, *_CHANGES),
    openapi_extra=json_body("BulkDecisions"),
)
async def decide_many(request: Request, serving: ServingDep, reviewer: ReviewerDep) -> Response:
    """Decide about many stored tiles at once, as one batch that can be undone as one.

    An id that is not stored gets its own error; the others are decided all the same. With
    `if_match` or `as_of`, none is written where somebody decided meanwhile.
    """
    if _if_match(request) is not None:
        raise BadPrecondition(
            "If-Match is about one tile, and this decides about many. Leave it out, and send "
            "`if_match` with each of `decisions`."
        )
    sent = await read_json(request, serving, BulkDecisions)
    wanted, results = await serving.apart(_found, serving, sent)
    batch = await serving.reviewed.decide(reviewer, wanted, as_of=sent.as_of) if wanted else None
    for result in results:
        if "error" not in result:
            result["state"] = serving.reviewed.state(serving.catalog.exactly(result["id"]))
    return enveloped(serving, batch=batch, results=results, counts=_counts(serving))


def _found(serving: Serving, sent: BulkDecisions) -> tuple[list[Wanted], list[Fact]]:
    """Return what is wanted of each stored tile, and a result for each time that one was named."""
    wanted: dict[int, Wanted] = {}
    results: list[Fact] = []
    for one in sent.each():
        try:
            row = serving.catalog.exactly(one.id)
        except UnknownTile as error:
            results.append({"id": one.id, "error": problem_with(error).members()})
        else:
            expected = _expected(one.if_match)
            wanted[row] = Wanted(row, one.decision, one.reason, one.comment, expected)
            results.append({"id": one.id})
    return [*wanted.values()], results


Batch = Annotated[
    str | None,
    Query(pattern="^[0-9a-f]{32}$", description="A batch of one's own.", examples=[None]),
]


@router.get("/decisions/undo", response_model=UndoTold, responses=problems(403, 503))
async def what_undo_takes_back(
    serving: ServingDep, reviewer: ReviewerDep, batch: Batch = None
) -> Response:
    """Tell what an undo would take back now, and whether `batch` was taken back."""
    last, events = await serving.reviewed.last_batch(reviewer)
    first = {"id": events[0].tile_id, "decision": events[0].decision} if events else None
    undone = batch is not None and await serving.reviewed.is_undone(batch)
    return enveloped(serving, FRESH, last=last, tiles=len(events), first=first, undone=undone)


@router.post("/decisions/undo", response_model=Undone, responses=problems(403, 412, 503))
async def undo(serving: ServingDep, reviewer: ReviewerDep, batch: Batch = None) -> Response:
    """Take back one's own last batch that is not taken back yet; with `batch`, only if it is that.

    Its tiles stand again as before it. Nothing is erased: the history keeps all of it.
    """
    undone, rows = await serving.reviewed.undo(reviewer, batch)
    results = [
        {"id": serving.catalog.ids[row], "state": serving.reviewed.state(row)} for row in rows
    ]
    return enveloped(serving, undone=undone, results=results, counts=_counts(serving))


def _counts(serving: Serving) -> Fact:
    """Tell how many tiles stand how."""
    counts = np.bincount(serving.reviewed.states, minlength=len(STATES)).tolist()
    return {state or "undecided": count for state, count in zip(STATES, counts, strict=True)}


@router.get("/decisions", response_model=DecisionPage, responses=problems(404, 503))
async def decisions(
    serving: ServingDep,
    *,
    state: OptionalState = None,
    reviewer: OptionalReviewer = None,
    through: Through = None,
    offset: Offset = 0,
    limit: Limit = 100,
) -> Response:
    """List the tiles that are decided on, the last one first.

    Pages with the `through` that the first one told are of one moment: none lacks a tile, or has
    it twice, for what is decided meanwhile.
    """
    await serving.reviewed.refresh()
    moment = serving.reviewed.moment(through, _FIRST_PAGE)
    found = await serving.at_length(_chosen, serving, state, reviewer, moment)
    end = offset + limit
    return enveloped(
        serving,
        total=len(found),
        elsewhere=len({(event.content, event.tile_id) for event in serving.reviewed.elsewhere}),
        decisions=[_standing(serving, *one) for one in found[offset:end]],
        through=moment,
        next=end if end < len(found) else None,
    )


def _chosen(
    serving: Serving, state: State | None, reviewer: str | None, through: int
) -> list[tuple[int, list[Event]]]:
    """Return rows and what was decided about them, as of an event, the last one first."""
    found = []
    for row in serving.reviewed.rows:
        history = [event for event in serving.reviewed.history(row) if event.seq <= through]
        opinions = opinions_of(history)
        stands = state_of(opinions)
        by = {event.reviewer for event in opinions}
        if stands is not None and state in (None, stands) and (reviewer is None or reviewer in by):
            found.append((history[-1].seq, row, opinions))
    return [(row, opinions) for _, row, opinions in sorted(found, key=itemgetter(0), reverse=True)]


def _tile(serving: Serving, row: int, *, history: bool = False) -> Response:
    fact = decided(serving, row)
    if history:
        fact["history"] = [_event(event) for event in serving.reviewed.history(row)]
    headers = {"ETag": f'"{serving.reviewed.last(row)}"', **FRESH}
    return enveloped(serving, headers, **fact)


def decided(serving: Serving, row: int) -> Fact:
    """Tell how the decisions about a stored tile stand."""
    return _standing(serving, row, serving.reviewed.opinions(row))


def _standing(serving: Serving, row: int, opinions: list[Event]) -> Fact:
    return {
        "id": serving.catalog.ids[row],
        "state": state_of(opinions),
        "decisions": [_event(event) for event in opinions],
    }


def _event(event: Event) -> Fact:
    return {
        "reviewer": event.reviewer,
        "decision": event.decision,
        "reason": event.reason,
        "comment": event.comment,
        "at": event.at,
        "seq": event.seq,
        "bundle": event.bundle,
        "imported_by": event.imported_by,
    }


def _if_match(request: Request) -> str | None:
    return request.headers.get("if-match")


def _expected(given: str | None) -> int | None:
    """Return the event that If-Match names, None where any will do.

    Raises:
        BadPrecondition: it names something else.
    """
    if given is None or given.strip() == "*":
        return None
    number = given.strip().removeprefix("W/").strip('"')
    if not number.isdecimal() or len(number) > _DIGITS:
        raise BadPrecondition(
            f"If-Match is {given[:100]!r}; it must be the ETag of GET /tiles/{{id}}/decision."
        )
    return int(number)
