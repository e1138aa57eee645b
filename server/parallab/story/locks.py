"""Locks: who took, wanted and gave which semaphore, and what its memory says now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from parallab import model
from parallab.story.processes import Worker

Run = tuple[str, int]


@dataclass(frozen=True)
class Hold:
    """A lock in one process's hands, from ``taken`` to ``given`` (0: still, or never seen)."""

    pid: int
    taken: int
    given: int
    depth: int = 1
    library: bool = False
    """A Value's or Array's own, while it was read or written."""
    writes: bool = False
    """Of these, one in which it was written."""
    before: tuple[int | float | None, ...] = ()
    """The shared numbers that this process was given, as they were when it had taken the lock."""
    after: tuple[int | float | None, ...] = ()
    """And when it was about to give it back."""
    whole: bool = True
    """Whether all is known of what this process did with it meanwhile; where not, it may have been several holds."""

    @property
    def changed(self) -> bool | None:
        """Whether a shared number was written while it was held; None where that was not seen."""
        if not self.before or len(self.before) != len(self.after):
            return None
        return self.before != self.after

    @property
    def length(self) -> int:
        """Nanoseconds, without end where it was never given back."""
        return (self.given or 2**63) - self.taken


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
    unread: tuple[int, ...] = ()
    """Processes whose own records may not be read: they may hold it, or wait, unseen."""

    def known_in(self, runs: Iterable[Run], pids: Iterable[int]) -> bool:
        """Whether it was made in one of the runs, or used or received by a process other than its maker."""
        return bool(self.runs & frozenset(runs)) or bool((self.known_by - {self.made_by}) & frozenset(pids))

    def kept(self, pid: int) -> tuple[Hold, ...]:
        """What this process's own code held, each from the outermost take to its give."""
        return tuple(hold for hold in self.holds if hold.pid == pid and not hold.library and hold.depth <= 1)

    def takes_within(self, pid: int) -> int:
        """How often this process's own code took it while it held it already."""
        return sum(1 for hold in self.holds if hold.pid == pid and not hold.library and hold.depth > 1)

    @property
    def peak(self) -> int:
        """How many holds there were at one moment at the most."""
        marks = sorted(mark for hold in self.holds for mark in ((hold.taken, 1), (hold.given or 2**63, -1)))
        inside = most = 0
        for _, change in marks:
            inside += change
            most = max(most, inside)
        return most


class _Lock:
    """A lock's life while it is being told."""

    def __init__(self, name: str) -> None:
        self.lock = Lock(name)
        self.known: set[int] = set()
        self.runs: set[Run] = set()
        self.takes: dict[int, int] = {}
        self.wants: dict[int, int] = {}
        self.open: dict[int, list[Hold]] = {}
        self.counted: dict[int, int] = {}
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
        if event.n and event.n != self.counted.get(event.pid, 0) + 1:
            mine[:] = [replace(hold, whole=False) for hold in mine]
        self.counted[event.pid] = event.n
        match event.act:
            case "want":
                self.wants[event.pid] = self.wants.get(event.pid, 0) + 1
                self.wanting.add(event.pid)
            case "miss":
                self.wanting.discard(event.pid)
            case "take":
                self.wanting.discard(event.pid)
                self.takes[event.pid] = self.takes.get(event.pid, 0) + 1
                if event.depth > 0:
                    # Of what it held before, some reports may have been left out.
                    del mine[event.depth - 1 :]
                mine.append(Hold(event.pid, event.at, 0, event.depth, event.library, event.writes, event.saw))
                self.depth = max(self.depth, event.depth, len(mine) if self.lock.recursive else 1)
            case "give":
                if mine:
                    self.holds.append(replace(mine.pop(), given=event.at, after=event.saw))

    def tell(self, state: _Now) -> Lock:
        still = [hold for mine in self.open.values() for hold in mine]
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
            unread=tuple(sorted(state.unread & self.known)),
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
        missing = self.last.missing if self.last else ()
        self.unread = {one.pid for one in missing if one.kind in ("locks", "calls", "mappings")}
        self.semaphores = {state.inode: state for state in (self.last.semaphores if self.last else ())}

    def holders(self, inode: model.Inode | None, told: Sequence[int]) -> tuple[int, ...]:
        """Processes whose own record says they hold it; what the probe told where there is none."""
        if self.last is not None and inode is not None:
            read = {lock.pid for lock in self.last.sem_locks if lock.inode == inode and lock.count > 0}
            return tuple(sorted(read | (self.unread & set(told))))
        return tuple(sorted(set(told)))

    def waiting(self, inode: model.Inode | None, told: Iterable[int]) -> tuple[int, ...]:
        """Processes with a thread in a futex on it; what the probe told where there is no snapshot."""
        if self.last is not None and inode is not None:
            seen = {
                process.pid
                for process in self.last.processes
                for thread in process.threads
                if thread.blocked is not None and thread.blocked.inode == inode
            }
            return tuple(sorted(seen | (self.unread & set(told))))
        alive = {process.pid for process in self.last.processes} if self.last else set(told)
        return tuple(sorted(alive & set(told)))


def all_locks(recording: model.Recording, workers: Sequence[Worker]) -> tuple[Lock, ...]:
    """Every multiprocessing semaphore that was reported."""
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


def nested(locks: Iterable[Lock], pid: int) -> frozenset[tuple[str, str]]:
    """The pairs of locks of which this process took the second while it surely held the first."""
    holds = sorted(
        (hold.taken, hold.given or 2**63, lock.name, lock.recursive and hold.depth > 1, hold.whole)
        for lock in locks
        for hold in lock.holds
        if hold.pid == pid
    )
    pairs: set[tuple[str, str]] = set()
    still: list[tuple[int, str, bool]] = []
    for taken, given, name, again, whole in holds:
        still = [one for one in still if one[0] > taken]
        # Who takes an RLock again that it holds already waits for nobody.
        if not again and all(other != name for _, other, _ in still):
            pairs |= {(other, name) for _, other, sure in still if sure}
        still.append((given, name, whole))
    return frozenset(pairs)
