"""The film's lanes: the notebook, the processes and the threads, and which of them an event is of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from parallab import model, story, wire
from parallab.film.clock import Clock

Life = tuple[int, int, str]
"""From when, until when (0: it lives), and the lane's id."""


class Lanes:
    """All lives of a recording. A pid, a native thread id and a thread's number are all used again and again."""

    def __init__(self, recording: model.Recording, clock: Clock, told: story.Story | None = None) -> None:
        self.clock = clock
        self.story = told if told is not None else story.tell(recording)
        self.notebook = f"p{recording.pid}"
        self.ends: dict[str, int] = {}
        """When each lane that has ended did, in the recording's time."""
        self.gave: dict[str, tuple[model.Arg, ...]] = {}
        """What each process was given as arguments."""
        self._ran: dict[str, int] = {}
        hello = next((event for event in recording.events if isinstance(event, model.Hello)), None)
        self._main = (recording.pid, hello.main_tid if hello is not None and hello.main_tid else recording.pid)
        self._pid = recording.pid
        self._dead = recording.dead
        self._processes: dict[int, list[Life]] = {recording.pid: [(0, 0, self.notebook)]}
        self._threads: dict[tuple[int, int], list[Life]] = {}
        self._numbers: dict[tuple[int, int], list[Life]] = {}
        self._lanes: list[tuple[int, wire.FilmLane]] = []
        self._processes_of_learner()
        self._threads_of_learner()

    def told(self) -> tuple[wire.FilmLane, ...]:
        """The notebook first, then the others as they were born, each behind its parent."""
        first = wire.FilmLane(
            id=self.notebook,
            parent="",
            kind="notebook",
            role="notebook",
            name="",
            pid=self._pid,
            tid=self._main[1],
            born=0.0,
            ran=0.0,
            ended=self.clock.ms(self.clock.last) if self._dead else None,
        )
        by_parent: dict[str, list[wire.FilmLane]] = {}
        ids = {lane.id for _, lane in self._lanes}
        for _, lane in sorted(self._lanes, key=lambda one: one[0]):
            by_parent.setdefault(lane.parent if lane.parent in ids else self.notebook, []).append(lane)
        return tuple(_in_order(first, by_parent))

    def of(self, pid: int, tid: int, at: int) -> str:
        """The lane of a thread at a moment: its own, else its process's; "" for a process that is none of ours."""
        if (pid, tid) != self._main and (found := _at(self._threads.get((pid, tid), ()), at)):
            return found
        return self.process(pid, at)

    def exactly(self, pid: int, tid: int, at: int) -> str:
        """The lane of a thread that has one of its own, or is its process's main one; "" for all others."""
        if (pid, tid) == self._main or (tid == pid and pid != self._main[0]):
            return self.process(pid, at)
        return _at(self._threads.get((pid, tid), ()), at)

    def began(self, lane: str) -> int:
        """When a lane's own code began, 0 where that is not known."""
        return self._ran.get(lane, 0)

    def process(self, pid: int, at: int) -> str:
        """The lane of a process at a moment, "" for one that is none of ours."""
        return _at(self._processes.get(pid, ()), at)

    def thread(self, pid: int, ident: int, at: int) -> str:
        """The lane of a thread by its number in its process, "" for one that was not reported."""
        return _at(self._numbers.get((pid, ident), ()), at)

    # -- lives ---------------------------------------------------------------------

    def _processes_of_learner(self) -> None:
        lives = [*self.story.workers, *self.story.forks]
        for life in sorted(lives, key=_birth):
            lane = self._new(f"p{life.pid}", self._processes.setdefault(life.pid, []), _birth(life), life.ended)
            self.gave[lane] = life.args
            self._ran[lane] = life.ran or life.born
        for one in self.story.programs:
            if one.pid:
                self._new(f"p{one.pid}", self._processes.setdefault(one.pid, []), one.began, one.ended)
        for life in lives:
            self._add(_birth(life), self._of_worker(life))
        for one in self.story.programs:
            if one.pid:
                self._add(one.began, self._of_program(one))

    def _threads_of_learner(self) -> None:
        for one in self.story.threads:
            born = one.began or one.ran
            key = (one.pid, one.ident)
            process = self.process(one.pid, born)
            if not process:
                continue
            ended = one.ended or self.ends.get(process, 0)
            lane = self._new(f"t{one.pid}.{one.ident}", self._numbers.setdefault(key, []), born, ended)
            self._ran[lane] = one.ran
            if one.tid:
                self._threads.setdefault((one.pid, one.tid), []).append((born, ended, lane))
        for one in self.story.threads:
            born = one.began or one.ran
            if lane := self.thread(one.pid, one.ident, born):
                self._add(born, self._of_thread(one, lane, self.process(one.pid, born)))

    def _new(self, ident: str, lives: list[Life], born: int, ended: int) -> str:
        lane = ident if not lives else f"{ident}.{len(lives) + 1}"
        lives.append((born, ended, lane))
        if ended:
            self.ends[lane] = ended
        return lane

    def _add(self, born: int, lane: wire.FilmLane) -> None:
        self._lanes.append((born, lane))

    def _of_worker(self, life: story.Worker) -> wire.FilmLane:
        born = _birth(life)
        parent = life.parent or life.os_parent
        return wire.FilmLane(
            id=self.process(life.pid, born),
            parent=self.process(parent, born) or self.notebook,
            kind="process",
            role=life.role or ("fork" if life.method == "os.fork" else "worker"),
            name=life.name,
            pid=life.pid,
            tid=life.pid,
            born=self.clock.ms(born),
            ran=self.clock.maybe(life.ran or (life.born if life.method == "os.fork" else 0)),
            ended=self.clock.maybe(life.ended),
            exit_code=life.exit_code if life.ended else None,
            error=_failure(life.error),
            target=life.target,
            run=life.run,
        )

    def _of_program(self, one: story.Program) -> wire.FilmLane:
        return wire.FilmLane(
            id=self.process(one.pid, one.began),
            parent=self.process(one.parent, one.began) or self.notebook,
            kind="program",
            role="program",
            name=one.program,
            pid=one.pid,
            tid=one.pid,
            born=self.clock.ms(one.began),
            ran=self.clock.maybe(one.started),
            ended=self.clock.maybe(one.ended),
            exit_code=one.exit_code if one.ended else None,
            error=_failure(one.error),
            run=one.run,
        )

    def _of_thread(self, one: story.Thread, lane: str, process: str) -> wire.FilmLane:
        return wire.FilmLane(
            id=lane,
            parent=process,
            kind="thread",
            role=one.role or "thread",
            name=one.name,
            pid=one.pid,
            tid=one.tid,
            born=self.clock.ms(one.began or one.ran),
            ran=self.clock.maybe(one.ran),
            ended=self.clock.maybe(self.ends.get(lane, 0)),
            error=_failure(one.error),
            target=one.target,
            run=one.run,
        )


def _birth(life: story.Worker) -> int:
    return life.began or life.born or life.started or life.ran


def _failure(error: model.Failure | None) -> str:
    if error is None:
        return ""
    return (f"{error.type}: {error.message}" if error.message else error.type)[:300]


def _at(lives: Iterable[Life], at: int) -> str:
    """The life that had begun last at that moment; before all of them, the first."""
    lives = list(lives)
    if not lives:
        return ""
    return lives[max(0, bisect_right(lives, at, key=lambda life: life[0]) - 1)][2]


def _in_order(lane: wire.FilmLane, by_parent: Mapping[str, list[wire.FilmLane]]) -> list[wire.FilmLane]:
    """A lane and its children, depth first; without recursion, since a chain of forks may be long."""
    found: list[wire.FilmLane] = []
    stack = [lane]
    while stack:
        one = stack.pop()
        found.append(one)
        stack += reversed(by_parent.get(one.id, []))
    return found
