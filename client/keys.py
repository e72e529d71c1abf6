"""Who asks: the API key of a service that asks for one, and the name of a reviewer."""

import os
from urllib.parse import quote

from .errors import InputUnusable

VARIABLE = "TILESCREEN_API_KEY"


def key_headers(api_key: str | None) -> dict[str, str]:
    """Return what tells a key to the service: this one, else that of the environment, if any.

    Raises:
        InputUnusable: it cannot stand in a header; the key itself is not told.
    """
    key = os.environ.get(VARIABLE, "") if api_key is None else api_key
    if not key:
        return {}
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise InputUnusable(
            f"The API key holds a space or a character that no key has. Look at {VARIABLE}, or at "
            "what was given as the key."
        )
    return {"Authorization": f"Bearer {key}"}


def reviewer_headers(reviewer: str | None) -> dict[str, str]:
    """Return what tells the service in whose name decisions are made; any letters will do.

    Raises:
        InputUnusable: it is empty, as that of a variable that is not set.
    """
    if reviewer is None:
        return {}
    if not reviewer:
        raise InputUnusable("The reviewer's name is empty. Give one, or say nothing of a reviewer.")
    return {"X-Reviewer": quote(reviewer, safe="")}
