"""Which labs' notebooks an instructor wants run again, until that is done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "wanted_rechecks",
        sa.Column("class_name", sa.String(255), primary_key=True),
        sa.Column("lab", sa.String(120), primary_key=True),
        sa.Column("wanted_by", sa.String(255), nullable=False),
        sa.Column("wanted", sa.Double, nullable=False),
    )


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("wanted_rechecks")
