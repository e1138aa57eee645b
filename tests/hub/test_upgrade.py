"""Databases of classes as earlier releases wrote them: each is brought up to date, and nothing in it is lost.

``older`` holds one of each revision but the newest, for SQLite and PostgreSQL, as text: written by the code of that
time, with reports, questions, notebooks, rulings, deadlines and re-checks. Whoever adds a revision adds what was the
newest.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterhub", reason="the extra `hub` is not installed: run `make setup`")

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub.rig import FOREIGN, ask, free_ports, until
from hub.stage import PREFIX, staged
from hub.test_class_store import received
from parallab.hub.course import LabName, StepName
from parallab.hub.database import HEAD
from parallab.hub.schema import METADATA
from parallab.hub.settings import VARIABLE
from parallab.hub.store import ClassStore

OLDER = Path(__file__).parent / "older"
REVISIONS = sorted({file.name.split(".")[0] for file in OLDER.glob("*.sql")})


def laid_down(address: str, revision: str) -> None:
    """The database of that revision, at this address."""
    url = sa.make_url(address)
    kind = url.get_backend_name()
    text = (OLDER / f"{revision}.{kind}.sql").read_text()
    if kind == "sqlite":
        with closing(sqlite3.connect(str(url.database))) as connection:
            connection.executescript(text)
        return
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        driven = connection.connection.driver_connection
        assert driven is not None
        driven.execute(text)
    engine.dispose()


def content(store: ClassStore) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables that are there, but the number of the revision."""
    kept = sa.MetaData()
    with store._engine.connect() as connection:
        kept.reflect(connection)
        return {
            name: sorted(tuple(row) for row in connection.execute(sa.select(table)))
            for name, table in kept.tables.items()
            if name != "parallab_class_version"
        }


def test_there_is_a_database_of_each_older_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "parallab.hub:migrations")
    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    assert set(REVISIONS) == known - {HEAD}


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_older_database_is_brought_up_to_date_and_holds_all_that_it_held(address: str, revision: str) -> None:
    laid_down(address, revision)
    store = ClassStore(address)
    before = content(store)
    assert {name: len(rows) for name, rows in before.items()} == {
        "reports": 7,
        "questions": 2,
        "handins": 2,
        "rulings": 2,
        "deadlines": 1,
        "rechecks": int(revision >= "0002"),
        **({"wanted_rechecks": 1} if revision >= "0002" else {}),
    }
    store.open()
    after = content(store)
    assert {name: rows for name, rows in after.items() if name in before} == before
    assert after.keys() == METADATA.tables.keys()
    with store._engine.connect() as connection:
        options = {"version_table": "parallab_class_version", "compare_type": False}
        context = MigrationContext.configure(connection, opts=options)
        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, METADATA) == []
    one = received("ada", "hint")
    assert store.add([one]) == [one], "its rows are numbered on"
    store.hand_in("dan", "L04", "c" * 64, b"new", 1800000000.0)
    assert [each.learner for each in store.handins()] == ["ada", "bob", "dan"]
    store.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("revision", REVISIONS)
async def test_the_class_is_as_it_was(tmp_path: Path, revision: str) -> None:
    """What instructors see: results, the excused and the overridden, questions with their answers, deadlines."""
    laid_down(f"sqlite:///{tmp_path}/class.sqlite", revision)
    labs = [LabName(one, one, (StepName("four-at-once", "Four at once", core=True),)) for one in ("L04", "L05")]
    async with staged(tmp_path, labs, "ada", "bob", "cy") as (service, _):
        results = await service.results("*")
        source = "live" if revision == "0001" else "re-checked"
        assert (results["ada"]["L04"].passed, results["ada"]["L04"].source) == (1, source)
        assert (results["ada"]["L05"].score, results["ada"]["L05"].source) == (0.75, "override")
        assert (results["bob"]["L04"].excused, results["bob"]["L04"].reason) == (True, "ill")
        assert {(one.learner, one.answer) for one in service.board.questions.values()} == {
            ("bob", ""),
            ("cy", "Yes, quite."),
        }
        assert service.board.deadlines[("*", "L04")].due == 1700100000.0
        assert await service.notebook("ada", "L04") == b'{"cells": []}'


def log_of_a_start(database: str, log: Path) -> list[str]:
    """What the service says on its standard error until it serves the class."""
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    told = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | {
        VARIABLE: json.dumps({"database": database}),
        "JUPYTERHUB_SERVICE_URL": url,
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_SERVICE_NAME": "parallab",
        "JUPYTERHUB_CLIENT_ID": "service-parallab",
        "JUPYTERHUB_API_TOKEN": "t",
        "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
    }
    with log.open("wb") as out:
        service = subprocess.Popen([sys.executable, "-m", "parallab.hub"], env=told, stderr=out)

    def serves() -> bool:
        assert service.poll() is None, log.read_text()
        return ask("GET", f"{url}{PREFIX}health").status == 200

    try:
        until(serves, "the service serves the class")
        service.send_signal(signal.SIGTERM)
        service.wait()
    finally:
        service.kill()
        service.wait()
    return [line for line in log.read_text().splitlines() if "database" in line or "alembic" in line]


def test_the_log_tells_in_a_line_what_was_brought_up_to_date_and_else_nothing(tmp_path: Path) -> None:
    empty, old = (f"sqlite:///{tmp_path}/{name}.sqlite" for name in ("empty", "old"))
    laid_down(old, "0001")
    log = tmp_path / "log"
    assert log_of_a_start(empty, log) == []
    said = f"the class's database was brought up to date, from revision 0001 to {HEAD}; all that was in it stays"
    assert log_of_a_start(old, log) == [f"INFO parallab.hub.database: {said}"]
    assert log_of_a_start(old, log) == []
