"""The list behind the review page: stored tiles with what screening found and people decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.facts import Fact
from service.findings import Chosen, Filter, Findings, Order
from service.screening import finding
from service.state import Serving

State: TypeAlias = Literal["undecided", "keep", "drop", "review", "conflict"]
STATES: tuple[State, ...] = ("undecided", "keep", "drop", "review", "conflict")
"""What the numbers of the states stand for."""
UNDECIDED = STATES.index("undecided")
States: TypeAlias = NDArray[np.uint8]
"""(n,) indices of `STATES`, one a stored tile."""


def states_of(serving: Serving) -> States:
    """Return the state of every stored tile."""
    return np.full(len(serving.bundle), UNDECIDED, dtype=np.uint8)


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
    state = STATES[int(states[row])]
    return {
        "id": catalog.ids[row],
        "cluster": catalog.labels[row],
        "scan": catalog.scans[row],
        "height": height,
        "width": width,
        "verdict": found["verdict"],
        "score": found["score"],
        "reasons": [reason["code"] for reason in reasons],
        "box": next((reason["box"] for reason in reasons if reason["box"]), None),
        "state": None if state == "undecided" else state,
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
    rows = catalog.neighbors[row]
    theirs = states[rows]
    return {
        "looked_at": len(rows),
        **{
            state: [
                {
                    "id": catalog.ids[rows[at]],
                    "distance": catalog.distances[row, at],
                    "score": findings.scores[rows[at], 0],
                    "scan": catalog.scans[rows[at]],
                }
                for at in np.flatnonzero(theirs == STATES.index(state))[:k].tolist()
            ]
            for state in ("drop", "keep")
        },
    }
