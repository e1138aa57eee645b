"""Descriptors, mappings and states of a Snapshot, gathered by the object they belong to.

One value an object, with who holds it. Names are shown, never believed: an object is its
inode. Composite objects (queues, events …) are put together in ``grammar``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from msgspec.structs import replace

from parallab.model import FileLock, Inode, Made, Process, SemLock, Snapshot

SharedKind = Literal["shared-memory", "arena", "memfd", "mapping"]
LockKind = Literal["flock", "posix", "ofd"]


@dataclass(frozen=True)
class End:
    """One process's hold on an object; ``fd`` is None for a mapping, whose mode is ``map``."""

    pid: int
    fd: int | None
    mode: str


@dataclass(frozen=True)
class Pipe:
    """A pipe, or a named one (fifo(7)); ``queued`` bytes wait in it, None where unknown."""

    inode: Inode
    ends: tuple[End, ...]
    queued: int | None = None
    path: str = ""

    @property
    def readers(self) -> frozenset[int]:
        """Processes that hold a reading end."""
        return frozenset(end.pid for end in self.ends if "r" in end.mode)

    @property
    def writers(self) -> frozenset[int]:
        """Processes that hold a writing end."""
        return frozenset(end.pid for end in self.ends if "w" in end.mode)


@dataclass(frozen=True)
class UnixSocket:
    """A socket; ``peer`` is the inode of its other end, None when it has none that is known.

    Of unix(7), or of tcp(7) where ``network``.
    """

    inode: Inode
    ends: tuple[End, ...]
    peer: Inode | None = None
    listening: bool = False
    queued: int = 0
    path: str = ""
    network: bool = False
    calls: Inode | None = None
    """The listener that has not accepted it yet."""

    @property
    def holders(self) -> frozenset[int]:
        """Processes that hold it."""
        return frozenset(end.pid for end in self.ends)


@dataclass(frozen=True)
class Semaphore:
    """A multiprocessing semaphore, with the SemLockObjects of the processes that use it."""

    inode: Inode
    value: int | None
    waiters: int | None
    pids: frozenset[int]
    locks: tuple[SemLock, ...] = ()
    name: str = ""
    room: bool = False
    """Whether memory told that it counts the room in a queue: whoever gets gives it back, not who took it."""

    @property
    def maxvalue(self) -> int | None:
        """What it was made with, None while no SemLockObject of it is known."""
        return self.locks[0].maxvalue if self.locks else None

    @property
    def recursive(self) -> bool:
        """Whether it is an RLock's."""
        return any(lock.kind == 0 for lock in self.locks)

    @property
    def is_lock(self) -> bool:
        """Whether at most one can have it (Lock, RLock, BoundedSemaphore(1): not to be told apart)."""
        return self.maxvalue == 1 and not self.room

    @property
    def holders(self) -> frozenset[int]:
        """Processes whose own record says that they acquired it and did not release it."""
        return frozenset(lock.pid for lock in self.locks if lock.count > 0)

    @property
    def told(self) -> bool:
        """Whether the record of every process that has it mapped is known."""
        return self.pids == {lock.pid for lock in self.locks}

    def holder_threads(self, pid: int) -> frozenset[int]:
        """Native ids of the threads of ``pid`` that acquired it last, where they could be read."""
        return frozenset(lock.tid for lock in self.locks if lock.pid == pid and lock.count > 0 and lock.tid > 0)

    def left_by_thread(self, pid: int) -> bool:
        """Whether ``pid`` holds it by a thread that has ended."""
        return any(lock.pid == pid and lock.count > 0 and lock.tid < 0 for lock in self.locks)


@dataclass(frozen=True)
class SharedMemory:
    """Memory that several processes can map: a segment of /dev/shm, an arena, a memfd.

    ``linked`` when /dev/shm still has its name; ``size`` in bytes as far as it is known.
    """

    kind: SharedKind
    inode: Inode
    name: str
    size: int
    ends: tuple[End, ...]
    linked: bool = False

    @property
    def pids(self) -> frozenset[int]:
        """Processes that have it open or mapped."""
        return frozenset(end.pid for end in self.ends)


@dataclass(frozen=True)
class LockedFile:
    """A file with locks on it, or on parts of it (flock(2), fcntl(2)).

    A lock by flock(2) belongs to what was opened, so that children who inherited it hold it too.
    """

    inode: Inode
    kind: LockKind
    path: str
    held: tuple[FileLock, ...]
    waiting: tuple[FileLock, ...]
    ends: tuple[End, ...]

    @property
    def holders(self) -> frozenset[int]:
        """Processes that took it."""
        return frozenset(one.pid for one in self.held)

    def in_the_way_of(self, pid: int) -> frozenset[int]:
        """Processes with locks that exclude the one that ``pid`` waits for."""
        wanted = [one for one in self.waiting if one.pid == pid]
        if not wanted:
            return self.holders  # it began to wait between two reads
        own = pid if self.kind == "posix" else None  # there nobody is in his own way
        return frozenset(one.pid for one in self.held if one.pid != own and any(map(one.excludes, wanted)))


@dataclass(frozen=True)
class Objects:
    """All objects of a snapshot, each kind by inode."""

    pipes: dict[Inode, Pipe] = field(default_factory=dict)
    sockets: dict[Inode, UnixSocket] = field(default_factory=dict)
    semaphores: dict[Inode, Semaphore] = field(default_factory=dict)
    memory: dict[Inode, SharedMemory] = field(default_factory=dict)
    files: dict[Inode, LockedFile] = field(default_factory=dict)
    """Files with locks on them."""
    made: tuple[Made, ...] = ()
    """What was found in memory of what the library made of all this."""
    searched: frozenset[int] = frozenset()
    """Processes in whose memory that could be looked for."""
    reading: dict[int, frozenset[Inode]] = field(default_factory=dict)
    """What the threads of each process are blocked reading from."""


def objects(snapshot: Snapshot) -> Objects:
    """The objects that the processes of a snapshot hold."""
    semaphores = _semaphores(snapshot)
    return Objects(
        pipes=_pipes(snapshot),
        sockets=_sockets(snapshot),
        semaphores=semaphores,
        memory=_memory(snapshot),
        files=_locked_files(snapshot),
        made=snapshot.made,
        searched=frozenset(snapshot.searched),
        reading=_reading(snapshot),
    )


def is_semaphore_path(path: str) -> bool:
    """Whether a mapping's path is a POSIX semaphore's: sem_open(3) puts ``sem.`` before its name."""
    return path.rpartition("/")[2].startswith("sem.")


def semaphore_at(process: Process, handle: int) -> Inode | None:
    """The semaphore that a process has mapped at ``handle``, the address of its sem_t."""
    return next((one.inode for one in process.mappings if one.start == handle and is_semaphore_path(one.path)), None)


def _pipes(snapshot: Snapshot) -> dict[Inode, Pipe]:
    ends: dict[Inode, list[End]] = {}
    paths: dict[Inode, str] = {}
    for process in snapshot.processes:
        for file in process.files:
            if file.kind == "pipe" and file.inode is not None:
                ends.setdefault(file.inode, []).append(End(process.pid, file.fd, file.mode))
                paths[file.inode] = file.target if file.target.startswith("/") else ""
    queued = {state.inode: state.queued for state in snapshot.pipes}
    return {inode: Pipe(inode, tuple(held), queued.get(inode), paths[inode]) for inode, held in ends.items()}


def _reading(snapshot: Snapshot) -> dict[int, frozenset[Inode]]:
    found = {}
    for process in snapshot.processes:
        fds = {fd for one in process.threads if one.blocked and one.blocked.call == "read" for fd in one.blocked.fds}
        found[process.pid] = frozenset(file.inode for file in process.files if file.fd in fds and file.inode)
    return found


def _sockets(snapshot: Snapshot) -> dict[Inode, UnixSocket]:
    ends: dict[Inode, list[End]] = {}
    for process in snapshot.processes:
        for file in process.files:
            if file.kind == "socket" and file.inode is not None:
                ends.setdefault(file.inode, []).append(End(process.pid, file.fd, file.mode))
    device = next(iter(ends)).dev if ends else 0
    return {
        inode: UnixSocket(
            inode,
            tuple(ends.get(inode, ())),
            Inode(device, one.peer) if one.peer else None,
            one.listening,
            one.queued,
            one.path,
            one.network,
            Inode(device, one.calls) if one.calls else None,
        )
        for one in snapshot.sockets
        if (inode := Inode(device, one.inode)) in ends
    }


_ROOM = "_sem._semlock"
"""Where a queue has the semaphore that counts its free places."""


def _semaphores(snapshot: Snapshot) -> dict[Inode, Semaphore]:
    states = {state.inode: state for state in snapshot.semaphores}
    pids: dict[Inode, set[int]] = {}
    paths: dict[Inode, str] = {}
    for process in snapshot.processes:
        for mapping in process.mappings:
            if is_semaphore_path(mapping.path):
                pids.setdefault(mapping.inode, set()).add(process.pid)
                if not mapping.deleted:
                    paths[mapping.inode] = mapping.path.rpartition("/")[2].removeprefix("sem.")
    linked = {one.inode: one.name.removeprefix("sem.") for one in snapshot.segments if one.name.startswith("sem.")}
    locks: dict[Inode, list[SemLock]] = {}
    for lock in _originals(snapshot):
        locks.setdefault(lock.inode, []).append(lock)
    rooms = {(one.pid, part.address) for one in snapshot.made for part in one.parts if part.path.endswith(_ROOM)}
    found = {}
    for inode in sorted(pids):
        known = tuple(locks.get(inode, ()))
        state = states.get(inode)
        found[inode] = Semaphore(
            inode,
            state.value if state else None,
            state.waiters if state else None,
            frozenset(pids[inode]),
            known,
            linked.get(inode) or next((lock.name for lock in known if lock.name), "") or paths.get(inode, ""),
            any((lock.pid, lock.address) in rooms for lock in known),
        )
    return found


def _originals(snapshot: Snapshot) -> Iterable[SemLock]:
    """The records of semaphores; what a fork has of a lock that its parent still holds is a copy, and holds nothing.

    multiprocessing takes care of that in its own children; nobody does where os.fork(2) was called by hand.
    """
    held = {(one.pid, one.address): one for one in snapshot.sem_locks if one.count > 0 and one.maxvalue == 1}
    parents = {one.pid: one.ppid for one in snapshot.processes if one.forked}
    for lock in snapshot.sem_locks:
        parent = held.get((parents.get(lock.pid, 0), lock.address))
        copied = (lock.pid, lock.address) in held and parent is not None and parent.inode == lock.inode
        yield replace(lock, count=0) if copied else lock


def _locked_files(snapshot: Snapshot) -> dict[Inode, LockedFile]:
    locks: dict[tuple[Inode, LockKind], list[FileLock]] = {}
    for lock in snapshot.file_locks:
        locks.setdefault((lock.inode, lock.kind), []).append(lock)
    found = {}
    for (inode, kind), every in locks.items():
        opened = [(one.pid, file) for one in snapshot.processes for file in one.files if file.inode == inode]
        found[inode] = LockedFile(
            inode,
            kind,
            opened[0][1].target if opened else "",
            tuple(one for one in every if not one.waiting),
            tuple(one for one in every if one.waiting),
            tuple(End(pid, file.fd, file.mode) for pid, file in opened),
        )
    return found


_ANONYMOUS = "/dev/zero"


def _memory(snapshot: Snapshot) -> dict[Inode, SharedMemory]:
    """Segments that a process maps or has open; the rest of /dev/shm is other people's."""
    ends: dict[Inode, list[End]] = {}
    paths: dict[Inode, str] = {}
    sizes: dict[Inode, int] = {}
    for process in snapshot.processes:
        for mapping in process.mappings:
            if _is_shared_memory(mapping.path):
                ends.setdefault(mapping.inode, []).append(End(process.pid, None, "map"))
                paths[mapping.inode] = mapping.path
                sizes[mapping.inode] = max(sizes.get(mapping.inode, 0), mapping.end - mapping.start)
    for process in snapshot.processes:
        for file in process.files:
            path = file.target.removesuffix(" (deleted)")
            if file.inode is not None and (file.inode in ends or _is_shared_memory(path)):
                ends.setdefault(file.inode, []).append(End(process.pid, file.fd, file.mode))
                paths.setdefault(file.inode, path)
                # Of a mapping only its pages are known.
                sizes[file.inode] = file.size or sizes.get(file.inode, 0)
    segments = {one.inode: one for one in snapshot.segments}
    found = {}
    for inode in sorted(ends):
        segment = segments.get(inode)
        name = segment.name if segment else paths[inode].rpartition("/")[2]
        found[inode] = SharedMemory(
            _shared_kind(paths[inode]),
            inode,
            name,
            segment.size if segment else sizes.get(inode, 0),
            tuple(ends[inode]),
            segment is not None,
        )
    return found


def _is_shared_memory(path: str) -> bool:
    """Entries of /dev/shm other than semaphores, memfd_create(2), anonymous shared mmap(2), arenas put elsewhere."""
    if is_semaphore_path(path):
        return False
    return path.startswith(("/dev/shm/", "/memfd:", _ANONYMOUS)) or "/pym-" in path  # noqa: S108


def _shared_kind(path: str) -> SharedKind:
    # multiprocessing.heap names its arenas pym-PID-…, wherever it finds room for them.
    if path.rpartition("/")[2].startswith("pym-"):
        return "arena"
    if path.startswith("/memfd:"):
        return "memfd"
    return "mapping" if path == _ANONYMOUS else "shared-memory"
