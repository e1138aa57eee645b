"""A PostgreSQL server of our own: in a folder, reached by a socket in it, as a user that is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Where Debian keeps what it does not put on PATH.
DEBIAN = Path("/usr/lib/postgresql")


def missing() -> str:
    """Why none can run here, "" when one can."""
    if _programs() is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and _other() is None:
        return "PostgreSQL does not run as root, and there is no user postgres or nobody"
    return ""


@contextmanager
def running() -> Iterator[str]:
    """The server, by SQLAlchemy's address of it."""
    # Not one of pytest's folders: each new run of pytest's shuts the folder above them all to others.
    with tempfile.TemporaryDirectory(prefix="parallab-postgres-") as folder:
        Path(folder).chmod(0o755)
        with _running(Path(folder)) as address:
            yield address


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    programs = _programs()
    assert programs is not None
    data, sockets = folder / "data", folder / "sockets"
    prefix: list[str] = []
    sockets.mkdir(parents=True)
    data.mkdir()
    if os.geteuid() == 0:
        user = _other()
        assert user is not None
        for made in (data, sockets):
            os.chown(made, user.pw_uid, user.pw_gid)
        prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    options = f"-k {sockets} -c listen_addresses='' -c max_connections=20"
    # Told apart from the shell that runs the tests: what it prints is shown only when it fails.
    _done([*prefix, programs / "initdb", "-D", data, "-U", "parallab", "-A", "trust", "-E", "UTF8"], folder)
    control = [*prefix, programs / "pg_ctl", "-D", data]
    _done([*control, "-l", data / "log", "-o", options, "-w", "-t", "120", "start"], folder)
    try:
        yield f"postgresql://parallab@/postgres?host={sockets}"
    finally:
        _done([*control, "-m", "immediate", "-w", "-t", "120", "stop"], folder)


def _done(command: list[object], folder: Path) -> None:
    # A file, not a pipe: the server inherits it and would keep a pipe open.
    with (folder / "postgres.out").open("ab") as out:
        done = subprocess.run([str(part) for part in command], cwd="/", stdout=out, stderr=out, check=False)
    assert done.returncode == 0, (folder / "postgres.out").read_text()


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max((one.parent for one in DEBIAN.glob("*/bin/initdb")), default=None)


def _other() -> pwd.struct_passwd | None:
    known = {one.pw_name: one for one in pwd.getpwall()}
    return known.get("postgres") or known.get("nobody")
