"""What is pushed to those who look: a kernel's pictures, drawn when something happened, sent when they changed.

A feed listens to its kernel only while somebody looks, draws once for all of them, and lets a
moment pass between two drawings. How a message gets to a client is the client's affair: an outbox
holds at most one on its way and the newest of each kind behind it, so a slow client costs no memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from parallab import model, wire

#: Seconds between two drawings of one kind, at the least.
PAUSE = 0.1
FILM_PAUSE = 0.2
#: The part of a core that drawing may take, however long the kernel's story is.
SHARE = 0.1

Draw = Callable[[model.Recording], wire.LiveMessage]


class Told(Protocol):
    """What is asked of :class:`parallab.recorder.Recorder`."""

    def glance(self) -> model.Recording: ...
    def listen(self, listener: Callable[[str], None]) -> None: ...
    def unlisten(self, listener: Callable[[str], None]) -> None: ...


class Outbox:
    """One client's messages: one on its way, and behind it the newest of each kind.

    ``write`` ends when the client has taken the message, or raises OSError; ``over`` is called when nothing
    more will come.
    """

    def __init__(self, write: Callable[[bytes], Awaitable[object]], over: Callable[[], None]) -> None:
        self.over = over
        self._write = write
        self._waiting: dict[str, bytes] = {}
        self._writing: asyncio.Task[None] | None = None

    def put(self, kind: str, message: bytes) -> None:
        """Sends it as soon as the client has taken what was sent before, unless a newer one comes first."""
        self._waiting[kind] = message
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._empty())

    def close(self) -> None:
        """Forgets what was not sent."""
        self._waiting.clear()
        if self._writing is not None:
            self._writing.cancel()

    async def _empty(self) -> None:
        try:
            while self._waiting:
                await self._write(self._waiting.pop(next(iter(self._waiting))))
        except OSError:
            self.over()
        finally:
            self._writing = None


class Feed:
    """One kind of picture of one kernel, for all who look at it; made on a running event loop."""

    def __init__(self, kind: str, recorder: Told, draw: Draw, pause: float = PAUSE) -> None:
        self._kind = kind
        self._recorder = recorder
        self._draw = draw
        self._pause = pause
        self._lookers: dict[Outbox, bytes] = {}
        """With what each was sent last."""
        self._drawing: asyncio.Task[None] | None = None
        self._dirty = False
        self._closed = False

    def join(self, outbox: Outbox) -> None:
        """From now on it is told: how things stand, then each change; of a closed feed, that nothing more will come."""
        if self._closed:
            outbox.over()
            return
        if not self._lookers:
            self._recorder.listen(self._hear)
        self._lookers.setdefault(outbox, b"")
        self._hear("")

    def leave(self, outbox: Outbox) -> None:
        """Ends what :meth:`join` began."""
        if self._lookers.pop(outbox, None) is not None and not self._lookers:
            self._recorder.unlisten(self._hear)

    def close(self) -> None:
        """Tells nobody anything any more."""
        self._closed = True
        for outbox in tuple(self._lookers):
            self.leave(outbox)
            outbox.over()
        if self._drawing is not None:
            self._drawing.cancel()

    def _hear(self, _: str) -> None:
        self._dirty = True
        if self._drawing is None:
            self._drawing = asyncio.get_running_loop().create_task(self._go_on())

    async def _go_on(self) -> None:
        try:
            while self._dirty and self._lookers:
                self._dirty = False
                began, used = time.monotonic(), time.thread_time()
                recording = self._recorder.glance()
                here = time.thread_time() - used
                message, there = await asyncio.to_thread(_drawn, self._draw, recording)
                self._send(message)
                pause = max(self._pause, (here + there) / SHARE)
                await asyncio.sleep(max(0.0, began + pause - time.monotonic()))
        finally:
            self._drawing = None

    def _send(self, message: bytes) -> None:
        for outbox, before in tuple(self._lookers.items()):
            if message != before:
                self._lookers[outbox] = message
                outbox.put(self._kind, message)


class Looker:
    """One client of one kernel's feeds; of a kernel without any it is told what ``stands``, whenever it asks."""

    def __init__(self, outbox: Outbox, feeds: Mapping[str, Feed], stands: wire.LiveMessage | None = None) -> None:
        self._outbox = outbox
        self._feeds = feeds
        self._stands = stands

    def want(self, request: wire.LiveRequest) -> None:
        """What it is told of from now on."""
        if self._stands is not None and request.state:
            self._outbox.put("state", msgspec.json.encode(self._stands))
        for kind, feed in self._feeds.items():
            if getattr(request, kind):
                feed.join(self._outbox)
            else:
                feed.leave(self._outbox)

    def close(self) -> None:
        """It looks no more."""
        for feed in self._feeds.values():
            feed.leave(self._outbox)
        self._outbox.close()


def _drawn(draw: Draw, recording: model.Recording) -> tuple[bytes, float]:
    """The message, and the CPU seconds that it took: on a busy machine far less than the time that passed."""
    began = time.thread_time()
    message = msgspec.json.encode(draw(recording))
    return message, time.thread_time() - began
