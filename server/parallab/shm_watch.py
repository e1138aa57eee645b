"""Listens to what comes and goes in /dev/shm while a kernel lives, and tells :class:`parallab.comings.Comings`.

From the kernel's launch on the system queues it. While a cell runs, or processes of it live, each change
wakes the loop; else nothing does, since the folder is everybody's, and what was queued is read when asked.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from parallab.comings import Comings
from parallab.inotify import Watch


class ShmWatch:
    """Of one life of a kernel; closed until :meth:`open`."""

    def __init__(self, comings: Comings, loop: asyncio.AbstractEventLoop) -> None:
        self.unwatched = ""
        """Why some of it cannot be known, "" while all of it can."""
        self._comings = comings
        self._loop = loop
        self.wakes = False
        """Whether each change wakes the loop."""
        self._watch: Watch | None = None

    def open(self, root: Path, pid: int, *, foreign: bool = False) -> None:
        """From now on it is queued: a cell's first object may be gone at once.

        ``root`` is the /proc of process ``pid``; a ``foreign`` one has a /dev/shm that is not ours.
        """
        ours = () if foreign else ("/dev/shm",)  # noqa: S108
        for folder in (f"{root}/{pid}/root/dev/shm", *ours):
            try:
                self._watch = Watch(folder)
            except OSError as error:
                self.unwatched = error.strerror or str(error)
            else:
                self.unwatched = ""
                return

    def wake(self) -> None:
        """From now on the loop is woken by each change."""
        if self._watch is not None:
            self.read()
            self._loop.add_reader(self._watch.fileno(), self.read)
            self.wakes = True

    def read(self) -> None:
        """Tells what is queued."""
        if self._watch is not None:
            changes = self._watch.read()
            now = time.monotonic_ns()
            for change in changes:
                self._comings.saw(change.name, change.what, now)
            if self._watch.overflowed:
                self.unwatched = "more came and went at once than the system keeps"

    def rest(self) -> None:
        """Nothing wakes the loop any more; what happens is queued."""
        if self._watch is not None:
            self.read()
            self._loop.remove_reader(self._watch.fileno())
            self.wakes = False

    def close(self) -> None:
        """Ends it; what was queued is told first."""
        if self._watch is not None:
            self.rest()
            self._watch.close()
            self._watch = None
