"""JSON that is sent: read within the limits, and checked against a model."""

from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.errors import WrongMediaType
from service.requests.admission import Ticket
from service.requests.bodies import read_body
from service.requests.invalid import EXPECTED, members_of
from service.state import Serving

M = TypeVar("M", bound=BaseModel)
_KIND = "application/json"
_TOLD = 100
"""Wrong parts of a body that are named one by one, at most."""


async def read_json(request: Request, serving: Serving, model: type[M]) -> M:
    """Read the body of a request.

    Raises:
        WrongMediaType: it is not called JSON: pages of other sites can send anything else
            without asking.
        RequestValidationError: it is not what the model says.
        BodyTooLarge, BodiesFull, SlowBody: as of every body.
    """
    with serving.gate.enter() as ticket:
        body = await read_text(request, serving, ticket, _KIND)
        return await serving.apart(_checked, model, body)


def _checked(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        count = error.error_count()
        if count > _TOLD:  # to name each would take hundreds of times the body's memory
            sentence = f"{count:,} parts of it are not as they must be"
            found: list[dict[str, Any]] = [
                {"type": "too_many", "loc": ("body",), "msg": sentence, "input": None}
            ]
        else:
            found = [_of_body(one, model) for one in error.errors(include_url=False)]
        raise RequestValidationError(found) from error


def _of_body(error: ErrorDetails, model: type[BaseModel]) -> dict[str, Any]:
    whole = {} if error["loc"] else {EXPECTED: members_of(model)}
    return {**error, **whole, "loc": ("body", *error["loc"])}


async def read_text(request: Request, serving: Serving, ticket: Ticket, kind: str) -> bytes:
    """Read a body of one media type, whole.

    Raises:
        WrongMediaType, BodyTooLarge, BodiesFull, SlowBody: as `read_json`.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != kind:
        raise WrongMediaType(f"The Content-Type is {given[:40]!r}. Send it as {kind}.")
    body = bytearray()
    await read_body(
        request,
        limit=serving.settings.max_body_bytes,
        patience_s=serving.settings.request_timeout_s,
        ticket=ticket,
        take=body.extend,
        remedy="Send it in parts.",
    )
    return bytes(body)
