"""The table of what was taught; like decisions, events are only ever added."""

from sqlalchemy import Column, Index, String, Table, Text

from service.decisions.tables import Moment, Number, metadata

concept_events = Table(
    "concept_events",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("reviewer", String(80), nullable=False),
    Column("bundle", String(16), nullable=False, comment="id of the bundle that was looked at"),
    Column("concept", String(80), nullable=False),
    Column("tile_id", Text, comment="null: the event describes the concept"),
    Column("content", String(32), comment="bundle.preprocess.content_hash, hex"),
    Column("mark", String(8), comment="positive, negative; null takes the mark back"),
    Column("description", Text),
    Column("verdict", String(8), comment="review, drop"),
    Column("renamed", String(80), comment="the concept's name from then on"),
    Index("concept_events_by_concept", "concept"),
    sqlite_autoincrement=True,
)
