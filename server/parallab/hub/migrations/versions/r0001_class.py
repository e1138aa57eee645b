"""The first tables: reports, questions, notebooks handed in, what came of them, rulings, deadlines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _number() -> sa.Column[int]:
    return sa.Column("number", _NUMBER, primary_key=True, autoincrement=True)


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    """Makes them. A later schema has a later revision: this one never changes."""
    op.create_table(
        "reports",
        _number(),
        _text("learner", 255),
        _text("id", 32),
        sa.Column("happened", sa.Double, nullable=False),
        sa.Column("received", sa.Double, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.UniqueConstraint("learner", "id", name="each_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "questions",
        _number(),
        _text("learner", 255),
        _text("lab", 120),
        _text("step", 120),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("asked", sa.Double, nullable=False),
        sa.Column("answer", sa.Text, nullable=False, server_default=""),
        sa.Column("answered_by", sa.String(255), nullable=False, server_default=""),
        sa.Column("answered", sa.Double),
        sa.Column("over", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_index("open_questions", "questions", ["over", "learner"])
    op.create_table(
        "handins",
        _number(),
        _text("learner", 255),
        _text("lab", 120),
        sa.Column("received", sa.Double, nullable=False),
        _text("digest", 64),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("notebook", sa.LargeBinary, nullable=False),
    )
    op.create_index("handins_of", "handins", ["learner", "lab"])
    op.create_table(
        "rechecks",
        sa.Column("learner", sa.String(255), primary_key=True),
        sa.Column("lab", sa.String(120), primary_key=True),
        _text("digest", 64),
        sa.Column("checked", sa.Double, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "rulings",
        sa.Column("learner", sa.String(255), primary_key=True),
        sa.Column("lab", sa.String(120), primary_key=True),
        sa.Column("excused", sa.Boolean, nullable=False),
        sa.Column("score", sa.Double),
        sa.Column("reason", sa.Text, nullable=False),
        _text("ruled_by", 255),
        sa.Column("ruled", sa.Double, nullable=False),
    )
    op.create_table(
        "deadlines",
        sa.Column("class_name", sa.String(255), primary_key=True),
        sa.Column("lab", sa.String(120), primary_key=True),
        sa.Column("due", sa.Double, nullable=False),
        _text("set_by", 255),
    )


def downgrade() -> None:
    """Takes all of it away, with what is in it."""
    for table in ("deadlines", "rulings", "rechecks", "handins", "questions", "reports"):
        op.drop_table(table)
