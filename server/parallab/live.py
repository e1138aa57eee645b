"""The live picture: a recording's state now, in the learner's own names, for the sidebar.

Pure. It says what is known without a new look: who is there, how each ended, what each waits for
as far as the probe has told, and, when the recorder has looked because nothing moved, as the system shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from parallab import mistakes, model, story, wire
from parallab.story import Program, Story, Worker
from parallab.waiting import Names, Who, waiting

#: Processes and threads shown; the newest are what a learner looks for.
MOST = 64

DEAD = "The kernel died. Restart it, then run the step's cells again."
WAITING = "The kernel has not said yet what it does. If it is not still starting, restart it."


def picture(recording: model.Recording, kernel_id: str) -> wire.KernelState:
    """What the sidebar shows of a kernel."""
    hello = next((event for event in recording.events if isinstance(event, model.Hello)), None)
    kind: wire.KernelKind = "dead" if recording.dead else "recorded" if hello else "no-probe"
    shown, more = _newest(recording)
    now = lean(recording, shown)
    told = story.tell(now)
    texts = waiting(now, told)
    # Why it came to a standstill may lie far back: that is asked of the whole story, once.
    whole = story.tell(recording) if recording.stuck else told
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
        diagnoses=_diagnoses(recording, whole) if recording.stuck else (),
        processes=tuple(_processes(now, told, texts, shown)),
        cannot_tell=(*recording.not_recorded, *_unseen(recording)),
        threads=_threads(now, told, texts),
        mistake=mistake(recording, whole) if recording.stuck else None,
        pid=recording.pid,
        waits_for=texts.get((recording.pid, recording.pid), "") if recording.busy_cell else "",
        more=more,
    )


def died(recording: model.Recording) -> str:
    """That the kernel died, of what, and what to do."""
    return DEAD.replace("died.", f"died{story.death(recording.death)}.", 1)


def _threads(recording: model.Recording, told: Story, texts: Mapping[Who, str]) -> tuple[wire.LiveThread, ...]:
    """The notebook's own that its cells started, the oldest first, since those are in the way; then who failed."""
    if recording.dead:
        return ()
    newest = next((event for event in reversed(recording.events) if isinstance(event, model.CellBegin)), None)
    now = (newest.cell, newest.run) if newest is not None and newest.cell == recording.busy_cell else None
    living = tuple(
        _thread(one.tid, one.name, texts.get((recording.pid, one.tid), ""), one.ident, (one.cell, one.run) != now)
        for one in recording.living[:MOST]
    )
    latest = newest.run if newest is not None else 0
    failed = tuple(
        wire.LiveThread(one.tid, one.name, "ended", "", error=_failure(one.error))
        for one in told.threads
        if one.pid == recording.pid and one.error is not None and one.run == latest
    )
    return (*living, *failed[-MOST:])


def _thread(tid: int, name: str, waits_for: str, number: int = 0, left: bool = False) -> wire.LiveThread:
    return wire.LiveThread(tid, name, "waiting" if waits_for else "running", waits_for, number, left)


def _failure(error: model.Failure | None) -> str:
    if error is None:
        return ""
    return (f"{error.type}: {error.message}" if error.message else error.type)[:300]


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


def _diagnoses(recording: model.Recording, told: Story) -> tuple[str, ...]:
    """Who waits for whom: locks in the learner's own names, else whatever pattern the waits make."""
    standing = story.standstill(recording, told)
    names = Names(recording, told)
    lines = tuple(
        f"{names.process(wait.waiter)} waits for {names.lock(wait.lock, wait.waiter)}"
        for wait in standing.cycle or standing.waits
    )
    plain = all(wait.lock.owner in ("", "number") for wait in standing.waits)
    if lines and plain:
        return lines
    return tuple(one.sentence for one in story.diagnoses(recording, told)) or lines


def _processes(
    recording: model.Recording, told: Story, texts: Mapping[Who, str], shown: frozenset[int]
) -> Iterator[wire.LiveProcess]:
    started = {one.pid: one.started for one in recording.sightings if not one.ended}
    workers: list[Worker | Program] = [*told.workers, *told.forks, *told.programs]
    latest: dict[int, Worker | Program] = {one.pid: one for one in sorted(workers, key=lambda one: one.began)}
    for pid, one in latest.items():
        if pid in shown:
            yield _process(one, recording, told, texts, started.get(pid, 0))


def _process(
    one: Worker | Program, recording: model.Recording, told: Story, texts: Mapping[Who, str], started: int
) -> wire.LiveProcess:
    alive = not one.ended
    waits_for = texts.get((one.pid, one.pid), "") if alive else ""
    worker = one if isinstance(one, Worker) else None
    begun = worker is None or worker.role or worker.born or worker.ran or worker.method == "os.fork"
    state: wire.LiveState = "waiting" if waits_for else "running" if begun else "starting"
    threads = tuple(
        _thread(thread.tid, thread.name, texts.get((one.pid, thread.tid), ""))
        for thread in told.threads
        if thread.pid == one.pid and not thread.ended and alive
    )
    return wire.LiveProcess(
        pid=one.pid,
        parent=one.parent if one.parent != recording.pid else 0,
        name=worker.name if worker is not None else one.program if isinstance(one, Program) else "",
        role=_role(one),
        state=state if alive else "ended",
        waits_for=waits_for,
        exit_code=one.exit_code if not alive else None,
        error=_failure(one.error),
        threads=threads[:MOST],
        started=started if alive else 0,
    )


def _role(one: Worker | Program) -> str:
    if isinstance(one, Program):
        return "program"
    return one.role or ("fork" if one.method == "os.fork" else "worker")


# -- what of a recording the picture needs -------------------------------------------------

# Thousands of reports are gone through ten times a second: by their types, which is the quickest.
_ALWAYS = frozenset((model.Hello, model.CellBegin, model.CellEnd, model.Answer))
_OF_A_CHILD = frozenset(
    (model.ProcessStart, model.ProcessExit, model.ProgramStart, model.ForkMade, model.ProcessGone, model.Wait)
)
_OF_ITSELF = frozenset((model.LockMade, model.ProcessBorn, model.ProcessRun, model.ProcessEnd))
_OF_A_THREAD = frozenset((model.ThreadStart, model.ThreadRun, model.ThreadEnd))
_LINES = frozenset((model.QueueUse, model.BarrierUse))
_STARTS = frozenset((model.ProcessStart, model.ForkMade, model.ProgramStart))
_LIVES = frozenset((*_OF_A_CHILD, model.ProcessBorn, model.ProcessEnd))


def _newest(recording: model.Recording) -> tuple[frozenset[int], int]:
    """The processes shown, and how many are not: those of the newest cell run and who else lives, the newest first."""
    newest = max((event.run for event in recording.events if type(event) is model.CellBegin), default=0)
    runs: dict[int, int] = {}
    ended: set[int] = set()
    for event in recording.events:
        kind = type(event)
        if kind not in _LIVES:
            continue
        pid: int = getattr(event, "child", event.pid)
        if kind in _STARTS:
            runs.pop(pid, None)  # the newest come last
            runs[pid] = event.run
            ended.discard(pid)
        elif kind is model.ProcessBorn:
            runs.setdefault(pid, event.run)
            ended.discard(pid)
        elif kind in (model.ProcessGone, model.ProcessEnd) or getattr(event, "exit_code", None) is not None:
            ended.add(pid)
    latest = {one.pid: one for one in recording.sightings}
    ended |= {pid for pid, one in latest.items() if one.ended}
    for nobody in (0, recording.pid):
        runs.pop(nobody, None)
    mine = [pid for pid, run in runs.items() if pid not in ended or run == newest]
    return frozenset(mine[-MOST:]), max(0, len(mine) - MOST)


def lean(recording: model.Recording, shown: frozenset[int]) -> model.Recording:
    """The same recording without what the picture of these processes does not need: its cost is then bounded.

    Of lives and waits every report stays, of locks what was taken and not given back, or is wanted; of queues,
    barriers and threads the last.
    """
    pids = shown | {recording.pid}
    places: set[int] = set()
    last: dict[tuple[object, ...], list[int]] = {}
    for place, event in enumerate(recording.events):
        kind = type(event)
        if kind in _ALWAYS:
            places.add(place)
        elif kind in _OF_A_CHILD:
            child: int = getattr(event, "child", 0)
            if child in pids or (not child and event.pid in pids):
                places.add(place)
        elif event.pid not in pids:
            continue
        elif kind in _OF_ITSELF:
            places.add(place)
        elif isinstance(event, model.LockUse):
            _take_in(event, place, last)
        elif kind in _LINES:
            last[event.pid, event.tid, "line"] = [place]
        elif kind in _OF_A_THREAD:
            last.setdefault(("thread", event.pid, getattr(event, "ident", 0)), []).append(place)
    threads = [key for key in last if key[0] == "thread"]
    for key in threads[: -4 * MOST]:
        del last[key]
    places.update(place for some in last.values() for place in some)
    return msgspec.structs.replace(
        recording,
        events=tuple(recording.events[place] for place in sorted(places)),
        sightings=tuple(one for one in recording.sightings if one.pid in pids),
    )


def _take_in(event: model.LockUse, place: int, last: dict[tuple[object, ...], list[int]]) -> None:
    """Keeps the takes that were not given back, one for each depth, and the want that came to nothing yet."""
    held = last.setdefault(("held", event.pid, event.lock), [])
    wanted = last.setdefault(("wanted", event.pid, event.lock), [])
    wanted[:] = [place] if event.act == "want" else []
    if event.act == "take":
        if event.depth > 0:
            del held[event.depth - 1 :]
        held.append(place)
    elif event.act == "give" and held:
        held.pop()
