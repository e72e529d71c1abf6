"""Decisions that were made elsewhere, as a CSV."""

from typing import Annotated

from fastapi import Query, Request, Response

from service.answering.envelope import enveloped
from service.answering.facts import Fact
from service.answering.results import problem_with
from service.answering.tables import MEDIA_TYPE
from service.decisions.importing import Line, read_lines
from service.deps import ReviewerDep, ServingDep
from service.errors import ImportRefused
from service.openapi.described import csv_body, problems
from service.requests.json_bodies import read_text
from service.requests.queries import Router
from service.schemas import Imported
from service.state import Serving

router = Router(tags=["decisions"])

Partial = Annotated[
    bool,
    Query(description="Write the lines that can be used, though others cannot.", examples=[False]),
]


@router.post(
    "/decisions/import",
    response_model=Imported,
    responses=problems(403, 408, 413, 415, 429, 503),
    openapi_extra=csv_body(),
)
async def import_decisions(
    request: Request, serving: ServingDep, reviewer: ReviewerDep, *, partial: Partial = False
) -> Response:
    """Take decisions over from a CSV, all or none: one's own, or the list of an export.

    Lines on which nobody decided are passed over, and nothing is written of decisions that stand
    already. Only an admin may bring decisions of others. All is one batch, which undo takes back.
    """
    role = request.state.role
    with serving.gate.enter() as ticket:
        data = await read_text(request, serving, ticket, MEDIA_TYPE)
        lines = await serving.at_length(read_lines, serving, data, reviewer, role)
    wrong = [
        {"where": f"line {one.number}", "message": str(one.error)} for one in lines if one.error
    ]
    if wrong and not partial:
        raise ImportRefused(wrong)
    brought = [one for line in lines for one in line.brought]
    written = await serving.reviewed.bring(reviewer, brought) if brought else 0
    results = await serving.at_length(_told, serving, lines)
    return enveloped(serving, written=written, unchanged=len(brought) - written, results=results)


def _told(serving: Serving, lines: list[Line]) -> list[Fact]:
    results: list[Fact] = []
    for line in lines:
        fact: Fact = {"line": line.number, "id": line.id}
        if line.error:
            fact["error"] = problem_with(line.error).members()
        else:
            fact["state"] = serving.reviewed.state(line.row)
        results.append(fact)
    return results
