"""What the server does about kernels and what they leave on this machine, beside judging: one method a request.

Handlers decode, call and encode. What goes wrong is a :class:`parallab.problems.Problem`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from parallab import capabilities, cleaning, model, rescue, wire
from parallab.feed import Looker, Outbox
from parallab.film import NEWEST, film
from parallab.kernels import Kernel, Kernels, advice, unrecorded
from parallab.live import picture
from parallab.problems import Problem
from parallab.watch import Watches

#: Told when a kernel dies between a click and its verdict.
ENDED = "The kernel ended while your work was being checked. Restart it, then run the step's cells again."
Found = TypeVar("Found")


class Machine:
    """One learner's; all methods run on the event loop and none of them blocks it."""

    def __init__(self, kernels: Kernels, watches: Watches, cleaned: Callable[[], None]) -> None:
        """``cleaned`` is called when something of what dead kernels left was removed."""
        self._kernels = kernels
        self._watches = watches
        self._cleaned = cleaned
        self._capabilities: wire.Capabilities | None = None
        self._cleaning = asyncio.Lock()

    async def state(self, kernel_id: str) -> wire.KernelState:
        """What can be seen of a kernel now."""
        kernel = self._kernels.find(kernel_id)
        if kernel.recorder is None:
            return unrecorded(kernel)
        self._watches.over(kernel)
        return await asyncio.to_thread(picture, kernel.recorder.glance(), kernel.id)

    def look(self, kernel_id: str, outbox: Outbox) -> Looker:
        """Somebody looks at a kernel: told of nothing yet, until it says what it wants.

        :raises Problem: 404, there is no such kernel.
        """
        kernel = self._kernels.find(kernel_id)
        if kernel.recorder is None:
            return Looker(outbox, {}, wire.LiveMessage(wire.SCHEMA, unrecorded(kernel)))
        return Looker(outbox, self._watches.over(kernel).feeds)

    async def recording(self, kernel_id: str) -> bytes:
        """All that was recorded of a kernel, as JSON."""
        recording = await self.cut(self._kernels.find(kernel_id))
        return await asyncio.to_thread(model.dumps, recording)

    async def film(self, kernel_id: str, run: int = NEWEST) -> wire.Film:
        """What the kernel's processes and threads did, and do; of the newest run that started any, or another's."""
        kernel = self._kernels.find(kernel_id)
        if kernel.recorder is None:
            raise Problem(409, advice(kernel.kind))
        try:
            recording = kernel.recorder.glance() if kernel.kind == "dead" else await kernel.recorder.cut()
        except (OSError, RuntimeError):  # it ended while it was looked at: what is known of it stays
            recording = kernel.recorder.glance()
        return await asyncio.to_thread(film, recording, kernel.id, run=run)

    async def rescue(self, kernel_id: str, request: wire.RescueRequest) -> wire.RescueReply:
        """Frees a kernel whose cell hangs, and tells what is left."""
        kernel = self._kernels.find(kernel_id)
        if kernel.recorder is None or kernel.kind == "dead":
            raise Problem(409, advice(kernel.kind))
        if request.action == "interrupt":
            done, happened = await rescue.interrupt(kernel.recorder, lambda: self._kernels.interrupt(kernel_id))
        elif request.action == "dismiss":
            done, happened = await rescue.dismiss(kernel.recorder, request)
        else:
            done, happened = await rescue.end(kernel.recorder, request)
        try:
            recording = await kernel.recorder.cut()
        except (OSError, RuntimeError):  # it ended with its cell
            recording = kernel.recorder.glance()
        state = await asyncio.to_thread(picture, recording, kernel.id)
        return wire.RescueReply(wire.SCHEMA, done, happened, state)

    async def leftovers(self) -> wire.Leftovers:
        """What dead kernels left."""
        return await _settled(asyncio.to_thread(cleaning.look))

    async def clean(self, request: wire.CleanRequest) -> wire.CleanReply:
        """Removes what was chosen of it, as far as that is safe."""
        async with self._cleaning:
            reply = await _settled(asyncio.to_thread(cleaning.clean, request.ids))
        if reply.removed:
            self._cleaned()
        return reply

    async def capabilities(self) -> wire.Capabilities:
        """What can be seen on this machine; tried once."""
        if self._capabilities is None:
            self._capabilities = await asyncio.to_thread(capabilities.probe)
        return self._capabilities

    async def cut(self, kernel: Kernel) -> model.Recording:
        """What was recorded of a living kernel.

        :raises Problem: 409, it is not recorded, dead, or died while it was looked at.
        """
        if kernel.recorder is None or kernel.kind == "dead":
            raise Problem(409, advice(kernel.kind))
        try:
            recording = await kernel.recorder.cut()
        except (OSError, RuntimeError) as error:
            # Its processes, and with a shutdown the recorder's own thread, can go while they are used.
            raise Problem(409, ENDED, f"{type(error).__name__}: {error}") from error
        if recording.dead:
            raise Problem(409, ENDED)
        return recording


async def _settled(work: Awaitable[Found]) -> Found:
    try:
        return await work
    except cleaning.CleanError as error:
        raise Problem(409, "What dead kernels left cannot be looked for here.", str(error)) from error
