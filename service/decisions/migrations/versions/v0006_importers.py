"""Who imported a decision of somebody else's."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "decisions",
        sa.Column(
            "imported_by",
            sa.String(80),
            comment="who wrote it in the reviewer's name; null: the reviewer",
        ),
    )
