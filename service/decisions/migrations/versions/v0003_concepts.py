"""What people teach by examples."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "concept_events",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewer", sa.String(80), nullable=False),
        sa.Column(
            "bundle", sa.String(16), nullable=False, comment="id of the bundle that was looked at"
        ),
        sa.Column("concept", sa.String(80), nullable=False),
        sa.Column("tile_id", sa.Text, comment="null: the event describes the concept"),
        sa.Column("content", sa.String(32), comment="bundle.preprocess.content_hash, hex"),
        sa.Column("mark", sa.String(8), comment="positive, negative; null takes the mark back"),
        sa.Column("description", sa.Text),
        sa.Column("verdict", sa.String(8), comment="review, drop"),
        sqlite_autoincrement=True,
    )
    op.create_index("concept_events_by_concept", "concept_events", ["concept"])
