"""What checked runs did, as clips."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

#: SQLite numbers rows by itself in an INTEGER only.
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "clips",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("received", sa.Double, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("learner", "name", name="each_clip_once"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("clips")
