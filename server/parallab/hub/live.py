"""The class page as it changes: server-sent events, read by the page's script for as long as somebody looks.

A page says up to which change it knows the class; what it is sent are the rows and parts that changed
since, rendered as in the page itself.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
from tornado.iostream import StreamClosedError

from parallab.hub.pages import ClassPage, Sight, fragments

#: Seconds: what changes within these is sent together; and how often rights are asked for anew.
TOGETHER = 0.4
AGAIN = 15.0
#: Who learns here has changed, and with it the page's rows: it is read anew.
AGAIN_EVENT = "event: again\ndata: {}\n\n"


class LiveHandler(ClassPage):
    """GET class/{class}/live and class/{class}/live/{lab}."""

    _task: asyncio.Task[None] | None = None

    async def get(self, path: str, lab: str | None = None) -> None:
        """Sends changes until the page goes, or the person's right does."""
        sight = await self.sight(path, lab)
        self.set_header("Content-Type", "text/event-stream")
        # Nginx and the like hold such answers back otherwise.
        self.set_header("X-Accel-Buffering", "no")
        if self.get_query_argument("roster", sight.roster) != sight.roster:
            self.finish(AGAIN_EVENT)
            return
        board = self.service.board
        seen = -1
        if self.get_query_argument("life", "") == board.life:
            seen = _number(self.get_query_argument("since", ""))
        self._task = asyncio.ensure_future(self._send(path, lab, sight, seen))
        with suppress(asyncio.CancelledError, StreamClosedError):
            await self._task

    def on_connection_close(self) -> None:
        """The page has gone, or is hidden."""
        if self._task is not None:
            self._task.cancel()

    async def _send(self, path: str, lab: str | None, sight: Sight, seen: int) -> None:
        board = self.service.board
        before: dict[str, str] = {}
        with board.watching() as woken:
            while True:
                woken.clear()
                if board.version > seen:
                    seen, before = await self._tell(sight, seen, before)
                else:
                    self.write(": still here\n\n")
                    await self.flush()
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(woken.wait(), AGAIN)
                if woken.is_set():
                    await asyncio.sleep(TOGETHER)
                if not await self.still() or sight.class_name not in self.readable:
                    self.write("event: gone\ndata: {}\n\n")
                    await self.flush()
                    return
                looked = await self.sight(path, lab)
                if looked.roster != sight.roster:
                    self.write(AGAIN_EVENT)
                    await self.flush()
                    return

    async def _tell(self, sight: Sight, seen: int, before: dict[str, str]) -> tuple[int, dict[str, str]]:
        board = self.service.board
        version = board.version
        changed = None if seen < 0 else sorted(board.changed_since(seen))
        made = fragments(self, sight, changed)
        parts = {name: html for name, html in made["parts"].items() if before.get(name) != html}
        told = {"life": board.life, "version": version, "rows": made["rows"], "parts": parts}
        self.write(b"data: " + msgspec.json.encode(told) + b"\n\n")
        await self.flush()
        return version, made["parts"]


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return -1
