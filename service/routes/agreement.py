"""How far reviewers agree, and where they do not."""

from collections import Counter
from collections.abc import Sequence

from fastapi import Response

from service.answering.envelope import enveloped
from service.answering.facts import Fact
from service.decisions.agreement import CONFIDENCE, Interval, overall, pairs
from service.decisions.events import Event
from service.deps import Limit, Offset, ServingDep
from service.openapi.described import problems
from service.requests.queries import Router
from service.reviewing.board import CONFLICT
from service.routes.decisions import decided
from service.schemas import Agreement
from service.state import Serving

router = Router(tags=["decisions"])


@router.get("/decisions/agreement", response_model=Agreement, responses=problems(503))
async def agreement(serving: ServingDep, *, offset: Offset = 0, limit: Limit = 100) -> Response:
    """Tell how far reviewers agree beyond chance, and list the tiles on which they do not.

    Cohen's kappa for every two with a tile in common, Krippendorff's alpha for all; intervals are
    percentiles of bootstrap samples of the tiles.
    """
    await serving.reviewed.refresh()
    return enveloped(serving, **await serving.at_length(_fact, serving, offset, limit))


def _fact(serving: Serving, offset: int, limit: int) -> Fact:
    reviewed = serving.reviewed
    rows = [row for row in reversed(reviewed.rows) if reviewed.states[row]]
    tiles = [reviewed.opinions(row) for row in rows]
    conflicts = [row for row in rows if reviewed.states[row] == CONFLICT]
    end = offset + limit
    return {
        "confidence": CONFIDENCE,
        "reviewers": _reviewers(tiles),
        "pairs": [
            {
                "reviewers": pair.reviewers,
                "tiles": pair.tiles,
                "observed": pair.observed,
                "kappa": pair.kappa,
                "interval": _bounds(pair.interval),
            }
            for pair in pairs(tiles)
        ],
        "overall": _overall(tiles),
        "total": len(conflicts),
        "conflicts": [decided(serving, row) for row in conflicts[offset:end]],
        "next": end if end < len(conflicts) else None,
    }


def _reviewers(tiles: Sequence[Sequence[Event]]) -> list[Fact]:
    counts = Counter(event.reviewer for opinions in tiles for event in opinions)
    return [{"reviewer": name, "tiles": count} for name, count in sorted(counts.items())]


def _overall(tiles: Sequence[Sequence[Event]]) -> Fact:
    found = overall(tiles)
    return {"tiles": found.tiles, "alpha": found.alpha, "interval": _bounds(found.interval)}


def _bounds(interval: Interval | None) -> Fact | None:
    return interval and {"low": interval[0], "high": interval[1]}
