"""The class's database: SQLite or PostgreSQL, made or brought up to date by ``migrations``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from parallab.files import private

_log = logging.getLogger(__name__)

HEAD = "0003"
#: Milliseconds to wait for another program's write (SQLite).
BUSY = 10_000
#: PostgreSQL's advisory lock while the schema is brought up to date; any number that is ours.
_MIGRATING = 5_204_122


def engine(address: str) -> sa.Engine:
    """Connections to the database at SQLAlchemy's address.

    :raises ValueError: it is neither SQLite nor PostgreSQL.
    """
    url = sa.make_url(address)
    if url.drivername in ("postgresql", "postgres"):
        # Ours is psycopg 3, which the extra `hub` installs; SQLAlchemy would look for its predecessor.
        url = url.set(drivername="postgresql+psycopg")
    # What learners wrote is nothing for an error's text, and so for a log: parameters are hidden.
    if url.get_backend_name() == "postgresql":
        # A connection that the server has closed meanwhile is replaced, not tried.
        return sa.create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=1, max_overflow=1)
    if url.get_backend_name() != "sqlite":
        raise ValueError(f"The class service keeps its records in SQLite or PostgreSQL, not in {url.drivername}.")
    made = sa.create_engine(
        url, hide_parameters=True, poolclass=sa.StaticPool, connect_args={"check_same_thread": False}
    )

    @sa.event.listens_for(made, "connect")
    def connected(connection: Any, _: Any) -> None:
        # The driver's own idea of transactions would keep DDL out of them and begin them late.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY}")
        connection.execute("PRAGMA journal_mode = WAL")
        # Not even a power cut takes what a learner's server was told is safe.
        connection.execute("PRAGMA synchronous = FULL")
        # What was deleted is overwritten, not only let go.
        connection.execute("PRAGMA secure_delete = ON")

    @sa.event.listens_for(made, "begin")
    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return made


def bring_up_to_date(engine: sa.Engine) -> None:
    """Makes the tables, or brings them up to date: of two services the second finds it done.

    :raises ValueError: a newer Parallab made them.
    """
    url = engine.url
    if url.get_backend_name() == "sqlite" and url.database:
        private(Path(url.database))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING})
        _migrate(connection)


def _migrate(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    versions = "parallab_class_version"
    at = None
    if sa.inspect(connection).has_table(versions):
        at = connection.execute(sa.text(f"SELECT version_num FROM {versions}")).scalar()  # noqa: S608
        if at == HEAD:
            return
    config = Config()
    config.set_main_option("script_location", "parallab.hub:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise ValueError(
            "The class's database is of a newer Parallab than this one. Update Parallab; nothing was changed."
        ) from error
    if at is not None:
        _log.info(
            "the class's database was brought up to date, from revision %s to %s; all that was in it stays", at, HEAD
        )
