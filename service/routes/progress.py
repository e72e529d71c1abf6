"""How far a review has come, what to look at next, and random samples of the rest."""

from typing import Annotated

from fastapi import Path, Query, Response
from fastapi.responses import HTMLResponse

from service.answering.caching import FRESH
from service.answering.envelope import enveloped
from service.deps import Alone, HolderDep, ReviewerDep, ServingDep
from service.errors import LedgerDown
from service.openapi.described import problems
from service.pages.progress import shown
from service.pages.rendering import render
from service.requests.queries import Router
from service.reviewing import board
from service.reviewing.stopping import SHARE
from service.routes.refreshing import unreadable
from service.schemas import DrawnSample, ReviewBudget, ReviewProgress, ReviewSample

router = Router(tags=["review"])

Budget = Annotated[
    int, Query(ge=1, le=board.MOST_TO_LOOK_AT, description="Tiles to look at.", examples=[300])
]
Size = Annotated[
    int, Query(ge=1, le=board.MOST_DRAWN, description="Tiles to draw.", examples=[100])
]
Draw = Annotated[int, Path(ge=1, lt=2**31, description="Number of the sample.", examples=[1])]
Share = Annotated[
    float,
    Query(
        gt=0,
        lt=1,
        allow_inf_nan=False,
        description="Of the tiles that nobody looks at, how many may hold lettering.",
        examples=[0.01],
    ),
]


@router.get("/review/budget", response_model=ReviewBudget, responses=problems(503))
async def budget(serving: ServingDep, budget: Budget = 300, reviewer: Alone = None) -> Response:
    """List the undecided tiles most worth a look, by the scores and by what is decided so far."""
    return enveloped(serving, FRESH, **await board.budget(serving, budget, reviewer))


@router.post("/review/sample", response_model=ReviewSample, responses=problems(403, 503))
async def sample(serving: ServingDep, reviewer: ReviewerDep, size: Size = 100) -> Response:
    """Draw an audit sample, or go on with the last: its tiles that nobody has decided on yet.

    A new sample is drawn only when the one before is done. It is random among the tiles that
    would be kept and that nobody has looked at, and is kept with the decisions.
    """
    return enveloped(serving, FRESH, **await board.sampled(serving, reviewer, size))


@router.get("/review/samples/{draw}", response_model=DrawnSample, responses=problems(404, 503))
async def drawn_sample(serving: ServingDep, draw: Draw) -> Response:
    """Tell all tiles of an audit sample, with a decision or without."""
    return enveloped(serving, FRESH, **board.drawn(serving, await board.sample(serving, draw)))


@router.get("/review/progress", response_model=ReviewProgress, responses=problems(503))
async def progress(serving: ServingDep, share: Share = SHARE) -> Response:
    """Tell what is looked at and found, how much is left by the samples, and whether to stop."""
    stands = await board.board_of(serving, share)
    return enveloped(serving, FRESH, **await serving.at_length(board.progress, stands))


@router.get("/view/progress", include_in_schema=False, response_class=HTMLResponse)
async def page(serving: ServingDep, holder: HolderDep, share: str = "") -> Response:
    """Show all of that as a page; `share` as for the answer."""
    wanted, problem = _share_of(share)
    try:
        stands = await board.board_of(serving, wanted)
    except LedgerDown as error:
        return unreadable(serving, error)
    made = await serving.at_length(shown, stands)
    status = 422 if problem else 200
    answer = render(
        serving,
        "progress.html",
        status=status,
        here="progress",
        shown=made,
        reviewer=holder,
        problem=problem,
    )
    answer.headers.update(FRESH)
    return answer


def _share_of(asked: str) -> tuple[float, str]:
    """Return a share that an address names, and what is wrong with it; without one the usual."""
    try:
        share = float(asked or SHARE)
    except ValueError:
        share = 0.0
    if 0 < share < 1:
        return share, ""
    return SHARE, (
        f"`share` is {asked[:40]!r}; it is a number above 0 and below 1, such as {SHARE:g}. "
        f"What follows is for {SHARE:g}."
    )
