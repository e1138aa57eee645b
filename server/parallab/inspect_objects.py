"""The objects part of ``parallab inspect``: what was found, each with its state in words.

Pure. A composite is named only where the object itself was found in memory; where its parts only
look like one, they are told as parts, and the doubt as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from parallab import ipc, waits
from parallab.model import Inode, Process, Snapshot
from parallab.wire import CannotTell, InspectEnd, InspectObject

_WHY = "no memory could be searched for the object itself, and the same parts, made by hand one by one, look alike"
_HELPERS = frozenset(("resource-tracker", "forkserver", "manager"))
_STANDARD = (0, 1, 2)
_LISTENER = re.compile(r"/listener-|/pymp-[^/]+/sock-")
"""Where a manager's server listens; the second is Python 3.14's."""
_NOUNS = {
    "queue": "a Queue",
    "joinable-queue": "a JoinableQueue",
    "simple-queue": "a SimpleQueue",
    "event": "an Event",
    "condition": "a Condition",
    "barrier": "a Barrier",
}


def told(snapshot: Snapshot, seen: waits.Picture) -> tuple[InspectObject, ...]:
    """All objects of a snapshot, composite ones first."""
    found = seen.objects
    made = [one for one in ipc.composites(found) if one.certain]
    # Who else has it, of all processes that may be looked into, was asked of what is waited for in vain alone.
    gone = {wait.inode for wait in seen.lost()} - {one.inode for one in snapshot.outside}
    classes, guards, sentinels = ipc.classes(found), ipc.guards(found), ipc.sentinels(found)
    return (
        *(_composite(one, snapshot, seen) for one in made),
        *(
            _semaphore(one, classes.get(one.inode, ""), guards.get(one.inode, ""), one.inode in gone)
            for one in found.semaphores.values()
        ),
        *(_pipe(one, sentinels.get(one.inode), seen) for one in found.pipes.values()),
        *(_socket(one, seen) for one in found.sockets.values()),
        *_of_the_network(snapshot, seen),
        *(_memory(one) for one in found.memory.values()),
        *(_file(one) for one in found.files.values()),
        *_managers(snapshot, seen),
    )


def doubts(seen: waits.Picture) -> tuple[CannotTell, ...]:
    """Parts that look like an object, where it cannot be told whether they are one."""
    return tuple(
        CannotTell(f"whether {_count(len(one.parts), 'part')} from {one.parts[0]} on are {_NOUNS[one.kind]}", _WHY)
        for one in ipc.composites(seen.objects)
        if not one.certain
    )


# -- composite objects ----------------------------------------------------------------


def _composite(one: ipc.Composite, snapshot: Snapshot, seen: waits.Picture) -> InspectObject:
    """A queue, event …: its id is its kind and its first part, since the kernel knows no such thing."""
    found = seen.objects
    pipe = found.pipes.get(one.pipe) if one.pipe is not None else None
    queued = pipe.queued if pipe is not None else None
    value, items, words = _state(one, queued, snapshot, seen)
    if one.semaphores:
        # The lock of a condition may be another's too.
        ident = f"{one.kind}:{one.semaphores[one.kind == 'condition']}"
        holders = found.semaphores[one.semaphores[0]].pids
    else:
        ident = f"{one.kind}:{min(one.pids)}:{one.address:x}"
        holders = one.pids
    return _object(
        one.kind,
        ident,
        value=value,
        waiters=_waiting(seen, one.parts),
        queued=queued,
        parts=one.parts,
        ends=tuple(ipc.End(pid, None, "map") for pid in sorted(holders)),
        cls=one.cls,
        state=words,
        items=items,
        maxsize=one.maxsize,
        workers=_workers(one, snapshot),
    )


def _state(
    one: ipc.Composite, queued: int | None, snapshot: Snapshot, seen: waits.Picture
) -> tuple[int | None, int | None, str]:
    """The number that a composite has, how many items are in it, and its state in words."""
    match one.kind:
        case "queue" | "joinable-queue":
            return _queue(one, queued, seen)
        case "simple-queue":
            gets = _waiting(seen, (one.semaphores[0], *_some(one.pipe)))
            puts = _waiting(seen, one.semaphores[1:]) + _writing(seen, one)
            words = "empty" if queued == 0 else f"{queued} bytes in its pipe" if queued else ""
            state = _phrase(words, _count(gets, "waiting reader"), _count(puts, "waiting writer"))
            return None, 0 if queued == 0 else None, state
        case "event":
            flag = _value(seen, one.semaphores[4])
            waiting = _waiting(seen, one.semaphores)
            words = "" if flag is None else "set" if flag else "not set"
            return flag, None, _phrase(words, waiting and f"{waiting} waiting")
        case "barrier":
            come = _waiting(seen, one.semaphores[1:])
            return come, None, f"{come} of {one.parties} waiting at it"
        case "condition":
            waiting = _waiting(seen, one.semaphores[1:])
            free = _value(seen, one.semaphores[0])
            lock = "" if free is None else "its lock is free" if free else "its lock is held"
            wanted = _waiting(seen, one.semaphores[:1])
            return (
                None,
                None,
                _phrase(lock, wanted and f"{wanted} waiting for it", waiting and f"{waiting} waiting to be notified"),
            )
    return _hired(one, snapshot)


def _queue(one: ipc.Composite, queued: int | None, seen: waits.Picture) -> tuple[int | None, int | None, str]:
    """Items put and not taken yet: each takes one from the bounded semaphore, and gives it back when it is got."""
    bound = seen.objects.semaphores[one.semaphores[2]]
    items = bound.maxvalue - bound.value if bound.maxvalue is not None and bound.value is not None else None
    gets = _waiting(seen, (one.semaphores[0], *_some(one.pipe)))
    puts = _waiting(seen, (bound.inode,))
    # What a feeder has taken out of its buffer and waits to send: for room, or for its turn.
    unsent = one.unsent + _writing(seen, one) + _waiting(seen, one.semaphores[1:2])
    room = f" of {one.maxsize}" if one.maxsize is not None else ""
    words = [_count(items, "item") + room if items is not None else ""]
    if queued:
        words.append(f"{queued} bytes in its pipe")
    if unsent:
        words.append(f"{unsent} not sent yet")
    if one.kind == "joinable-queue" and (left := _value(seen, one.semaphores[3])) is not None:
        words.append(f"{left} not done")
    words.append(_count(gets, "waiting reader"))
    words.append(_count(puts, "waiting writer"))
    if one.kind == "joinable-queue" and (joins := _waiting(seen, one.semaphores[4:])):
        words.append(f"{joins} waiting until all is done")
    return items, items, _phrase(*words)


def _hired(one: ipc.Composite, snapshot: Snapshot) -> tuple[int | None, int | None, str]:
    """A pool or executor: how many work for it, and on how much."""
    workers = _workers(one, snapshot)
    noun = "thread" if one.cls in ipc.THREADED else "worker"
    tasks = _count(one.tasks, "job" if one.kind == "pool" else "task")
    return (
        len(workers),
        None,
        _phrase(
            _count(len(workers), noun) or f"no {noun}s",
            tasks and f"{tasks} not finished",
            "closed" if one.closed else "",
        ),
    )


def _workers(one: ipc.Composite, snapshot: Snapshot) -> tuple[int, ...]:
    """Those of its workers that live: processes, or threads of its own process."""
    if one.cls in ipc.THREADED:
        alive = {thread.tid for process in snapshot.processes if process.pid in one.pids for thread in process.threads}
    else:
        alive = {process.pid for process in snapshot.processes if process.state not in "ZX"}
    return tuple(sorted(alive.intersection(one.workers)))


def _waiting(seen: waits.Picture, parts: Iterable[Inode]) -> int:
    """Threads that wait for one of these, but for those that want to write into a pipe."""
    wanted = set(parts)
    return sum(1 for wait in seen.waits if wait.inode in wanted and not wait.writes)


def _writing(seen: waits.Picture, one: ipc.Composite) -> int:
    """Threads that wait for room in its pipe."""
    return sum(1 for wait in seen.waits if wait.writes and wait.inode in _some(one.pipe))


def _value(seen: waits.Picture, inode: Inode) -> int | None:
    return seen.objects.semaphores[inode].value


def _some(inode: Inode | None) -> tuple[Inode, ...]:
    return (inode,) if inode is not None else ()


# -- single objects --------------------------------------------------------------------


def _semaphore(one: ipc.Semaphore, cls: str, guards: str, gone: bool) -> InspectObject:
    """``gone``: that nobody beyond these processes has it is known."""
    kind = "semaphore"
    # Only memory tells a BoundedSemaphore(1) from a Lock.
    if one.is_lock and cls not in ("Semaphore", "BoundedSemaphore"):
        kind = "rlock" if one.recursive else "lock"
    words = ""
    if one.value is not None:
        words = f"value {one.value}" if kind == "semaphore" else "free" if one.value else "held"
        if words == "held" and gone and one.told and not one.holders:
            words = "held by nobody who is alive"
    waiting = f"{one.waiters} waiting" if one.waiters else ""
    return _object(
        kind,
        str(one.inode),
        one.name,
        one.value,
        one.waiters,
        ends=tuple(ipc.End(pid, None, "map") for pid in sorted(one.pids)),
        cls=cls,
        state=_phrase(words, waiting, guards and f"the lock of {'an' if guards == 'Array' else 'a'} {guards}"),
        held_by=tuple(sorted(one.holders)) if kind != "semaphore" else (),
    )


def _pipe(one: ipc.Pipe, child: int | None, seen: waits.Picture) -> InspectObject:
    """A pipe; ``cls`` says of those that multiprocessing has for itself what they are for."""
    words = "" if one.queued is None else "empty" if one.queued == 0 else f"{one.queued} bytes in it"
    kind = "fifo" if one.path else "pipe"
    cls = "sentinel" if child is not None else ""
    readers = {seen.roles[pid] for pid in one.readers}
    if readers and readers <= _HELPERS:
        cls = "helper"
    if not one.path and (not one.readers or not one.writers) and _are_orphans(seen, {end.pid for end in one.ends}):
        cls = "sentinel"  # what it told of the end of is gone
    if any(end.pid == seen.snapshot.root and end.fd in _STANDARD for end in one.ends):
        cls = "standard"
    told = f"tells of the end of process {child}" if child is not None else ""
    return _object(kind, str(one.inode), one.path, queued=one.queued, ends=one.ends, cls=cls, state=told or words)


def _are_orphans(seen: waits.Picture, pids: set[int]) -> bool:
    """Whether who hired these is gone: of a forkserver's workers that is not the server, but who has started it."""
    here = {process.pid: process.ppid for process in seen.snapshot.processes}

    def hirer(pid: int) -> int | None:
        parent = here.get(pid)
        return here.get(parent) if parent is not None and seen.roles.get(parent) == "forkserver" else parent

    return all(pid != seen.snapshot.root and hirer(pid) not in here for pid in pids)


def _socket(one: ipc.UnixSocket, seen: waits.Picture) -> InspectObject:
    parts = (one.peer,) if one.peer is not None else ()
    kind = "listener" if one.listening else "socket"
    words = f"{one.queued} waiting to be accepted" if one.listening and one.queued else ""
    if not one.listening:
        words = f"{one.queued} bytes to be read" if one.queued else "nothing to be read"
    if one.network and one.peer not in seen.objects.sockets:
        words = _phrase("of the network", words if one.queued else "")
    standard = any(end.pid == seen.snapshot.root and end.fd in _STANDARD for end in one.ends)
    helper = bool(one.holders) and {seen.roles[pid] for pid in one.holders} <= _HELPERS
    helper = helper or _wakes_a_loop(one, seen)
    cls = "standard" if standard else "helper" if helper else ""
    return _object(kind, str(one.inode), one.path, queued=one.queued, parts=parts, ends=one.ends, cls=cls, state=words)


def _wakes_a_loop(one: ipc.UnixSocket, seen: waits.Picture) -> bool:
    """Whether it is one of the pair by which threads and signals wake an event loop of asyncio.

    A loop makes them right after its selector, with the next numbers that are free, and nobody else has them but
    what its process forked since, by the same numbers. Where there were others between, the selector must watch them.
    """
    peer = seen.objects.sockets.get(one.peer) if one.peer is not None else None
    if peer is None or not one.ends or one.holders != peer.holders:
        return False
    pairs = {end.fd or 0 for end in one.ends}, {end.fd or 0 for end in peer.ends}
    if any(len(fds) != 1 for fds in pairs):
        return False
    first, second = sorted(fd for fds in pairs for fd in fds)
    return any(
        _next_to_a_selector(process, first, second) for process in seen.snapshot.processes if process.pid in one.holders
    )


def _next_to_a_selector(process: Process, first: int, second: int) -> bool:
    """Whether these two numbers came after a selector's, the next ones if not others, all taken, are between."""
    nearest = max((one.fd for one in process.files if "eventpoll" in one.target and one.fd < first), default=None)
    if nearest is None or not {one.fd for one in process.files}.issuperset(range(nearest, second)):
        return False
    calls = (one.blocked for one in process.threads if one.blocked is not None)
    watched = {fd for one in calls if one.call.startswith("epoll") for fd in one.fds}
    return (nearest + 1, nearest + 2) == (first, second) or first in watched


def _of_the_network(snapshot: Snapshot, seen: waits.Picture) -> Iterable[InspectObject]:
    """Sockets of which nothing is told, of neither unix(7) nor tcp(7): what is at their other end is not to be seen."""
    if any(one.kind == "sockets" for one in snapshot.missing):
        return
    ends: dict[Inode, list[ipc.End]] = {}
    for process in snapshot.processes:
        for file in process.files:
            if file.kind == "socket" and file.inode is not None and file.inode not in seen.objects.sockets:
                ends.setdefault(file.inode, []).append(ipc.End(process.pid, file.fd, file.mode))
    accepts = {wait.inode for wait in seen.waits if wait.call in ("accept", "accept4")}
    for inode, those in ends.items():
        standard = any(end.pid == snapshot.root and end.fd in _STANDARD for end in those)
        helper = {seen.roles[end.pid] for end in those} <= _HELPERS
        cls = "standard" if standard else "helper" if helper else ""
        kind = "listener" if inode in accepts else "socket"
        yield _object(kind, str(inode), ends=tuple(those), cls=cls, state="of the network")


def _memory(one: ipc.SharedMemory) -> InspectObject:
    kind = "shared-memory" if one.kind == "mapping" else one.kind
    name = "anonymous mmap" if one.kind == "mapping" else one.name
    words = f"{one.size} bytes" if one.size else ""
    return _object(kind, str(one.inode), name, size=one.size or None, ends=one.ends, state=words)


def _file(one: ipc.LockedFile) -> InspectObject:
    """A locked file; ``r`` is a lock that lets others read, ``w`` one that lets nobody."""
    fds = {end.pid: end.fd for end in one.ends}
    held = dict.fromkeys((lock.pid, lock.exclusive) for lock in one.held)
    ends = tuple(ipc.End(pid, fds.get(pid), "w" if excludes else "r") for pid, excludes in held)
    how = "locked" if any(excludes for _, excludes in held) else "locked for reading"
    return _object(
        "file-lock",
        str(one.inode),
        one.path,
        waiters=len(one.waiting),
        ends=ends,
        cls={"flock": "flock", "posix": "fcntl", "ofd": "fcntl, of an open file"}[one.kind],
        state=_phrase(how, one.waiting and f"{len(one.waiting)} waiting"),
        held_by=tuple(sorted(one.holders)),
    )


def _managers(snapshot: Snapshot, seen: waits.Picture) -> tuple[InspectObject, ...]:
    """A manager's server with its clients: those who hold the other ends of its connections."""
    found: list[InspectObject] = []
    for process in snapshot.processes:
        if seen.roles[process.pid] != "manager":
            continue
        own = [one for one in seen.objects.sockets.values() if process.pid in one.holders]
        listener = next((one for one in own if one.listening and _LISTENER.search(one.path)), None)
        if listener is None:
            found += _manager_of_the_network(process, own, seen)
            continue
        connected = {one.peer for one in own if one.path == listener.path and one.peer is not None}
        clients = {
            pid for peer in connected if peer in seen.objects.sockets for pid in seen.objects.sockets[peer].holders
        } - {process.pid}
        ends = (ipc.End(process.pid, None, "rw"), *(ipc.End(pid, None, "rw") for pid in sorted(clients)))
        parts = (listener.inode, *sorted({*connected, *(one.inode for one in own if one.path == listener.path)}))
        found.append(
            _object(
                "manager",
                f"manager:{listener.inode}",
                listener.path,
                parts=parts,
                ends=ends,
                state=_count(len(clients), "client") or "no clients",
                workers=(process.pid,),
            )
        )
    return tuple(found)


def _manager_of_the_network(
    process: Process, own: Iterable[ipc.UnixSocket], seen: waits.Picture
) -> Iterable[InspectObject]:
    """One that was given a port to listen at. Of clients on other hosts only the number is known."""
    for thread in process.threads:
        if thread.blocked is not None and thread.blocked.call in ("accept", "accept4"):
            inode = next((one.inode for one in process.files if one.fd in thread.blocked.fds), None)
            # Beside the main thread and the one that accepts, its server has one for each connection.
            many = len(process.threads) - 2
            ends = {
                one.inode: peer
                for one in own
                if one.holders == {process.pid} and one.peer and (peer := seen.objects.sockets.get(one.peer))
            }
            clients = {pid for peer in ends.values() for pid in peer.holders} - {process.pid}
            known = _count(len(clients), "client") or "no clients"
            told = f"{_count(many, 'connection')} over the network" if many > len(ends) else known
            parts = (*((inode,) if inode is not None else ()), *ends, *(peer.inode for peer in ends.values()))
            yield _object(
                "manager",
                f"manager:{inode}",
                parts=parts,
                ends=(ipc.End(process.pid, None, "rw"), *(ipc.End(pid, None, "rw") for pid in sorted(clients))),
                state=told,
                workers=(process.pid,),
            )
            return


# -- words ---------------------------------------------------------------------------------


def _count(number: int | None, noun: str) -> str:
    """Like "3 items"; "" for none and for what is not known, but items, of which none is a state too."""
    if number is None or (number == 0 and noun != "item"):
        return ""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _phrase(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part)


def _object(
    kind: str,
    ident: str,
    name: str = "",
    value: int | None = None,
    waiters: int | None = None,
    queued: int | None = None,
    size: int | None = None,
    parts: tuple[Inode, ...] = (),
    ends: tuple[ipc.End, ...] = (),
    cls: str = "",
    state: str = "",
    items: int | None = None,
    maxsize: int | None = None,
    workers: tuple[int, ...] = (),
    held_by: tuple[int, ...] = (),
) -> InspectObject:
    return InspectObject(
        kind=kind,
        id=ident,
        name=name,
        value=value,
        waiters=waiters,
        bytes=queued,
        size=size,
        parts=tuple(str(part) for part in parts),
        ends=tuple(InspectEnd(end.pid, end.fd, end.mode) for end in ends),
        cls=cls,
        state=state,
        items=items,
        maxsize=maxsize,
        workers=workers,
        held_by=held_by,
    )
