"""Reading answers as the service gives them: JSON objects, problems, and what is neither."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

import httpx

from .errors import NotFound, ServiceRefused, UnexpectedAnswer
from .problem import Problem

Json: TypeAlias = Mapping[str, Any]


def fine(response: httpx.Response, url: str) -> httpx.Response:
    """Return the response if it is a good one.

    Raises:
        NotFound, ServiceRefused: it is a problem that the service describes.
        UnexpectedAnswer: it is an error of something else, such as a proxy.
    """
    if response.is_success:
        return response
    if not _is_problem(response):
        status = f"{response.status_code} {response.reason_phrase}".rstrip()
        raise unexpected(url, f"it answers {status} without a problem description")
    missing = response.status_code == HTTPStatus.NOT_FOUND
    raise (NotFound if missing else ServiceRefused)(problem_in(response))


def _is_problem(response: httpx.Response) -> bool:
    kind = response.headers.get("Content-Type", "")
    return bool(kind.startswith("application/problem+json"))


def problem_in(response: httpx.Response) -> Problem:
    """Read the problem of an error response, or make one of its status."""
    if _is_problem(response):
        try:
            return Problem.from_json(response.json())
        except (ValueError, AttributeError, TypeError):
            pass
    status, phrase = response.status_code, response.reason_phrase
    return Problem("unknown", status, phrase, f"{response.url} answers {status} {phrase}".rstrip())


def json_object(response: httpx.Response, url: str) -> Json:
    """Read a JSON object.

    Raises:
        UnexpectedAnswer: it is none.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        kind = response.headers.get("Content-Type", "no type")
        raise unexpected(url, f"an answer of {kind} came instead of JSON")
    return body


def unexpected(url: str, what: str) -> UnexpectedAnswer:
    """Return the error for something that is no answer of Tilescreen."""
    return UnexpectedAnswer(
        f"What answers at {url} does not speak as Tilescreen does ({what}). "
        "Is the address right, and are client and service of one version?"
    )
