"""Watches the server's recorded kernels: who looks at their live picture, and break-it goals met without a click.

A break-it step is judged at the end of each of its cells and when one hangs, for its break goals
alone; the browser need not be open. Kernels of no lab cost nothing here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from parallab import live, model, wire
from parallab.feed import FILM_PAUSE, Feed
from parallab.film import NEWEST, film
from parallab.kernels import Kernel, Kernels, Recorded
from parallab.problems import Problem

_log = logging.getLogger(__name__)

#: Judges a lab's step for its break goals, from a recording and the cells' steps.
JudgeBreaks = Callable[[str, str, str, model.Recording, Mapping[str, str]], Awaitable[None]]
#: Whether this lab has this step, and break goals in it.
HasBreaks = Callable[[str, str], Awaitable[bool]]


@dataclass(frozen=True)
class Mapped:
    """Which lab a kernel's cells are of, and each cell's step, as the browser last said."""

    lab: str
    steps: Mapping[str, str]


class Watches:
    """One watch a recorded kernel; made when the kernel starts or is first asked about."""

    def __init__(self, kernels: Kernels, has_breaks: HasBreaks, judge: JudgeBreaks) -> None:
        self._kernels = kernels
        self._has_breaks = has_breaks
        self._judge = judge
        self._watches: dict[str, Watch] = {}

    def over(self, kernel: Kernel) -> Watch:
        """The watch of a recorded kernel, made now if need be."""
        assert kernel.recorder is not None
        watch = self._watches.get(kernel.id)
        if watch is None or watch.recorder is not kernel.recorder:
            if watch is not None:
                watch.close()
            watch = Watch(kernel.id, kernel.recorder, self._has_breaks, self._judge)
            self._watches[kernel.id] = watch
        return watch

    async def kernel_action(self, logger: object, schema_id: str, data: dict[str, object]) -> None:  # noqa: ARG002
        """Hears Jupyter's kernel_actions: watches what starts, lets go of what was shut down."""
        kernel_id, action = str(data.get("kernel_id", "")), data.get("action")
        if data.get("status") == "error":
            return
        if action in ("start", "restart"):
            try:
                kernel = self._kernels.find(kernel_id)
            except Problem:
                return
            if kernel.recorder is not None:
                self.over(kernel)
        elif action == "shutdown" and kernel_id in self._watches:
            self._watches.pop(kernel_id).close()

    async def close(self) -> None:
        """Ends all watches and waits for what they had begun."""
        watches, self._watches = list(self._watches.values()), {}
        for watch in watches:
            watch.close()
        await asyncio.gather(*(watch.settle() for watch in watches))


class Watch:
    """One kernel's."""

    def __init__(
        self,
        kernel_id: str,
        recorder: Recorded,
        has_breaks: HasBreaks,
        judge: JudgeBreaks,
    ) -> None:
        self.recorder = recorder
        self.mapped: Mapped | None = None
        self._kernel_id = kernel_id
        self._has_breaks = has_breaks
        self._judge = judge
        self.feeds = {
            "state": Feed("state", recorder, lambda told: _state(told, kernel_id)),
            "film": Feed("film", recorder, lambda told: _film(told, kernel_id), FILM_PAUSE),
        }
        """By what a LiveRequest calls each."""
        self._tasks: set[asyncio.Task[None]] = set()
        recorder.listen(self._hear)

    def close(self) -> None:
        """Listens no more; what was begun goes on."""
        self.recorder.unlisten(self._hear)
        for feed in self.feeds.values():
            feed.close()

    async def settle(self) -> None:
        """Waits until nothing is being judged."""
        await asyncio.gather(*self._tasks)

    def _hear(self, what: str) -> None:
        if what == "cell-end":
            cell, run, at = self.recorder.last_end
            self._begin(cell, run, at)
        elif what == "stuck" and self.recorder.running_cell:
            self._begin(self.recorder.running_cell, 0, 0)

    def _begin(self, cell: str, run: int, until: int) -> None:
        # Taken at once: a learner who runs the cell again right away must not overwrite what this run did.
        told = self.recorder.glance()
        lab, step = self._place(told, cell, run)
        if step:
            task = asyncio.get_running_loop().create_task(self._look(lab, step, told, until))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look(self, lab: str, step: str, told: model.Recording, until: int) -> None:
        try:
            if not await self._has_breaks(lab, step):
                return
            recording = await self.recorder.cut(until)
            if until:
                recording = msgspec.structs.replace(recording, events=told.events)
            steps = self.mapped.steps if self.mapped is not None and self.mapped.lab == lab else tagged(recording)
            await self._judge(lab, step, self._kernel_id, recording, steps)
        except Exception:  # nobody waits for this: the next click judges again and tells what is wrong
            _log.exception("break goals of %s %s could not be judged", lab, step)

    def _place(self, told: model.Recording, cell: str, run: int) -> tuple[str, str]:
        """The lab and step of a cell: as its own metadata says, else as the browser last said."""
        for event in reversed(told.events):
            if isinstance(event, model.CellBegin) and event.cell == cell and (not run or event.run == run):
                if event.lab and event.step:
                    return event.lab, event.step
                break
        if self.mapped is not None:
            return self.mapped.lab, self.mapped.steps.get(cell, "")
        return "", ""


def _state(recording: model.Recording, kernel_id: str) -> wire.LiveMessage:
    return wire.LiveMessage(wire.SCHEMA, state=live.picture(recording, kernel_id))


def _film(recording: model.Recording, kernel_id: str) -> wire.LiveMessage:
    return wire.LiveMessage(wire.SCHEMA, film=film(recording, kernel_id, run=NEWEST))


def tagged(recording: model.Recording) -> dict[str, str]:
    """Each cell's step by the cells' own metadata."""
    return {event.cell: event.step for event in recording.events if isinstance(event, model.CellBegin) and event.step}
