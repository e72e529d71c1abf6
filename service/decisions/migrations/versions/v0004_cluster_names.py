"""Names of clusters."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "cluster_names",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewer", sa.String(80), nullable=False),
        sa.Column("bundle", sa.String(16), nullable=False),
        sa.Column("content", sa.String(32), nullable=False, comment="of the medoid, hex"),
        sa.Column("name", sa.String(80), comment="null takes the name away"),
        sqlite_autoincrement=True,
    )
