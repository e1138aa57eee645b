"""How far the log has been told to a class service: the last line that each service has on its disk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the table. A service that was never told anything has no line: it gets the whole log."""
    op.create_table(
        "sent",
        sa.Column("service", sa.String, primary_key=True),
        sa.Column("line", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Forgets it: services would be told again, which does no harm."""
    op.drop_table("sent")
