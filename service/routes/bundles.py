"""Which bundles there are, which one answers, and what differs between two."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import fastapi
from fastapi import Query, Request, Response

from bundle.comparison import Match
from service.answering.envelope import enveloped
from service.answering.facts import Fact
from service.bundles.differences import difference
from service.bundles.library import folders_of, listed, opened, point_current
from service.bundles.shelf import Shelf, Swap
from service.deps import ADMIN, ServingDep
from service.errors import BundleRefused
from service.openapi.described import problems
from service.requests.queries import Router
from service.schemas import Activated, BundleDiff, BundleList
from service.workers.team import Team

router = Router(prefix="/bundles", tags=["bundles"])

BundleId = Annotated[
    str,
    fastapi.Path(
        description="A bundle's id, as GET /bundles lists it.", examples=["d58c69737ebf73dd"]
    ),
]
MatchBy = Annotated[
    Match,
    Query(
        description="What makes tiles of two bundles the same one: their id, or their picture as "
        "the encoder sees it.",
        examples=["id"],
    ),
]


@router.get("", response_model=BundleList, responses=problems())
async def bundles(request: Request, serving: ServingDep) -> Response:
    """List the bundles that can be served: in memory, and in the folder of bundles."""
    return enveloped(serving, **await serving.apart(_all, request.app.state.shelf))


def _all(shelf: Shelf) -> Fact:
    whole, broken = listed(shelf)
    return {
        "bundles": [
            {
                "id": one.manifest.bundle_id,
                "name": one.folder.name,
                "state": one.state,
                "profile": one.manifest.profile,
                "created": one.manifest.created,
                "tiles": one.manifest.source.tiles,
                "scans": one.manifest.source.scans,
            }
            for one in whole
        ],
        "broken": [{"name": one.folder.name, "detail": one.problem} for one in broken],
    }


@router.post(
    "/{bundle_id}:activate",
    response_model=Activated,
    responses=problems(403, 404, 409, 503),
    dependencies=[ADMIN],
)
async def activate(request: Request, bundle_id: BundleId, serving: ServingDep) -> Response:
    """Load a bundle, prove it, and let it answer in every worker process; refused, all stays.

    Requests under way end on the bundle that they began with. That one stays loaded, to be
    activated again at once.
    """
    shelf: Shelf = request.app.state.shelf
    folders = await serving.apart(folders_of, shelf, bundle_id)
    swap, folder = await _first_sound(request.app.state.team, folders)
    lasting = await serving.apart(point_current, serving.settings, folder)
    return enveloped(serving, old=swap.old, new=swap.new, lasting=lasting)


async def _first_sound(team: Team, folders: Sequence[Path]) -> tuple[Swap, Path]:
    """Activate a bundle from the first of its folders that holds it undamaged.

    Raises:
        BundleRefused: none does; the sentence is that of the first.
    """
    refused = []
    for folder in folders:
        try:
            return await team.activate(folder), folder
        except BundleRefused as error:
            refused.append(error)
    raise refused[0]


@router.get("/{a}/diff/{b}", response_model=BundleDiff, responses=problems(404, 409))
async def diff(
    request: Request, a: BundleId, b: BundleId, serving: ServingDep, match: MatchBy = "id"
) -> Response:
    """Compare two bundles on the tiles that both hold: verdicts, nearest tiles, clusters."""
    fact = await serving.at_length(_difference, request.app.state.shelf, a, b, match)
    return enveloped(serving, **fact)


def _difference(shelf: Shelf, a: str, b: str, match: Match) -> Fact:
    return difference(opened(shelf, a), opened(shelf, b), match)
