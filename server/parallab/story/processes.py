"""Workers: a process's life from its start, birth, run, end and sightings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from parallab import model


@dataclass(frozen=True)
class Worker:
    """One process that was started through multiprocessing. Times are monotonic ns, 0 unknown."""

    pid: int
    ident: int = 0
    name: str = ""
    cls: str = ""
    target: str = ""
    method: str = ""
    overrides_run: bool = False
    daemon: bool = False
    role: str = ""
    args: tuple[model.Arg, ...] = ()
    parent: int = 0
    """Who called ``start()``."""
    os_parent: int = 0
    """Whose child the operating system says it is: the forkserver's, perhaps."""
    cell: str = ""
    run: int = 0
    began: int = 0
    started: int = 0
    starter: int = 0
    """The thread, by its native id, that called ``start()``."""
    queued_ns: int = 0
    """For how long that one had lacked a core since its cell began; told only of a start that was long in coming."""
    born: int = 0
    ran: int = 0
    ended: int = 0
    exit_code: int | None = None
    shown_code: int | None = None
    """The exit code as the system showed it: whatever was told of it, this one counts."""
    error: model.Failure | None = None
    cpu_ns: int = 0
    pauses: int = 0
    work_ns: int = 0
    """CPU time since its work began: without starting and importing."""
    watched_ns: int = 0
    runnable_ns: int = 0
    left: tuple[model.Value, ...] = ()
    """What the learner's modules held in it at its end."""
    told: int = 0
    """When it said itself that it was at its end; 0: it did not."""
    saw: tuple[int | float | None, ...] = ()
    """The shared numbers that it was given, as they were then."""
    confirmed: bool = False
    heard: bool = False
    """Whether it has reported of itself, as the system vouches: multiprocessing really ran in it."""
    since: int = 0
    """When the system started it, a tick too early at the most."""
    gone: int = 0
    """When the system had shown that it has ended."""
    begun_by: int = 0
    """A moment at which it had begun, and one at which it still lived, whatever any clock of the learner's said."""
    alive_at: int = 0
    ordinal: int = 0
    of: int = 0

    def __str__(self) -> str:
        if self.of > 1:
            return f"worker {self.ordinal} of {self.of}"
        return "your worker"

    @property
    def alive(self) -> bool:
        """Not known to have ended."""
        return not self.ended

    @property
    def beginning(self) -> int:
        """The first that was told of it: the call of ``start()``, else its birth; of os.fork nobody tells the call."""
        return self.began or self.born or self.started

    def ended_by(self, at: int) -> bool:
        """Whether it had ended at that moment."""
        return bool(self.ended) and self.ended <= at

    @property
    def runnable(self) -> float | None:
        """The part of its working time in which it ran or only lacked a core; None: too short to tell, or not seen."""
        return self.runnable_ns / self.watched_ns if self.watched_ns else None

    @cached_property
    def memory(self) -> dict[str, Any]:
        """What its own copy of the learner's modules held at its end, by ``module.name``."""
        return model.decoded(self.left)

    def given(self, kind: str) -> tuple[model.Arg, ...]:
        """Its arguments of one kind: lock, number, queue, plain …"""
        return tuple(arg for arg in self.args if arg.kind == kind)


@dataclass(frozen=True)
class Program:
    """Another program that ``subprocess.Popen`` started; times are monotonic ns, 0 unknown."""

    pid: int
    program: str = ""
    parent: int = 0
    cell: str = ""
    run: int = 0
    began: int = 0
    started: int = 0
    ended: int = 0
    exit_code: int | None = None
    error: model.Failure | None = None
    """Why it could not be started."""
    confirmed: bool = False

    def __str__(self) -> str:
        return f"the program “{self.program}”"


class _Workers:
    """Joins starts, births, runs, ends and sightings; a pid may be used again and again."""

    def __init__(self, recording: model.Recording) -> None:
        self.recording = recording
        self.lives: list[Worker] = []
        self.current: dict[int, int] = {}

    def tell(self) -> None:
        for event in self.recording.events:
            match event:
                case model.ProcessStart():
                    self._start(event)
                case model.ProcessBorn():
                    self._born(event)
                case model.ProcessRun():
                    self._change(event.pid, ran=event.at, born_or=event.at, work_ns=-event.cpu_ns)
                case model.ProcessEnd():
                    self._end(event)
                case model.ProcessExit():
                    self._exit(event.child, event.exit_code, event.at)
                case model.Wait() if event.child and event.exit_code is not None:
                    self._exit(event.child, event.exit_code, event.at)
                case model.ForkMade():
                    self._forked(event)
                case model.ProcessGone():
                    self._gone(event)
                case _:
                    pass
        self._confirm()

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Those that multiprocessing started."""
        return tuple(life for life in self.lives if life.parent)

    @property
    def forks(self) -> tuple[Worker, ...]:
        """Those that os.fork made, and not subprocess on the way to a program."""
        programs = {event.child for event in self.recording.events if isinstance(event, model.ProgramStart)}
        return tuple(
            replace(life, parent=life.os_parent, began=life.beginning)
            for life in self.lives
            if not life.parent and life.method == "os.fork" and life.pid not in programs
        )

    def _life(self, pid: int, since: int = 0) -> int:
        """The index of this pid's present life, a new one when its last had ended before ``since``."""
        index = self.current.get(pid)
        if index is not None:
            life = self.lives[index]
            if not since or not life.beginning or life.beginning >= since:
                return index
        self.lives.append(Worker(pid))
        self.current[pid] = len(self.lives) - 1
        return self.current[pid]

    def _start(self, event: model.ProcessStart) -> None:
        if not event.child:
            return
        index = self._life(event.child, event.began)
        self.lives[index] = replace(
            self.lives[index],
            ident=event.ident,
            name=event.name,
            cls=event.cls,
            target=event.target,
            method=event.method or self.lives[index].method,
            overrides_run=event.overrides_run,
            daemon=event.daemon,
            role=event.role,
            args=event.args,
            parent=event.pid,
            os_parent=self.lives[index].os_parent or event.pid,
            cell=event.cell,
            run=event.run,
            began=event.began,
            started=event.at,
            starter=event.tid,
            queued_ns=event.queued_ns,
        )

    def _born(self, event: model.ProcessBorn) -> None:
        index = self.current.get(event.pid)
        if index is not None and (self.lives[index].born or self.lives[index].ended):
            self.lives.append(Worker(event.pid))
            self.current[event.pid] = index = len(self.lives) - 1
        elif index is None:
            index = self._life(event.pid)
        life = self.lives[index]
        self.lives[index] = replace(
            life,
            born=event.at,
            cell=life.cell or event.cell,
            run=life.run or event.run,
            os_parent=event.ppid,
            method=life.method or event.method,
            confirmed=True,
            heard=True,
        )

    def _forked(self, event: model.ForkMade) -> None:
        """As the parent tells, perhaps before the child has, perhaps after."""
        index = self.current.get(event.child)
        if index is None or self.lives[index].started or self.lives[index].parent:
            self.lives.append(Worker(event.child))
            self.current[event.child] = index = len(self.lives) - 1
        life = self.lives[index]
        self.lives[index] = replace(
            life,
            method="os.fork",
            os_parent=event.pid,
            cell=event.cell,
            run=event.run,
            started=event.at,
            confirmed=life.confirmed or event.seen,
        )

    def _change(self, pid: int, *, ran: int, born_or: int, work_ns: int) -> None:
        if pid == self.recording.pid:
            return
        index = self._life(pid)
        life = self.lives[index]
        self.lives[index] = replace(
            life, ran=ran, born=life.born or born_or, work_ns=work_ns, confirmed=True, heard=True
        )

    def _end(self, event: model.ProcessEnd) -> None:
        index = self._life(event.pid)
        life = self.lives[index]
        code = life.exit_code if life.exit_code is not None else event.exit_code
        self.lives[index] = replace(
            life,
            ended=life.ended or event.at,
            exit_code=code,
            error=event.error or life.error,
            cpu_ns=event.cpu_ns,
            pauses=event.pauses,
            work_ns=max(0, event.cpu_ns + life.work_ns) if life.ran else 0,
            watched_ns=event.watched_ns,
            runnable_ns=event.runnable_ns,
            left=event.values or life.left,
            told=event.at,
            saw=event.saw,
            confirmed=True,
            heard=True,
        )

    def _exit(self, pid: int, code: int | None, at: int) -> None:
        index = self.current.get(pid)
        if index is not None and code is not None:
            life = self.lives[index]
            # What waitpid(2) told beats what the child said it was about to give.
            self.lives[index] = replace(life, exit_code=code, ended=life.ended or at)

    def _gone(self, event: model.ProcessGone) -> None:
        """The system showed the end of the very process that this start or birth told of."""
        for index in range(len(self.lives) - 1, -1, -1):
            life = self.lives[index]
            if life.pid == event.child and event.since in (life.started, life.born):
                code = event.exit_code if event.exit_code is not None else life.shown_code
                self.lives[index] = replace(life, shown_code=code, ended=life.ended or event.at, confirmed=True)
                return

    def _confirm(self) -> None:
        seen: dict[int, list[model.Sighting]] = {}
        for sighting in self.recording.sightings:
            seen.setdefault(sighting.pid, []).append(sighting)
        for index, life in enumerate(self.lives):
            for sighting in seen.get(life.pid, ()):
                if life.ended and sighting.first > life.ended:
                    continue
                if life.beginning and sighting.ended and sighting.ended < life.beginning:
                    continue
                self.lives[index] = life = _bounded(
                    replace(
                        life,
                        confirmed=True,
                        os_parent=sighting.ppid or life.os_parent,
                        shown_code=life.shown_code if life.shown_code is not None else sighting.exit_code,
                        ended=life.ended or sighting.ended,
                        since=sighting.since,
                        gone=sighting.ended,
                        begun_by=sighting.begun_by,
                        alive_at=sighting.alive_at,
                    )
                )
            if life.shown_code is not None:
                self.lives[index] = replace(life, exit_code=life.shown_code)


def _bounded(life: Worker) -> Worker:
    """Nothing was done in a process before the system started it, or after it had ended, whatever its clock said."""
    started, born, ran = (at and max(at, life.since) for at in (life.started, life.born, life.ran))
    return replace(life, started=started, born=born, ran=ran, ended=min(life.ended, life.gone or life.ended))


def all_processes(recording: model.Recording) -> tuple[tuple[Worker, ...], tuple[Worker, ...]]:
    """Every process that was started through multiprocessing, in order of report; and those of os.fork."""
    found = _Workers(recording)
    found.tell()
    return found.workers, found.forks


def all_programs(recording: model.Recording) -> tuple[Program, ...]:
    """Every other program that was started, or could not be, in order of report."""
    done: list[Program] = []
    living: dict[int, Program] = {}
    shown: set[int] = set()
    for event in recording.events:
        match event:
            case model.ProgramStart():
                one = Program(
                    event.child,
                    event.program,
                    event.pid,
                    event.cell,
                    event.run,
                    event.began,
                    event.at,
                    error=event.error,
                    confirmed=event.seen,
                )
                shown.discard(event.child)
                if event.child in living:
                    done.append(living.pop(event.child))
                if event.child:
                    living[event.child] = one
                else:
                    done.append(one)
            case model.ProcessExit() | model.ProcessGone() if event.child in living:
                one = living[event.child]
                if isinstance(event, model.ProcessExit) or event.since == one.started:
                    told = event.exit_code if event.child not in shown else None
                    code = told if told is not None else one.exit_code
                    if isinstance(event, model.ProcessGone) and event.exit_code is not None:
                        shown.add(event.child)
                    living[event.child] = replace(one, exit_code=code, ended=one.ended or event.at)
            case _:
                pass
    return tuple(sorted([*done, *living.values()], key=lambda one: one.began))


def numbered(workers: Iterable[Worker]) -> tuple[Worker, ...]:
    """The same workers in order of their start, each knowing its place among them."""
    ordered = sorted(workers, key=lambda worker: (worker.beginning, worker.started))
    return tuple(replace(worker, ordinal=place, of=len(ordered)) for place, worker in enumerate(ordered, 1))


def some(workers: Sequence[Worker], most: int = 3) -> str:
    """``worker 1 of 4, worker 3 of 4 and 2 more``."""
    names = [str(worker) for worker in workers[:most]]
    if len(workers) > most:
        return f"{', '.join(names)} and {len(workers) - most} more"
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"


_DEATHS = {
    -6: "its Python gave up (SIGABRT)",
    -7: "it used memory that is not there (SIGBUS), as when /dev/shm is full",
    -9: "it was killed (SIGKILL), by the system when memory ran out, or by somebody",
    -11: "its Python crashed (SIGSEGV)",
}


def death(code: int | None) -> str:
    """What a kernel died of, behind "died": a colon and the cause, or nothing where the exit code tells none."""
    return f": {_DEATHS[code]}" if code in _DEATHS else ""
