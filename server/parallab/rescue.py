"""Frees a kernel whose cell hangs: interrupts it, or ends one of its processes.

One interrupt is SIGINT to the kernel's whole process group. Some cells need a second: after the
first, ``with ThreadPoolExecutor`` waits for its threads again. A process to be ended is named by
pid and start time, must descend from the kernel, and is signalled through its pidfd. A thread that
waits for ever outlives an interrupt, which only the main thread hears: the kernel's own probe
ends it, where that is safe.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Protocol

from parallab import model
from parallab.problems import Problem
from parallab.wire import RescueRequest

#: Seconds that a cell gets to end after an interrupt, and a process after a signal.
GRACE = 3.0
#: Seconds that a cell gets as long as its kernel works: to write a traceback takes long on a busy machine.
LONGEST = 15.0
INTERRUPTS = 2

_SIGNALS = {"terminate": signal.SIGTERM, "kill": signal.SIGKILL}


class Hanging(Protocol):
    """What is asked of :class:`parallab.recorder.Recorder`."""

    pid: int
    dead: bool
    last_end: tuple[str, int, int]

    @property
    def running_cell(self) -> str | None: ...
    async def processes(self) -> tuple[model.Process, ...]: ...
    async def handle(self, process: model.Process) -> int | None: ...
    async def dismiss(self, threads: Iterable[int]) -> tuple[model.Dismissal, ...] | None: ...
    @property
    def living(self) -> Mapping[int, model.ThreadRun]: ...
    def listen(self, listener: Callable[[str], None]) -> None: ...
    def unlisten(self, listener: Callable[[str], None]) -> None: ...


async def interrupt(recorder: Hanging, send: Callable[[], Awaitable[None]]) -> tuple[bool, tuple[str, ...]]:
    """Interrupts the running cell, again when the first was not enough; whether it ended, and what happened."""
    if recorder.running_cell is None:
        return True, ("No cell was running, so nothing was interrupted.",)
    for count in range(1, INTERRUPTS + 1):
        ended = _Ended(recorder)
        try:
            await send()
            if await _over(recorder, ended):
                many = "once" if count == 1 else "twice: it waited for its threads again after the first time"
                return True, (f"The cell was interrupted {many}.", *_afterwards(recorder))
        finally:
            ended.close()
    return False, (
        f"The cell was interrupted {INTERRUPTS} times and runs on.",
        "End the process that it waits for, or restart the kernel.",
    )


async def _over(recorder: Hanging, ended: _Ended) -> bool:
    """Whether the cell ends: one whose kernel works still is given longer, since only who waits again does not hear."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        before = await _kernel(recorder)
        if await ended.wait(GRACE / 3):
            return True
        waited = loop.time() - began
        now = await _kernel(recorder)
        works = now is not None and before is not None and (now.state == "R" or now.cpu_ticks != before.cpu_ticks)
        if waited >= (LONGEST if works else GRACE):
            return False


async def _kernel(recorder: Hanging) -> model.Process | None:
    """The kernel's own process, if it can be seen."""
    try:
        return next((one for one in await recorder.processes() if one.pid == recorder.pid), None)
    except OSError:
        return None


def _afterwards(recorder: Hanging) -> tuple[str, ...]:
    if recorder.dead:
        return ("The kernel ended with it.",)
    return ("Locks and queues that were in use may be left as they were: run the cells that make them again.",)


class _Ended:
    """Waits for the end of the cell that runs now, or of the kernel."""

    def __init__(self, recorder: Hanging) -> None:
        self._recorder = recorder
        self._before = recorder.last_end
        self._event = asyncio.Event()
        recorder.listen(self._hear)

    def _hear(self, what: str) -> None:
        if what in ("dead", "restarted") or self._recorder.last_end != self._before:
            self._event.set()

    async def wait(self, seconds: float) -> bool:
        self._hear("")
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    def close(self) -> None:
        self._recorder.unlisten(self._hear)


async def end(recorder: Hanging, request: RescueRequest) -> tuple[bool, tuple[str, ...]]:
    """Ends one process of the kernel's; whether it has ended, and what happened.

    :raises Problem: it is the kernel itself, none of its processes, or not the one that was meant.
    """
    if request.pid == recorder.pid:
        raise Problem(409, "That is the kernel itself. To end it, choose “Restart Kernel”.")
    found = next((one for one in await recorder.processes() if one.pid == request.pid), None)
    if found is None or found.started != request.started or found.state in "ZX":
        raise Problem(
            409,
            "This process has ended already, or is none of this notebook's. Look again at what runs now.",
            f"Process {request.pid}, started at {request.started}, does not descend from kernel {recorder.pid}.",
        )
    number = _SIGNALS[request.action]
    ended = await _signal(recorder, found, number)
    said = "was killed" if request.action == "kill" else "was asked to end"
    if ended:
        return True, (f"Process {found.pid} {said}, and has ended.",)
    advice = "" if request.action == "kill" else " It may ignore that: kill it."
    return False, (f"Process {found.pid} {said}, and has not ended yet.{advice}",)


async def _signal(recorder: Hanging, process: model.Process, number: signal.Signals) -> bool:
    fd = await recorder.handle(process)
    if fd is None:
        return True
    try:
        try:
            signal.pidfd_send_signal(fd, number)
        except ProcessLookupError:
            return True
        except PermissionError as error:
            raise Problem(409, "This process belongs to another user and cannot be ended from here.") from error
        return await _gone(fd)
    finally:
        os.close(fd)


async def _gone(pidfd: int) -> bool:
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(pidfd, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), GRACE)
    except asyncio.TimeoutError:
        return False
    finally:
        loop.remove_reader(pidfd)
    return True


# -- threads ----------------------------------------------------------------------------

#: Why a thread was not ended, by its Dismissal.
_STAYS = {
    "gone": "has ended already",
    "timed": "waits with a time-out: it looks again by itself",
    "elsewhere": "works, or waits where nothing can wake it (a lock, a join, a queue of processes): "
    "if it is in the way, restart the kernel",
    "busy": "was just being woken: look again",
    "unable": "cannot be ended under this Python: if it is in the way, restart the kernel",
}


async def dismiss(recorder: Hanging, request: RescueRequest) -> tuple[bool, tuple[str, ...]]:
    """Ends threads of the notebook's that wait for ever; whether all have ended, and what happened.

    :raises Problem: none was named, one is none that a cell started, or the kernel does not answer.
    """
    wanted = tuple(dict.fromkeys(request.threads))
    names = {number: one.name for number, one in recorder.living.items()}
    unknown = [one for one in wanted if one not in names]
    if not wanted or unknown:
        raise Problem(
            409,
            "This thread has ended already, or is none that a cell of this notebook started. "
            "Look again at what runs now.",
            f"Asked for: {list(wanted)}; there are {sorted(names)}.",
        )
    ends = _Ends(recorder)
    try:
        answer = await recorder.dismiss(wanted)
        if answer is None:
            raise Problem(409, "The kernel does not answer. Interrupt it first, or restart it.")
        outcomes = {one.ident: one.outcome for one in answer}
        left = await ends.of([one for one in wanted if outcomes.get(one) == "told"])
    finally:
        ends.close()
    happened = []
    for one in wanted:
        outcome = outcomes.get(one, "busy")
        if outcome != "told":
            happened.append(f"Thread “{names[one]}” {_STAYS[outcome]}.")
        elif one not in left:
            happened.append(f"Thread “{names[one]}” has ended.")
        else:
            happened.append(
                f"Thread “{names[one]}” was woken and told to end, and lives on: it catches every error. "
                "Restart the kernel to get rid of it."
            )
    return not any(one in recorder.living for one in wanted), tuple(happened)


class _Ends:
    """Waits until threads have reported their ends."""

    def __init__(self, recorder: Hanging) -> None:
        self._recorder = recorder
        self._news = asyncio.Event()
        recorder.listen(self._hear)

    def _hear(self, _: str) -> None:
        self._news.set()

    async def of(self, threads: Collection[int]) -> frozenset[int]:
        """Waits until all of them have ended or the time is over; those that live on."""
        loop = asyncio.get_running_loop()
        end = loop.time() + GRACE
        while (left := frozenset(threads) & self._recorder.living.keys()) and not self._recorder.dead:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), end - loop.time())
            except asyncio.TimeoutError:
                break
        return left

    def close(self) -> None:
        self._recorder.unlisten(self._hear)
