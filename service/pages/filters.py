"""Stored tiles by verdict: what can be chosen, and a page of what was."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from bundle.screening import VERDICTS, Code, Verdict
from service.pages.sheets import TILES_A_PAGE, Page, Tile, page_of, tile
from service.pages.verdicts import NAMES
from service.stored.findings import Filter, Findings, Sort

Query = Sequence[tuple[str, str]]
"""Names and values of an address, in order."""

SORTS: dict[Sort, str] = {
    "-score": "highest score first",
    "score": "lowest score first",
    "id": "by id",
}
_SHOWN = 40
"""Characters of what was asked for that a complaint repeats."""
_VERDICTS = {name: name for name in reversed(VERDICTS)}


@dataclass(frozen=True)
class Choice:
    """One thing that can be chosen. count: tiles that have it, None where that says nothing."""

    value: str
    words: str
    count: int | None
    chosen: bool


@dataclass(frozen=True)
class Bar:
    """The choices. query: what is chosen, as an address has it."""

    verdicts: list[Choice]
    reasons: list[Choice]
    sorts: list[Choice]
    query: str


@dataclass(frozen=True)
class Card:
    """A tile on the wall. reasons: their names."""

    tile: Tile
    reasons: list[str]


@dataclass(frozen=True)
class Asked:
    """What an address asks for; what is not known stands for all. problems: sentences on that."""

    verdict: Verdict | None
    reason: Code | None
    sort: Sort
    problems: Sequence[str] = ()

    @property
    def filter(self) -> Filter:
        """Which tiles."""
        return Filter(
            verdicts=(self.verdict,) if self.verdict else (),
            reasons=(self.reason,) if self.reason else (),
        )


def complaints(query: Query, allowed: Mapping[str, Collection[str] | None]) -> list[str]:
    """Say, a sentence each, what an address asks for and there is not.

    Args:
        query: the address's; an empty value asks for nothing.
        allowed: by name, the values that it may have, None for any.
    """
    said = []
    for name in dict.fromkeys(name for name, _ in query):
        values = [value for other, value in query if other == name and value]
        if name not in allowed:
            said.append(f"There is no filter {name[:_SHOWN]!r}; there are {_listed(allowed)}.")
        elif len(values) > 1:
            said.append(f"The filter {name} is given {len(values)} times; give it once.")
        elif values and not _may_be(values[0], allowed[name]):
            one_of = _listed(allowed[name] or ())
            said.append(f"{values[0][:_SHOWN]!r} is no {name}; it is one of {one_of}.")
    return said


def _may_be(value: str, allowed: Collection[str] | None) -> bool:
    return allowed is None or value in allowed


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def asked(pairs: Query) -> Asked:
    """Read what an address asks for."""
    allowed = {"verdict": VERDICTS, "reason": NAMES, "sort": SORTS, "page": None}
    query = dict(pairs)
    verdict, reason, sort = (query.get(name, "") for name in ("verdict", "reason", "sort"))
    return Asked(
        verdict=verdict if verdict in VERDICTS else None,
        reason=reason if reason in NAMES else None,
        sort=sort if sort in SORTS else "-score",
        problems=complaints(pairs, allowed),
    )


def bar(findings: Findings, wanted: Asked) -> Bar:
    """Return the choices with the number of stored tiles behind each."""
    counts = findings.count(findings.falling)
    parts = {"verdict": wanted.verdict, "reason": wanted.reason, "sort": wanted.sort}
    return Bar(
        verdicts=choices(_VERDICTS.items(), counts["verdicts"], wanted.verdict),
        reasons=reasons(findings, counts["reasons"], wanted.reason),
        sorts=choices(SORTS.items(), {}, wanted.sort),
        query=urlencode({name: value for name, value in parts.items() if value}),
    )


def choices(
    words: Iterable[tuple[str, str]], counts: Mapping[str, int], chosen: str | None
) -> list[Choice]:
    """Return the choices; `words`: each value with what is said for it. counts: of some."""
    return [Choice(value, said, counts.get(value), value == chosen) for value, said in words]


def reasons(findings: Findings, counts: Mapping[str, int], chosen: str | None) -> list[Choice]:
    """Return the reasons that may be told of the bundle's tiles; that of concepts if it has any."""
    return choices(((code, NAMES[code]) for code in findings.codes), counts, chosen)


def wall(findings: Findings, wanted: Asked, number: str) -> tuple[list[Card], Page, int]:
    """Return one page of the tiles that were asked for, which page, and how many there are.

    Where there are problems, that is none: other tiles than those asked for would mislead.
    """
    rows = findings.choose(wanted.filter, wanted.sort)[: 0 if wanted.problems else None]
    page = page_of(number, len(rows), TILES_A_PAGE)
    bundle = findings.catalog.bundle
    cards = [
        Card(tile(bundle, row), [one.name or NAMES[one.code] for one in findings.reasons(row)])
        for row in rows[page.start : page.end].tolist()
    ]
    return cards, page, len(rows)
