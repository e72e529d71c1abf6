"""One event of the ledger, and how it is written and read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from sqlalchemy import Connection, and_, func, insert, select

from service.decisions.tables import decisions
from service.errors import UndoChanged

Decision: TypeAlias = Literal["keep", "review", "drop"]
DECISIONS: tuple[Decision, ...] = ("keep", "review", "drop")
_A_STATEMENT = 2_000
_A_READ = 50_000
"""Events of one statement, so that none takes long, however many there are."""
_COLUMNS = (
    decisions.c.seq,
    decisions.c.at,
    decisions.c.reviewer,
    decisions.c.tile_id,
    decisions.c.content,
    decisions.c.bundle,
    decisions.c.decision,
    decisions.c.reason,
    decisions.c.comment,
    decisions.c.batch,
    decisions.c.undoes,
    decisions.c.imported_by,
)


@dataclass(frozen=True, slots=True)
class Event:
    """A decision, or one that was taken back; fields as in `service.decisions.tables`."""

    seq: int
    at: datetime
    reviewer: str
    tile_id: str
    content: str
    bundle: str
    decision: Decision | None
    reason: str | None
    comment: str | None
    batch: str
    undoes: str | None = None
    imported_by: str | None = None


@dataclass(frozen=True, slots=True)
class New:
    """What is to be written about one tile, in the name of a reviewer."""

    reviewer: str
    tile_id: str
    content: str
    decision: Decision | None
    reason: str | None = None
    comment: str | None = None


def append(
    connection: Connection,
    writer: str,
    bundle: str,
    news: Sequence[New],
    *,
    undoes: str | None = None,
) -> str:
    """Write events of one batch; return the batch's id.

    Args:
        connection: in a transaction that writes.
        writer: who asked for it, told of each event that is in another's name.
        bundle: the id of the one that was looked at.
        news: what to write.
        undoes: the batch that these events take back.
    """
    batch, at = uuid4().hex, datetime.now(UTC)
    rows = [
        {
            "at": at,
            "reviewer": new.reviewer,
            "tile_id": new.tile_id,
            "content": new.content,
            "bundle": bundle,
            "decision": new.decision,
            "reason": new.reason,
            "comment": new.comment,
            "batch": batch,
            "undoes": undoes,
            "imported_by": None if new.reviewer == writer else writer,
        }
        for new in news
    ]
    for start in range(0, len(rows), _A_STATEMENT):
        connection.execute(insert(decisions), rows[start : start + _A_STATEMENT])
    return batch


def since(connection: Connection, seq: int) -> list[Event]:
    """Return the events after number `seq`, in order."""
    found: list[Event] = []
    wanted = select(*_COLUMNS).order_by(decisions.c.seq).limit(_A_READ)
    while True:
        part = [_event(row) for row in connection.execute(wanted.where(decisions.c.seq > seq))]
        found += part
        if len(part) < _A_READ:
            return found
        seq = part[-1].seq


def undo(
    connection: Connection, writer: str, bundle: str, expected: str | None = None
) -> tuple[str | None, list[New]]:
    """Take back the last batch that somebody wrote and that is not taken back yet.

    Each of its tiles gets what its reviewer had decided of it before. Where that reviewer has
    decided since, as after an import in their name, this stays, be it the same; a batch of which
    nothing stands is passed over.

    Returns: the batch that was taken back, None where there is none; and what was written of its
        tiles.

    Raises:
        UndoChanged: it is not the one that was expected.
    """
    batch, before = last_batch(connection, writer)
    if expected is not None and batch != expected:
        raise UndoChanged
    if batch is not None:
        append(connection, writer, bundle, before, undoes=batch)
    return batch, before


def last_batch(connection: Connection, writer: str) -> tuple[str | None, list[New]]:
    """Return the batch that an undo would take back, and what it would write for that."""
    own = func.coalesce(decisions.c.imported_by, decisions.c.reviewer) == writer
    taken_back = select(decisions.c.undoes).where(own, decisions.c.undoes.is_not(None))
    last = (
        select(decisions.c.batch)
        .where(own, decisions.c.undoes.is_(None), decisions.c.batch.not_in(taken_back))
        .order_by(decisions.c.seq.desc())
        .limit(1)
    )
    gone: list[str] = []
    while batch := connection.execute(last.where(decisions.c.batch.not_in(gone))).scalar():
        before = _before(connection, batch)
        if before:
            return batch, before
        gone.append(batch)
    return None, []


def is_undone(connection: Connection, batch: str) -> bool:
    """Say whether a batch was taken back."""
    found = select(decisions.c.seq).where(decisions.c.undoes == batch).limit(1)
    return connection.execute(found).scalar() is not None


def batch_events(connection: Connection, batch: str) -> list[Event]:
    """Return the events of a batch, in order."""
    wanted = select(*_COLUMNS).where(decisions.c.batch == batch).order_by(decisions.c.seq)
    return [_event(row) for row in connection.execute(wanted)]


def _before(connection: Connection, batch: str) -> list[New]:
    """Return what was decided before a batch of those tiles of which it stands, in its order."""
    tile = (decisions.c.content, decisions.c.tile_id, decisions.c.reviewer)
    asked = select(*tile).where(decisions.c.batch == batch).distinct().subquery()
    same = and_(*(one == asked.c[one.name] for one in tile))
    wanted = select(*_COLUMNS).join(asked, same).order_by(decisions.c.seq)
    histories: dict[tuple[str, str, str], list[Event]] = {}
    for event in map(_event, connection.execute(wanted)):
        histories.setdefault((event.content, event.tile_id, event.reviewer), []).append(event)
    found = [_before_of(history, batch) for history in histories.values()]
    return [new for _, new in sorted(filter(None, found), key=itemgetter(0))]


def _before_of(history: Sequence[Event], batch: str) -> tuple[int, New] | None:
    """Return the number of a batch's first event of a tile, and what was decided before it.

    None where its last event does not stand: something else was decided since, be it the same,
    and not taken back.
    """
    own = [event for event in history if event.batch == batch]
    first, last = own[0], own[-1]
    taken_back = {event.undoes for event in history}
    later = (
        event
        for event in history
        if event.seq > last.seq and event.undoes is None and event.batch not in taken_back
    )
    if any(later) or said(history[-1]) != said(last):
        return None
    earlier = [event for event in history if event.seq < first.seq]
    old = said(earlier[-1]) if earlier else (None,)
    return first.seq, New(first.reviewer, first.tile_id, first.content, *old)


def said(event: Event) -> tuple[Decision | None, str | None, str | None]:
    """Return the decision, its reason and its comment."""
    return event.decision, event.reason, event.comment


def last_seq(connection: Connection) -> int:
    """Return the number of the last event, 0 where there is none."""
    return connection.execute(select(func.max(decisions.c.seq))).scalar() or 0


def _event(row: Sequence[Any]) -> Event:
    return Event(*row)  # the columns are the fields
