"""The list behind the review page: stored tiles with what screening found and people decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from service.answering.facts import Fact
from service.answering.screening import finding
from service.decisions.reviewed import STATES as DECIDED
from service.stored.findings import Chosen, Filter, Findings, Order

State: TypeAlias = Literal["undecided", "keep", "review", "drop", "conflict"]
STATES = cast(tuple[State, ...], tuple(state or "undecided" for state in DECIDED))
"""What the numbers of `Reviewed.states` stand for, with a word for nobody's decision."""
UNDECIDED = STATES.index("undecided")
States: TypeAlias = NDArray[np.uint8]
"""(n,) indices of `STATES`, one a stored tile."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which tiles, in which order. states: one of these; empty stands for all."""

    tiles: Filter
    states: Sequence[State] = ()
    order: Order = "-score"


def triage_rows(findings: Findings, states: States, wanted: Wanted) -> Chosen:
    """Return the rows that are wanted, in order.

    Raises:
        UnknownScan: no stored tile was cut from a scan of this name.
        UnknownCluster: there is no such label.
    """
    chosen = findings.passing(wanted.tiles)
    if wanted.states:
        chosen &= np.isin(states, [STATES.index(state) for state in wanted.states])
    return findings.ordered(chosen, wanted.order)


def triage_tile(findings: Findings, states: States, row: int) -> Fact:
    """Tell what the grid shows of a tile; `box` is of the surest reason that has a place."""
    catalog, found = findings.catalog, finding(findings, row)
    height, width = findings.size(row)
    reasons = found["reasons"]
    return {
        "id": catalog.ids[row],
        "cluster": catalog.label(row),
        "scan": catalog.scan(row),
        "height": height,
        "width": width,
        "verdict": found["verdict"],
        "score": found["score"],
        "reasons": [reason["code"] for reason in reasons],
        "concept_names": [reason["name"] for reason in reasons if reason["code"] == "CONCEPT"],
        "box": next((reason["box"] for reason in reasons if reason["box"]), None),
        "state": DECIDED[int(states[row])],
    }


def confirmed(findings: Findings, states: States, row: int, k: int) -> Fact:
    """Tell the nearest tiles that people decided to drop, and to keep, among a tile's neighbours.

    Args:
        findings: of all stored tiles.
        states: of all stored tiles.
        row: of the tile.
        k: most tiles of each.
    """
    catalog = findings.catalog
    rows, distances = catalog.graph.near(row)
    theirs = states[rows]
    return {
        "looked_at": len(rows),
        **{
            state: [
                {
                    "id": catalog.ids[rows[at]],
                    "distance": distances[at],
                    "score": findings.scores[rows[at], 0],
                    "scan": catalog.scan(rows[at]),
                }
                for at in np.flatnonzero(theirs == STATES.index(state))[:k].tolist()
            ]
            for state in ("drop", "keep")
        },
    }
