"""New names of concepts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "concept_events",
        sa.Column("renamed", sa.String(80), comment="the concept's name from then on"),
    )
