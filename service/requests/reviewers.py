"""Who decides: the name of the key, or what a person says it is."""

from urllib.parse import unquote

from fastapi import Request

from service.errors import BadReviewer, RoleTooLow
from service.keys import NAME, Role

COOKIE = "tilescreen_reviewer"
HEADER = "X-Reviewer"
UNNAMED = "reviewer"
"""Whoever gives no name."""


async def reviewer_of(request: Request) -> str:
    """Return the name of whoever may decide about tiles.

    Raises:
        RoleTooLow: the key does not let them.
        BadReviewer: the name cannot be used.
    """
    role: Role = request.state.role
    if role < Role.REVIEW:
        raise RoleTooLow(Role.REVIEW.name.lower(), role.name.lower())
    return named(request) or UNNAMED


def named(request: Request) -> str | None:
    """Return the name that a request gives, None if it gives none.

    Raises:
        BadReviewer: the name cannot be used, or is not the key's.
    """
    said = request.headers.get(HEADER) or request.cookies.get(COOKIE) or ""
    name = unquote(said).strip()
    if name and (not NAME.fullmatch(name) or not name.isprintable()):
        raise BadReviewer(
            f"{name[:100]!r} is no name of a reviewer: it has 1 to 80 characters, none of them "
            "a comma, a colon, '@' or '#'."
        )
    own: str | None = request.state.name
    if own and request.headers.get(HEADER) and name != own:
        raise BadReviewer(f"The API key is {own!r}'s, so {name!r} cannot decide with it.")
    return own or name or None
