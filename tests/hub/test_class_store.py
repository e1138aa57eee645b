"""The class's database, the same on SQLite and on PostgreSQL: once, together, and nothing that was promised is lost."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterhub", reason="the extra `hub` is not installed: run `make setup`")

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from parallab.hub.database import HEAD
from parallab.hub.inbox import Full, Inbox
from parallab.hub.kept import Deadline, Recheck, Ruling, WantedRecheck
from parallab.hub.record import Received
from parallab.hub.schema import METADATA
from parallab.hub.store import ClassStore
from parallab.reports import Report


@pytest.fixture
def store(address: str) -> Iterator[ClassStore]:
    made = ClassStore(address)
    made.open()
    yield made
    made.close()


def received(learner: str = "ada", kind: str = "hint", at: float = 100.0, **more: Any) -> Received:
    report = Report(id=secrets.token_hex(16), age=0.0, lab="L04", step="one", version=1, kind=kind, **more)
    return Received(learner, report, at, at + 1)


def test_the_tables_are_those_that_the_code_knows(store: ClassStore) -> None:
    with store._engine.connect() as connection:
        options = {"version_table": "parallab_class_version", "compare_type": False}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_no_learner_of_this_machine_may_read_it(tmp_path: Path) -> None:
    made = ClassStore(f"sqlite:///{tmp_path}/own.sqlite")
    made.open()
    made.add([received()])
    assert {one.name: oct(one.stat().st_mode & 0o777) for one in tmp_path.glob("own.sqlite*")} == {
        "own.sqlite": "0o600",
        "own.sqlite-wal": "0o600",
        "own.sqlite-shm": "0o600",
    }
    made.close()


def test_no_error_tells_what_a_learner_wrote(store: ClassStore) -> None:
    with store._engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE reports"))
    with pytest.raises(sa.exc.DatabaseError) as failed:
        store.add([received(message="nobody else is to read this")])
    assert "nobody else" not in str(failed.value)


def test_opening_it_again_changes_nothing_and_keeps_all(store: ClassStore, address: str) -> None:
    one = received()
    store.add([one])
    again = ClassStore(address)
    again.open()
    assert list(again.all_reports()) == [one]
    again.close()


def test_a_database_of_the_first_parallab_is_brought_up_to_date_with_what_is_in_it(
    store: ClassStore, address: str
) -> None:
    """The one of revision 0001: without the tables that came later."""
    one = received()
    store.add([one])
    with store._engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE wanted_rechecks"))
        connection.execute(sa.text("DROP TABLE clips"))
        connection.execute(sa.text("UPDATE parallab_class_version SET version_num = '0001'"))
    again = ClassStore(address)
    again.open()
    assert list(again.all_reports()) == [one]
    assert again.wanted_rechecks() == []
    assert again.clips("ada") == frozenset()
    with again._engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM parallab_class_version")).scalar() == HEAD
    again.close()


def test_a_database_of_a_newer_parallab_is_left_alone(store: ClassStore, address: str) -> None:
    with store._engine.begin() as connection:
        connection.execute(sa.text("UPDATE parallab_class_version SET version_num = '9999'"))
    with pytest.raises(ValueError, match="newer Parallab"):
        ClassStore(address).open()


def test_reports_count_once_within_a_batch_and_between_batches(store: ClassStore) -> None:
    first, second = received(), received()
    assert store.add([first, first, second]) == [first, second]
    third = received()
    assert store.add([second, third, first]) == [third]
    assert list(store.all_reports()) == [first, second, third]
    assert store.history("ada", 2) == [third, second]
    assert store.history("bob", 2) == []


def test_of_each_learner_the_newest_replays_are_kept_each_once(store: ClassStore) -> None:
    names = [f"{number:032x}" for number in range(5)]
    for name in names:
        store.keep_clip("ada", name, name.encode(), 100.0, 3)
    store.keep_clip("ada", names[4], b"another", 101.0, 3)
    store.keep_clip("bob", names[0], b"his", 100.0, 3)
    assert store.clips("ada") == set(names[2:])
    assert store.clips("bob") == {names[0]}
    assert store.clip("ada", names[4]) == names[4].encode(), "what is there stays: its name is its content"
    assert store.clip("ada", names[0]) is None
    assert store.clip("bob", names[0]) == b"his"
    assert store.clip("bob", names[4]) is None, "a name alone opens nobody else's"


def test_ids_are_each_learners_own(store: ClassStore) -> None:
    mine = received("ada")
    theirs = Received("bob", mine.report, mine.happened, mine.received)
    assert store.add([mine, theirs]) == [mine, theirs]


def test_a_question_its_answer_and_its_end(store: ClassStore) -> None:
    asked = received(kind="help", message="It hangs. 你好 \\ ' \"")
    store.add([asked])
    store.add([asked])
    (question,) = store.open_questions()
    assert (question.learner, question.text, question.asked) == ("ada", asked.report.message, 100.0)
    # An end that came before an answer does not deliver one.
    assert store.answer(question.number, "Who joins?", "teach", 120.0)
    assert not store.answer(question.number, "Me too", "help", 121.0)
    (question,) = store.open_questions()
    assert (question.answer, question.answered_by, question.answered) == ("Who joins?", "teach", 120.0)
    store.add([received(kind="help-answered")])
    assert store.open_questions() == []


def test_a_new_question_takes_the_place_of_the_old_one_and_can_be_withdrawn(store: ClassStore) -> None:
    store.add([received(kind="help", message="first"), received(kind="help", message="second")])
    assert [one.text for one in store.open_questions()] == ["second"]
    store.add([received(kind="help-answered")])
    assert [one.text for one in store.open_questions()] == ["second"], "nobody has answered it"
    store.add([received(kind="help-over")])
    assert store.open_questions() == []


def test_the_last_notebook_counts(store: ClassStore) -> None:
    store.hand_in("ada", "L04", "d1", b"one", 1.0)
    store.hand_in("ada", "L04", "d2", b"\0\xff two", 2.0)
    store.hand_in("bob", "L04", "d3", b"three", 3.0)
    assert store.notebook("ada", "L04") == b"\0\xff two"
    assert store.notebook("ada", "L05") is None
    assert [(one.learner, one.digest, one.size) for one in store.handins()] == [("ada", "d2", 6), ("bob", "d3", 5)]


def test_rulings_deadlines_and_rechecks_are_replaced(store: ClassStore) -> None:
    for score in (0.5, 0.8):
        store.rule(Ruling("ada", "L04", excused=False, score=score, reason="why", ruled_by="teach", ruled=1.0))
        store.set_deadline(Deadline("*", "L04", score, "teach"))
        store.keep_recheck(Recheck("ada", "L04", "d", score, "{}"))
    assert [one.score for one in store.rulings()] == [0.8]
    assert [one.due for one in store.deadlines()] == [0.8]
    assert [one.checked for one in store.rechecks()] == [0.8]
    assert [one.checked for one in store.rechecks("L04")] == [0.8]
    assert list(store.rechecks("L05")) == []
    store.unrule("ada", "L04")
    store.clear_deadline("*", "L04")
    assert (store.rulings(), store.deadlines()) == ([], [])


def test_what_is_to_be_run_again_is_kept_until_it_was(store: ClassStore) -> None:
    late, early = WantedRecheck("a", "L04", "teach", 2.0), WantedRecheck("a", "L05", "teach", 1.0)
    for one in (late, early, late):
        store.want_recheck(one)
    assert store.wanted_rechecks() == [early, late]
    store.unwant_recheck("a", "L05")
    assert store.wanted_rechecks() == [late]


def test_a_learner_can_be_forgotten_and_what_is_old(store: ClassStore) -> None:
    store.add([received("ada", "help"), received("bob", at=100.0), received("bob", at=900.0)])
    store.hand_in("ada", "L04", "d", b"x", 900.0)
    store.forget("ada")
    assert {one.learner for one in store.all_reports()} == {"bob"}
    assert (store.open_questions(), store.handins()) == ([], [])
    assert store.forget_before(500.0) == 1
    assert [one.happened for one in store.all_reports()] == [900.0]


def test_many_at_once_are_brought_in_together_and_each_is_told_of_its_own(store: ClassStore) -> None:
    transactions = []
    sa.event.listen(store._engine, "commit", lambda connection: transactions.append(1))

    async def story() -> list[Received]:
        new: list[Received] = []
        inbox = Inbox(store, new.extend)
        same = received()
        batches = [[received(f"u{number}") for _ in range(3)] for number in range(50)]
        told = await asyncio.gather(*(inbox.put(batch) for batch in [*batches, [same], [same]]))
        assert told[:50] == [3] * 50
        assert sorted(told[50:]) == [0, 1]
        await inbox.close()
        return new

    new = asyncio.run(story())
    assert len(new) == 151
    assert len(transactions) < 10


def test_one_that_the_database_does_not_take_spoils_no_other(store: ClassStore) -> None:
    async def story() -> None:
        inbox = Inbox(store, lambda new: None)
        bad = received("x" * 300) if store._engine.dialect.name == "postgresql" else received(learner=None)  # type: ignore[arg-type]
        told = await asyncio.gather(
            *(inbox.put([one]) for one in (received(), bad, received())), return_exceptions=True
        )
        assert [told[0], told[2]] == [1, 1]
        assert isinstance(told[1], sa.exc.DatabaseError)
        await inbox.close()

    asyncio.run(story())


def test_more_than_can_wait_is_sent_away(store: ClassStore) -> None:
    async def story() -> None:
        inbox = Inbox(store, lambda new: None)
        with pytest.raises(Full):
            await inbox.put([received()] * 20_001)
        assert await inbox.put([received()]) == 1
        await inbox.close()

    asyncio.run(story())


def test_what_it_cannot_use_is_said() -> None:
    with pytest.raises(ValueError, match="SQLite or PostgreSQL"):
        ClassStore("mysql://somewhere/else")
