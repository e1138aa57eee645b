"""Pools and executors: their workers, what was handed to them, who worked on it, and who asked what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

from parallab import model
from parallab.story.locks import Run
from parallab.story.processes import Worker

Kind = Literal["pool", "executor", "thread-pool", "thread-executor", "interpreters"]


@dataclass(frozen=True)
class Take:
    """A worker began with a part of a task, or had it done."""

    part: int
    pid: int
    at: int
    saw: tuple[int | float | None, ...] = ()
    """The shared numbers that it was given, as they were then."""


@dataclass(frozen=True)
class Outcome:
    """A part came back, or somebody got a result: with an error, or well."""

    at: int
    part: int = 0
    error: model.Failure | None = None


@dataclass(frozen=True)
class Task:
    """What one call handed in: one function call, or those for many items, in parts. Times are monotonic ns."""

    queue: str
    number: int
    call: str = ""
    target: str = ""
    parts: int | None = None
    """None where that is not known in advance: an iterator's."""
    size: int | None = None
    listens: tuple[str, ...] = ()
    pid: int = 0
    tid: int = 0
    cell: str = ""
    run: int = 0
    at: int = 0
    takes: tuple[Take, ...] = ()
    dones: tuple[Take, ...] = ()
    """Only of workers that were given shared numbers."""
    arrivals: tuple[Outcome, ...] = ()
    asked: tuple[int, ...] = ()
    """When somebody began to wait for it."""
    got: tuple[Outcome, ...] = ()
    """What who asked was told; of an iterator, of each item."""

    @property
    def pids(self) -> frozenset[int]:
        """Who worked on it."""
        return frozenset(take.pid for take in self.takes)

    @property
    def done(self) -> bool:
        """Whether all parts have come back; of an iterator, all that somebody took, and one at least."""
        wanted = self.parts if self.parts is not None else max(1, len({take.part for take in self.takes}))
        return len(self.arrivals) >= wanted

    @property
    def error(self) -> model.Failure | None:
        """The first error that came back."""
        return next((one.error for one in self.arrivals if one.error is not None), None)

    @property
    def errors(self) -> tuple[model.Failure, ...]:
        """All errors that came back, one for each part that failed."""
        return tuple(one.error for one in self.arrivals if one.error is not None)

    @property
    def told(self) -> int:
        """Of how many of its errors somebody was told, by asking or by a callback: a map keeps only the first."""
        kinds = {error.type for error in self.errors}
        got = sum(one.error is not None and one.error.type in kinds for one in self.got)
        if self.call in ("imap", "imap_unordered"):
            return min(len(self.errors), got)
        return min(1, len(self.errors)) if got or "error" in self.listens else 0

    @property
    def waits(self) -> bool:
        """Whether somebody asked and has no answer yet."""
        return bool(self.asked) and not any(one.at >= self.asked[-1] for one in self.got)


@dataclass(frozen=True)
class Pool:
    """A pool or executor; times are monotonic ns, 0: not so far."""

    kind: Kind
    ident: int
    pid: int
    cls: str = ""
    size: int = 0
    initializer: str = ""
    queue: str = ""
    cell: str = ""
    run: int = 0
    began: int = 0
    closed: int = 0
    terminated: int = 0
    shut: int = 0
    """When ``shutdown`` of an executor was called."""
    ended: int = 0
    """When ``join`` of a closed pool, or ``shutdown``, came back."""
    workers: tuple[Worker, ...] = ()
    """Its processes, in the order in which they were hired; of threads none."""
    tasks: tuple[Task, ...] = ()

    def __str__(self) -> str:
        return _NAMES[self.kind]

    @property
    def of_processes(self) -> bool:
        """Whether its workers are processes."""
        return self.kind in ("pool", "executor")

    @property
    def one_by_one(self) -> bool:
        """Whether somebody got the result of each single job before they handed in the next."""
        single = [task for task in self.tasks if task.call in ("apply", "submit") or len(task.takes) == 1]
        return len(single) > 1 and all(one.got and one.got[0].at <= after.at for one, after in pairwise(single))

    @property
    def dismissed(self) -> bool:
        """Whether its workers were told to go: closed, terminated or shut down."""
        return bool(self.closed or self.terminated or self.shut)

    @property
    def left(self) -> tuple[Worker, ...]:
        """Its workers that are still there."""
        return tuple(worker for worker in self.workers if worker.alive)

    @cached_property
    def killed(self) -> tuple[Worker, ...]:
        """The workers that a signal ended, other than by the pool's own ``terminate``."""
        return tuple(
            worker
            for worker in self.workers
            if (worker.exit_code or 0) < 0
            and worker.ended
            and not (self.terminated and worker.ended >= self.terminated and worker.exit_code == -15)
        )

    @cached_property
    def lost(self) -> tuple[tuple[int, int], ...]:
        """What killed workers had taken and nobody brought back: each as (number of its task, part)."""
        killed = {worker.pid for worker in self.killed}
        return tuple(
            (task.number, take.part)
            for task in self.tasks
            for take in task.takes
            if take.pid in killed and take.part not in {one.part for one in task.arrivals}
        )


_NAMES: dict[Kind, str] = {
    "pool": "a pool",
    "executor": "an executor of processes",
    "thread-pool": "a pool of threads",
    "thread-executor": "an executor of threads",
    "interpreters": "an executor of interpreters",
}


def all_pools(recording: model.Recording, workers: Sequence[Worker]) -> tuple[Pool, ...]:
    """Every pool and executor that was made, in order, with its workers and its tasks."""
    tasks = all_tasks(recording)
    found: dict[tuple[int, int], Pool] = {}
    for event in recording.events:
        if not isinstance(event, model.ServiceUse) or event.service not in _NAMES:
            continue
        key = (event.pid, event.ident)
        if event.act == "begin":
            found[key] = Pool(
                _kind(event),
                event.ident,
                event.pid,
                event.cls,
                event.size,
                event.initializer,
                event.queue,
                event.cell,
                event.run,
                event.at,
                workers=tuple(one for one in workers if any(arg.name == event.queue for arg in one.given("queue"))),
                tasks=tuple(task for task in tasks if task.queue == event.queue and task.pid == event.pid),
            )
        elif key in found:
            found[key] = _later(found[key], event)
    return tuple(found.values())


def _kind(event: model.ServiceUse) -> Kind:
    if event.cls.endswith(".InterpreterPoolExecutor"):
        return "interpreters"
    return event.service  # type: ignore[return-value]


def _later(pool: Pool, event: model.ServiceUse) -> Pool:
    match event.act:
        case "close":
            return replace(pool, closed=pool.closed or event.at)
        case "terminate":
            return replace(pool, terminated=pool.terminated or event.at)
        case "shutdown":
            return replace(pool, shut=pool.shut or event.at)
        case "joined" | "terminated" | "ended":
            return replace(pool, ended=event.at)
        case _:
            return pool


def all_tasks(recording: model.Recording) -> tuple[Task, ...]:
    """Every task that was handed to a pool or executor, in order."""
    found: dict[tuple[str, int], Task] = {}
    events = [event for event in recording.events if isinstance(event, model.TaskUse)]
    for event in events:
        if event.act == "submit":
            found[event.queue, event.task] = Task(
                event.queue,
                event.task,
                event.call,
                event.target,
                event.parts,
                event.size,
                event.listens,
                event.pid,
                event.tid,
                event.cell,
                event.run,
                event.at,
            )
    # A worker may say that it has taken it before its starter says that it was handed in.
    for event in events:
        task = found.get((event.queue, event.task))
        if task is not None and event.act != "submit":
            found[event.queue, event.task] = _with(task, event)
    return tuple(sorted(found.values(), key=lambda task: (task.at, task.number)))


def _with(task: Task, event: model.TaskUse) -> Task:
    match event.act:
        case "take":
            return replace(task, takes=(*task.takes, Take(event.part, event.pid, event.at, event.saw)))
        case "done":
            return replace(task, dones=(*task.dones, Take(event.part, event.pid, event.at, event.saw)))
        case "arrive":
            return replace(task, arrivals=(*task.arrivals, Outcome(event.at, event.part, event.error)))
        case "ask":
            return replace(task, asked=(*task.asked, event.at))
        case "listen":
            return replace(task, listens=(*task.listens, *event.listens))
        case _:
            return replace(task, got=(*task.got, Outcome(event.at, event.part, event.error)))


def delivered(tasks: Iterable[Task]) -> tuple[tuple[int, int], ...]:
    """In which order the results came to who asked for them: each as (place of its task, part)."""
    moments: list[tuple[int, tuple[int, int]]] = []
    for place, task in enumerate(tasks):
        well = [one for one in task.got if one.error is None]
        if task.call == "imap_unordered":
            moments += [(one.at, (place, come.part)) for come, one in zip(task.arrivals, task.got, strict=False)]
        elif task.call == "imap":
            moments += [(one.at, (place, part)) for part, one in enumerate(task.got)]
        elif "result" in task.listens and task.arrivals:
            moments.append((task.arrivals[-1].at, (place, 0)))
        elif well and (task.parts or 1) > 1:
            moments += [(well[0].at, (place, part)) for part in range(task.parts or 1)]
        elif well:
            moments.append((well[0].at, (place, 0)))
    return tuple(one for _, one in sorted(moments))


def of_runs(pools: Iterable[Pool], runs: Iterable[Run]) -> tuple[Pool, ...]:
    """The pools that these cell runs made or handed something to, with these runs' tasks."""
    mine = frozenset(runs)
    found = []
    for pool in pools:
        tasks = tuple(task for task in pool.tasks if (task.cell, task.run) in mine)
        if (pool.cell, pool.run) in mine or tasks:
            found.append(replace(pool, tasks=tasks))
    return tuple(found)
