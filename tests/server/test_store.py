"""The log on a real SQLite file: killed writers, two servers, full disks, read-only folders."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from parallab import store
from parallab.progress import Entry, HintShown, Predicted, Reset
from parallab.store import AlreadySaved, Keeper, Store, StoreError, now

HEAD = "import sys\nfrom pathlib import Path\nfrom parallab.store import *\nfrom parallab.progress import *\n"


def hint(level: int, lab: str = "L04") -> Entry:
    return Entry(now(), lab, "step", 1, HintShown(level))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "when needed" / "progress.sqlite"


@pytest.fixture
def opened(path: Path):
    one = Store(path)
    yield one
    one.close()


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another server's process, at work on the same file."""
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + textwrap.dedent(code), *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def in_own_mounts(folder: Path, code: str, mounting: str) -> str:
    """What the code prints where ``mounting`` was done, seen by it alone."""
    script = folder.parent / "mounted.py"
    script.write_text(HEAD + textwrap.dedent(code))
    shell = f"{mounting} && '{sys.executable}' '{script}' '{folder}'"
    done = subprocess.run(["unshare", "-rm", "sh", "-c", shell], capture_output=True, text=True, timeout=60)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no mounts of its own here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_was_appended_is_there_after_a_restart(opened: Store, path: Path) -> None:
    assert opened.append(hint(2))["L04"]["step"].hints == 2
    opened.close()
    again = Store(path)
    assert again.memories()["L04"]["step"].hints == 2
    again.close()


def test_nobody_else_may_read_it(opened: Store, path: Path) -> None:
    opened.append(hint(1))
    assert {one.name: oct(one.stat().st_mode & 0o777) for one in path.parent.glob("progress.sqlite*")} == {
        "progress.sqlite": "0o600",
        "progress.sqlite-wal": "0o600",
        "progress.sqlite-shm": "0o600",
    }


def test_the_newest_revision_is_the_one_the_store_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", "parallab:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [store.HEAD]


def test_a_new_database_is_what_all_revisions_make_of_an_empty_one(opened: Store, path: Path, tmp_path: Path) -> None:
    opened.append(hint(1))
    store.migrate(tmp_path / "migrated.sqlite")

    def schema(file: Path) -> dict[str, str]:
        with closing(sqlite3.connect(file)) as connection:
            found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            return {name: " ".join(sql.split()) for name, sql in found}

    assert schema(path) == schema(tmp_path / "migrated.sqlite")
    assert len(schema(path)) >= 4


def test_two_servers_see_each_other(opened: Store, path: Path) -> None:
    other = Store(path)
    opened.append(hint(1))
    other.append(hint(2))
    opened.append(hint(3, "L08"))
    assert opened.memories() == other.memories()
    assert other.memories()["L04"]["step"].hints == 2
    other.close()


def test_a_second_prediction_is_refused_whichever_server_is_asked(opened: Store, path: Path) -> None:
    other = Store(path)
    first = Entry(now(), "L04", "step", 1, Predicted({"a": "1"}, False, True))
    opened.append(first)
    with pytest.raises(AlreadySaved):
        other.append(first)
    other.append(hint(1))
    assert opened.memories()["L04"]["step"].hints == 1
    other.close()


WRITER = """
    one = Store(Path(sys.argv[1]))
    for place in range(int(sys.argv[3])):
        one.append(Entry(now(), sys.argv[2], str(place), 1, Reset()))
        print(place, flush=True)
"""


def test_two_processes_migrate_and_write_at_once(path: Path) -> None:
    writers = [child(WRITER, path, lab, 40) for lab in ("A", "B", "C")]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    one = Store(path)
    assert {lab: len(steps) for lab, steps in one.memories().items()} == {"A": 40, "B": 40, "C": 40}
    one.close()


def test_a_killed_writer_loses_nothing_that_it_had_acknowledged(path: Path) -> None:
    for round_ in range(3):
        writer = child(WRITER, path, f"L{round_}", 1_000_000)
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(30 + round_ * 17)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        writer.wait()
        writer.stdout.close()
        one = Store(path)
        kept = one.memories()[f"L{round_}"]
        assert {str(place) for place in acknowledged} <= set(kept)
        assert len(kept) <= len(acknowledged) + 1
        one.append(hint(1))
        one.close()


def test_killed_in_the_middle_of_a_migration(path: Path) -> None:
    code = """
        import os, signal, alembic.command
        from parallab.migrations import __main__ as migrations
        real = alembic.command.upgrade
        def upgrade(config, head):
            real(config, head)
            os.kill(os.getpid(), signal.SIGKILL)
        alembic.command.upgrade = upgrade
        migrations.upgrade(sys.argv[1], 1000)
    """
    path.parent.mkdir(parents=True)
    killed = child(code, path)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    one = Store(path)
    assert one.append(hint(1))["L04"]["step"].hints == 1
    one.close()


def test_a_full_disk_is_told_and_nothing_is_lost(opened: Store, path: Path) -> None:
    opened.append(hint(1))
    connection = opened._open()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError) as full:  # noqa: PT012
        for _ in range(100):
            opened.append(Entry(now(), "L04", "x" * 2000, 1, Reset()))
    assert full.value.trouble == "full"
    assert "There is no space left to save your progress" in str(full.value)
    assert opened.memories()["L04"]["step"].hints == 1
    assert opened.append(hint(2))["L04"]["step"].hints == 2


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a file system of 256 KiB of its own, in a namespace of its own where that is allowed."""
    code = """
        folder = Path(sys.argv[1])
        one = Store(folder / "progress.sqlite")
        kept = 0
        try:
            while True:
                one.append(Entry(now(), "L04", str(kept), 1, Predicted({"a": "x" * 3000}, False, True)))
                kept += 1
        except StoreError as error:
            assert error.trouble == "full", (error.trouble, error.reason)
        assert len(one.memories()["L04"]) == kept, "what was acknowledged is there"
        one.close()
        (folder / "ballast").unlink()
        one.append(Entry(now(), "L04", "after", 1, Reset()))
        one.close()
        assert len(Store(folder / "progress.sqlite").memories()["L04"]) == kept + 1
        print(kept)
    """
    mount = tmp_path / "small"
    mount.mkdir()
    making = f"mount -t tmpfs -o size=512k tmpfs {mount} && head -c 200000 /dev/zero > {mount}/ballast"
    assert int(in_own_mounts(mount, code, making)) > 3


def test_a_file_size_limit_is_told(path: Path) -> None:
    code = """
        import resource, signal
        one = Store(Path(sys.argv[1]))
        one.append(Entry(now(), "L04", "first", 1, Reset()))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            for place in range(1000):
                one.append(Entry(now(), "L04", str(place), 1, Predicted({"a": "x" * 3000}, False, True)))
        except StoreError as error:
            print(error.trouble)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        print("first" in one.append(Entry(now(), "L04", "after", 1, Reset()))["L04"])
    """
    limited = child(code, path)
    assert limited.communicate(timeout=60)[0].split() == ["full", "True"]


def test_a_read_only_folder(path: Path) -> None:
    one = Store(path)
    one.append(hint(1))
    one.close()
    code = """
        folder = Path(sys.argv[1])
        one = Store(folder / "progress.sqlite")
        print(one.memories()["L04"]["step"].hints, Store(folder / "other.sqlite").memories())
        try:
            one.append(Entry(now(), "L04", "x", 1, Reset()))
        except StoreError as error:
            print(error.trouble, error)
    """
    said = in_own_mounts(
        path.parent, code, f"mount --bind '{path.parent}' '{path.parent}' && mount -o remount,ro,bind '{path.parent}'"
    )
    assert said.startswith("1 {}\nunwritable Your progress cannot be saved:")
    assert "Ask whoever runs this server for write access" in said


def test_a_folder_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as refused:
        Store(tmp_path / "file" / "progress.sqlite").append(hint(1))
    assert refused.value.trouble == "unwritable"


def test_a_database_of_a_newer_version_is_left_alone(opened: Store, path: Path) -> None:
    opened.append(hint(1))
    opened.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError) as refused:
        opened.memories()
    assert refused.value.trouble == "newer"
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM facts").fetchone() == (1,)
    connection.close()


def test_a_server_keeps_nothing_of_what_makes_the_schema(path: Path) -> None:
    code = """
        Store(Path(sys.argv[1])).append(Entry(now(), "L04", "x", 1, Reset()))
        print([name for name in ("alembic", "mako") if name in sys.modules])
    """
    assert child(code, path).communicate(timeout=60)[0] == "[]\n"


def test_a_migration_that_another_program_keeps_waiting_is_told(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(store, "BUSY", 50)
    path.parent.mkdir(parents=True)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA journal_mode = WAL")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as refused:
        Store(path).memories()
    assert (refused.value.trouble, refused.value.reason) == ("busy", "database is locked")
    holder.close()
    assert Store(path).memories() == {}


def test_a_file_that_is_no_database(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("not a database at all, but some text of some length" * 100)
    with pytest.raises(StoreError) as refused:
        Store(path).memories()
    assert refused.value.trouble == "damaged"
    assert path.read_text().startswith("not a database")


def test_a_line_that_cannot_be_read_does_not_hide_the_others(opened: Store, path: Path, caplog) -> None:
    opened.append(hint(1))
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO facts SELECT NULL, unix, tick, boot, lab, step, version, 'new', "
            '\'{"kind":"new"}\' FROM facts'
        )
    connection.close()
    assert opened.append(hint(2))["L04"]["step"].hints == 2
    assert "line 2 was left out" in caplog.text


def test_a_file_deleted_under_the_server_is_made_anew(opened: Store, path: Path) -> None:
    opened.append(hint(1))
    for file in path.parent.iterdir():
        file.unlink()
    assert opened.append(hint(2, "L08")) == opened.memories()
    other = Store(path)
    assert set(other.memories()) == {"L08"}
    other.close()


def test_another_programs_lock_is_told_and_not_waited_for_for_ever(opened: Store, path: Path, monkeypatch) -> None:
    monkeypatch.setattr(store, "BUSY", 50)
    opened.append(hint(1))
    opened.close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError) as refused:
        opened.append(hint(2))
    assert refused.value.trouble == "busy"
    holder.execute("ROLLBACK")
    holder.close()
    assert opened.append(hint(2))["L04"]["step"].hints == 2


async def test_the_keeper_does_it_off_the_loop(path: Path) -> None:
    keeper = Keeper(path)
    memory = await keeper.append("L04", "step", 1, HintShown(3))
    assert memory.hints == 3
    assert await keeper.memory("L04", "step") == memory
    await keeper.close()


OLDER = Path(__file__).parent / "older"


@pytest.mark.parametrize("file", sorted(OLDER.glob("*.sql")), ids=lambda file: file.stem)
def test_what_an_older_parallab_wrote_is_all_there(file: Path, tmp_path: Path) -> None:
    """``older``: databases that the releases with these revisions wrote, as text."""
    path = tmp_path / "progress.sqlite"
    with closing(sqlite3.connect(path)) as before:
        before.executescript(file.read_text())
        lines = before.execute("SELECT * FROM facts ORDER BY id").fetchall()
    one = Store(path)
    steps = one.memories()["L04"]
    work, guess = steps["four-at-once"], steps["guess"].prediction
    assert (work.verdict, work.tries, work.hints, work.passed_at) == ("passed", 2, 2, 1700000030.0)
    assert guess is not None
    assert guess.answers == {"q1": "it hangs, 你好 \\ ' \""}
    assert steps["initialise"].assisted
    assert steps[""].files == {"L04.ipynb": frozenset({"d" * 64})}
    sent = 4 if file.stem == "0002" else 0
    assert [line for line, _ in one.unsent("http://class", 100).lines] == list(range(sent + 1, 7)), (
        "none twice, none lost"
    )
    assert one.append(hint(3))["L04"]["step"].hints == 3
    one.close()
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("SELECT * FROM facts ORDER BY id LIMIT 6").fetchall() == lines
        assert after.execute("SELECT version_num FROM alembic_version").fetchall() == [(store.HEAD,)]


def test_there_is_a_database_of_each_older_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "parallab:migrations")
    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    assert {file.stem for file in OLDER.glob("*.sql")} == known
