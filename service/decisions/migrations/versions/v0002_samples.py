"""Random samples of what nobody has looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "samples",
        sa.Column("draw", number, primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewer", sa.String(80), nullable=False),
        sa.Column(
            "bundle", sa.String(16), nullable=False, comment="id of the bundle that was sampled"
        ),
        sa.Column(
            "seq", number, nullable=False, comment="of the last decision known when it was drawn"
        ),
        sa.Column("seed", sa.Text, nullable=False, comment="with the ids it gives the tiles"),
        sa.Column(
            "population", sa.LargeBinary, nullable=False, comment="bit i is row i: could be drawn"
        ),
        sa.Column("drawn", sa.LargeBinary, nullable=False, comment="bit i is row i: was drawn"),
        sqlite_autoincrement=True,
    )
    op.create_index("samples_by_bundle", "samples", ["bundle"])
