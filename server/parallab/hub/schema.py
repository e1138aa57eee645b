"""The tables of the class service, for SQLite and PostgreSQL alike; ``migrations`` makes them."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

#: SQLite numbers rows by itself in an INTEGER only.
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

#: What learners' servers reported, in the order in which it came; the same report is there once.
REPORTS = sa.Table(
    "reports",
    METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("learner", sa.String(255), nullable=False),
    sa.Column("id", sa.String(32), nullable=False),
    sa.Column("happened", sa.Double, nullable=False),
    sa.Column("received", sa.Double, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.UniqueConstraint("learner", "id", name="each_once"),
    sqlite_autoincrement=True,
)

#: Questions of learners, with the answer once there is one. ``over`` when nobody waits for anything any more.
QUESTIONS = sa.Table(
    "questions",
    METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("learner", sa.String(255), nullable=False),
    sa.Column("lab", sa.String(120), nullable=False),
    sa.Column("step", sa.String(120), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("asked", sa.Double, nullable=False),
    sa.Column("answer", sa.Text, nullable=False, server_default=""),
    sa.Column("answered_by", sa.String(255), nullable=False, server_default=""),
    sa.Column("answered", sa.Double),
    sa.Column("over", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("open_questions", "over", "learner"),
)

#: Notebooks handed in; the last one of a learner and lab counts.
HANDINS = sa.Table(
    "handins",
    METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("learner", sa.String(255), nullable=False),
    sa.Column("lab", sa.String(120), nullable=False),
    sa.Column("received", sa.Double, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("notebook", sa.LargeBinary, nullable=False),
    sa.Index("handins_of", "learner", "lab"),
)

#: What came of running a notebook that was handed in again, on the instructor's side.
RECHECKS = sa.Table(
    "rechecks",
    METADATA,
    sa.Column("learner", sa.String(255), primary_key=True),
    sa.Column("lab", sa.String(120), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("checked", sa.Double, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)

#: What checked runs did, as clips; of each learner the newest few.
CLIPS = sa.Table(
    "clips",
    METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("learner", sa.String(255), nullable=False),
    sa.Column("name", sa.String(32), nullable=False),
    sa.Column("received", sa.Double, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("learner", "name", name="each_clip_once"),
    sqlite_autoincrement=True,
)

#: An instructor's own word on a learner's lab: excused, or a score in place of the one that was reached.
RULINGS = sa.Table(
    "rulings",
    METADATA,
    sa.Column("learner", sa.String(255), primary_key=True),
    sa.Column("lab", sa.String(120), primary_key=True),
    sa.Column("excused", sa.Boolean, nullable=False),
    sa.Column("score", sa.Double),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ruled_by", sa.String(255), nullable=False),
    sa.Column("ruled", sa.Double, nullable=False),
)

#: When a class's lab is due, Unix seconds.
DEADLINES = sa.Table(
    "deadlines",
    METADATA,
    sa.Column("class_name", sa.String(255), primary_key=True),
    sa.Column("lab", sa.String(120), primary_key=True),
    sa.Column("due", sa.Double, nullable=False),
    sa.Column("set_by", sa.String(255), nullable=False),
)

#: Which labs' notebooks an instructor wants run again, until that is done: a restart in the middle forgets none.
WANTED_RECHECKS = sa.Table(
    "wanted_rechecks",
    METADATA,
    sa.Column("class_name", sa.String(255), primary_key=True),
    sa.Column("lab", sa.String(120), primary_key=True),
    sa.Column("wanted_by", sa.String(255), nullable=False),
    sa.Column("wanted", sa.Double, nullable=False),
)

#: The tables that hold something of a learner's, with the column that says when.
OF_LEARNERS: tuple[tuple[sa.Table, str], ...] = (
    (REPORTS, "received"),
    (QUESTIONS, "asked"),
    (HANDINS, "received"),
    (RECHECKS, "checked"),
    (CLIPS, "received"),
    (RULINGS, "ruled"),
)
