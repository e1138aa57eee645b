"""Recordings made by hand, for tests of the core: one cell run, its processes, and their times."""

from __future__ import annotations

from parallab import model
from parallab.evidence import Evidence

KERNEL = 100
CELL = "cell-1"
STEP = "work"
HELLO = model.Hello(at=1, pid=KERNEL, python="3.12.1", start_method="fork")


def begin(at: int = 10, cell: str = CELL, run: int = 1, step: str = STEP) -> model.CellBegin:
    """A cell begins."""
    return model.CellBegin(at=at, pid=KERNEL, cell=cell, run=run, step=step, lab="L99")


def end(at: int = 1000, cell: str = CELL, run: int = 1, **facts: object) -> model.CellEnd:
    """It ends."""
    return model.CellEnd(at=at, pid=KERNEL, cell=cell, run=run, **facts)  # type: ignore[arg-type]


def life(
    pid: int, began: int, started: int, ended: int = 0, code: int | None = 0, run: int = 1, **facts: object
) -> list[model.AnyEvent]:
    """A forked worker: start, birth, run, and its end if it has one."""
    events: list[model.AnyEvent] = [
        model.ProcessBorn(at=began + 1, pid=pid, cell=CELL, run=run, ppid=KERNEL, method="fork"),
        model.ProcessRun(at=began + 2, pid=pid, cell=CELL, run=run),
        model.ProcessStart(  # type: ignore[arg-type]
            at=started, pid=KERNEL, cell=CELL, run=run, began=began, child=pid, name=f"w-{pid}", **facts
        ),
    ]
    if ended:
        events.append(model.ProcessEnd(at=ended, pid=pid, cell=CELL, run=run, exit_code=code))
    return events


def join(pid: int, began: int, at: int, run: int = 1, code: int | None = 0) -> model.Wait:
    """The notebook joins a worker."""
    return model.Wait(at=at, pid=KERNEL, cell=CELL, run=run, call="join", began=began, child=pid, exit_code=code)


def service(at: int, act: str = "begin", kind: str = "pool", ident: int = 1, **facts: object) -> model.ServiceUse:
    """A line about the notebook's pool, whose tasks wait in the queue ``tasks``."""
    more: dict[str, object] = {"queue": "tasks", "size": 2, **facts} if act == "begin" else facts
    return model.ServiceUse(  # type: ignore[arg-type]
        at=at, pid=KERNEL, cell=CELL, run=1, service=kind, ident=ident, act=act, **more
    )


def hired(pid: int, began: int, ended: int = 0, code: int | None = 0, **facts: object) -> list[model.AnyEvent]:
    """A worker of that pool."""
    given = (model.Arg("queue", name="tasks"),)
    return life(pid, began, began + 5, ended, code, **{"role": "pool", "args": given, **facts})


def task(at: int, act: str = "submit", number: int = 0, pid: int = KERNEL, **facts: object) -> model.TaskUse:
    """A line about a task of that pool."""
    if act == "submit":
        facts = {"call": "apply", "parts": 1, "size": 1, **facts}
    return model.TaskUse(  # type: ignore[arg-type]
        at=at, pid=pid, tid=pid, cell=CELL, run=1, queue="tasks", task=number, act=act, **facts
    )


def recording(*events: model.AnyEvent | list[model.AnyEvent], **facts: object) -> model.Recording:
    """A recording of these events, in order of time, with the kernel's greeting."""
    flat: list[model.AnyEvent] = [HELLO]
    for event in events:
        flat += event if isinstance(event, list) else [event]
    flat.sort(key=lambda event: event.at)
    return model.Recording(1, "kernel", KERNEL, events=tuple(flat), **facts)  # type: ignore[arg-type]


def evidence(*events: model.AnyEvent | list[model.AnyEvent], **facts: object) -> Evidence:
    """The step's evidence in such a recording."""
    return Evidence(recording(*events, **facts), STEP, {CELL: STEP})
