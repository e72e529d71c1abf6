"""A problem as the service describes it (RFC 9457), of a request or of one tile in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Wrong:
    """One of several things that are wrong with a request: where, such as "line 3", and what."""

    where: str
    message: str


@dataclass(frozen=True)
class Problem:
    """What went wrong.

    code: stable and safe to switch on, such as "damaged_tile".
    status: the HTTP status; 0 for what the client found itself, such as an unreadable file.
    detail: a sentence for the user.
    near: stored names that look like one that was not found.
    errors: what is wrong, one by one, where that is more than one sentence can say.
    type: URI of the kind of problem.
    """

    code: str
    status: int
    title: str
    detail: str
    near: tuple[str, ...] = ()
    type: str = "about:blank"
    errors: tuple[Wrong, ...] = ()

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the members of a problem object; missing ones get plain values."""
        return cls(
            code=str(raw.get("code", "unknown")),
            status=int(raw.get("status", 0)),
            title=str(raw.get("title", "")),
            detail=str(raw.get("detail", "")),
            near=tuple(map(str, raw.get("near") or ())),
            type=str(raw.get("type", "about:blank")),
            errors=tuple(map(_wrong, raw.get("errors") or ())),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the members as a JSON object, without those that say nothing."""
        return {name: value for name, value in asdict(self).items() if value not in ((), "")}


def _wrong(raw: Mapping[str, Any]) -> Wrong:
    return Wrong(str(raw.get("where", "")), str(raw.get("message", "")))
