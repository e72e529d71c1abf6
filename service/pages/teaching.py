"""What the page for teaching shows of one concept."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from bundle.spread import spread
from service.answering.facts import Fact
from service.state import Serving
from service.teaching.facts import ranked, scored, uncertain
from service.teaching.taught import Lesson

ASKED, TOP, MARKED = 20, 40, 60
"""Tiles that are asked about, tiles shown of the ranking, and of those marked last."""
_LIMIT, _SURE = 0.5, 0.9
"""Score from which a tile shows the concept, and from which that is sure; of no alike."""


@dataclass(frozen=True)
class Card:
    """A tile to be marked. score: None before the concept has an example. mark: or empty.

    by: who marked it, empty where that is not told.
    """

    id: str
    score: float | None
    mark: str
    by: str = ""

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
    """Walls of tiles; `begun` is false while there is no positive example.

    marked: those marked last, the newest first. seq: of the last event that it knows of.
    """

    begun: bool
    asked: list[Card]
    top: list[Card]
    marked: list[Card]
    positive: int
    negative: int
    seq: int

    @property
    def doubtful(self) -> int:
        """How many of the tiles asked about the concept is in doubt about."""
        return sum(card.doubtful for card in self.asked)


def board(serving: Serving, lesson: Lesson) -> Board:
    """Return the tiles to ask about and the first of the ranking.

    Without a positive example: tiles from all over the bundle, and those that screening says
    most of.
    """
    seq, marks = lesson.seq, lesson.marks  # before all else: what comes meanwhile is not known
    positive, negative = (len(lesson.rows(mark)) for mark in ("positive", "negative"))
    newest = sorted(marks, key=lambda row: -marks[row].seq)[:MARKED]
    if positive:
        examples = serving.teaching.examples(lesson.name)
        asked = _cards(uncertain(serving, examples, ASKED))
        top = _cards(ranked(serving, examples, 0, TOP))
        marked = _cards(scored(serving, examples, newest))
    else:
        likely = np.argsort(-serving.findings.scores[:, :3].max(axis=1), kind="stable")[:TOP]
        anywhere = spread(len(serving.bundle), ASKED)
        asked, top, marked = (
            _unranked(serving, lesson, rows)
            for rows in (anywhere.tolist(), likely.tolist(), newest)
        )
    marked = [
        replace(card, by=marks[row].reviewer) for card, row in zip(marked, newest, strict=True)
    ]
    return Board(bool(positive), asked, top, marked, positive, negative, seq)


def _cards(fact: Fact) -> list[Card]:
    return [Card(one["id"], one["score"], one["mark"] or "") for one in fact["tiles"]]


def _unranked(serving: Serving, lesson: Lesson, rows: Iterable[int]) -> list[Card]:
    marks = {row: event.mark or "" for row, event in lesson.marks.items()}
    return [Card(serving.catalog.ids[row], None, marks.get(row, "")) for row in rows]
