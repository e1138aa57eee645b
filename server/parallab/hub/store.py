"""The class service's database: SQLite or PostgreSQL by SQLAlchemy Core. Used from one thread; it blocks.

What a method wrote is on disk when it returns: learners' servers forget what they were told is
safe. Reports are kept once, whoever sends them again. ``inbox`` brings many requests into one
transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from parallab.hub.database import bring_up_to_date, engine
from parallab.hub.kept import Deadline, HandIn, Question, Recheck, Ruling, WantedRecheck
from parallab.hub.record import Received
from parallab.hub.schema import (
    CLIPS,
    DEADLINES,
    HANDINS,
    OF_LEARNERS,
    QUESTIONS,
    RECHECKS,
    REPORTS,
    RULINGS,
    WANTED_RECHECKS,
)
from parallab.reports import Report

_reports = msgspec.json.Decoder(Report)
Row = TypeVar("Row")


class ClassStore:
    """One database; ``address`` is SQLAlchemy's."""

    def __init__(self, address: str) -> None:
        self._engine = engine(address)
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        self._insert: Any = insert
        self._add = (
            insert(REPORTS)
            .on_conflict_do_nothing(index_elements=[REPORTS.c.learner, REPORTS.c.id])
            .returning(REPORTS.c.learner, REPORTS.c.id)
        )

    def open(self) -> None:
        """Makes the tables, or brings them up to date.

        :raises ValueError: a newer Parallab made them.
        """
        try:
            bring_up_to_date(self._engine)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives the connections back."""
        self._engine.dispose()

    # -- reports -----------------------------------------------------------------------

    def add(self, reports: Sequence[Received]) -> list[Received]:
        """Writes those that are not there yet, in one transaction; they are answered, in their order."""
        if not reports:
            return []
        rows = [
            {
                "learner": one.learner,
                "id": one.report.id,
                "happened": one.happened,
                "received": one.received,
                "data": msgspec.json.encode(one.report).decode(),
            }
            for one in reports
        ]
        with self._engine.begin() as connection:
            added = {(row.learner, row.id) for row in connection.execute(self._add, rows)}
            new: list[Received] = []
            for one in reports:
                name = (one.learner, one.report.id)
                if name in added:
                    added.discard(name)
                    new.append(one)
            for one in new:
                self._question(connection, one)
        return new

    def all_reports(self) -> Iterator[Received]:
        """Every report, in the order in which it came."""
        with self._engine.connect().execution_options(yield_per=2000) as connection:
            for row in connection.execute(sa.select(REPORTS).order_by(REPORTS.c.number)):
                yield _received(row)

    def history(self, learner: str, most: int) -> list[Received]:
        """A learner's reports, the newest first."""
        query = sa.select(REPORTS).where(REPORTS.c.learner == learner).order_by(REPORTS.c.number.desc()).limit(most)
        with self._engine.connect() as connection:
            return [_received(row) for row in connection.execute(query)]

    # -- questions -----------------------------------------------------------------------

    def _question(self, connection: sa.Connection, one: Received) -> None:
        """What a report says of a question: asked, over, or that its answer has arrived."""
        report = one.report
        if report.kind not in ("help", "help-over", "help-answered"):
            return
        here = (
            (QUESTIONS.c.learner == one.learner)
            & (QUESTIONS.c.lab == report.lab)
            & (QUESTIONS.c.step == report.step)
            & ~QUESTIONS.c.over
        )
        if report.kind == "help-answered":
            here &= QUESTIONS.c.answered.is_not(None)
        connection.execute(QUESTIONS.update().where(here).values(over=True))
        if report.kind == "help":
            connection.execute(
                QUESTIONS.insert().values(
                    learner=one.learner, lab=report.lab, step=report.step, text=report.message, asked=one.happened
                )
            )

    def open_questions(self) -> list[Question]:
        """Those that are not over, the oldest first."""
        query = sa.select(QUESTIONS).where(~QUESTIONS.c.over).order_by(QUESTIONS.c.asked, QUESTIONS.c.number)
        with self._engine.connect() as connection:
            return [Question(**row) for row in connection.execute(query).mappings()]

    def answer(self, number: int, text: str, by: str, at: float) -> bool:
        """Answers a question; False when it is over or was answered meanwhile."""
        open_one = (QUESTIONS.c.number == number) & ~QUESTIONS.c.over & QUESTIONS.c.answered.is_(None)
        with self._engine.begin() as connection:
            done = connection.execute(
                QUESTIONS.update().where(open_one).values(answer=text, answered_by=by, answered=at)
            )
            return bool(done.rowcount)

    # -- hand-ins and what came of them ---------------------------------------------------

    def hand_in(self, learner: str, lab: str, digest: str, notebook: bytes, at: float) -> None:
        """Keeps a notebook; it takes the place of the learner's earlier one of that lab."""
        with self._engine.begin() as connection:
            connection.execute(HANDINS.delete().where((HANDINS.c.learner == learner) & (HANDINS.c.lab == lab)))
            values = {"learner": learner, "lab": lab, "digest": digest, "received": at}
            connection.execute(HANDINS.insert().values(**values, size=len(notebook), notebook=notebook))

    def handins(self) -> list[HandIn]:
        """All that is handed in."""
        columns = [column for column in HANDINS.c if column.name != "notebook"]
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(*columns).order_by(HANDINS.c.number)).mappings()
            return [HandIn(**row) for row in rows]

    def notebook(self, learner: str, lab: str) -> bytes | None:
        """The notebook that a learner handed in last, None if there is none."""
        query = sa.select(HANDINS.c.notebook).where((HANDINS.c.learner == learner) & (HANDINS.c.lab == lab))
        with self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else bytes(found)

    def keep_recheck(self, one: Recheck) -> None:
        """What came of running a notebook again; the newest counts."""
        self._upsert(RECHECKS, vars(one), ("learner", "lab"))

    def rechecks(self, lab: str | None = None) -> Iterator[Recheck]:
        """Those of a lab, or all of them; one after the other, since each holds a whole report."""
        query = sa.select(RECHECKS) if lab is None else sa.select(RECHECKS).where(RECHECKS.c.lab == lab)
        with self._engine.connect().execution_options(yield_per=100) as connection:
            for row in connection.execute(query).mappings():
                yield Recheck(**row)

    def want_recheck(self, one: WantedRecheck) -> None:
        """Keeps that it is wanted, until :meth:`unwant_recheck`."""
        self._upsert(WANTED_RECHECKS, vars(one), ("class_name", "lab"))

    def unwant_recheck(self, class_name: str, lab: str) -> None:
        """It is done, or not wanted any more."""
        where = (WANTED_RECHECKS.c.class_name == class_name) & (WANTED_RECHECKS.c.lab == lab)
        with self._engine.begin() as connection:
            connection.execute(WANTED_RECHECKS.delete().where(where))

    def wanted_rechecks(self) -> list[WantedRecheck]:
        """All of them, the oldest first."""
        return sorted(self._all(WANTED_RECHECKS, WantedRecheck), key=lambda one: one.wanted)

    # -- replays --------------------------------------------------------------------------

    def keep_clip(self, learner: str, name: str, data: bytes, at: float, most: int) -> None:
        """Keeps what a checked run did; of this learner's only the newest so many."""
        mine = CLIPS.c.learner == learner
        values = {"learner": learner, "name": name, "received": at, "data": data}
        with self._engine.begin() as connection:
            once = [CLIPS.c.learner, CLIPS.c.name]
            connection.execute(self._insert(CLIPS).values(**values).on_conflict_do_nothing(index_elements=once))
            newest = sa.select(CLIPS.c.number).where(mine).order_by(CLIPS.c.number.desc()).limit(most)
            connection.execute(CLIPS.delete().where(mine, CLIPS.c.number.not_in(newest)))

    def clips(self, learner: str) -> frozenset[str]:
        """The names of those that are kept of a learner."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(sa.select(CLIPS.c.name).where(CLIPS.c.learner == learner)).scalars())

    def clip(self, learner: str, name: str) -> bytes | None:
        """One of them, None when it is not kept."""
        query = sa.select(CLIPS.c.data).where(CLIPS.c.learner == learner, CLIPS.c.name == name)
        with self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else bytes(found)

    # -- what instructors say ---------------------------------------------------------------

    def rule(self, one: Ruling) -> None:
        """Keeps a ruling; it takes the place of an earlier one."""
        self._upsert(RULINGS, vars(one), ("learner", "lab"))

    def unrule(self, learner: str, lab: str) -> None:
        """Takes a ruling back."""
        with self._engine.begin() as connection:
            connection.execute(RULINGS.delete().where((RULINGS.c.learner == learner) & (RULINGS.c.lab == lab)))

    def rulings(self) -> list[Ruling]:
        """All of them."""
        return self._all(RULINGS, Ruling)

    def set_deadline(self, one: Deadline) -> None:
        """Sets it, or sets it anew."""
        self._upsert(DEADLINES, vars(one), ("class_name", "lab"))

    def clear_deadline(self, class_name: str, lab: str) -> None:
        """No deadline any more."""
        where = (DEADLINES.c.class_name == class_name) & (DEADLINES.c.lab == lab)
        with self._engine.begin() as connection:
            connection.execute(DEADLINES.delete().where(where))

    def deadlines(self) -> list[Deadline]:
        """All of them."""
        return self._all(DEADLINES, Deadline)

    # -- deleting ----------------------------------------------------------------------------

    def forget(self, learner: str) -> None:
        """Deletes all that is kept of a learner."""
        with self._engine.begin() as connection:
            for table, _ in OF_LEARNERS:
                connection.execute(table.delete().where(table.c.learner == learner))

    def forget_before(self, moment: float) -> int:
        """Deletes what is older; answers how many lines that were."""
        with self._engine.begin() as connection:
            return sum(
                connection.execute(table.delete().where(table.c[when] < moment)).rowcount for table, when in OF_LEARNERS
            )

    # -- within ------------------------------------------------------------------------------

    def _all(self, table: sa.Table, of: type[Row]) -> list[Row]:
        with self._engine.connect() as connection:
            return [of(**row) for row in connection.execute(sa.select(table)).mappings()]

    def _upsert(self, table: sa.Table, values: dict[str, Any], key: tuple[str, ...]) -> None:
        statement = self._insert(table).values(**values)
        rest = {name: statement.excluded[name] for name in values if name not in key}
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=rest))


def _received(row: Any) -> Received:
    return Received(row.learner, _reports.decode(row.data), row.happened, row.received)
