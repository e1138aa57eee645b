"""The log of facts: one line each thing that a learner did, or that was seen of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the table; one prediction a step is what the database itself guarantees."""
    op.create_table(
        "facts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("unix", sa.Float, nullable=False),
        sa.Column("tick", sa.BigInteger, nullable=False),
        sa.Column("boot", sa.String, nullable=False),
        sa.Column("lab", sa.String, nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        # Ids are read on from, so that one is never given twice.
        sqlite_autoincrement=True,
    )
    op.create_index(
        "one_prediction",
        "facts",
        ["lab", "step"],
        unique=True,
        sqlite_where=sa.text("kind = 'predicted'"),
    )


def downgrade() -> None:
    """Takes the log away, with all that is in it."""
    op.drop_table("facts")
