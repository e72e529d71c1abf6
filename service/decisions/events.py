"""One event of the ledger, and how it is written and read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from sqlalchemy import Connection, func, insert, select

from service.decisions.tables import decisions

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


@dataclass(frozen=True, slots=True)
class New:
    """What is to be written about one tile."""

    tile_id: str
    content: str
    decision: Decision | None
    reason: str | None = None
    comment: str | None = None


def append(
    connection: Connection,
    reviewer: str,
    bundle: str,
    news: Sequence[New],
    *,
    undoes: str | None = None,
) -> str:
    """Write events of one batch; return the batch's id."""
    batch, at = uuid4().hex, datetime.now(UTC)
    rows = [
        {
            "at": at,
            "reviewer": reviewer,
            "tile_id": new.tile_id,
            "content": new.content,
            "bundle": bundle,
            "decision": new.decision,
            "reason": new.reason,
            "comment": new.comment,
            "batch": batch,
            "undoes": undoes,
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


def undo(connection: Connection, reviewer: str, bundle: str) -> tuple[str | None, str | None]:
    """Take back the reviewer's last batch that is not taken back yet.

    Each of its tiles gets what the reviewer had decided of it before. As batches are taken
    back in order, the event before is that, whatever happened in between.

    Returns: the batch that was taken back, and that of the events which do so; None, None
        where there is none.
    """
    own = decisions.c.reviewer == reviewer
    taken_back = select(decisions.c.undoes).where(own, decisions.c.undoes.is_not(None))
    last = connection.execute(
        select(decisions.c.batch)
        .where(own, decisions.c.undoes.is_(None), decisions.c.batch.not_in(taken_back))
        .order_by(decisions.c.seq.desc())
        .limit(1)
    ).scalar()
    if last is None:
        return None, None
    wanted = select(*_COLUMNS).where(decisions.c.batch == last).order_by(decisions.c.seq)
    undone = [_event(row) for row in connection.execute(wanted)]
    tiles = {(event.content, event.tile_id): event for event in reversed(undone)}
    before = [_before(connection, first) for first in tiles.values()]
    return last, append(connection, reviewer, bundle, before, undoes=last)


def _before(connection: Connection, first: Event) -> New:
    of_tile = (
        select(*_COLUMNS)
        .where(
            decisions.c.content == first.content,
            decisions.c.tile_id == first.tile_id,
            decisions.c.reviewer == first.reviewer,
            decisions.c.seq < first.seq,
        )
        .order_by(decisions.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(of_tile).first()
    if row is None:
        return New(first.tile_id, first.content, None)
    old = _event(row)
    return New(old.tile_id, old.content, old.decision, old.reason, old.comment)


def last_seq(connection: Connection) -> int:
    """Return the number of the last event, 0 where there is none."""
    return connection.execute(select(func.max(decisions.c.seq))).scalar() or 0


def _event(row: Sequence[Any]) -> Event:
    return Event(*row)  # the columns are the fields
