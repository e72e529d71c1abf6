"""Decisions about tiles."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "decisions",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewer", sa.String(80), nullable=False),
        sa.Column("tile_id", sa.Text, nullable=False),
        sa.Column(
            "content",
            sa.String(32),
            nullable=False,
            comment="bundle.preprocess.content_hash, hex",
        ),
        sa.Column(
            "bundle", sa.String(16), nullable=False, comment="id of the bundle that was looked at"
        ),
        sa.Column(
            "decision", sa.String(8), comment="keep, review, drop; null takes the decision back"
        ),
        sa.Column("reason", sa.String(80)),
        sa.Column("comment", sa.Text),
        sa.Column("batch", sa.String(32), nullable=False, comment="the request"),
        sa.Column("undoes", sa.String(32), comment="the batch that this event takes back"),
        sqlite_autoincrement=True,
    )
    op.create_index("decisions_by_tile", "decisions", ["content", "tile_id"])
    op.create_index("decisions_by_batch", "decisions", ["batch"])
