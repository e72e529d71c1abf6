"""What the page for teaching shows of one concept."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bundle.spread import spread
from service.answering.facts import Fact
from service.state import Serving
from service.teaching.facts import ranked, uncertain
from service.teaching.taught import Lesson

ASKED, TOP = 20, 40
"""Tiles that are asked about, and tiles shown of the ranking."""
_LIMIT, _SURE = 0.5, 0.9
"""Score from which a tile shows the concept, and from which that is sure; of no alike."""


@dataclass(frozen=True)
class Card:
    """A tile to be marked. score: None before the concept has an example. mark: or empty."""

    id: str
    score: float | None
    mark: str

    @property
    def doubtful(self) -> bool:
        """Whether the concept is in doubt about it."""
        return self.score is not None and 1 - _SURE < self.score < _SURE

    @property
    def leaning(self) -> str:
        """In words, how sure the concept is."""
        if self.score is None:
            return ""
        said = "yes" if self.score >= _LIMIT else "no"
        return f"in doubt, rather {said}" if self.doubtful else f"sure: {said}"


@dataclass(frozen=True)
class Board:
    """Two walls of tiles; `begun` is false while there is no positive example."""

    begun: bool
    asked: list[Card]
    top: list[Card]
    positive: int
    negative: int

    @property
    def doubtful(self) -> int:
        """How many of the tiles asked about the concept is in doubt about."""
        return sum(card.doubtful for card in self.asked)


def board(serving: Serving, lesson: Lesson) -> Board:
    """Return the tiles to ask about and the first of the ranking.

    Without a positive example: tiles from all over the bundle, and those that screening says
    most of.
    """
    positive, negative = (len(lesson.rows(mark)) for mark in ("positive", "negative"))
    if positive:
        examples = serving.teaching.examples(lesson.name)
        asked = _cards(uncertain(serving, examples, ASKED))
        top = _cards(ranked(serving, examples, 0, TOP))
        return Board(True, asked, top, positive, negative)
    findings = serving.findings
    likely = np.argsort(-findings.scores[:, :3].max(axis=1), kind="stable")[:TOP]
    anywhere = spread(len(serving.bundle), ASKED)
    return Board(
        False,
        _unranked(serving, lesson, anywhere.tolist()),
        _unranked(serving, lesson, likely.tolist()),
        positive,
        negative,
    )


def _cards(fact: Fact) -> list[Card]:
    return [Card(one["id"], one["score"], one["mark"] or "") for one in fact["tiles"]]


def _unranked(serving: Serving, lesson: Lesson, rows: Iterable[int]) -> list[Card]:
    marks = {row: event.mark or "" for row, event in lesson.marks.items()}
    return [Card(serving.catalog.ids[row], None, marks.get(row, "")) for row in rows]
