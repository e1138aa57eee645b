"""Waits that nobody can end, named: the pattern, one sentence, its evidence, a candidate mistake.

A candidate is the catalogue's id of the mistake that leaves this pattern; whether it was that
one, the catalogue's own recogniser decides. Every rule looks only at waits of which two
snapshots agree that they are for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from parallab.ipc import QUEUES, Composite, Semaphore, composites, given_names, is_usual, names, sentinels
from parallab.model import Inode, Snapshot
from parallab.waits.graph import CLIENTS, Picture, Wait, lost, picture
from parallab.waits.python import Doing


@dataclass(frozen=True)
class Diagnosis:
    """Why somebody waits for ever. ``kind`` names the pattern, ``pids`` who is caught in it."""

    kind: str
    sentence: str
    evidence: tuple[str, ...]
    mistake: str | None = None
    pids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cycle:
    """Waits of which each is held by the process of the next, and the last by that of the first."""

    waits: tuple[Wait, ...]

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes around the circle."""
        return tuple(wait.pid for wait in self.waits)


def diagnose(previous: Snapshot, current: Snapshot, baseline: Snapshot | None = None) -> tuple[Diagnosis, ...]:
    """What is for ever blocked, and why, most telling first; () where somebody can go on."""
    waits = lost(previous, current, baseline)
    if not waits:
        return ()
    seen = picture(current, baseline)
    case = _Case(seen, waits)
    found: list[Diagnosis] = []
    explained: set[Wait] = set()
    for rule in _RULES:
        for diagnosis, those in rule(case):
            if explained.intersection(those) or (rule in _CONSEQUENCES and case.follows(those, explained)):
                continue
            found.append(diagnosis)
            explained.update(those)
    return tuple(found or (diagnosis for diagnosis, _ in _anything(case)))


def cycles(seen: Picture, waits: Iterable[Wait]) -> tuple[Cycle, ...]:
    """Circles among these waits, each once, beginning at its smallest pid."""
    waits = tuple(waits)
    by_pid: dict[int, list[Wait]] = {}
    for wait in waits:
        by_pid.setdefault(wait.pid, []).append(wait)
    found: dict[frozenset[Wait], Cycle] = {}
    for first in waits:
        path = _circle(first, by_pid, seen)
        if path and frozenset(path) not in found:
            least = path.index(min(path, key=lambda wait: (wait.pid, wait.tid)))
            found[frozenset(path)] = Cycle(tuple(path[least:] + path[:least]))
    return tuple(found.values())


def _circle(first: Wait, by_pid: dict[int, list[Wait]], seen: Picture) -> list[Wait]:
    """The shortest way from a wait through its holders back to its own thread, breadth first."""
    queue = [[first]]
    visited = {first}
    while queue:
        path = queue.pop(0)
        for pid in path[-1].held_by or ():
            for following in by_pid.get(pid, ()):
                if not _ends(path[-1], following, seen):
                    continue
                if following == first:
                    return path
                if following not in visited:
                    visited.add(following)
                    queue.append([*path, following])
    return []


def _ends(wait: Wait, following: Wait, seen: Picture) -> bool:
    """Whether the thread that ``following`` blocks is one that could have ended ``wait``."""
    return (following.pid, following.tid) in seen.enders[wait.pid, wait.tid] or following == wait


class _Case:
    """What the rules share: the waits that are for ever, by what they are for, and what to call all."""

    def __init__(self, seen: Picture, waits: tuple[Wait, ...]) -> None:
        self.seen = seen
        self.waits = waits
        given = {pid: f" ({name})" for pid, name in given_names(seen.objects).items() if not is_usual(name)}
        self.names = {pid: name + given.get(pid, "") for pid, name in names(seen.snapshot, seen.roles).items()}
        self.made = composites(seen.objects)
        self.sentinels = sentinels(seen.objects)
        self.cycles = cycles(seen, waits)

    def name(self, pid: int) -> str:
        """What to call a process."""
        return self.names.get(pid, "a process that is gone")

    def people(self, pids: Iterable[int]) -> str:
        """Several names in one phrase."""
        every = [self.name(pid) for pid in dict.fromkeys(pids)]
        if len(every) > 4:
            return f"{every[0]} and {len(every) - 1} others"
        return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}" if every else "nobody"

    def semaphore(self, wait: Wait) -> Semaphore | None:
        """The semaphore that is waited for, if it is one."""
        return self.seen.objects.semaphores.get(wait.inode) if wait.inode is not None else None

    def whole(self, wait: Wait) -> Composite | None:
        """The composite object that it is a part of, if that is known."""
        return next((one for one in self.made if wait.inode is not None and wait.inode in one.parts), None)

    def thing(self, wait: Wait) -> str:
        """What is waited for, in words."""
        whole = self.whole(wait)
        semaphore = self.semaphore(wait)
        if semaphore is not None:
            if whole is not None:
                return f"a part of a {whole.kind.replace('-', ' ')}"
            return f"lock {wait.target}" if semaphore.is_lock else f"semaphore {wait.target}"
        if wait.kind == "child":
            return f"the end of {self.people(wait.held_by or ())}"
        if wait.kind == "thread-lock":
            return "a lock between its own threads"
        if wait.inode in self.seen.objects.files:
            return f"the lock of file {self.seen.objects.files[wait.inode].path or wait.target}"
        if wait.inode in self.seen.objects.pipes:
            return f"{'room in' if wait.writes else 'data from'} pipe {wait.target}"
        if wait.inode in self.seen.objects.sockets:
            return f"{'room in' if wait.writes else 'data from'} socket {wait.target}"
        return f"{wait.call} on {wait.target or 'something'}"

    def follows(self, waits: Iterable[Wait], explained: Iterable[Wait]) -> bool:
        """Whether these waits may be for somebody whose own wait is explained already, which alone holds them up."""
        known = {(wait.pid, wait.tid) for wait in explained}
        return any(known & self.seen.behind((wait.pid, wait.tid)) for wait in waits)

    def threads(self, pid: int, others: int, main: bool) -> str:
        """Some threads of a process, its main one among them or not."""
        told = [self.name(pid)] if main else []
        if others:
            told.append(f"{others} threads of {self.name(pid)}" if others > 1 else f"a thread of {self.name(pid)}")
        return _start(" and ".join(told))

    def needed(self, wait: Wait) -> bool:
        """Whether this thread holds somebody up for certain: a main thread, one that is waited for, a manager's."""
        if self.seen.roles[wait.pid] == "manager":
            return wait.tid != wait.pid  # its main thread only looks whether it should stop; others serve a client
        if wait.tid == wait.pid:
            return True
        doing = self.seen.doing
        return any(
            (told := doing.get((other.pid, other.tid))) is not None
            and (
                (told.call == "join" and (wait.pid, wait.tid) in self.seen.enders[other.pid, other.tid])
                or (told.call == "exit" and other.pid == wait.pid)
                or (told.call == "future" and (wait.pid, wait.tid) in self.seen.enders[other.pid, other.tid])
            )
            for other in self.waits
        )

    def idles(self, wait: Wait) -> bool:
        """Whether a worker waits for work: it reads a pipe, or for the lock of one who does."""
        if wait.inode in self.seen.objects.pipes:
            return not wait.writes
        lock = self.semaphore(wait)
        readers = {one.pid for one in self.waits if one.inode in self.seen.objects.pipes and not one.writes}
        return lock is not None and lock.is_lock and bool(lock.holders) and lock.holders <= readers

    def says(self, wait: Wait) -> str:
        """One wait as a line of evidence."""
        line = f"{self.name(wait.pid)} waits for {self.thing(wait)} ({wait.call})"
        if wait.kind == "child" or wait.held_by is None:
            return line
        holders = [pid for pid in wait.held_by if pid != wait.pid] or list(wait.held_by)
        if not holders:
            return f"{line}, which nobody holds"
        if self.locked(wait):
            return f"{line}, held by {self.people(holders)}"
        return f"{line}, which only {self.people(holders)} could give"

    def ends(self, join: Wait, pid: int) -> str:
        """Whose end a join waits for, when ``pid`` was just spoken of."""
        if set(join.held_by or ()) == {pid}:
            return "its end"
        return f"the end of {self.people(join.held_by or ())}"

    def ending(self, join: Wait) -> frozenset[int]:
        """The processes whose end a join waits for, with those whose end these wait for, and so on."""
        found: set[int] = set()
        queue = list(join.held_by or ())
        while queue:
            pid = queue.pop()
            if pid not in found:
                found.add(pid)
                queue += [
                    one for wait in self.waits if wait.kind == "child" and wait.pid == pid for one in wait.held_by or ()
                ]
        return frozenset(found)

    def joined(self, pid: int) -> bool:
        """Whether somebody waits, for ever, for this process to end."""
        return any(wait.kind == "child" and pid in (wait.held_by or ()) for wait in self.waits)

    def locks(self) -> list[tuple[Wait, Semaphore]]:
        """The waits for locks, each with its lock."""
        return [(wait, one) for wait in self.waits if (one := self.semaphore(wait)) is not None and one.is_lock]

    def locked(self, wait: Wait) -> bool:
        """Whether it is for something that at most one can have: a lock, of a file or of processes."""
        semaphore = self.semaphore(wait)
        return semaphore.is_lock if semaphore is not None else wait.inode in self.seen.objects.files

    def told(self, kind: str, sentence: str, waits: Iterable[Wait], mistake: str | None, *more: str) -> _Found:
        """A diagnosis with the waits it explains."""
        waits = tuple(dict.fromkeys(waits))
        evidence = (*(self.says(wait) for wait in waits), *more)
        return Diagnosis(kind, sentence, evidence, mistake, tuple(dict.fromkeys(wait.pid for wait in waits))), waits


_Found = tuple[Diagnosis, tuple[Wait, ...]]


def _same_lock_twice(case: _Case) -> Iterable[_Found]:
    for wait, lock in case.locks():
        own = lock.holder_threads(wait.pid)
        if lock.holders == {wait.pid} and (not own or wait.tid in own) and not lock.recursive:
            who = case.name(wait.pid)
            yield case.told("same-lock-twice", f"{_start(who)} waits for a lock that it holds itself.", [wait], "M44")


def _lock_cycle(case: _Case) -> Iterable[_Found]:
    for cycle in case.cycles:
        if len(cycle.waits) > 1 and all(case.locked(wait) for wait in cycle.waits):
            sentence = (
                f"{_start(case.people(cycle.pids))} wait for each other: each holds the lock that the next one wants."
            )
            yield case.told("lock-cycle", sentence, cycle.waits, "M43")


def _join_before_drain(case: _Case) -> Iterable[_Found]:
    """Who waits for a process's end could read what that process, or one before it, cannot get rid of."""
    writers = [wait for wait in case.waits if wait.writes and wait.inode is not None]
    for join in case.waits:
        if join.kind != "child" or not join.held_by:
            continue
        behind = case.seen.behind((join.pid, join.tid))
        for write in writers:
            readers, full = _readers(case, write)
            if (write.pid, write.tid) not in behind or join.pid not in readers or write.pid == join.pid:
                continue
            # Its own parcel first, or that of a child it waits for itself; or of one who keeps the write lock from it.
            joined = case.ending(join)
            if write.pid not in joined and not any(
                lock.holders == {write.pid} and wait.pid in joined for wait, lock in case.locks()
            ):
                continue
            between = [wait for wait, lock in case.locks() if lock.holders == {write.pid}]
            sentence = (
                f"{_start(case.name(write.pid))} cannot end before somebody reads what it put, and"
                f" {case.name(join.pid)}, who should, waits for {case.ends(join, write.pid)}."
            )
            yield case.told("join-before-drain", sentence, [join, write, *between], "M21", full)
            break


def _readers(case: _Case, write: Wait) -> tuple[frozenset[int], str]:
    """Who could read what this thread cannot get rid of, and how full it is."""
    assert write.inode is not None
    pipe = case.seen.objects.pipes.get(write.inode)
    if pipe is not None:
        return pipe.readers, f"{pipe.queued} bytes wait in the pipe" if pipe.queued is not None else "the pipe is full"
    socket = case.seen.objects.sockets.get(write.inode)
    peer = case.seen.objects.sockets.get(socket.peer) if socket is not None and socket.peer is not None else None
    return (peer.holders, "the socket is full") if peer is not None else (frozenset(), "")


def _holder_gone(case: _Case) -> Iterable[_Found]:
    for lock in dict.fromkeys(lock for _, lock in case.locks()):
        if lock.holders or not lock.told or lock.value != 0:
            continue
        waits = [wait for wait, one in case.locks() if one == lock]
        whole = case.whole(waits[0])
        # Of those who ended and were not collected yet the ends can be seen: they must agree.
        codes = {one.exit_code for one in case.seen.snapshot.processes if one.state == "Z" and one.exit_code}
        mistake = None
        if whole is not None and whole.kind in QUEUES and lock.inode == whole.semaphores[0]:
            mistake = "M36"
        elif codes and all(code < 0 for code in codes):
            mistake = "M45"
        elif codes and all(code > 0 for code in codes):
            mistake = "M42"
        sentence = f"{_start(case.people(wait.pid for wait in waits))} wait for a lock that nobody alive holds."
        if len({wait.pid for wait in waits}) == 1:
            sentence = sentence.replace(" wait for", " waits for", 1)
        yield case.told("holder-gone", sentence, waits, mistake, f"lock {lock.inode}: value 0, {lock.waiters} waiting")


def _joiner_holds(case: _Case) -> Iterable[_Found]:
    for wait, lock in case.locks():
        for join in case.waits:
            if (
                join.kind == "child"
                and join.pid in lock.holders
                and join.pid != wait.pid
                and _reaches(case, join, wait)
            ):
                sentence = (
                    f"{_start(case.name(join.pid))} holds a lock while it waits for the end of"
                    f" {case.people(join.held_by or ())}, and {case.name(wait.pid)} wants that lock."
                )
                yield case.told("join-holding-lock", sentence, [join, wait], None)


def _reaches(case: _Case, join: Wait, wait: Wait) -> bool:
    return (wait.pid, wait.tid) in case.seen.behind((join.pid, join.tid))


def _waiting_for_itself(case: _Case) -> Iterable[_Found]:
    """Readers of pipes whose writing ends nobody has but readers like them, each of whom kept its own."""
    pipes = case.seen.objects.pipes
    readers = [
        wait
        for wait in case.waits
        if wait.inode in pipes and not wait.writes and wait.pid in pipes[wait.inode].writers and not _gets(case, wait)
    ]
    while left := [one for one in readers if pipes[_inode(one)].writers <= {other.pid for other in readers}]:
        if len(left) == len(readers):
            break
        readers = left
    else:
        return
    for group in _groups(readers, lambda one, other: other.pid in pipes[_inode(one)].writers):
        people = case.people(wait.pid for wait in group)
        sentence = f"{_start(people)} waits for data from a pipe whose only writing end it holds itself."
        if len({wait.pid for wait in group}) > 1:
            sentence = f"{_start(people)} wait for data from pipes whose writing ends only they themselves hold."
        yield case.told("waits-for-itself", sentence, group, "M56")


def _inode(wait: Wait) -> Inode:
    assert wait.inode is not None
    return wait.inode


def _groups(waits: Iterable[Wait], joined: Callable[[Wait, Wait], bool]) -> list[list[Wait]]:
    """These waits, put together where one of a pair is joined to the other."""
    groups: list[list[Wait]] = []
    for wait in waits:
        near = [group for group in groups if any(joined(wait, one) or joined(one, wait) for one in group)]
        groups = [*(group for group in groups if group not in near), [*(one for group in near for one in group), wait]]
    return groups


def _both_read(case: _Case) -> Iterable[_Found]:
    for wait in case.waits:
        one = case.seen.objects.sockets.get(wait.inode) if wait.inode is not None else None
        if one is None or one.peer is None:
            continue
        for other in case.waits:
            if wait.writes and other.writes and other.inode == one.peer and other.pid > wait.pid:
                both = case.people((wait.pid, other.pid))
                sentence = f"{_start(both)} both send more than there is room for, and neither reads what came."
                yield case.told("both-write", sentence, [wait, other], None)
            elif wait.writes:
                continue
            elif other.inode == one.peer and not other.writes and other.pid >= wait.pid:
                both = case.people((wait.pid, other.pid))
                sentence = f"{_start(both)} both wait for the other to speak first, and nothing is on its way."
                yield case.told("both-read", sentence, [wait, other], "M55")
            elif other.inode == wait.inode and not other.writes and other.pid > wait.pid:
                both = case.people((wait.pid, other.pid))
                sentence = f"{_start(both)} both listen at the same end of a pipe, and nobody speaks at the other."
                yield case.told("both-read", sentence, [wait, other], "M55")


def _own_other_end(case: _Case) -> Iterable[_Found]:
    """A reader of a socket whose other end nobody has but itself: which of its two ends it meant is not known."""
    sockets = case.seen.objects.sockets
    for wait in case.waits:
        one = sockets.get(wait.inode) if wait.inode is not None else None
        peer = sockets.get(one.peer) if one is not None and one.peer is not None else None
        if peer is not None and not wait.writes and peer.holders == {wait.pid}:
            sentence = f"{_start(case.name(wait.pid))} waits for data from a pipe whose other end only it holds itself."
            yield case.told("own-other-end", sentence, [wait], None)


def _barrier_short(case: _Case) -> Iterable[_Found]:
    """Waiters of one wait semaphore of a condition, event or barrier, and nobody left to let them go."""
    groups: dict[Semaphore, list[Wait]] = {}
    for wait in case.waits:
        semaphore = case.semaphore(wait)
        if semaphore is not None and not semaphore.is_lock:
            groups.setdefault(semaphore, []).append(wait)
    for semaphore, waits in groups.items():
        whole = case.whole(waits[0])
        kind = whole.kind if whole is not None else ""
        count = f"{semaphore.waiters} waiting on semaphore {semaphore.inode}, value {semaphore.value}"
        who = case.people(wait.pid for wait in waits)
        verb = "waits" if len({wait.pid for wait in waits}) == 1 else "wait"
        if kind == "barrier":
            sentence = f"{_start(who)} {verb} at a barrier, and nobody is left to come."
            yield case.told("barrier-short", sentence, waits, "M46", count)
        elif kind in ("condition", "event"):
            act = "notify" if kind == "condition" else "set it"
            sentence = (
                f"{_start(who)} {verb} for a{'n' if kind == 'event' else ''} {kind}, and nobody is left to {act}."
            )
            yield case.told(f"{kind}-never", sentence, waits, None, count)
        elif kind == "joinable-queue" and whole is not None and semaphore.inode in whole.semaphores[3:]:
            sentence = f"{_start(who)} {verb} until all items are done, and nobody is left to say so."
            yield case.told("never-done", sentence, waits, "M24", count)
        elif whole is not None and semaphore.inode == whole.semaphores[2]:
            sentence = f"{_start(who)} {verb} to put into a full queue, and nobody is left to take from it."
            yield case.told("queue-full", sentence, waits, "M28", count)
        else:
            sentence = f"{_start(who)} {verb} for a semaphore that nobody is left to give."
            yield case.told("semaphore-never", sentence, waits, None, count)


def _message_under_a_lock(case: _Case) -> Iterable[_Found]:
    """Who could send what is waited for wants a lock first, and who waits for it has that lock."""
    for cycle in case.cycles:
        locks = [wait for wait in cycle.waits if case.locked(wait) and not _of_a_queue(case, wait)]
        sent = [wait for wait in cycle.waits if _brings(case, wait)]
        if len(cycle.waits) == 2 and len(locks) == len(sent) == 1 and locks[0].pid != sent[0].pid:
            sentence = (
                f"{_start(case.name(sent[0].pid))} keeps a lock while it waits for something to come, and"
                f" {case.name(locks[0].pid)}, who could send it, wants that lock first."
            )
            yield case.told("message-under-a-lock", sentence, [*sent, *locks], None)


def _brings(case: _Case, wait: Wait) -> bool:
    """Whether it is for something that another process sends: through a pipe, a socket or a queue."""
    found = case.seen.objects
    return not wait.writes and (wait.inode in found.pipes or wait.inode in found.sockets)


def _of_a_queue(case: _Case, wait: Wait) -> bool:
    """Whether the lock is a queue's own, which every get and put takes."""
    whole = case.whole(wait)
    return whole is not None and whole.kind in QUEUES


def _circle_of_readers(case: _Case) -> Iterable[_Found]:
    """Processes of which each waits for the next one's word, over pipes that only these two have."""
    for cycle in case.cycles:
        pipes = [case.seen.objects.pipes.get(one.inode) for one in cycle.waits if one.inode is not None]
        if len(set(cycle.pids)) < 2 or len(pipes) < len(cycle.waits) or any(one.writes for one in cycle.waits):
            continue
        if all(pipe is not None for pipe in pipes) and not any(_gets(case, one) for one in cycle.waits):
            sentence = f"{_start(case.people(cycle.pids))} each wait for the other to speak first."
            yield case.told("each-waits-first", sentence, cycle.waits, None)


def _lost_task(case: _Case) -> Iterable[_Found]:
    """A pool's result that no worker works on: who had the task is gone, and all others are idle."""
    doing = case.seen.doing.get(case.seen.main)
    if doing is None or doing.call != "pool":
        return
    root = case.seen.snapshot.root
    hirers = {root, *(pid for pid, role in case.seen.roles.items() if role == "forkserver")}
    everybody = case.seen.snapshot.processes
    workers = [one for one in everybody if one.ppid in hirers and case.seen.roles[one.pid] == "worker"]
    idle = [wait for one in workers for wait in case.waits if wait.pid == wait.tid == one.pid and case.idles(wait)]
    main = [wait for wait in case.waits if (wait.pid, wait.tid) == case.seen.main]
    if main and not workers:
        sentence = f"{_start(case.name(root))} waits for a pool's result, and the pool has no workers any more."
        yield case.told("pool-gone", sentence, main, "M59")
    if workers and len(idle) == len(workers):
        sentence = (
            f"{_start(case.name(root))} waits for a pool's result, and no worker of the pool has the task any more."
        )
        own = [wait for wait in case.waits if wait.pid == root and wait not in main]
        yield case.told("lost-task", sentence, [*main, *own, *idle], "M61")


_THREADS_SAY: dict[str, tuple[str, str, str | None]] = {
    "get": ("nobody-puts", "{who} {wait} to get from a queue, and nobody is left to put into it.", "M22"),
    "put": ("queue-full", "{who} {wait} to put into a full queue, and nobody is left to take from it.", "M28"),
    "tasks": ("never-done", "{who} {wait} until all items are done, and nobody is left to say so.", "M24"),
    "barrier": ("barrier-short", "{who} {wait} at a barrier, and nobody is left to come.", "M46"),
    "event": ("event-never", "{who} {wait} for an event, and nobody is left to set it.", None),
    "condition": ("condition-never", "{who} {wait} for a condition, and nobody is left to notify.", None),
    "semaphore": ("semaphore-never", "{who} {wait} for a semaphore that nobody is left to give.", None),
    "future": ("future-never", "{who} {wait} for a result, and nobody is left to bring it.", None),
    "lock": ("thread-lock", "{who} {wait} for a lock or a queue of its threads that nobody is left to let go.", None),
}


def _locks_of_threads(case: _Case) -> Iterable[_Found]:
    """Locks of ``threading`` that a thread wants and holds itself, or that go round in a circle."""
    doing = case.seen.doing
    wanting = {
        (wait.pid, wait.tid): wait
        for wait in case.waits
        if (told := doing.get((wait.pid, wait.tid))) is not None and told.wants
    }
    for who in (who for who, wait in wanting.items() if case.needed(wait)):
        path = [who]
        while path:
            wants = doing[path[-1]].wants
            holder = next((other for other in wanting if other[0] == who[0] and wants in doing[other].holds), None)
            if holder is None or (holder in path and holder != who):
                break
            if holder != who:
                path.append(holder)
                continue
            waits = [wanting[one] for one in path]
            places = [f"{case.name(one[0])}, thread {one[1]}, at {doing[one].place}" for one in path]
            main = any(tid == pid for pid, tid in path)
            people = case.threads(who[0], len(path) - main, main)
            if len(path) == 1:
                yield case.told(
                    "same-lock-twice", f"{people} waits for a lock that it holds itself.", waits, "M44", *places
                )
            else:
                sentence = f"{people} wait for each other: each holds the lock that the next one wants."
                yield case.told("lock-cycle", sentence, waits, "M43", *places)
            break


def _item_under_a_lock(case: _Case) -> Iterable[_Found]:
    """A thread that keeps a lock while it waits for another to put or take, which wants that lock first."""
    doing = case.seen.doing
    for wait in case.waits:
        told = doing.get((wait.pid, wait.tid))
        act = _ACTS.get(told.call) if told is not None else None
        if told is None or act is None:
            continue
        wanting = [
            one for one in case.waits if one.pid == wait.pid and _wants(doing.get((one.pid, one.tid)), told.holds)
        ]
        if wanting and any(case.needed(one) for one in (wait, *wanting)):
            who = case.threads(wait.pid, int(wait.tid != wait.pid), wait.tid == wait.pid)
            sentence = f"{who} keeps a lock while it waits {act}, and another thread wants that lock first."
            lines = dict.fromkeys(f"at {doing[one.pid, one.tid].place}" for one in (wait, *wanting))
            yield case.told("item-under-a-lock", sentence, [wait, *wanting], None, *lines)


_ACTS = {
    "get": "to get from a queue",
    "put": "to put into a full queue",
    "tasks": "until all items are done",
    "barrier": "at a barrier",
    "event": "for an event",
    "condition": "for a condition",
    "semaphore": "for a semaphore",
    "join": "for the end of a thread",
    "future": "for a result",
}
"""Calls in which a thread waits for another, by which it keeps the locks that it has."""


def _wants(told: Doing | None, held: tuple[int, ...]) -> bool:
    return told is not None and told.wants != 0 and told.wants in held


def _between_threads(case: _Case) -> Iterable[_Found]:
    """Threads of one process, where Python's stacks say what each waits for: those first who hold up the main one."""
    doing = case.seen.doing
    groups: dict[tuple[int, str, int], list[Wait]] = {}
    for wait in case.waits:
        told = doing.get((wait.pid, wait.tid))
        if wait.kind == "thread-lock" and told is not None and told.call in _THREADS_SAY and case.needed(wait):
            groups.setdefault((wait.pid, told.call, told.thing), []).append(wait)
    mains = [wait for wait in case.waits if (wait.pid, wait.tid) in doing and wait.pid == wait.tid]
    for (pid, call, _), waits in groups.items():
        kind, sentence, mistake = _THREADS_SAY[call]
        others = [wait for wait in waits if wait.tid != pid]
        who = case.threads(pid, len(others), len(others) < len(waits))
        if call == "get" and any(doing[one.pid, one.tid].looked for one in waits):
            mistake = "M27"
        elif call == "get" and (not others or case.seen.roles[pid] == "manager"):
            mistake = None  # it is not that one of its workers was not dismissed
        if mistake in ("M22", "M27") and any(
            one.pid == pid and (told := doing.get((pid, one.tid))) is not None and told.call == "lock"
            for one in case.waits
        ):
            mistake = None  # who could put may be the one that waits for a lock
        leaving = [main for main in mains if main.pid == pid and doing[pid, pid].leaving]
        if leaving and others:
            sentence = "{who} {wait} for what will never come, and the executor's “with” waits for them to end."
            kind, mistake = "executor-waits", "M65"
        verb = "waits" if len(waits) == 1 else "wait"
        places = dict.fromkeys(f"at {place}" for wait in waits if (place := doing[wait.pid, wait.tid].place))
        own = [main for main in mains if main.pid == pid and doing[pid, pid].call in ("join", "exit", "future")]
        yield case.told(kind, sentence.format(who=who, wait=verb), [*own, *waits], mistake, *list(places)[:4])


def _nobody_writes(case: _Case) -> Iterable[_Found]:
    """A reader of a queue, holding its read lock, with others behind it or not, and no writer left."""
    for wait in case.waits:
        pipe = case.seen.objects.pipes.get(wait.inode) if wait.inode is not None else None
        if pipe is None or wait.writes or wait.tid != wait.pid or pipe.inode in case.sentinels:
            continue
        root = case.seen.snapshot.root
        behind = _behind_reader(case, wait)
        group = [wait.pid, *(other.pid for other in behind)]
        if root not in group and not any(case.joined(pid) for pid in group):
            continue  # idle, as it should be: nobody wants it to end
        waits = [wait, *behind]
        zombies = [one for one in case.seen.snapshot.processes if one.state == "Z" and one.exit_code == 0]
        mistake = None
        if wait.pid != case.seen.snapshot.root and (behind or _gets(case, wait)):
            mistake = "M23" if zombies else "M22"
        who = case.people(one.pid for one in waits)
        verb = "wait" if len({one.pid for one in waits}) > 1 else "waits"
        yield case.told(
            "nobody-writes", f"{_start(who)} {verb} for something that nobody is left to send.", waits, mistake
        )


def _behind_reader(case: _Case, wait: Wait) -> list[Wait]:
    """Those who wait for the lock that this reader of a queue keeps while it reads."""
    whole = case.whole(wait)
    return [
        other
        for other, lock in case.locks()
        if lock.holders == {wait.pid}
        and other.pid != wait.pid
        and (
            lock.inode == whole.semaphores[0]
            if whole is not None and whole.semaphores
            else not _of_a_queue(case, other)
        )
    ]


def _gets(case: _Case, wait: Wait) -> bool:
    """Whether this reader holds the read lock of a queue: then it is in the middle of a get."""
    firsts = [one.semaphores[0] for one in case.made if one.kind in QUEUES]
    return any(wait.pid in case.seen.objects.semaphores[inode].holders for inode in firsts)


def _forked_lock(case: _Case) -> Iterable[_Found]:
    for wait in case.waits:
        process = case.seen.snapshot.process(wait.pid)
        if wait.kind != "thread-lock" or process is None or wait.pid == case.seen.snapshot.root:
            continue
        parent = case.seen.snapshot.process(process.ppid)
        told = case.seen.doing.get((wait.pid, wait.tid))
        if len(process.threads) == 1 and told is not None and told.call in ("get", "put", "tasks"):
            sentence = (
                f"{_start(case.name(wait.pid))} waits for a queue of threads, which no other process can put into"
                " or take from."
            )
            yield case.told("queue-of-threads", sentence, [wait], "M31")
        elif told is not None and told.call != "lock":
            continue
        elif len(process.threads) == 1 and parent is not None and parent.cmdline == process.cmdline:
            sentence = (
                f"{_start(case.name(wait.pid))} waits for a lock inside itself, where it is the only thread:"
                " whoever held it stayed behind in the parent."
            )
            yield case.told("forked-lock", sentence, [wait], "M19")


def _nobody_reads(case: _Case) -> Iterable[_Found]:
    """A writer to a full pipe or socket, and with it its main thread, which waits for that writer to be done."""
    for wait in case.waits:
        if not wait.writes or wait.inode is None:
            continue
        own = [one for one in case.waits if one.pid == one.tid == wait.pid and one != wait]
        _, full = _readers(case, wait)
        sentence = f"{_start(case.name(wait.pid))} cannot get rid of what it sent, and nobody is left to read it."
        yield case.told("nobody-reads", sentence, [*own, wait], None, full)


def _circle_of_any(case: _Case) -> Iterable[_Found]:
    for cycle in case.cycles:
        mains = {wait.pid for wait in cycle.waits if wait.pid == wait.tid}
        wanted = case.seen.snapshot.root in mains or any(case.joined(pid) for pid in mains)
        if len(set(cycle.pids)) > 1 and wanted:
            yield case.told("cycle", f"{_start(case.people(cycle.pids))} wait for each other.", cycle.waits, None)


def _anything(case: _Case) -> Iterable[_Found]:
    """What no rule explains: the root's own wait; where that is a join, of those behind it the main threads'."""
    mains = [
        wait
        for wait in case.waits
        if wait.pid == wait.tid and wait.kind in ("object", "thread-lock") and case.seen.roles[wait.pid] in CLIENTS
    ]
    roots = [wait for wait in mains if (wait.pid, wait.tid) == case.seen.main]
    for wait in roots or mains:
        sentence = f"{_start(case.name(wait.pid))} waits for {case.thing(wait)}, and nobody is left to end that."
        yield case.told("nobody-left", sentence, [wait], None)


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


_RULES: tuple[Callable[[_Case], Iterable[_Found]], ...] = (
    _same_lock_twice,
    _lock_cycle,
    _holder_gone,
    _locks_of_threads,
    _join_before_drain,
    _joiner_holds,
    _message_under_a_lock,
    _barrier_short,
    _waiting_for_itself,
    _both_read,
    _own_other_end,
    _circle_of_readers,
    _lost_task,
    _forked_lock,
    _item_under_a_lock,
    _between_threads,
    _nobody_writes,
    _circle_of_any,
    _nobody_reads,
)
_CONSEQUENCES = frozenset(
    (_join_before_drain, _barrier_short, _lost_task, _between_threads, _nobody_writes, _circle_of_any, _nobody_reads)
)
"""Rules whose waits may only follow from another that is explained: who is held up elsewhere cannot send or come."""
