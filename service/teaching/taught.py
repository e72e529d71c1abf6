"""The concepts that were taught, with their examples among a bundle's tiles, kept up to date."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection

from bundle.content import Contents
from bundle.held_out import HeldOut, hold_out
from bundle.teaching import Background, Marked, Taught, teach
from service.decisions.ledger import Ledger
from service.errors import ConceptTaken, MarkChanged, NothingTaught, UnknownConcept, UnknownEvent
from service.stored.catalog import Catalog
from service.teaching.events import Event, Mark, Verdict, append, since
from service.teaching.names import alike

News: TypeAlias = Sequence[dict[str, Any]]
"""Fields of events to be written."""
_LOOK_AGAIN = "Ask for the concept again, and send its `as_of`."


@dataclass
class Lesson:
    """A concept and its examples.

    marks: the last event of each marked row. last: of each row that ever was, its mark taken
    back or not. seq: of the last event about the concept.
    absent: content and id of examples that this bundle does not hold. gone: it was taken away;
    making it again brings its examples back.
    """

    name: str
    description: str = ""
    verdict: Verdict = "review"
    marks: dict[int, Event] = field(default_factory=dict)
    last: dict[int, Event] = field(default_factory=dict)
    absent: set[tuple[str, str]] = field(default_factory=set)
    seq: int = 0
    gone: bool = False

    @property
    def free(self) -> bool:
        """Whether another concept may take its name: it was taken away, and no mark waits."""
        return self.gone and not self.marks and not self.absent

    def rows(self, mark: Mark) -> Marked:
        """Return the rows of one kind of example, ascending."""
        return np.array(sorted(r for r, one in self.marks.items() if one.mark == mark), np.intp)


@dataclass(frozen=True)
class Examples:
    """What a concept is fitted to, as it was at one moment."""

    name: str
    seq: int
    positive: Marked
    negative: Marked


class Teaching:
    """What was taught about a bundle's tiles, and the concepts fitted to it.

    As with decisions, an example belongs to the tile that shows what was looked at.
    """

    def __init__(self, catalog: Catalog, ledger: Ledger, contents: Contents) -> None:
        self._catalog, self._ledger, self._contents = catalog, ledger, contents
        self._lessons: dict[str, Lesson] = {}
        self._fits: dict[str, tuple[int, Taught]] = {}
        self._figures: dict[str, tuple[int, HeldOut]] = {}
        self._fitting = Lock()
        self.seq = 0

    @property
    def lessons(self) -> list[Lesson]:
        """Every concept, by name."""
        return [one for _, one in sorted(self._lessons.items()) if not one.gone]

    @property
    def gone(self) -> set[str]:
        """Names of concepts that were taken away."""
        return {name for name, one in self._lessons.items() if one.gone}

    def lesson(self, name: str) -> Lesson:
        """Return a concept.

        Raises:
            UnknownConcept: nobody has made one of this name.
        """
        lesson = self._lessons.get(name)
        if lesson is None or lesson.gone:
            raise UnknownConcept(name, [one.name for one in self.lessons])
        return lesson

    async def refresh(self) -> None:
        """Take in what others taught meanwhile.

        Raises:
            LedgerDown: the database cannot be used.
        """
        await self._ledger.read(self._catch_up)

    async def describe(
        self, reviewer: str, name: str, text: str | None, verdict: Verdict | None
    ) -> None:
        """Make a concept, or say anew what it is; None leaves that as it was.

        Raises:
            ConceptTaken: it would be a new one, and another's name differs by case alone.
            LedgerDown: the database cannot be used.
        """

        def said(connection: Connection) -> News:
            self._catch_up(connection)
            own = self._lessons.get(name)
            if own is None or own.gone:
                self._check_free(name, own)
            known = own or Lesson(name)
            description = known.description if text is None else text
            told = {"description": description, "verdict": verdict or known.verdict}
            return [{"concept": name, **told}]

        await self._write(reviewer, said)

    async def remove(self, reviewer: str, name: str) -> None:
        """Take a concept away; its events stay, and describing it anew brings it back.

        Raises:
            UnknownConcept: there is none of this name.
            LedgerDown: the database cannot be used.
        """

        def said(connection: Connection) -> News:
            self._catch_up(connection)
            self.lesson(name)
            return [{"concept": name}]

        await self._write(reviewer, said)

    async def rename(self, reviewer: str, name: str, new: str) -> None:
        """Give a concept another name; its examples and all else that is told of it stay.

        Raises:
            UnknownConcept: there is none of this name.
            ConceptTaken: there is one of the new name, but for case, or one that was taken away
                has marks.
            LedgerDown: the database cannot be used.
        """

        def said(connection: Connection) -> News:
            self._catch_up(connection)  # while no one else writes, so of two only one succeeds
            lesson = self.lesson(name)
            self._check_free(new, None if name == new else lesson)
            return [{"concept": name, "renamed": new}]

        await self._write(reviewer, said)

    def _check_free(self, name: str, own: Lesson | None) -> None:
        for other in self._lessons.values():
            if other is not own and alike(other.name, name) and not other.free:
                raise ConceptTaken(other.name, gone=other.gone)

    async def mark(
        self,
        reviewer: str,
        name: str,
        marks: dict[int, Mark | None],
        *,
        as_of: int | None = None,
    ) -> None:
        """Mark tiles of rows as examples, all or none; None takes a mark back.

        as_of: the number of the last event that the caller knows of.

        Raises:
            UnknownConcept: there is none of this name, or none any more.
            MarkChanged: one of them was marked otherwise since then.
            UnknownEvent: the caller says to know of an event that there is not yet.
            LedgerDown: the database cannot be used.
        """

        def said(connection: Connection) -> News:
            self._catch_up(connection)
            lesson = self.lesson(name)
            if as_of is not None:
                self._check_known(reviewer, lesson, marks, as_of)
            return [
                {
                    "concept": name,
                    "tile_id": self._catalog.ids[row],
                    "content": self._contents.of(row).hex(),
                    "mark": mark,
                }
                for row, mark in marks.items()
            ]

        if marks:
            await self._write(reviewer, said)

    def _check_known(
        self, caller: str, lesson: Lesson, marks: Mapping[int, Mark | None], as_of: int
    ) -> None:
        if as_of > self.seq:
            raise UnknownEvent(as_of, self.seq, _LOOK_AGAIN)
        for row, mark in marks.items():
            event = lesson.last.get(row)
            if event and event.seq > as_of and event.mark != mark:
                tile_id = self._catalog.ids[row]
                raise MarkChanged(tile_id, event.mark, by=event.reviewer, caller=caller)

    def examples(self, name: str) -> Examples:
        """Return a concept's examples as they are now.

        Raises:
            UnknownConcept: nobody has made it. NothingTaught: no tile is marked as showing it.
        """
        lesson = self.lesson(name)
        positive = lesson.rows("positive")
        if not len(positive):
            raise NothingTaught(
                f"No tile of this bundle is marked as showing {name!r}. Mark one first."
            )
        return Examples(name, lesson.seq, positive, lesson.rows("negative"))

    def fit(self, examples: Examples) -> Taught:
        """Return the concept fitted to its examples; not on the event loop."""
        with self._fitting:
            known = self._fits.get(examples.name)
            if known is None or known[0] != examples.seq:
                found = teach(self.background, examples.positive, examples.negative)
                known = self._fits[examples.name] = (examples.seq, found)
            return known[1]

    def evaluate(self, examples: Examples) -> HeldOut:
        """Return how well held-out scans are told; not on the event loop."""
        with self._fitting:
            known = self._figures.get(examples.name)
            if known is None or known[0] != examples.seq:
                scans = np.asarray(self._catalog.bundle.arrays["scan_numbers.npy"])
                found = hold_out(self.background, scans, examples.positive, examples.negative)
                known = self._figures[examples.name] = (examples.seq, found)
            return known[1]

    @cached_property
    def background(self) -> Background:
        """All stored tiles, laid out at the first fit."""
        return Background.of(self._catalog.bundle)

    async def _write(self, reviewer: str, said: Callable[[Connection], News]) -> None:
        bundle = self._catalog.bundle.manifest.bundle_id

        def work(connection: Connection) -> None:
            append(connection, reviewer, bundle, said(connection))

        await self._ledger.write(work, first=self._catch_up, then=self._catch_up)

    def _catch_up(self, connection: Connection) -> None:
        for event in since(connection, self.seq):
            lesson = self._lessons.setdefault(event.concept, Lesson(event.concept))
            if event.renamed is not None:
                self._rename(lesson, event.renamed, event.seq)
            elif event.takes_away:
                lesson.gone = True
            elif event.tile_id is None:
                lesson.gone = False
                lesson.description = event.description or ""
                lesson.verdict = event.verdict or "review"
            else:
                self._take_in(lesson, event)
            self._lessons[event.renamed or event.concept].seq = self.seq = event.seq

    def _rename(self, lesson: Lesson, new: str, seq: int) -> None:
        # The old name is free, and known to be left: a bundle that holds it is published without.
        self._lessons[lesson.name] = Lesson(lesson.name, seq=seq, gone=True)
        self._lessons[new] = replace(lesson, name=new)

    def _take_in(self, lesson: Lesson, event: Event) -> None:
        row = self._row(event)
        if row is None:
            marked = lesson.absent.add if event.mark else lesson.absent.discard
            marked((str(event.content), str(event.tile_id)))
        else:
            # Replaced whole: whoever reads it on the event loop meanwhile has the one before.
            lesson.last[row] = event
            others = {known: one for known, one in lesson.marks.items() if known != row}
            lesson.marks = others | ({row: event} if event.mark else {})

    def _row(self, event: Event) -> int | None:
        assert event.tile_id is not None
        assert event.content is not None
        named = self._catalog.rows.get(event.tile_id)
        return self._contents.find(bytes.fromhex(event.content), named)
