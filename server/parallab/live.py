"""The live picture: a recording's state now, in the learner's own names, for the sidebar.

Pure. It says what is known without a new look: who is there, how each ended, and, when the
recorder has looked because nothing moved, who waits for whom.
"""

from __future__ import annotations

from parallab import mistakes, model, story, wire
from parallab.story import Story, Worker

#: Processes and threads shown; the newest are what a learner looks for.
MOST = 64

DEAD = "The kernel died. Restart it, then run the step's cells again."
WAITING = "The kernel has not said yet what it does. If it is not still starting, restart it."


def picture(recording: model.Recording, kernel_id: str) -> wire.KernelState:
    """What the sidebar shows of a kernel."""
    hello = next((event for event in recording.events if isinstance(event, model.Hello)), None)
    kind: wire.KernelKind = "dead" if recording.dead else "recorded" if hello else "no-probe"
    told = story.tell(recording)
    standing = story.standstill(recording, told)
    return wire.KernelState(
        schema=wire.SCHEMA,
        kernel_id=kernel_id,
        kind=kind,
        message={"dead": died(recording), "no-probe": WAITING}.get(kind, ""),
        python=hello.python if hello else "",
        start_method=hello.start_method if hello else "",
        busy=bool(recording.busy_cell),
        running_cell=recording.busy_cell or None,
        stuck=recording.stuck,
        diagnoses=_diagnoses(recording, told, standing) if recording.stuck else (),
        processes=tuple(_process(worker, recording, told, standing) for worker in _shown(recording, told.workers)),
        cannot_tell=(*recording.not_recorded, *_unseen(recording)),
        threads=_threads(recording),
        mistake=mistake(recording, told) if recording.stuck else None,
    )


def died(recording: model.Recording) -> str:
    """That the kernel died, of what, and what to do."""
    return DEAD.replace("died.", f"died{story.death(recording.death)}.", 1)


def _threads(recording: model.Recording) -> tuple[wire.LiveThread, ...]:
    """The notebook's own threads that its cells started; the oldest first, since those are in the way."""
    if recording.dead:
        return ()
    newest = next((event for event in reversed(recording.events) if isinstance(event, model.CellBegin)), None)
    now = (newest.cell, newest.run) if newest is not None and newest.cell == recording.busy_cell else None
    return tuple(
        wire.LiveThread(one.tid, one.name, "alive", "", one.ident, (one.cell, one.run) != now)
        for one in recording.living[:MOST]
    )


def mistake(recording: model.Recording, told: Story) -> wire.MistakeView | None:
    """The first mistake that the waits give away, with what was seen of how they came about."""
    found = (mistakes.named(one, recording, told) for one in story.diagnoses(recording, told))
    known = next((one for one in found if one is not None), None)
    return wire.MistakeView(known.id, known.sentence) if known is not None else None


def _unseen(recording: model.Recording) -> tuple[str, ...]:
    """What may not be looked at, as the kernel's first look and the last ones found."""
    looks = [*([recording.baseline] if recording.baseline else []), *recording.snapshots[-1:]]
    gaps = dict.fromkeys((one.what, one.why) for look in looks for one in look.missing)
    blind = (recording.blind,) if recording.blind else ()
    return (*blind, *(f"Cannot tell {what}: {why}." for what, why in gaps))


def _diagnoses(recording: model.Recording, told: Story, standing: story.Standstill) -> tuple[str, ...]:
    """Who waits for whom: locks in the learner's own names, else whatever pattern the waits make."""
    plain = all(wait.lock.owner in ("", "number") for wait in standing.waits)
    if standing.lines and plain:
        return standing.lines
    return tuple(one.sentence for one in story.diagnoses(recording, told)) or standing.lines


def _shown(recording: model.Recording, workers: tuple[Worker, ...]) -> tuple[Worker, ...]:
    """Those of the newest cell run, and whoever else is still alive."""
    newest = max((event.run for event in recording.events if isinstance(event, model.CellBegin)), default=0)
    mine = [worker for worker in workers if worker.alive or worker.run == newest]
    return story.numbered(mine[-MOST:])


def _process(worker: Worker, recording: model.Recording, told: Story, standing: story.Standstill) -> wire.LiveProcess:
    waiting = [wait for wait in standing.waits if wait.waiter == worker.pid]
    seen = [one for one in recording.sightings if one.pid == worker.pid and not one.ended]
    state = "running" if worker.alive else "ended"
    if waiting:
        state = "waiting"
    error = f"{worker.error.type}: {worker.error.message}" if worker.error else ""
    threads = tuple(
        wire.LiveThread(thread.tid, thread.name, "alive", "")
        for thread in told.threads
        if thread.pid == worker.pid and not thread.ended
    )
    return wire.LiveProcess(
        pid=worker.pid,
        parent=worker.parent if worker.parent != recording.pid else 0,
        name=worker.name,
        role=worker.role or "worker",
        state=state,
        waits_for=_lock(waiting[0], told, recording) if waiting else "",
        exit_code=worker.exit_code if not worker.alive else None,
        error=error[:300],
        threads=threads[:MOST],
        started=seen[-1].started if seen and worker.alive else 0,
    )


def _lock(wait: story.LockWait, told: Story, recording: model.Recording) -> str:
    """``a lock that “B→A” holds``."""
    if not wait.holders:
        return "a lock that nobody alive holds"
    names: list[str] = []
    for pid in wait.holders:
        holder = told.worker(pid)
        if pid == wait.waiter:
            names.append("it itself")
        elif pid == recording.pid:
            names.append("your notebook")
        else:
            names.append(f"“{holder.name}”" if holder else "another process")
    return f"a lock that {' and '.join(names)} holds"
