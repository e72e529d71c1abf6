"""One event of what was taught, and how it is written and read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, insert, select

from service.teaching.tables import concept_events

Mark: TypeAlias = Literal["positive", "negative"]
Verdict: TypeAlias = Literal["review", "drop"]


@dataclass(frozen=True, slots=True)
class Event:
    """Fields as in `service.teaching.tables`.

    Without a tile it describes the concept, or gives it another name, or else takes it away.
    """

    seq: int
    at: datetime
    reviewer: str
    bundle: str
    concept: str
    tile_id: str | None = None
    content: str | None = None
    mark: Mark | None = None
    description: str | None = None
    verdict: Verdict | None = None
    renamed: str | None = None

    @property
    def takes_away(self) -> bool:
        """Whether it takes the concept away, until it is described again."""
        return self.tile_id is None and self.verdict is None and self.renamed is None


def append(
    connection: Connection, reviewer: str, bundle: str, news: Sequence[dict[str, Any]]
) -> None:
    """Write events; each of `news` has the fields that are not None, all of them the same."""
    stamp = {"at": datetime.now(UTC), "reviewer": reviewer, "bundle": bundle}
    connection.execute(insert(concept_events), [{**stamp, **one} for one in news])


def since(connection: Connection, seq: int) -> list[Event]:
    """Return the events after number `seq`, in order."""
    found = concept_events.c
    wanted = select(concept_events).where(found.seq > seq).order_by(found.seq)
    return [Event(*row) for row in connection.execute(wanted)]
