"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int = 0o600, *, durable: bool = False) -> None:
    """The file in one piece: whoever reads it sees the old one or the new one (rename(2)).

    ``durable``: it outlives a power cut from then on (fsync(2)).

    :raises OSError: it cannot be written; the old one stands.
    """
    fd, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, mode)
            file.write(data)
            if durable:
                file.flush()
                os.fsync(fd)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def private(path: Path) -> None:
    """Makes an empty file that its owner alone may read, where there is none; SQLite's others beside it follow it."""
    with suppress(OSError):  # whoever opens it next says why it cannot be made
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC | os.O_WRONLY, 0o600))
