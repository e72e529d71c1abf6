"""The page on which people teach concepts: pictures, yes or no, and a new ranking at once."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from service.bundles.library import after_restart
from service.deps import HolderDep, ServingDep
from service.errors import LedgerDown
from service.pages.rendering import render
from service.pages.teaching import board
from service.routes.refreshing import unreadable
from service.state import Serving
from service.teaching.names import alike, wrong
from service.teaching.taught import Lesson

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Asked = Annotated[str, Query(alias="concept")]


@router.get("/view/teach")
async def teach(serving: ServingDep, holder: HolderDep, asked: Asked = "") -> Response:
    """Show the tiles that a concept is least sure of, and those most like it."""
    teaching = serving.teaching
    try:
        await teaching.refresh()
    except LedgerDown as error:
        return unreadable(serving, error)
    lessons = teaching.lessons
    name = asked.strip()
    named = [one for one in lessons if one.name == name]
    named = named or [one for one in lessons if alike(one.name, name)]
    problem = wrong(name) if name and not named else ""
    chosen = next(iter([*named, *lessons]), None) if not name or named else Lesson(name)
    return await serving.apart(_page, serving, lessons, chosen, problem, holder)


def _page(
    serving: Serving, lessons: list[Lesson], chosen: Lesson | None, problem: str, reviewer: str
) -> HTMLResponse:
    following = after_restart(serving.settings, serving.bundle.path)
    return render(
        serving,
        "teach.html",
        status=422 if problem else 200,
        problem=problem,
        here="teach",
        reviewer=reviewer,
        lessons=lessons,
        chosen=chosen,
        made=chosen in lessons,
        served=serving.bundle.path.name,
        following=following and following.name,
        fixed=serving.settings.bundle is not None,
        board=board(serving, chosen) if chosen in lessons and chosen else None,
    )
