"""What the routes and the page tell of a review, from one bundle's serving."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bundle.screening import REASONS
from service.answering.facts import Fact
from service.answering.screening import finding
from service.decisions.events import Event
from service.decisions.reviewed import STATES
from service.decisions.samples import Sample, Samples
from service.errors import UnknownSample
from service.reviewing.estimate import LEVEL, METHOD
from service.reviewing.progress import (
    Looker,
    Standing,
    curve,
    lookers,
    next_population,
    review_of,
    standing,
    unfinished_rows,
)
from service.reviewing.stopping import Advice, Review, advice
from service.reviewing.worth import Doubles, most_worth, worth
from service.state import Serving

MOST_TO_LOOK_AT, MOST_DRAWN = 1_000, 10_000
"""Tiles of a budget, and of an audit sample, at most."""
_LETTERING = REASONS.index("LETTERING")
_TRIES = 20
CONFLICT = STATES.index("conflict")


@dataclass(frozen=True)
class Board:
    """A review as it stands. share: of the tiles left, how many may hold lettering."""

    serving: Serving
    stands: Standing
    samples: list[Sample]
    share: float

    @cached_property
    def review(self) -> Review:
        """How far it has come."""
        return review_of(self.stands, self.samples)

    @cached_property
    def advice(self) -> Advice:
        """What to do next."""
        return advice(self.review, self.share)

    @cached_property
    def curve(self) -> list[tuple[int, int]]:
        """(looked at, found) in the order of time."""
        return curve(self.serving.reviewed, self.stands.found)

    @cached_property
    def opinions(self) -> list[list[Event]]:
        """What each reviewer decided, of every tile that somebody has decided on."""
        reviewed = self.serving.reviewed
        return [reviewed.opinions(row) for row in reviewed.rows if reviewed.states[row]]

    @cached_property
    def conflicts(self) -> int:
        """Tiles on which reviewers differ."""
        return int((self.serving.reviewed.states == CONFLICT).sum())

    @cached_property
    def lookers(self) -> list[Looker]:
        """Every reviewer."""
        return lookers(self.serving.reviewed)


async def board_of(serving: Serving, share: float) -> Board:
    """Return how a review stands now.

    Raises:
        LedgerDown: the database cannot be used.
    """
    await serving.reviewed.refresh()
    samples = await _samples(serving).all()
    return Board(serving, standing(serving.findings, serving.reviewed.states), samples, share)


def progress(board: Board) -> Fact:
    """Tell how far a review has come."""
    review, said, stands = board.review, board.advice, board.stands
    left = review.left
    return {
        "looked_at": int(stands.looked.sum()),
        "found": review.found,
        "waiting": review.waiting,
        "left": review.tiles,
        "sampled": sum(int(sample.drawn.sum()) for sample in board.samples),
        "curve": board.curve,
        "estimate": left
        and {
            "likely": left.likely,
            "low": left.low,
            "high": left.high,
            "level": LEVEL,
            "method": METHOD,
        },
        "recall": left
        and {
            "likely": review.recall(left.likely),
            "low": review.recall(left.high),
            "high": review.recall(left.low),
        },
        "stop": said.stop,
        "advice": said.sentence,
        "sample": said.sample,
        "reviewers": [
            {
                "reviewer": one.name,
                "tiles": one.tiles,
                "keep": one.keep,
                "drop": one.drop,
                "review": one.review,
                "first": one.first,
                "last": one.last,
            }
            for one in board.lookers
        ],
    }


async def budget(serving: Serving, size: int, reviewer: str | None = None) -> Fact:
    """Tell which tiles are most worth a look now; by what one reviewer alone decided, if named.

    Raises:
        LedgerDown: the database cannot be used.
    """
    await serving.reviewed.refresh()
    return await serving.at_length(_budget, serving, size, reviewer)


def _budget(serving: Serving, size: int, reviewer: str | None) -> Fact:
    stands = standing(serving.findings, serving.reviewed.states_of(reviewer))
    bundle, scores = serving.bundle, serving.findings.scores[:, _LETTERING]
    odds = worth(np.asarray(bundle.points), scores, stands.looked, stands.found)
    random = np.asarray(bundle.arrays["random_distances.npy"])
    near, away = np.asarray(bundle.neighbors), np.asarray(bundle.neighbor_distances)
    doubles = Doubles(near, away, random)
    rows = most_worth(odds, stands.looked, doubles, size)
    return {
        "undecided": int((~stands.looked).sum()),
        "tiles": [
            {**_tile(serving, row), "chance": float(1 / (1 + np.exp(-odds[row])))}
            for row in rows.tolist()
        ],
    }


async def sampled(serving: Serving, reviewer: str, size: int) -> Fact:
    """Tell the undecided tiles of all samples, and the first sample that holds one of them.

    Where there are none, another is drawn first.

    Raises:
        LedgerDown: the database cannot be used.
    """
    samples = _samples(serving)
    for _ in range(_TRIES):
        await serving.reviewed.refresh()
        known = await samples.all()
        stands = standing(serving.findings, serving.reviewed.states)
        rows = unfinished_rows(stands, known)
        population = next_population(stands, known)
        if len(rows) or not population.any():
            break
        await samples.draw(reviewer, population, size, known=known, seq=serving.reviewed.seq)
    of = next((one for one in known if one.drawn[rows].any()), known[-1] if known else None)
    return _sample(serving, of, rows)


async def sample(serving: Serving, draw: int) -> Sample:
    """Return a sample of the bundle that answers.

    Raises:
        UnknownSample: there is none of this number.
        LedgerDown: the database cannot be used.
    """
    known = await _samples(serving).all()
    found = next((one for one in known if one.draw == draw), None)
    if found is None:
        raise UnknownSample(draw, [one.draw for one in known])
    return found


def drawn(serving: Serving, sample: Sample) -> Fact:
    """Tell all tiles of a sample."""
    return _sample(serving, sample, np.flatnonzero(sample.drawn))


def _sample(serving: Serving, sample: Sample | None, rows: NDArray[np.intp]) -> Fact:
    return {
        "draw": sample and sample.draw,
        "seed": sample and sample.seed,
        "size": int(sample.drawn.sum()) if sample else 0,
        "population": int(sample.population.sum()) if sample else 0,
        "tiles": [_tile(serving, row) for row in rows.tolist()],
    }


def _samples(serving: Serving) -> Samples:
    bundle = serving.bundle.manifest.bundle_id
    return Samples(serving.process.ledger, bundle, serving.catalog.ids)


def _tile(serving: Serving, row: int) -> Fact:
    found = finding(serving.findings, row)
    return {
        "id": serving.catalog.ids[row],
        "score": found["score"],
        "verdict": found["verdict"],
        "reasons": [reason["code"] for reason in found["reasons"]],
    }
