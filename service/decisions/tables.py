"""The tables of the ledger, as the newest migration leaves them.

Events are only ever added. What holds now follows from them: see `service.decisions.reviewed`.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, also where the database knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return a stored moment in UTC; PostgreSQL tells it in the zone of its settings."""
        del dialect
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


Number = BigInteger().with_variant(Integer, "sqlite")
"""Of an event; SQLite numbers rows by itself only in its INTEGER."""

decisions = Table(
    "decisions",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("reviewer", String(80), nullable=False),
    Column("tile_id", Text, nullable=False),
    Column("content", String(32), nullable=False, comment="bundle.preprocess.content_hash, hex"),
    Column("bundle", String(16), nullable=False, comment="id of the bundle that was looked at"),
    Column("decision", String(8), comment="keep, review, drop; null takes the decision back"),
    Column("reason", String(80)),
    Column("comment", Text),
    Column("batch", String(32), nullable=False, comment="the request"),
    Column("undoes", String(32), comment="the batch that this event takes back"),
    Column(
        "imported_by",
        String(80),
        comment="who wrote it in the reviewer's name; null: the reviewer",
    ),
    Index("decisions_by_tile", "content", "tile_id"),
    Index("decisions_by_batch", "batch"),
    sqlite_autoincrement=True,
)

samples = Table(
    "samples",
    metadata,
    Column("draw", Number, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("reviewer", String(80), nullable=False),
    Column("bundle", String(16), nullable=False, comment="id of the bundle that was sampled"),
    Column("seq", Number, nullable=False, comment="of the last decision known when it was drawn"),
    Column("seed", Text, nullable=False, comment="with the ids it gives the tiles"),
    Column("population", LargeBinary, nullable=False, comment="bit i is row i: could be drawn"),
    Column("drawn", LargeBinary, nullable=False, comment="bit i is row i: was drawn"),
    Index("samples_by_bundle", "bundle"),
    sqlite_autoincrement=True,
)

cluster_names = Table(
    "cluster_names",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("reviewer", String(80), nullable=False),
    Column("bundle", String(16), nullable=False),
    Column("content", String(32), nullable=False, comment="of the medoid, hex"),
    Column("name", String(80), comment="null takes the name away"),
    sqlite_autoincrement=True,
)
