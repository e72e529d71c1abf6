"""How far a review has come: looked at, found, and what the samples say of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bundle.screening import VERDICTS
from bundle.spread import spread
from service.decisions.reviewed import STATES, Reviewed
from service.decisions.samples import Sample
from service.reviewing.estimate import Draw
from service.reviewing.stopping import Review
from service.stored.findings import Findings

CURVE = 500
"""Most points of the curve."""
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Standing:
    """How the decisions stand, (n,) bool each.

    looked: decided by anybody. found: decided, and not agreed to be kept: to drop, in doubt, or
    in conflict. kept: would be kept, by the verdict of screening.
    """

    looked: Flags = field(repr=False)
    found: Flags = field(repr=False)
    kept: Flags = field(repr=False)

    @property
    def open(self) -> Flags:
        """(n,) bool, the tiles that would be kept and that nobody has looked at."""
        return self.kept & ~self.looked


def standing(findings: Findings, states: NDArray[np.uint8]) -> Standing:
    """Return how decisions stand; `states` is (n,) uint8 as in `Reviewed`."""
    looked = states > 0
    return Standing(
        looked=looked,
        found=looked & (states != STATES.index("keep")),
        kept=findings.verdicts == VERDICTS.index("keep"),
    )


def review_of(stands: Standing, samples: Sequence[Sample]) -> Review:
    """Return what the samples up to the first unfinished one say."""
    finished = list[Draw]()
    unfinished = (0, 0)
    for sample in samples:
        size, missing = int(sample.drawn.sum()), int((sample.drawn & ~stands.looked).sum())
        if missing:
            unfinished = (missing, size)
            break
        finished.append(
            Draw(
                population=int(sample.population.sum()),
                size=size,
                hits=int((sample.drawn & stands.found).sum()),
                found=int((sample.population & stands.found).sum()),
            )
        )
    last = samples[len(finished) - 1].population if finished else stands.open
    return Review(
        tiles=int(stands.open.sum()),
        waiting=int((~stands.kept & ~stands.looked).sum()),
        found=int(stands.found.sum()),
        draws=finished,
        outside=int((stands.open & ~last).sum()),
        unfinished=unfinished,
    )


def next_population(stands: Standing, samples: Sequence[Sample]) -> Flags:
    """Return (n,) bool, the tiles that the next sample is drawn from.

    Each population holds the later ones; so a tile that was decided when a sample was drawn, and
    is no longer, is in none of them.
    """
    return stands.open & samples[-1].population if samples else stands.open


def unfinished_rows(stands: Standing, samples: Sequence[Sample]) -> NDArray[np.intp]:
    """Return the rows of sampled tiles that nobody has decided about."""
    if not samples:
        return np.empty(0, dtype=np.intp)
    drawn = np.any([sample.drawn for sample in samples], axis=0)
    return np.flatnonzero(drawn & ~stands.looked)


@dataclass(frozen=True)
class Looker:
    """What one reviewer has decided: tiles by what stands of theirs, and when."""

    name: str
    keep: int
    drop: int
    review: int
    first: datetime
    last: datetime

    @property
    def tiles(self) -> int:
        """All of them."""
        return self.keep + self.drop + self.review


def curve(reviewed: Reviewed, found: Flags) -> list[tuple[int, int]]:
    """Return (looked at, found) after looks in the order of time, at most 500, from (0, 0)."""
    rows = [row for row in reviewed.rows if reviewed.states[row]]
    order = sorted(rows, key=lambda row: reviewed.history(row)[0].seq)
    sums = [0, *np.cumsum(found[np.array(order, dtype=np.intp)]).tolist()]
    return [(int(at), int(sums[at])) for at in spread(len(sums), CURVE)]


def lookers(reviewed: Reviewed) -> list[Looker]:
    """Return every reviewer, whoever decided most first."""
    made: dict[str, list[tuple[str, datetime]]] = {}
    for row in reviewed.rows:
        for one in reviewed.opinions(row):
            made.setdefault(one.reviewer, []).append((str(one.decision), one.at))
    found = []
    for name, all_ in made.items():
        kinds = [kind for kind, _ in all_]
        times = [at for _, at in all_]
        counts = {kind: kinds.count(kind) for kind in ("keep", "drop", "review")}
        found.append(Looker(name, **counts, first=min(times), last=max(times)))
    return sorted(found, key=lambda one: (-one.tiles, one.name))
