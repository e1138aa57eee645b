"""Does what a lab does for the learner: an ``act`` of lab.md, asked for with a button or by a headless run.

What was done goes into the recording of the learner's kernel, as an event that checks may ask for
(``Evidence.acts``): only the server says it, so no cell can forge it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parallab import live, model, rescue, standing, story
from parallab.lab import Act, Cell, Lab, Step
from parallab.own_kernel import OwnKernel
from parallab.problems import Problem
from parallab.story import Worker
from parallab.wire import Frozen, RescueRequest

#: Seconds that somebody to kill is waited for when the button is pressed: the cell may just begin.
PATIENCE = 10.0
#: Seconds between two looks for somebody to kill, at the least.
LOOK = 0.1
#: Seconds since the newest worker began to work: where the notebook waits, nobody is hired or handed more by then.
SETTLED = 0.3
#: The same where it does not: it may still hand in jobs, on a busy machine, or ask without end whether all are done.
BUSY = 3.0
#: Seconds that a worker gets to stand still before it is killed.
STANDING = 2.0
#: System calls in which a worker is at work: it sleeps, as if it waited for the network or a disk.
_SLEEP = frozenset({"clock_nanosleep", "nanosleep", "select", "pselect6"})
#: In none it is at work, too, unless it holds a lock: it is then on its way from one task to the next.
_NO_CALL = frozenset({"running", "none"})


class Recorded(rescue.Hanging, Protocol):
    """What is asked of :class:`parallab.recorder.Recorder`."""

    async def cut(self, until: int = 0) -> model.Recording: ...
    def note(self, event: model.Acted) -> None: ...


@dataclass(frozen=True)
class Target:
    """A worker that an act means, and what it is doing."""

    worker: Worker
    process: model.Process
    doing: str


async def kill_worker(
    recorder: Recorded, act: Act, step: Step, steps: Mapping[str, str], patience: float
) -> tuple[bool, tuple[str, ...]]:
    """Kills a worker of the step's running cell; waits for one as long as ``patience`` (seconds) allows.

    ``steps`` maps the notebook's cells to their steps. Answers whether one was killed, and what happened.
    """
    end = time.monotonic() + patience
    before: Target | None = None
    while True:
        target = await _look(recorder, act, step, steps)
        if target is not None and (act.which == "reading" or target.doing in _SLEEP or _same(before, target)):
            async with _stopped(recorder, target.process) as last:
                struck = await _strike(recorder, act, step, target) if _fits(last, target, act) else ()
            if struck:
                return True, struck
        if time.monotonic() >= end:
            return False, (_NOBODY[act.which],)
        before = target
        await asyncio.sleep(LOOK)


@contextlib.asynccontextmanager
async def _stopped(recorder: Recorded, process: model.Process) -> AsyncIterator[model.Snapshot | None]:
    """Stops a worker and gives a look at it as it stands; it goes on afterwards, unless it was killed.

    What a worker that runs was seen doing is past when the signal comes. None: it has ended, does not stop, or is
    another user's.
    """
    fd = await recorder.handle(process)
    if fd is None:
        yield None
        return
    try:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(fd, signal.SIGSTOP)
        yield await _standing(recorder, process)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(fd, signal.SIGCONT)
        os.close(fd)


async def _standing(recorder: Recorded, process: model.Process) -> model.Snapshot | None:
    end = time.monotonic() + STANDING
    while time.monotonic() < end:
        recording = await recorder.cut()
        last = recording.snapshots[-1] if recording.snapshots else None
        now = last.process(process.pid) if last is not None else None
        if now is None or now.started != process.started:
            return None
        if now.state in "Tt":
            return last
        await asyncio.sleep(0.01)
    return None


def _fits(last: model.Snapshot | None, target: Target, act: Act) -> bool:
    """Whether it does as it stands there what it was seen doing."""
    now = last.process(target.process.pid) if last is not None else None
    if last is None or now is None or not _does(now, last, act):
        return False
    return (_doing(now) in _SLEEP) == (target.doing in _SLEEP)


def _does(process: model.Process, last: model.Snapshot, act: Act) -> bool:
    if act.which == "reading":
        return _reads(process)
    doing = _doing(process)
    return doing in _SLEEP or (doing in _NO_CALL and not _holds(process, last))


def _holds(process: model.Process, last: model.Snapshot) -> bool:
    """Whether it holds a lock, as its own memory says; a semaphore of many is no lock."""
    return any(one.pid == process.pid and one.count > 0 and one.maxvalue == 1 for one in last.sem_locks)


def _same(before: Target | None, target: Target) -> bool:
    """One that is in no call is seen twice: a single look may fall on its way from one task to the next."""
    return before is not None and before.worker.pid == target.worker.pid


_NOBODY = {
    "reading": "No worker of this step waits for something to read, so nobody was killed. "
    "Run the step's cell, and press the button while it runs.",
    "working": "No worker of this step is at work, so nobody was killed. "
    "Run the step's cell, and press the button while it runs.",
}


async def _look(recorder: Recorded, act: Act, step: Step, steps: Mapping[str, str]) -> Target | None:
    cell = recorder.running_cell
    if cell is None or recorder.dead:
        return None
    recording = await recorder.cut()
    tagged = {event.cell: event.step for event in recording.events if isinstance(event, model.CellBegin)}
    if recording.busy_cell != cell or (steps.get(cell) or tagged.get(cell, "")) != step.id:
        return None
    return fitting(recording, act)


def fitting(recording: model.Recording, act: Act) -> Target | None:
    """The first worker of the running cell that does what the act asks for; managers are no workers.

    One at work is killed when all are: a program may be excused that is not ready for it while it still hires.
    """
    last = recording.snapshots[-1] if recording.snapshots else None
    run = max((event.run for event in recording.events if isinstance(event, model.CellBegin)), default=0)
    mine = (recording.busy_cell, run)
    crew = [one for one in story.tell(recording).workers if (one.cell, one.run) == mine and one.role != "manager"]
    if last is None or (act.which == "working" and not _settled(crew, last)):
        return None
    for worker in crew:
        process = last.process(worker.pid)
        if process is None or not worker.alive or not worker.ran or process.state in "ZX":
            continue
        if _does(process, last, act):
            return Target(worker, process, _doing(process))
    return None


def _settled(crew: Sequence[Worker], last: model.Snapshot) -> bool:
    """Whether each has begun to work, the newest a while ago, and the notebook waits for what comes of it."""
    if any(one.alive and not one.ran for one in crew):
        return False
    notebook = last.process(last.root)
    waits = notebook is None or _doing(notebook) not in _NO_CALL
    return last.monotonic - max((one.ran for one in crew), default=0) >= (SETTLED if waits else BUSY) * 1e9


def _main(process: model.Process) -> model.Blocked | None:
    thread = next((one for one in process.threads if one.tid == process.pid), None)
    return thread.blocked if thread is not None else None


def _doing(process: model.Process) -> str:
    blocked = _main(process)
    return blocked.call if blocked is not None else ""


def _reads(process: model.Process) -> bool:
    """Whether its main thread sits in read(2) of a pipe or a socket."""
    blocked = _main(process)
    if blocked is None or blocked.call not in ("read", "recvfrom", "recvmsg"):
        return False
    return any(file.fd in blocked.fds and file.kind in ("pipe", "socket") for file in process.files)


async def _strike(recorder: Recorded, act: Act, step: Step, target: Target) -> tuple[str, ...]:
    """Kills it; () when it had ended meanwhile."""
    at = time.monotonic_ns()
    process = target.process
    try:
        await rescue.end(recorder, RescueRequest("kill", process.pid, process.started))
    except Problem:
        return ()
    worker = target.worker
    recorder.note(
        model.Acted(
            at=at,
            cell=worker.cell,
            run=worker.run,
            act=act.id,
            step=step.id,
            what="kill-worker",
            child=worker.pid,
            doing=target.doing,
        )
    )
    how = "while it waited for something to read" if act.which == "reading" else "while it was at work"
    return (f"Worker “{worker.name}” was killed {how}.",)


# -- frozen kernels --------------------------------------------------------------------------

#: Seconds that a frozen kernel gets to stand still.
FREEZING = 60.0


async def freeze(
    recorder: Recorded,
    act: Act,
    step: Step,
    lab: Lab,
    files: Iterable[Path],
    *,
    kernel: str | None = None,
    start_method: str | None = None,
) -> tuple[bool, tuple[str, ...], tuple[Frozen, ...]]:
    """Runs each of the step's starter cells that hangs in a kernel of its own, until it stands still.

    Answers whether all did, what happened, and what can be seen of each. They are ended then: what
    stands still for ever looks the same for ever. What was diagnosed goes into the recording alone.
    """
    files = tuple(files)
    at = time.monotonic_ns()
    patients = [place for place, cell in enumerate(step.cells) if "hangs" in cell.tags]
    # One after the other: each is a Python of its own, and a learner's machine is small.
    stood = [await _freeze(lab, step.cells[: place + 1], files, kernel, start_method) for place in patients]
    named = [(chr(ord("A") + number), one) for number, one in enumerate(stood)]
    missing = [name for name, one in named if one is None]
    if missing:
        many = " and ".join(missing)
        return False, (f"Kernel {many} did not come to a standstill. Try again when the machine has less to do.",), ()
    found = []
    frozen = []
    for name, recording in named:
        assert recording is not None
        told = story.tell(recording)
        mistake = live.mistake(recording, told)
        found.append(model.Found(name, mistake.id if mistake else "", mistake.sentence if mistake else ""))
        frozen.append(Frozen(name, standing.lines(recording, told)))
    recorder.note(model.Acted(at=at, act=act.id, step=step.id, what="frozen-kernels", found=tuple(found)))
    return True, (f"{len(frozen)} kernels were started. Each ran its program and stands still.",), tuple(frozen)


async def _freeze(
    lab: Lab, cells: tuple[Cell, ...], files: Iterable[Path], kernel: str | None, start_method: str | None
) -> model.Recording | None:
    """The recording of a kernel in which the last of these cells hangs; None where it does not in time."""
    setup = [cell for cell in lab.cells if cell.cell_type == "code" and not cell.step]
    before = [cell for cell in cells[:-1] if "hangs" not in cell.tags]
    async with OwnKernel(files, kernel, start_method) as own:
        stuck = asyncio.Event()
        own.recorder.listen(lambda what: stuck.set() if what == "stuck" else None)
        for cell in (*setup, *before):
            await own.reply(own.send(cell.source, {}))
        reply = asyncio.ensure_future(own.reply(own.send(cells[-1].source, {})))
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stuck.wait(), FREEZING)
                recording = await own.recorder.cut()
                return recording if recording.stuck else None
        finally:
            reply.cancel()
    return None
