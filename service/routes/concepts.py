"""Concepts that people teach by examples."""

from typing import Annotated

from fastapi import Path, Query, Request, Response
from pydantic import AfterValidator

from bundle.errors import UnknownTile
from service.answering.caching import FRESH
from service.answering.envelope import enveloped
from service.answering.facts import Fact
from service.answering.results import problem_with
from service.deps import ADMIN, Limit, Offset, ReviewerDep, ServingDep, TileId
from service.errors import BothMarks
from service.openapi.described import json_body, problems
from service.requests.json_bodies import read_json
from service.requests.queries import Router
from service.schemas import (
    ConceptChange,
    ConceptList,
    ConceptTold,
    ExamplesMarked,
    NewConcept,
    NewExamples,
    Published,
    Ranking,
)
from service.state import Serving
from service.teaching.events import Mark
from service.teaching.facts import concept_fact, example_facts, figures_fact, ranked, uncertain
from service.teaching.names import KNOWN, PATTERN, checked, known
from service.teaching.publishing import folder_of, publish

router = Router(tags=["concepts"])


Name = Annotated[
    str,
    Path(
        description="The concept's name: 1 to 80 characters, no space first or last, no slash.",
        examples=["skin marker"],
        json_schema_extra={"pattern": KNOWN},
    ),
    AfterValidator(known),
]
NewName = Annotated[
    str,
    Path(
        description="The concept's name: 1 to 80 characters, no space first or last, no slash, no "
        "semicolon.",
        examples=["skin marker"],
        json_schema_extra={"pattern": PATTERN},
    ),
    AfterValidator(checked),
]
AsOf = Annotated[
    int | None,
    Query(
        ge=0,
        lt=2**63,
        description="`as_of` of the concept as it was looked at: if somebody marked the tile "
        "anew after it, nothing is written.",
        examples=[None],
    ),
]
Few = Annotated[int, Query(ge=1, le=1000, description="Tiles.", examples=[20])]
_CHANGES = (400, 403, 408, 413, 415, 422, 429, 503)


@router.get("/concepts", response_model=ConceptList, responses=problems(503))
async def concepts(serving: ServingDep) -> Response:
    """List what was taught."""
    await serving.teaching.refresh()
    return _list(serving)


def _list(serving: Serving) -> Response:
    found = [concept_fact(serving, lesson) for lesson in serving.teaching.lessons]
    return enveloped(serving, FRESH, concepts=found)


@router.put(
    "/concepts/{name:path}",
    response_model=ConceptTold,
    responses=problems(409, *_CHANGES),
    openapi_extra=json_body("NewConcept"),
)
async def describe(
    request: Request, name: NewName, serving: ServingDep, reviewer: ReviewerDep
) -> Response:
    """Make a concept, or say anew what it is.

    A name that differs from another concept's by case alone is taken.
    """
    sent = await read_json(request, serving, NewConcept)
    await serving.teaching.describe(reviewer, name, sent.description, sent.verdict)
    return await _told(serving, name)


@router.patch(
    "/concepts/{name:path}",
    response_model=ConceptTold,
    responses=problems(404, 409, *_CHANGES),
    openapi_extra=json_body("ConceptChange"),
)
async def rename(
    request: Request, name: Name, serving: ServingDep, reviewer: ReviewerDep
) -> Response:
    """Give a concept another name; its examples stay its own.

    Bundle versions that were published with the old name keep it.
    """
    sent = await read_json(request, serving, ConceptChange)
    await serving.teaching.rename(reviewer, name, sent.name)
    return await _told(serving, sent.name)


async def _told(serving: Serving, name: str) -> Response:
    teaching = serving.teaching
    lesson = teaching.lesson(name)
    evaluation = await serving.at_length(figures_fact, teaching, lesson)
    return enveloped(
        serving,
        FRESH,
        concept=concept_fact(serving, lesson),
        examples=example_facts(serving, lesson),
        elsewhere=len(lesson.absent),
        as_of=lesson.seq,
        evaluation=evaluation,
    )


@router.post(
    "/concepts/{name}/examples",
    response_model=ExamplesMarked,
    responses=problems(404, 412, *_CHANGES),
    openapi_extra=json_body("NewExamples"),
)
async def mark(
    request: Request, name: Name, serving: ServingDep, reviewer: ReviewerDep
) -> Response:
    """Mark stored tiles as examples; the last mark of a tile counts.

    An id that is not stored is among `failed`; the others are marked all the same.
    """
    sent = await read_json(request, serving, NewExamples)
    both = sorted(set(sent.positive) & set(sent.negative))
    if both:
        raise BothMarks(both)
    await serving.teaching.refresh()
    serving.teaching.lesson(name)
    marks: dict[int, Mark | None] = {}
    failed: list[Fact] = []
    pairs: list[tuple[str, Mark]] = [(one, "positive") for one in sent.positive]
    for at, (one, kind) in enumerate([*pairs, *((one, "negative") for one in sent.negative)]):
        try:
            marks[serving.catalog.exactly(one)] = kind
        except UnknownTile as error:
            failed.append({"index": at, "id": one, "error": problem_with(error).members()})
    await serving.teaching.mark(reviewer, name, marks, as_of=sent.as_of)
    return _marked(serving, name, failed)


def _marked(serving: Serving, name: str, failed: list[Fact]) -> Response:
    lesson = serving.teaching.lesson(name)
    told = concept_fact(serving, lesson)
    return enveloped(serving, FRESH, concept=told, failed=failed, as_of=lesson.seq)


@router.delete(
    "/concepts/{name}/examples/{tile_id:path}",
    response_model=ExamplesMarked,
    responses=problems(403, 404, 412, 422, 503),
)
async def unmark(
    name: Name,
    tile_id: TileId,
    serving: ServingDep,
    reviewer: ReviewerDep,
    as_of: AsOf = None,
) -> Response:
    """Take the mark of a tile back."""
    await serving.teaching.refresh()
    serving.teaching.lesson(name)
    marks: dict[int, Mark | None] = {serving.catalog.row(tile_id): None}
    await serving.teaching.mark(reviewer, name, marks, as_of=as_of)
    return _marked(serving, name, [])


@router.get("/concepts/{name}/ranking", response_model=Ranking, responses=problems(404, 409, 503))
async def ranking(
    name: Name, serving: ServingDep, offset: Offset = 0, limit: Limit = 100
) -> Response:
    """Rank all stored tiles by how much they are like a concept."""
    await serving.teaching.refresh()
    examples = serving.teaching.examples(name)
    fact = await serving.apart(ranked, serving, examples, offset, limit)
    return enveloped(serving, FRESH, **fact)


@router.get("/concepts/{name}/uncertain", response_model=Ranking, responses=problems(404, 409, 503))
async def least_certain(name: Name, serving: ServingDep, limit: Few = 20) -> Response:
    """Give the tiles that nobody marked and that the concept is least sure of: ask these next."""
    await serving.teaching.refresh()
    examples = serving.teaching.examples(name)
    fact = await serving.apart(uncertain, serving, examples, limit)
    return enveloped(serving, FRESH, **fact)


@router.get("/concepts/{name:path}", response_model=ConceptTold, responses=problems(404, 422, 503))
async def concept(name: Name, serving: ServingDep) -> Response:
    """Tell a concept's examples, and how well it is told on scans that were held out."""
    await serving.teaching.refresh()
    return await _told(serving, name)


@router.delete(
    "/concepts/{name:path}", response_model=ConceptList, responses=problems(403, 404, 422, 503)
)
async def remove(name: Name, serving: ServingDep, reviewer: ReviewerDep) -> Response:
    """Take a concept away, and list those that are left.

    Nothing is erased: making it again (PUT) brings its examples back.
    """
    await serving.teaching.refresh()
    await serving.teaching.remove(reviewer, name)
    return _list(serving)


@router.post(
    "/concepts:publish",
    response_model=Published,
    responses=problems(403, 409, 503),
    dependencies=[ADMIN],
)
async def publish_concepts(serving: ServingDep) -> Response:
    """Write a new bundle version that holds every concept with a positive example.

    It lies in the folder of bundles, and answers once it is activated.
    """
    folder_of(serving)
    teaching = serving.teaching
    await teaching.refresh()
    lessons = [
        (teaching.examples(one.name), one.description, one.verdict)
        for one in teaching.lessons
        if len(one.rows("positive"))
    ]
    name, manifest = await serving.at_length(publish, serving, lessons)
    held = [one.name for one in manifest.concepts or ()]
    return enveloped(serving, FRESH, id=manifest.bundle_id, name=name, concepts=held)
