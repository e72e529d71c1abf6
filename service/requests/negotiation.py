"""Which form of an answer a request wants: its Accept header, read as RFC 9110 has it."""

import re
from collections.abc import Sequence

from service.errors import NotAcceptable

_QUALITY = re.compile(r"\bq=([01](?:\.[0-9]{0,3})?)")


def choose(accept: str, offered: Sequence[str]) -> str:
    """Return the media type that is wanted most; of equals the one offered first.

    Args:
        accept: the header; "" wants anything.
        offered: media types, the usual one first.

    Raises:
        NotAcceptable: none of them is wanted.
    """
    best = max(offered, key=lambda kind: quality(accept, kind))
    if quality(accept, best) <= 0:
        raise NotAcceptable(accept, offered)
    return best


def quality(accept: str, media_type: str) -> float:
    """Return how much a media type is wanted, in [0, 1]; the most exact range decides."""
    if not accept:
        return 1.0
    ranges = {"*/*": 0, media_type.partition("/")[0] + "/*": 1, media_type: 2}
    found = [(-1, 0.0)]
    for part in accept.lower().split(","):
        kind, _, parameters = part.partition(";")
        if kind.strip() in ranges:
            told = _QUALITY.search(parameters)
            found.append((ranges[kind.strip()], float(told[1]) if told else 1.0))
    return max(found)[1]
