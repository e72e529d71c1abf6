"""What the review page is served with: the choices, the first tiles, the keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

import numpy as np
import orjson
from markupsafe import Markup

from bundle.screening import REASONS, VERDICTS
from service.pages.filters import SORTS, Choice, choices
from service.pages.verdicts import NAMES
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
    (("Space",), "enlarge the tile; the other keys work there too"),
    (("Enter",), "open the tile's own page"),
    (("Home", "End"), "first and last of the row; with Ctrl, of the list"),
    (("PageUp", "PageDown"), "a screen up or down"),
    (("Ctrl", "A"), "choose all tiles of the list"),
    (("Esc",), "choose one tile again"),
    (("?",), "this help"),
)
_EVERY = "all"


@dataclass(frozen=True)
class Bar:
    """The choices. kept: what the address asks for beside them."""

    states: list[Choice]
    verdicts: list[Choice]
    reasons: list[Choice]
    sorts: list[Choice]
    cluster: str
    scan: str
    kept: Mapping[str, str]


@dataclass(frozen=True)
class Asked:
    """What an address asks for. listed: the tiles are named elsewhere, as by a selection."""

    wanted: Wanted
    cluster: str
    scan: str
    kept: Mapping[str, str]

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
        return urlencode(parts)


def asked(query: Mapping[str, str]) -> Asked:
    """Read what an address asks for; what is not known stands for the usual.

    That is every tile nobody has decided on, or, of tiles that are named elsewhere, all of them.
    """
    kept = {name: query[name] for name in ("selection", "budget") if query.get(name)}
    state = query.get("state") or (_EVERY if kept else "undecided")
    verdict, reason, sort = (query.get(name, "") for name in ("verdict", "reason", "sort"))
    cluster, scan = query.get("cluster", "").strip(), query.get("scan", "").strip()
    tiles = Filter(
        verdicts=[name for name in VERDICTS if name == verdict],
        reasons=[code for code in REASONS if code == reason],
        scan=scan or None,
        cluster=_label(cluster),
    )
    states = [one for one in STATES if one == state]
    order: Order = next((one for one in ORDERS if one == sort), "-score")
    return Asked(Wanted(tiles=tiles, states=states, order=order), cluster, scan, kept)


def _label(typed: str) -> int | None:
    try:
        return int(typed[:9])
    except ValueError:
        return None


def bar(findings: Findings, states: States, asked: Asked) -> Bar:
    """Return the choices with the number of stored tiles behind each."""
    counts = findings.count(findings.falling)
    tiles, chosen = asked.wanted.tiles, asked.wanted.states
    decided = dict(zip(STATES, np.bincount(states, minlength=len(STATES)).tolist(), strict=True))
    words = {"undecided": "undecided", _EVERY: "all"} | {name: name for name in get_args(State)}
    return Bar(
        states=choices(words.items(), {**decided, _EVERY: len(states)}, (*chosen, _EVERY)[0]),
        verdicts=choices(
            [(name, name) for name in reversed(VERDICTS)],
            counts["verdicts"],
            next(iter(tiles.verdicts), None),
        ),
        reasons=choices(NAMES.items(), counts["reasons"], next(iter(tiles.reasons), None)),
        sorts=choices(ORDERS.items(), {}, asked.wanted.order),
        cluster=asked.cluster,
        scan=asked.scan,
        kept=asked.kept,
    )


def embedded(content: object) -> Markup:
    """Return JSON that may stand in a page as it is, whatever ids hold."""
    text = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704, no markup is left in it
