"""Results as they come, one line of JSON each, beside the table: who is ended in the middle goes on from there.

One run writes at a time (flock(2)). At the end the file is written anew, each submission once and in order.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from parallab.files import write_whole
from parallab.grading.facts import Graded


class JournalError(Exception):
    """It cannot be written; the text says why and what to do."""


class Journal:
    """Open from its making to :meth:`close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise JournalError(f"{path} cannot be written: {error.strerror}. Name another --out") from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise JournalError(f"another parallab grade writes to {path}: wait for it, or name another --out") from None
        self._known, self._whole = _load(path)

    @property
    def known(self) -> dict[str, Graded]:
        """The results of earlier runs, by name; the last one of each."""
        return self._known

    def add(self, graded: Graded) -> None:
        """Keeps a result; it is on the disk when this returns."""
        line = msgspec.json.encode(graded) + b"\n"
        os.write(self._fd, line if self._whole else b"\n" + line)
        os.fsync(self._fd)
        self._whole = True

    def finish(self, results: Iterable[Graded]) -> None:
        """Only these remain, in this order."""
        text = b"".join(msgspec.json.encode(one) + b"\n" for one in results)
        write_whole(self._path, text, 0o644, durable=True)

    def close(self) -> None:
        """Lets others write."""
        os.close(self._fd)


def _load(path: Path) -> tuple[dict[str, Graded], bool]:
    """The results by name, and whether the last line is whole: who was killed may have left half of one."""
    known: dict[str, Graded] = {}
    data = path.read_bytes()
    decoder = msgspec.json.Decoder(Graded)
    for line in data.splitlines():
        try:
            graded = decoder.decode(line)
        except msgspec.DecodeError:
            continue
        known[graded.name] = graded
    return known, not data or data.endswith(b"\n")
