"""What the review page is served with: the choices, the first tiles, the keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

import numpy as np
import orjson
from markupsafe import Markup

from bundle.screening import VERDICTS
from service.pages.filters import SORTS, Choice, Query, choices, complaints, reasons
from service.pages.verdicts import NAMES
from service.reviewing.board import MOST_TO_LOOK_AT
from service.reviewing.triage import STATES, State, States, Wanted
from service.stored.findings import Filter, Findings, Order

ORDERS: Mapping[Order, str] = {
    "-score": SORTS["-score"],
    "score": SORTS["score"],
    "id": SORTS["id"],
    "uncertainty": "most uncertain first",
    "cluster": "by cluster",
}
KEYS: Sequence[tuple[Sequence[str], str]] = (
    (("←", "→", "↑", "↓"), "go to another tile; with Shift, choose all between"),
    (("K",), "keep the chosen tiles"),
    (("D",), "drop them"),
    (("R",), "leave them for another look"),
    (("U",), "undo your last decision"),
    (("B",), "back to the first decision that was not saved"),
    (("Space",), "enlarge the tile; the other keys work there too"),
    (("Enter",), "open the tile's own page"),
    (("Home", "End"), "first and last of the row; with Ctrl, of the list"),
    (("PageUp", "PageDown"), "a screen up or down"),
    (("Ctrl", "A"), "choose all tiles of the list"),
    (("Esc",), "choose one tile again"),
    (("?",), "this help"),
)
DECIDING = {"K", "D", "R", "U", "B"}
"""Keys that decide, or lead to what was decided."""
_EVERY = "all"
_DIGITS = 10
_ALLOWED = {
    "state": (*STATES, _EVERY),
    "verdict": VERDICTS,
    "reason": NAMES,
    "sort": ORDERS,
    "alone": ("1",),
    **dict.fromkeys(("cluster", "scan", "selection", "budget", "sample")),
}
_LISTS = ("selection", "budget", "sample")
"""What names a list of tiles of its own."""


@dataclass(frozen=True)
class Bar:
    """The choices."""

    states: list[Choice]
    verdicts: list[Choice]
    reasons: list[Choice]
    sorts: list[Choice]
    cluster: str
    scan: str


@dataclass(frozen=True)
class Asked:
    """What an address asks for.

    kept: names the list, where it is one of its own: a selection, a budget or an audit sample.
    problems: what it asks for and there is not, a sentence each.
    alone: whether only what one reviewer decided is to be seen. reviewer: who that is, empty
    while it is not known.
    """

    wanted: Wanted
    cluster: str
    scan: str
    kept: Mapping[str, str]
    problems: Sequence[str] = ()
    alone: bool = False
    reviewer: str = ""

    @property
    def open(self) -> bool:
        """Whether the list is of what nobody had decided on when it was made."""
        return list(self.wanted.states) == ["undecided"] or "budget" in self.kept

    @property
    def query(self) -> str:
        """The same for GET /review/tiles."""
        tiles = self.wanted.tiles
        parts: list[tuple[str, str]] = [
            *(("state", state) for state in self.wanted.states),
            *(("verdict", verdict) for verdict in tiles.verdicts),
            *(("reason", code) for code in tiles.reasons),
            ("sort", self.wanted.order),
        ]
        if tiles.cluster is not None:
            parts.append(("cluster", str(tiles.cluster)))
        if tiles.scan is not None:
            parts.append(("scan", tiles.scan))
        if self.alone:
            parts.append(("reviewer", self.reviewer))
        return urlencode(parts)


def asked(pairs: Query) -> Asked:
    """Read what an address asks for; what it leaves out stands for the usual.

    That is every tile nobody has decided on, or, of a selection or a budget, all of them.
    """
    query = dict(pairs)
    kept = {name: query[name] for name in _LISTS if query.get(name)}
    usual = _EVERY if kept and "sample" not in kept else "undecided"
    state = query.get("state") or usual
    verdict, reason, sort = (query.get(name, "") for name in ("verdict", "reason", "sort"))
    cluster, scan = query.get("cluster", "").strip(), query.get("scan", "").strip()
    tiles = Filter(
        verdicts=[name for name in VERDICTS if name == verdict],
        reasons=[code for code in NAMES if code == reason],
        scan=scan or None,
        cluster=_number(cluster),
    )
    states = [one for one in STATES if one == state]
    order: Order = next((one for one in ORDERS if one == sort), "-score")
    problems = [*complaints(pairs, _ALLOWED), *_wrong_numbers(cluster, kept)]
    wanted = Wanted(tiles=tiles, states=states, order=order)
    return Asked(wanted, cluster, scan, kept, problems, alone=query.get("alone") == "1")


def _wrong_numbers(cluster: str, kept: Mapping[str, str]) -> Iterator[str]:
    if cluster and _number(cluster) is None:
        yield "A cluster is a number, -1 for the stray tiles; the gallery shows them all."
    if len(kept) > 1:
        yield f"{' and '.join(kept)} are lists of their own; ask for one of them."
    budget, sample = (_number(kept.get(name, "1")) for name in ("budget", "sample"))
    if budget is None or not 1 <= budget <= MOST_TO_LOOK_AT:
        yield f"A budget is a number of tiles, 1 to {MOST_TO_LOOK_AT:,}."
    if sample is None or sample < 1:
        yield "An audit sample is named by its number, 1 or more."


def _number(typed: str) -> int | None:
    try:
        return int(typed) if len(typed) < _DIGITS else None
    except ValueError:
        return None


def showing(kept: Mapping[str, str], drawn: int, undecided: int | None) -> str:
    """Say which list of its own is shown, nothing where it is none.

    drawn: tiles of the sample. undecided: tiles that a budget is chosen from, None while not known.
    """
    if "budget" in kept:
        asked = int(kept["budget"])
        listed = asked if undecided is None else min(asked, undecided)
        if listed <= 1:
            return (
                "budget: the tile most worth a look" if listed else "budget: no tile is undecided"
            )
        return f"budget: the {listed:,} most worth a look"
    if "sample" in kept:
        tiles = "tile" if drawn == 1 else "tiles"
        return f"audit sample {int(kept['sample'])}: {drawn:,} {tiles}"
    return "selection" if kept else ""


def bar(findings: Findings, states: States | None, asked: Asked) -> Bar:
    """Return the choices with the number of stored tiles behind each.

    states: None while decisions cannot be read; their choices are then without numbers.
    """
    counts = findings.count(findings.falling)
    tiles, chosen = asked.wanted.tiles, asked.wanted.states
    decided: dict[str, int] = {}
    if states is not None:
        numbers = np.bincount(states, minlength=len(STATES)).tolist()
        decided = dict(zip(STATES, numbers, strict=True)) | {_EVERY: len(states)}
    words = {"undecided": "undecided", _EVERY: "all"} | {name: name for name in get_args(State)}
    return Bar(
        states=choices(words.items(), decided, (*chosen, _EVERY)[0]),
        verdicts=choices(
            [(name, name) for name in reversed(VERDICTS)],
            counts["verdicts"],
            next(iter(tiles.verdicts), None),
        ),
        reasons=reasons(findings, counts["reasons"], next(iter(tiles.reasons), None)),
        sorts=choices(ORDERS.items(), {}, asked.wanted.order),
        cluster=asked.cluster,
        scan=asked.scan,
    )


def embedded(content: object) -> Markup:
    """Return JSON that may stand in a page as it is, whatever ids hold."""
    text = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704, no markup is left in it
