"""The log of progress on disk: one SQLite file, safe for two servers and a kill at any time.

:class:`Store` blocks; :class:`Keeper` runs one in a thread of its own, for the event loop. What
was appended is on disk when ``append`` returns; what could not be is a :class:`StoreError` that
says what to do, and the next call starts anew. The few statements are written to :mod:`sqlite3`
itself: SQLAlchemy, which would only hand them on, takes 12 MiB in each learner's server. A new
file gets the newest schema at once; an older one is brought up to date by Alembic, in a process of
its own (:mod:`parallab.migrations.__main__`).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from parallab.files import private
from parallab.progress import AnyFact, Entry, Memories, Memory, Moment, fold

_log = logging.getLogger(__name__)
_facts: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)
Result = TypeVar("Result")

#: The newest revision in ``migrations``: a database that has it needs no Alembic to be loaded.
HEAD = "0002"
_COLUMNS = "id, unix, tick, boot, lab, step, version, data"
#: The schema of that revision, for a new database.
NEWEST = Path(__file__).with_name("migrations") / "newest.sql"
#: Milliseconds to wait for another server's write.
BUSY = 10_000
#: Seconds that a new schema may take, once in a version's life; loading Alembic is nearly all of it.
MIGRATION = 120.0

Trouble = Literal["full", "unwritable", "busy", "newer", "damaged", "other"]


class StoreError(Exception):
    """Progress could not be read or saved; ``trouble`` says why, the text what to do."""

    def __init__(self, trouble: Trouble, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.trouble = trouble
        self.reason = reason


class AlreadySaved(Exception):
    """This step's prediction is there already, and stands."""


def now() -> Moment:
    """This moment, as entries carry it."""
    return Moment(time.time(), time.monotonic_ns(), boot())


@lru_cache(maxsize=1)
def boot() -> str:
    """What tells this boot of this host from others (random(4)), "" where nothing does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True)
class Unsent:
    """Lines of the log, the number of the last one looked at (0: none), and how many wait in all."""

    lines: tuple[tuple[int, Entry], ...]
    last: int
    waiting: int


class Store:
    """One database, used from one thread. ``path`` is the file; folders above it are made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._seen = 0
        self._memories: Memories = {}

    def append(self, entry: Entry) -> Memories:
        """Writes the entry; the memories with it (and with what other servers wrote) follow.

        :raises AlreadySaved: a second prediction for one step.
        :raises StoreError: nothing was written.
        """
        with self._transaction("save") as connection:
            self._insert(connection, entry)
            return self._catch_up(connection)

    def memories(self) -> Memories:
        """What all servers have written so far, folded.

        Where nothing can be written, what is there can still be read.
        """
        try:
            with self._transaction("read") as connection:
                return self._catch_up(connection)
        except StoreError as error:
            if error.trouble not in ("unwritable", "full"):
                raise
            return self._only_read(error)

    def _only_read(self, error: StoreError) -> Memories:
        """Reads without a journal, locks or migration; a file that is not there yet says nothing was done."""
        if not _is_there(self.path):
            return {}
        # Immutable, since beside a database in WAL mode even a reader wants to make files.
        address = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        self._seen, self._memories = 0, {}
        try:
            with closing(sqlite3.connect(address, uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                return self._catch_up(connection)
        except sqlite3.DatabaseError:
            raise error from None

    def unsent(self, service: str, most: int) -> Unsent:
        """The lines, at most so many, that this service does not have yet."""
        with self._transaction("read") as connection:
            found = connection.execute("SELECT line FROM sent WHERE service = ?", (service,)).fetchone()
            sent = found["line"] if found else 0
            query = f"SELECT {_COLUMNS} FROM facts WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608
            rows = connection.execute(query, (sent, most)).fetchall()
            (waiting,) = connection.execute("SELECT count(*) FROM facts WHERE id > ?", (sent,)).fetchone()
        lines = ((row["id"], self._entry(row)) for row in rows)
        return Unsent(
            tuple((line, entry) for line, entry in lines if entry is not None), rows[-1]["id"] if rows else 0, waiting
        )

    def sent(self, service: str, line: int) -> None:
        """This service has all lines up to this one."""
        with self._transaction("save") as connection:
            connection.execute(
                "INSERT INTO sent (service, line) VALUES (?, ?) "
                "ON CONFLICT (service) DO UPDATE SET line = max(line, excluded.line)",
                (service, line),
            )

    def close(self) -> None:
        """Gives the file back; the store can be used again."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._file, self._seen, self._memories = None, None, 0, {}

    def _insert(self, connection: sqlite3.Connection, entry: Entry) -> None:
        values = {
            "unix": entry.at.unix,
            "tick": entry.at.tick,
            "boot": entry.at.boot,
            "lab": entry.lab,
            "step": entry.step,
            "version": entry.version,
            "kind": entry.fact.__struct_config__.tag,
            "data": msgspec.json.encode(entry.fact).decode(),
        }
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        try:
            connection.execute(f"INSERT INTO facts ({names}) VALUES ({marks})", values)  # noqa: S608
        except sqlite3.IntegrityError as error:
            raise AlreadySaved from error

    def _catch_up(self, connection: sqlite3.Connection) -> Memories:
        """Folds what was written since the last look. Ids are in order of commit: SQLite has one writer."""
        query = f"SELECT {_COLUMNS} FROM facts WHERE id > ? ORDER BY id"  # noqa: S608
        seen, entries = self._seen, []
        for row in connection.execute(query, (self._seen,)):
            seen = row["id"]
            entry = self._entry(row)
            if entry is not None:
                entries.append(entry)
        memories = fold(entries, self._memories) if entries else self._memories
        self._pending = (seen, memories)
        return memories

    def _entry(self, row: sqlite3.Row) -> Entry | None:
        try:
            fact = _facts.decode(row["data"])
        except msgspec.DecodeError as error:
            # Of a newer Parallab, or damaged: one unreadable line must not hide the others.
            _log.warning("progress %s: line %d was left out: %s", self.path, row["id"], error)
            return None
        at = Moment(row["unix"], row["tick"], row["boot"])
        return Entry(at, row["lab"], row["step"], row["version"], fact)

    @contextmanager
    def _transaction(self, doing: str) -> Iterator[sqlite3.Connection]:
        """Whatever goes wrong in it leaves the store as before, ready for the next."""
        self._pending = (self._seen, self._memories)
        try:
            connection = self._open()
            # Immediate: of two servers that read and then write, the second waits instead of failing.
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection
        except (sqlite3.DatabaseError, OSError) as error:
            self.close()
            raise _told(error, doing, self.path) from error
        # Only what was committed is remembered: an entry that was rolled back never happened.
        self._seen, self._memories = self._pending

    def _open(self) -> sqlite3.Connection:
        file = _identity(self.path)
        if self._connection is not None and file is not None and file == self._file:
            return self._connection
        # Not opened yet, or the file was deleted or replaced under us: what went into the old one would be lost.
        self.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        private(self.path)
        connection = connect(self.path, BUSY)
        try:
            if not _is_ready(connection):
                migrate(self.path)
        except BaseException:
            connection.close()
            raise
        self._connection, self._file = connection, _identity(self.path)
        self._pending = (0, {})
        return connection


def _is_there(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def connect(path: Path, patience: int) -> sqlite3.Connection:
    """Opens the file. A transaction waits ``patience`` milliseconds for another server's."""
    # No isolation level: the driver's own idea of transactions would keep DDL out of them and begin them late.
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute(f"PRAGMA busy_timeout = {patience}")
        # Readers and a writer side by side; where the file system cannot, SQLite stays with its old journal.
        connection.execute("PRAGMA journal_mode = WAL")
        # Survives a killed server. Only a power cut may take the last moments, and a click need not wait for the disk.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_ready(connection: sqlite3.Connection) -> bool:
    """Whether it has the newest schema, which an empty database is given."""
    if _revision(connection) == HEAD:
        return True
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        if connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            for statement in NEWEST.read_text(encoding="utf-8").split(";\n"):
                connection.execute(statement)
        # Or another server has just made it.
        return _revision(connection) == HEAD


def _revision(connection: sqlite3.Connection) -> str:
    """What Alembic calls it; nothing if it has none."""
    named = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    if connection.execute(named).fetchone() is None:
        return ""
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found["version_num"]) if found is not None else ""


def migrate(path: Path) -> None:
    """Brings the schema up to date, in one transaction: of two servers the second finds it done.

    In a process of its own: Alembic would stay in this one's memory for a minute's work in a year.

    :raises StoreError: the database is of a newer Parallab.
    """
    command = [sys.executable, "-m", "parallab.migrations", str(path.absolute()), str(BUSY)]
    nowhere = subprocess.DEVNULL
    # Not in our folder: what lies there, a learner's queue.py perhaps, would be imported.
    try:
        done = subprocess.run(
            command, cwd=path.parent, stdin=nowhere, capture_output=True, text=True, timeout=MIGRATION, check=False
        )
    except subprocess.TimeoutExpired:
        raise sqlite3.OperationalError(f"the migration did not end within {MIGRATION:g} s") from None
    said = done.stderr.strip().rpartition("\n")[2]
    if done.returncode == NEWER:
        told = "The saved progress is of a newer Parallab than this one. Update Parallab; nothing was changed."
        raise StoreError("newer", told, said)
    if done.returncode:
        raise sqlite3.OperationalError(said or f"the migration ended with {done.returncode}")


#: What :mod:`parallab.migrations` ends with when the database has a revision that it does not know.
NEWER = 3


def _told(error: Exception, doing: str, path: Path) -> StoreError:
    """The database's error in words that say what to do; its own text is the reason."""
    seen = str(error)
    trouble = _trouble(seen)
    nothing = "Nothing saved before is lost" if doing == "save" else "It is not lost"
    messages: dict[Trouble, str] = {
        "full": f"There is no space left to {doing} your progress in {path.parent}. {nothing}. "
        "Free some space, then try again.",
        "unwritable": f"Your progress cannot be {'saved' if doing == 'save' else 'read'}: {path} may not be "
        f"written to. {nothing}. Ask whoever runs this server for write access, then try again.",
        "busy": f"Another program holds {path}. {nothing}. Try again in a moment.",
        "damaged": f"{path} is damaged or no progress database. Move it away, and Parallab begins a new one.",
        "other": f"Your progress could not be {'saved' if doing == 'save' else 'read'}. {nothing}. Try again.",
    }
    return StoreError(trouble, messages[trouble], seen)


def _trouble(seen: str) -> Trouble:
    seen = seen.lower()
    signs: Mapping[Trouble, tuple[str, ...]] = {
        "full": ("disk is full", "no space left", "disk quota", "file too large", "disk i/o error"),
        "unwritable": (
            "readonly",
            "read-only",
            "unable to open",
            "permission denied",
            "not a directory",
            "file exists",
        ),
        "busy": ("locked", "busy"),
        "damaged": ("not a database", "malformed", "no such column", "no such table", "already exists"),
    }
    return next((trouble for trouble, texts in signs.items() if any(text in seen for text in texts)), "other")


class Keeper:
    """A store for the event loop: one thread does its work, in order."""

    def __init__(self, path: Path) -> None:
        self._store = Store(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="parallab-store")
        self.appended: Callable[[], None] = lambda: None
        """Called after each new line."""

    @property
    def path(self) -> Path:
        """The database's file."""
        return self._store.path

    async def append(self, lab: str, step: str, version: int, fact: AnyFact, at: Moment | None = None) -> Memory:
        """Writes a fact; what is then known of its step follows. Errors as :meth:`Store.append`."""
        entry = Entry(at or now(), lab, step, version, fact)
        memories = await self._run(lambda: self._store.append(entry))
        self.appended()
        return memories[lab][step]

    async def memories(self) -> Memories:
        """All that was done. Errors as :meth:`Store.memories`."""
        return await self._run(self._store.memories)

    async def memory(self, lab: str, step: str) -> Memory:
        """What is known of one step."""
        return (await self.memories()).get(lab, {}).get(step, Memory())

    async def unsent(self, service: str, most: int) -> Unsent:
        """As :meth:`Store.unsent`."""
        return await self._run(lambda: self._store.unsent(service, most))

    async def sent(self, service: str, line: int) -> None:
        """As :meth:`Store.sent`."""
        await self._run(lambda: self._store.sent(service, line))

    async def close(self) -> None:
        """Ends what was begun, then the thread."""
        await self._run(self._store.close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
