"""Brings a database of progress up to date: ``python -m parallab.migrations FILE MILLISECONDS``, as the store asks.

A process of its own, which ends with what it needed. What went wrong is the last line on standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, StaticPool, create_engine, event
from sqlalchemy.exc import DatabaseError

from parallab.store import NEWER, connect


def upgrade(path: str, patience: int) -> None:
    """To the newest revision, in one transaction, which waits so many milliseconds for another server's."""
    engine = create_engine("sqlite://", creator=lambda: connect(Path(path), patience), poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # Immediate: of two servers that find an old schema, the second waits, and then finds it done.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    config = Config()
    config.set_main_option("script_location", "parallab:migrations")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def main(path: str, patience: str) -> int:
    """Answers what to end with."""
    try:
        upgrade(path, int(patience))
    except CommandError as error:
        print(error, file=sys.stderr)
        return NEWER
    except DatabaseError as error:
        print(error.orig, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
