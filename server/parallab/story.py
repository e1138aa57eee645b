"""A Recording retold as lives: who was hired by whom, what each held, wanted and left behind.

Events of the probe and sightings of the operating system are joined here into workers,
threads, locks and numbers; ``evidence`` narrows them to one step. Pure and total: what is
missing stays missing, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from parallab import model

Run = tuple[str, int]

#: Looks at a process that block until it has ended, unless they time out.
BLOCKING = frozenset({"join", "wait", "waitpid"})


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
    born: int = 0
    ran: int = 0
    ended: int = 0
    exit_code: int | None = None
    error: model.Failure | None = None
    cpu_ns: int = 0
    pauses: int = 0
    confirmed: bool = False
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

    def ended_by(self, at: int) -> bool:
        """Whether it had ended at that moment."""
        return bool(self.ended) and self.ended <= at

    def given(self, kind: str) -> tuple[model.Arg, ...]:
        """Its arguments of one kind: lock, number, queue, plain …"""
        return tuple(arg for arg in self.args if arg.kind == kind)


@dataclass(frozen=True)
class Thread:
    """One thread that a cell started (or a thread of such a thread)."""

    pid: int
    ident: int
    tid: int = 0
    name: str = ""
    cls: str = ""
    target: str = ""
    overrides_run: bool = False
    cell: str = ""
    run: int = 0
    began: int = 0
    started: int = 0
    ran: int = 0
    ended: int = 0
    error: model.Failure | None = None

    def __str__(self) -> str:
        return f"thread {self.name}"


@dataclass(frozen=True)
class Hold:
    """A lock in one process's hands, from ``taken`` to ``given`` (0: still, or never seen)."""

    pid: int
    taken: int
    given: int
    depth: int = 1


@dataclass(frozen=True)
class Lock:
    """A multiprocessing semaphore and what happened to it."""

    name: str
    cls: str = ""
    owner: str = ""
    made_by: int = 0
    made_in: Run = ("", 0)
    recursive: bool = False
    maxvalue: int = 1
    inode: model.Inode | None = None
    known_by: frozenset[int] = frozenset()
    """The processes in which it was created, unpickled, given as an argument, or used."""
    runs: frozenset[Run] = frozenset()
    takes: dict[int, int] = field(default_factory=dict)
    """How often each process took it."""
    wants: dict[int, int] = field(default_factory=dict)
    """How often each process had to wait for it."""
    holds: tuple[Hold, ...] = ()
    depth: int = 0
    """The deepest that one process held it at once."""
    value: int | None = None
    waiters: int | None = None
    holders: tuple[int, ...] = ()
    """The processes that hold it now."""
    waiting: tuple[int, ...] = ()
    """The processes that wait for it now."""

    def known_in(self, runs: Iterable[Run], pids: Iterable[int]) -> bool:
        """Whether it was made in one of the runs, or used or received by a process other than its maker."""
        return bool(self.runs & frozenset(runs)) or bool((self.known_by - {self.made_by}) & frozenset(pids))

    @property
    def peak(self) -> int:
        """How many holds there were at one moment at the most."""
        marks = sorted(mark for hold in self.holds for mark in ((hold.taken, 1), (hold.given or 2**63, -1)))
        inside = most = 0
        for _, change in marks:
            inside += change
            most = max(most, inside)
        return most


@dataclass(frozen=True)
class Number:
    """A shared Value or Array as it was last read."""

    address: int
    code: str = ""
    length: int = 1
    value: int | float | None = None
    locked: bool = False
    lock: str = ""
    names: tuple[str, ...] = ()
    given_to: tuple[int, ...] = ()
    """The processes that got it as an argument."""


@dataclass(frozen=True)
class Together:
    """Whether processes (or threads) were at work at once, and what shows it.

    ``yes`` when every start returned before the first wait on one of them began, or when all
    were seen alive at one moment. ``observed`` tells it; ``most`` is how many were alive at once
    as far as was seen, for display only.
    """

    yes: bool
    observed: str
    most: int


@dataclass(frozen=True)
class LockWait:
    """A process that waits for a lock, and who holds it. ``dead`` held it and is gone."""

    waiter: int
    lock: Lock
    holders: tuple[int, ...]
    dead: tuple[int, ...] = ()


@dataclass(frozen=True)
class Standstill:
    """Who waits for what, now. ``cycle`` closes a circle; ``text`` tells it in roles."""

    waits: tuple[LockWait, ...] = ()
    cycle: tuple[LockWait, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """All lives of a recording."""

    workers: tuple[Worker, ...]
    threads: tuple[Thread, ...]
    locks: tuple[Lock, ...]
    made: tuple[model.NumberMade, ...]
    readings: tuple[tuple[Run, int, model.Reading], ...]

    def worker(self, pid: int) -> Worker | None:
        """The latest worker with this pid, or None."""
        return next((worker for worker in reversed(self.workers) if worker.pid == pid), None)

    def numbers_of(self, runs: Iterable[Run]) -> tuple[Number, ...]:
        """Shared numbers that were read in, made in, or given to workers of these runs."""
        mine = frozenset(runs)
        found: dict[int, Number] = {}
        for made in self.made:
            if (made.cell, made.run) in mine:
                found[made.address] = Number(
                    made.address, made.code, made.length, locked=bool(made.lock), lock=made.lock
                )
        for run, _, reading in sorted(self.readings, key=lambda line: line[1]):
            if run not in mine:
                continue
            before = found.get(reading.address, Number(reading.address))
            found[reading.address] = replace(
                before,
                code=reading.code or before.code,
                value=reading.value,
                locked=reading.locked or before.locked,
                lock=reading.lock or before.lock,
                names=reading.names or before.names,
            )
        for address, number in found.items():
            givers = tuple(
                worker.pid
                for worker in self.workers
                if (worker.cell, worker.run) in mine and any(arg.address == address for arg in worker.given("number"))
            )
            found[address] = replace(number, given_to=givers)
        return tuple(found.values())


def tell(recording: model.Recording) -> Story:
    """The lives of a recording."""
    readings: list[tuple[Run, int, model.Reading]] = []
    for event in recording.events:
        if isinstance(event, model.CellEnd | model.Answer):
            readings += [((event.cell, event.run), event.at, reading) for reading in event.readings]
    workers = _Workers(recording).tell()
    return Story(
        workers,
        _threads(recording),
        _locks(recording, workers),
        tuple(event for event in recording.events if isinstance(event, model.NumberMade)),
        tuple(readings),
    )


# -- processes ------------------------------------------------------------------------


class _Workers:
    """Joins starts, births, runs, ends and sightings; a pid may be used again and again."""

    def __init__(self, recording: model.Recording) -> None:
        self.recording = recording
        self.lives: list[Worker] = []
        self.current: dict[int, int] = {}

    def tell(self) -> tuple[Worker, ...]:
        for event in self.recording.events:
            match event:
                case model.ProcessStart():
                    self._start(event)
                case model.ProcessBorn():
                    self._born(event)
                case model.ProcessRun():
                    self._change(event.pid, ran=event.at, born_or=event.at)
                case model.ProcessEnd():
                    self._end(event)
                case model.ProcessExit():
                    self._exit(event.child, event.exit_code, event.at)
                case model.Wait() if event.child and event.exit_code is not None:
                    self._exit(event.child, event.exit_code, event.at)
                case _:
                    pass
        self._confirm()
        return tuple(life for life in self.lives if life.parent)

    def _life(self, pid: int, since: int = 0) -> int:
        """The index of this pid's present life, a new one when its last had ended before ``since``."""
        index = self.current.get(pid)
        if index is not None:
            life = self.lives[index]
            first = life.born or life.ran or life.started
            if not since or not first or first >= since:
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
            os_parent=event.ppid,
            method=life.method or event.method,
            confirmed=True,
        )

    def _change(self, pid: int, *, ran: int, born_or: int) -> None:
        if pid == self.recording.pid:
            return
        index = self._life(pid)
        life = self.lives[index]
        self.lives[index] = replace(life, ran=ran, born=life.born or born_or, confirmed=True)

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
            confirmed=True,
        )

    def _exit(self, pid: int, code: int | None, at: int) -> None:
        index = self.current.get(pid)
        if index is not None and code is not None:
            life = self.lives[index]
            # What waitpid(2) told beats what the child said it was about to give.
            self.lives[index] = replace(life, exit_code=code, ended=life.ended or at)

    def _confirm(self) -> None:
        seen: dict[int, list[model.Sighting]] = {}
        for sighting in self.recording.sightings:
            seen.setdefault(sighting.pid, []).append(sighting)
        for index, life in enumerate(self.lives):
            for sighting in seen.get(life.pid, ()):
                if life.ended and sighting.first > life.ended:
                    continue
                if life.began and sighting.ended and sighting.ended < life.began:
                    continue
                self.lives[index] = life = replace(
                    life,
                    confirmed=True,
                    os_parent=sighting.ppid or life.os_parent,
                    exit_code=life.exit_code if life.exit_code is not None else sighting.exit_code,
                    ended=life.ended or sighting.ended,
                )


def numbered(workers: Iterable[Worker]) -> tuple[Worker, ...]:
    """The same workers in order of their start, each knowing its place among them."""
    ordered = sorted(workers, key=lambda worker: (worker.began or worker.born, worker.started))
    return tuple(replace(worker, ordinal=place, of=len(ordered)) for place, worker in enumerate(ordered, 1))


def some(workers: Sequence[Worker], most: int = 3) -> str:
    """``worker 1 of 4, worker 3 of 4 and 2 more``."""
    names = [str(worker) for worker in workers[:most]]
    if len(workers) > most:
        return f"{', '.join(names)} and {len(workers) - most} more"
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"


def together(workers: Sequence[Worker], waits: Sequence[model.Wait]) -> Together:
    """Whether these workers were at work at once: by order first, by being seen alive at once else."""
    most = _most_alive(workers)
    if len(workers) < 2:
        return Together(False, f"only {len(workers) or 'none'}", most)
    pids = {worker.pid: worker for worker in workers}
    last_start = max(worker.started for worker in workers)
    for wait in waits:
        worker = pids.get(wait.child)
        if worker is None or wait.began >= last_start or wait.began < worker.began:
            continue
        if not _waited_out(wait, worker, last_start):
            continue
        after = min((other for other in workers if other.started > wait.began), key=lambda other: other.started)
        if most == len(workers):
            break
        return Together(False, f"you waited for {worker} ({_call(wait)}) before you started {after}", most)
    return Together(True, f"all {len(workers)} were started before the first was waited for", most)


def _waited_out(wait: model.Wait, worker: Worker, last_start: int) -> bool:
    """Whether this look held up the next start until the worker had ended."""
    if wait.call in BLOCKING:
        return not wait.timed or worker.ended_by(last_start)
    return worker.ended_by(last_start) and (wait.alive is False or wait.exit_code is not None)


def _call(wait: model.Wait) -> str:
    return f"{wait.call}()" if wait.call != "exitcode" else "exitcode"


def _most_alive(workers: Sequence[Worker]) -> int:
    marks: list[tuple[int, int]] = []
    for worker in workers:
        begin = worker.ran or worker.born or worker.started
        marks += [(begin, 1), (worker.ended or 2**63, -1)]
    alive = most = 0
    for _, change in sorted(marks):
        alive += change
        most = max(most, alive)
    return most


# -- threads -----------------------------------------------------------------------------


def _threads(recording: model.Recording) -> tuple[Thread, ...]:
    lives: dict[tuple[int, int], Thread] = {}
    done: list[Thread] = []
    for event in recording.events:
        match event:
            case model.ThreadStart() if event.ident:
                key = (event.pid, event.ident)
                before = lives.get(key)
                if before is not None and before.started:
                    done.append(lives.pop(key))
                    before = None
                base = before or Thread(event.pid, event.ident)
                lives[key] = replace(
                    base,
                    name=event.name,
                    cls=event.cls,
                    target=event.target,
                    overrides_run=event.overrides_run,
                    cell=event.cell,
                    run=event.run,
                    began=event.began,
                    started=event.at,
                )
            case model.ThreadRun():
                key = (event.pid, event.ident)
                before = lives.get(key)
                if before is not None and before.ended:
                    done.append(lives.pop(key))
                    before = None
                base = before or Thread(event.pid, event.ident, cell=event.cell, run=event.run)
                lives[key] = replace(base, ran=event.at, tid=event.tid, name=base.name or event.name)
            case model.ThreadEnd():
                key = (event.pid, event.ident)
                base = lives.get(key) or Thread(event.pid, event.ident, cell=event.cell, run=event.run)
                lives[key] = replace(base, ended=event.at, error=event.error, tid=base.tid or event.tid)
            case _:
                pass
    return tuple(sorted([*done, *lives.values()], key=lambda thread: thread.began or thread.ran))


# -- locks --------------------------------------------------------------------------------


class _Lock:
    """A lock's life while it is being told."""

    def __init__(self, name: str) -> None:
        self.lock = Lock(name)
        self.known: set[int] = set()
        self.runs: set[Run] = set()
        self.takes: dict[int, int] = {}
        self.wants: dict[int, int] = {}
        self.open: dict[int, list[tuple[int, int]]] = {}
        self.holds: list[Hold] = []
        self.depth = 0
        self.wanting: set[int] = set()

    def made(self, event: model.LockMade) -> None:
        self.known.add(event.pid)
        if event.created:
            self.runs.add((event.cell, event.run))
        if event.created or not self.lock.made_by:
            self.lock = replace(
                self.lock,
                cls=event.cls or self.lock.cls,
                owner=event.owner or self.lock.owner,
                recursive=event.recursive or self.lock.recursive,
                maxvalue=event.maxvalue,
            )
        if event.created:
            self.lock = replace(self.lock, made_by=event.pid, made_in=(event.cell, event.run))

    def used(self, event: model.LockUse) -> None:
        self.known.add(event.pid)
        self.runs.add((event.cell, event.run))
        mine = self.open.setdefault(event.pid, [])
        match event.act:
            case "want":
                self.wants[event.pid] = self.wants.get(event.pid, 0) + 1
                self.wanting.add(event.pid)
            case "miss":
                self.wanting.discard(event.pid)
            case "take":
                self.wanting.discard(event.pid)
                self.takes[event.pid] = self.takes.get(event.pid, 0) + 1
                mine.append((event.at, event.depth))
                self.depth = max(self.depth, event.depth, len(mine) if self.lock.recursive else 1)
            case "give":
                if mine:
                    taken, depth = mine.pop()
                    self.holds.append(Hold(event.pid, taken, event.at, depth))

    def tell(self, state: _Now) -> Lock:
        still = [Hold(pid, taken, 0, depth) for pid, mine in self.open.items() for taken, depth in mine]
        inode = state.inodes.get(self.lock.name)
        semaphore = state.semaphores.get(inode) if inode else None
        return replace(
            self.lock,
            inode=inode,
            known_by=frozenset(self.known),
            runs=frozenset(self.runs),
            takes=self.takes,
            wants=self.wants,
            holds=tuple(sorted([*self.holds, *still], key=lambda hold: hold.taken)),
            depth=self.depth,
            value=semaphore.value if semaphore else None,
            waiters=semaphore.waiters if semaphore else None,
            holders=state.holders(inode, [hold.pid for hold in still]),
            waiting=state.waiting(inode, self.wanting),
        )


class _Now:
    """The last snapshot, asked about semaphores."""

    def __init__(self, recording: model.Recording) -> None:
        self.last = recording.snapshots[-1] if recording.snapshots else None
        locks = self.last.sem_locks if self.last else ()
        made = {
            (event.pid, event.address): event.lock
            for event in recording.events
            if isinstance(event, model.LockMade) and event.address
        }
        by_address = {address: name for (_, address), name in made.items()}
        self.inodes: dict[str, model.Inode] = {}
        for lock in locks:
            # A forked child has the object at its parent's address, unreported.
            name = made.get((lock.pid, lock.address)) or by_address.get(lock.address)
            if name:
                self.inodes[name] = lock.inode
        self.semaphores = {state.inode: state for state in (self.last.semaphores if self.last else ())}

    def holders(self, inode: model.Inode | None, told: Sequence[int]) -> tuple[int, ...]:
        """Processes whose own record says they hold it; what the probe told where there is none."""
        if self.last is not None and inode is not None:
            return tuple(sorted({lock.pid for lock in self.last.sem_locks if lock.inode == inode and lock.count > 0}))
        return tuple(sorted(set(told)))

    def waiting(self, inode: model.Inode | None, told: Iterable[int]) -> tuple[int, ...]:
        """Processes with a thread in a futex on it; what the probe told where there is no snapshot."""
        if self.last is not None and inode is not None:
            return tuple(
                sorted(
                    {
                        process.pid
                        for process in self.last.processes
                        for thread in process.threads
                        if thread.blocked is not None and thread.blocked.inode == inode
                    }
                )
            )
        alive = {process.pid for process in self.last.processes} if self.last else set(told)
        return tuple(sorted(alive & set(told)))


def _locks(recording: model.Recording, workers: Sequence[Worker]) -> tuple[Lock, ...]:
    found: dict[str, _Lock] = {}
    for event in recording.events:
        match event:
            case model.LockMade():
                found.setdefault(event.lock, _Lock(event.lock)).made(event)
            case model.LockUse():
                found.setdefault(event.lock, _Lock(event.lock)).used(event)
            case _:
                pass
    for worker in workers:
        for arg in worker.args:
            if arg.name in found:
                found[arg.name].known.add(worker.pid)
    state = _Now(recording)
    return tuple(lock.tell(state) for lock in found.values())


def standstill(recording: model.Recording, story: Story) -> Standstill:
    """Lock waits with their holders, and the circle among them if there is one."""
    waits: list[LockWait] = []
    living = {process.pid for process in (recording.snapshots[-1].processes if recording.snapshots else ())}
    for lock in story.locks:
        dead = tuple(dict.fromkeys(hold.pid for hold in lock.holds if not hold.given and hold.pid not in living))
        for waiter in lock.waiting:
            waits.append(LockWait(waiter, lock, lock.holders, dead if not lock.holders else ()))
    cycle = _cycle(waits)
    names = _Names(recording, story)
    return Standstill(tuple(waits), cycle, tuple(names.line(wait) for wait in cycle or waits))


def _cycle(waits: Sequence[LockWait]) -> tuple[LockWait, ...]:
    """The first closed circle of waiter → holder; a process that holds what it wants is one of one."""
    by_waiter = {wait.waiter: wait for wait in waits}
    for start in waits:
        path: list[LockWait] = []
        wait: LockWait | None = start
        while wait is not None and wait not in path:
            path.append(wait)
            wait = next((by_waiter[pid] for pid in wait.holders if pid in by_waiter), None)
        if wait is start:
            return tuple(path)
    return ()


class _Names:
    """Roles for pids."""

    def __init__(self, recording: model.Recording, story: Story) -> None:
        self.recording = recording
        self.story = story

    def who(self, pid: int) -> str:
        if pid == self.recording.pid:
            return "your notebook"
        worker = self.story.worker(pid)
        return f"“{worker.name}”" if worker is not None and worker.name else "a process"

    def line(self, wait: LockWait) -> str:
        if wait.waiter in wait.holders:
            return f"{self.who(wait.waiter)} waits for a lock that it holds itself"
        if wait.holders:
            holders = " and ".join(self.who(pid) for pid in wait.holders)
            return f"{self.who(wait.waiter)} waits for a lock that {holders} holds"
        if wait.dead:
            return f"{self.who(wait.waiter)} waits for a lock that {self.who(wait.dead[-1])} held when it ended"
        return f"{self.who(wait.waiter)} waits for a lock that nobody alive holds"


# -- what is left --------------------------------------------------------------------------


def segments_left(recording: model.Recording) -> tuple[model.Segment, ...]:
    """Segments in /dev/shm now that a process of this kernel had mapped and the baseline had not."""
    if not recording.snapshots:
        return ()
    old = {segment.inode for segment in (recording.baseline.segments if recording.baseline else ())}
    mapped = {
        mapping.inode
        for snapshot in recording.snapshots
        for process in snapshot.processes
        for mapping in process.mappings
    }
    return tuple(
        segment
        for segment in recording.snapshots[-1].segments
        if segment.inode in mapped - old and not segment.name.startswith("sem.")
    )
