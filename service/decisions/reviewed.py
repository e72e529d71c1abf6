"""How the decisions about one bundle's tiles stand, kept up to date from the ledger."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from bundle.content import Contents
from service.decisions.events import (
    Decision,
    Event,
    New,
    append,
    batch_events,
    is_undone,
    last_batch,
    since,
    undo,
)
from service.decisions.ledger import Ledger
from service.errors import DecisionChanged, UnknownEvent
from service.stored.catalog import Catalog

State: TypeAlias = Literal["keep", "review", "drop", "conflict"]
STATES: tuple[State | None, ...] = (None, "keep", "review", "drop", "conflict")
"""By code: what `Reviewed.states` holds of a tile. None: nobody has decided."""
_LIST_AGAIN = (
    "Nothing was written: open the list again; a program sends the `as_of` that a list told."
)


@dataclass(frozen=True)
class Wanted:
    """A decision about one tile of the bundle, None to take one's own back.

    expected: the number of the tile's last event that the caller knows of, 0 for none.
    """

    row: int
    decision: Decision | None
    reason: str | None = None
    comment: str | None = None
    expected: int | None = None


@dataclass(frozen=True)
class Brought:
    """A decision that somebody brings in the name of a reviewer.

    reason, comment: whether a reason and a comment are told of, be it that there is none.
    """

    reviewer: str
    wanted: Wanted
    reason: bool = True
    comment: bool = True


@dataclass
class _Tile:
    """What is known of one tile."""

    events: list[Event] = field(default_factory=list)
    last: dict[str, Event] = field(default_factory=dict)
    """Of each reviewer."""

    @property
    def opinions(self) -> list[Event]:
        """What each reviewer decided, see `opinions_of`."""
        return opinions_of([*self.last.values()])


class Reviewed:
    """The decisions about a bundle's tiles.

    states: (n,) uint8, positions in STATES.
    elsewhere: events about tiles that this bundle does not hold, or no longer as they were.

    An event belongs to the tile that shows what was looked at: by its id where that still
    shows the same, else to the first one that does.
    """

    def __init__(self, catalog: Catalog, ledger: Ledger) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self.contents = Contents(catalog.bundle)
        self.states: NDArray[np.uint8] = np.zeros(len(catalog.ids), np.uint8)
        self.elsewhere: list[Event] = []
        self.seq = 0
        self._tiles: dict[int, _Tile] = {}
        self._none = np.zeros_like(self.states)
        self._own: dict[str, NDArray[np.uint8]] = {}  # states by each reviewer alone
        self._order: list[tuple[int, int]] = []  # number and row of each event

    async def refresh(self) -> None:
        """Take in what others decided meanwhile.

        Raises:
            LedgerDown: the database cannot be used.
        """
        await self._ledger.read(self._catch_up)

    async def decide(
        self, reviewer: str, wanted: Sequence[Wanted], *, as_of: int | None = None
    ) -> str:
        """Write decisions, all or none; return their batch.

        as_of: the number of the last event of any tile that the caller knows of.

        Raises:
            DecisionChanged: a tile's last event is none that the caller knows of.
            UnknownEvent: the caller says to know of one that there is not yet.
            LedgerDown: the database cannot be used.
        """

        def work(connection: Connection) -> str:
            self._catch_up(connection)
            if as_of is not None and as_of > self.seq:
                raise UnknownEvent(as_of, self.seq, _LIST_AGAIN)
            for one in wanted:
                last = self.last(one.row)
                if one.expected not in (None, last) or (as_of is not None and last > as_of):
                    raise DecisionChanged(self._catalog.ids[one.row])
            news = [self._new(reviewer, one) for one in wanted]
            return append(connection, reviewer, self._bundle_id, news)

        return await self._ledger.write(work, first=self._catch_up, then=self._catch_up)

    async def bring(self, writer: str, brought: Sequence[Brought]) -> int:
        """Write decisions of several reviewers as one batch; return how many say anything new.

        Only those are written: what already stands keeps its time.

        Raises:
            LedgerDown: the database cannot be used.
        """

        def work(connection: Connection) -> int:
            self._catch_up(connection)
            news = [self._new(one.reviewer, one.wanted) for one in brought if self._is_new(one)]
            if news:
                append(connection, writer, self._bundle_id, news)
            return len(news)

        return await self._ledger.write(work, first=self._catch_up, then=self._catch_up)

    async def last_batch(self, reviewer: str) -> tuple[str | None, list[Event]]:
        """Return the batch that an undo would take back, with its events.

        Raises:
            LedgerDown: the database cannot be used.
        """

        def work(connection: Connection) -> tuple[str | None, list[Event]]:
            batch, _ = last_batch(connection, reviewer)
            return batch, batch_events(connection, batch) if batch else []

        return await self._ledger.read(work)

    async def is_undone(self, batch: str) -> bool:
        """Say whether a batch was taken back.

        Raises:
            LedgerDown: the database cannot be used.
        """
        return await self._ledger.read(lambda connection: is_undone(connection, batch))

    async def undo(
        self, reviewer: str, expected: str | None = None
    ) -> tuple[str | None, list[int]]:
        """Take back the last batch that somebody wrote; return it, and the rows of its tiles.

        Raises:
            UndoChanged: it is not the one that was expected.
            LedgerDown: the database cannot be used.
        """

        def work(connection: Connection) -> tuple[str | None, list[New]]:
            return undo(connection, reviewer, self._bundle_id, expected)

        undone, news = await self._ledger.write(work, then=self._catch_up)
        rows = dict.fromkeys(self._row(new) for new in news)
        return undone, [row for row in rows if row is not None]

    def moment(self, through: int | None, remedy: str) -> int:
        """Return the number of an event that is asked for, or of the last one.

        Raises:
            UnknownEvent: there is no such event yet; `remedy` says what to do.
        """
        if through is not None and through > self.seq:
            raise UnknownEvent(through, self.seq, remedy)
        return self.seq if through is None else through

    def state(self, row: int) -> State | None:
        """Return what is decided about a tile."""
        return STATES[int(self.states[row])]

    def states_of(self, reviewer: str | None, seq: int | None = None) -> NDArray[np.uint8]:
        """Return (n,) states for all, or by one reviewer alone; as of now, or of event `seq`."""
        states = self.states if reviewer is None else self._own.get(reviewer, self._none)
        if seq is None:
            return states
        states = states.copy()
        for row in {row for _, row in self._order[bisect_right(self._order, (seq, len(states))) :]}:
            before = [event for event in self.history(row) if event.seq <= seq]
            own = [event for event in before if reviewer in (None, event.reviewer)]
            states[row] = STATES.index(state_of(opinions_of(own)))
        return states

    def last(self, row: int) -> int:
        """Return the number of a tile's last event, 0 where there is none."""
        tile = self._tiles.get(row)
        return tile.events[-1].seq if tile else 0

    def opinions(self, row: int) -> list[Event]:
        """Return what each reviewer decided about a tile, in the order of time."""
        tile = self._tiles.get(row)
        return tile.opinions if tile else []

    def history(self, row: int) -> list[Event]:
        """Return all events about a tile, in the order of time."""
        tile = self._tiles.get(row)
        return list(tile.events) if tile else []

    @property
    def rows(self) -> list[int]:
        """The rows of the tiles about which there are events, by the time of their last."""
        return sorted(self._tiles, key=self.last)

    @property
    def _bundle_id(self) -> str:
        return self._catalog.bundle.manifest.bundle_id

    def _new(self, reviewer: str, one: Wanted) -> New:
        content = self.contents.of(one.row).hex()
        name = self._catalog.ids[one.row]
        return New(reviewer, name, content, one.decision, one.reason, one.comment)

    def _is_new(self, one: Brought) -> bool:
        """Whether a decision differs from the reviewer's that stands, in what it tells."""
        own = (event for event in self.opinions(one.wanted.row) if event.reviewer == one.reviewer)
        stands, wanted = next(own, None), one.wanted
        return (
            stands is None
            or stands.decision != wanted.decision
            or (one.reason and stands.reason != wanted.reason)
            or (one.comment and stands.comment != wanted.comment)
        )

    def _catch_up(self, connection: Connection) -> None:
        self._take_in(since(connection, self.seq))

    def _take_in(self, events: Iterable[Event]) -> None:
        """Put events with their tiles; in the ledger's thread, and nowhere else."""
        for event in events:
            row = self._row(event)
            if row is None:
                self.elsewhere.append(event)
            else:
                tile = self._tiles.setdefault(row, _Tile())
                tile.events.append(event)
                tile.last[event.reviewer] = event
                # Known as an event before it shows in the states: who copies those can go back.
                self._order.append((event.seq, row))
                self.states[row] = STATES.index(state_of(tile.opinions))
                if event.reviewer not in self._own:
                    self._own[event.reviewer] = np.zeros_like(self.states)
                self._own[event.reviewer][row] = STATES.index(event.decision)
            self.seq = event.seq

    def _row(self, event: Event | New) -> int | None:
        named = self._catalog.rows.get(event.tile_id)
        return self.contents.find(bytes.fromhex(event.content), named)


def opinions_of(events: Iterable[Event]) -> list[Event]:
    """Return the last event of each reviewer that is a decision, in the order they were made."""
    last = {event.reviewer: event for event in events}
    stand = (event for event in last.values() if event.decision is not None)
    return sorted(stand, key=attrgetter("seq"))


def state_of(opinions: Iterable[Event]) -> State | None:
    """Return how a tile stands about which this is what each reviewer decided."""
    decided = {event.decision for event in opinions}
    return "conflict" if len(decided) > 1 else next(iter(decided), None)
