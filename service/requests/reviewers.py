"""Who decides: the name of the key, or what a person says it is."""

import unicodedata
from urllib.parse import unquote_to_bytes

from fastapi import Request

from service.errors import BadReviewer, RoleTooLow
from service.keys import JOINERS, NAME, Keyring, Role

COOKIE = "tilescreen_reviewer"
HEADER = "X-Reviewer"
UNNAMED = "reviewer"
"""Whoever gives no name."""


async def reviewer_of(request: Request) -> str:
    """Return the name of whoever may decide about tiles.

    Raises:
        RoleTooLow: the key does not let them.
        BadReviewer: the name cannot be used, or none is given and another has the usual one.
    """
    role: Role = request.state.role
    if role < Role.REVIEW:
        raise RoleTooLow(Role.REVIEW.name.lower(), role.name.lower())
    name = named(request)
    if name is None:
        _check_free(request, UNNAMED)
    return name or UNNAMED


def named(request: Request) -> str | None:
    """Return the name that a request gives, None if it gives none.

    Raises:
        BadReviewer: the name cannot be used, or is not the key's.
    """
    said = request.headers.get(HEADER) or request.cookies.get(COOKIE) or ""
    name = checked(_decoded(said)) if said else ""
    own: str | None = request.state.name
    if own and request.headers.get(HEADER) and name != own:
        raise BadReviewer(f"The API key is {own!r}'s, so {name!r} cannot decide with it.")
    if name and not own:
        _check_free(request, name)
    return own or name or None


def _check_free(request: Request, name: str) -> None:
    keys: Keyring = request.app.state.keys
    if keys.has_key(name):
        raise BadReviewer(
            f"{name!r} has an API key of their own, and this one is nobody's. Use that key, or "
            "decide under another name."
        )


def as_kept(name: str) -> str:
    """Return a name in composed form (NFC), with plain spaces and none around it."""
    spaced = "".join(" " if unicodedata.category(one) == "Zs" else one for one in name)
    return unicodedata.normalize("NFC", spaced.strip(" "))


def checked(name: str) -> str:
    """Return a name as it is kept.

    Raises:
        BadReviewer: it cannot be a name.
    """
    kept = as_kept(name)
    hidden = next((one for one in kept if not (one.isprintable() or one in JOINERS)), None)
    if hidden is not None:
        raise BadReviewer(
            f"The reviewer's name holds the character U+{ord(hidden):04X}, which cannot be seen. "
            "A name has printable characters only, of any script."
        )
    if kept and not NAME.fullmatch(kept):
        raise BadReviewer(
            f"{kept[:100]!r} is no name of a reviewer: it has 1 to 80 characters, none of them "
            "a comma, a colon, '@' or '#'."
        )
    return kept


def _decoded(said: str) -> str:
    """Return what a header or cookie says; the server read its bytes as Latin-1.

    Raises:
        BadReviewer: it is no UTF-8.
    """
    try:
        return unquote_to_bytes(said.encode("latin-1")).decode()
    except UnicodeError:
        raise BadReviewer(
            f"The reviewer's name {said[:100]!r} is not UTF-8. Send it as UTF-8, percent-encoded: "
            "'Zo%C3%AB' for 'Zoë'."
        ) from None
