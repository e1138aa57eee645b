"""Tells the browser when a lab's files change, for its author: looks twice a second, where it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from parallab.library import CourseLibrary

#: Seconds between two looks.
PAUSE = 0.5


class Preview:
    """Looks at the labs' files until it is closed; ``changed`` is called with the id of each lab that did."""

    def __init__(self, library: CourseLibrary, changed: Callable[[str], None]) -> None:
        self._library = library
        self._changed = changed
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; from the event loop."""
        self._looking = asyncio.get_running_loop().create_task(self._look())

    async def close(self) -> None:
        """Ends it."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        before = await asyncio.to_thread(self._library.stamps)
        while True:
            await asyncio.sleep(PAUSE)
            now = await asyncio.to_thread(self._library.stamps)
            if now == before:
                continue
            labs = await asyncio.to_thread(self._library.labs)
            for lab in labs:
                if now.get(lab.folder) != before.get(lab.folder):
                    self._changed(lab.lab.id)
            before = now
