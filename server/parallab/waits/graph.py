"""Who waits for what, who could end it, and whether anybody still can.

Every thread is asked two things of one snapshot: what is it blocked on, and which threads could
end that. From those that run or wait with a time-out, "can go on" spreads to all whom they could
wake; from those that wait for something outside (a network, a terminal, a process not ours),
"cannot tell" spreads. Between threads of one process the system does not show who could end what:
there, unless Python's stack says so, a thread that goes on makes it "cannot tell" and no more. Who
is left waits for ever. One snapshot is not atomic, so only :func:`stuck` and :func:`lost`, which
take two, say so. What the pattern is called is for ``patterns``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from msgspec.structs import replace

from parallab.ipc import Objects, Role, Semaphore, composites, is_kernel, objects, roles, sentinels, starting
from parallab.model import Blocked, Inode, OpenFile, Process, Snapshot, Stack, Thread
from parallab.waits import python

Kind = Literal["process", "object", "child", "thread-lock", "unknown"]
Hope = Literal["yes", "unknown", "no"]
Who = tuple[int, int]
"""(pid, tid) of a thread."""

APART_NS = 250_000_000
"""Two snapshots tell that nothing moves only when they are at least so far apart."""

_READS = frozenset(("read", "readv", "recvfrom", "recvmsg", "recvmmsg", "splice", "tee"))
_WRITES = frozenset(("write", "writev", "sendto", "sendmsg", "sendmmsg", "sendfile"))
POLLS = frozenset(("poll", "ppoll", "select", "pselect6"))
EPOLLS = frozenset(("epoll_wait", "epoll_pwait", "epoll_pwait2"))
_PLAIN = frozenset(("read", "readv", "write", "writev"))
"""So multiprocessing's connections are read and written. They set no time-out; not seen, that is believed."""
_ACCEPTS = frozenset(("accept", "accept4"))
_LOCKS = frozenset(("flock", "fcntl"))
_SLEEPS = frozenset(("nanosleep", "clock_nanosleep"))

_ALARM = 1 << 13
_SIGCHLD = 1 << 16
_INNOCENT = sum(1 << number - 1 for number in (2, 4, 5, 6, 7, 8, 11, 13, 16, 18, 20, 21, 22, 24, 25, 26, 27, 28, 31))
"""Handlers that nobody waits for: SIGINT is Python's own, faulthandler has those of crashes; signal(7)."""
_CHILD = frozenset(("wait4", "waitid"))
_SIGNALS = frozenset(("pause", "rt_sigsuspend", "rt_sigtimedwait"))
_WEXITED = 4
"""The option of waitid(2) by which an end is waited for."""


@dataclass(frozen=True)
class Wait:
    """A blocked thread and what it is blocked on.

    ``target`` is the inode as ``dev:ino``, or a pid; ``held_by`` the processes that could end
    it, None where that is not known. ``writes`` tells a full pipe's writer from a reader.
    """

    pid: int
    tid: int
    kind: Kind
    target: str
    held_by: tuple[int, ...] | None
    call: str
    timed: bool = False
    inode: Inode | None = None
    writes: bool = False


@dataclass(frozen=True)
class Picture:
    """A snapshot, thought through: ``hope`` says of every thread whether it can go on."""

    snapshot: Snapshot
    objects: Objects
    roles: dict[int, Role]
    waits: tuple[Wait, ...]
    hope: dict[Who, Hope]
    enders: dict[Who, frozenset[Who]]
    sure: dict[Who, frozenset[Who]]
    """Of the threads that could end a wait, those that are known to be the ones that would."""
    doing: dict[Who, python.Doing] = field(default_factory=dict)
    """What Python's stacks say, of those threads that have one."""
    machinery: frozenset[Who] = frozenset()
    """The threads that are a notebook's own."""

    @property
    def main(self) -> Who:
        """The root's main thread."""
        return self.snapshot.root, self.snapshot.root

    def wait(self, who: Who) -> Wait | None:
        """What this thread waits for, or None when it does not."""
        return next((wait for wait in self.waits if (wait.pid, wait.tid) == who), None)

    def lost(self) -> tuple[Wait, ...]:
        """The waits that nobody can end any more."""
        return tuple(wait for wait in self.waits if self.hope[wait.pid, wait.tid] == "no")

    def behind(self, who: Who, ways: Mapping[Who, frozenset[Who]] | None = None) -> frozenset[Who]:
        """The threads that this one depends on, itself among them; ``ways`` are ``enders`` or those that are sure."""
        seen = {who}
        queue = [who]
        while queue:
            for other in (self.enders if ways is None else ways).get(queue.pop(), frozenset()):
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
        return frozenset(seen)


def picture(snapshot: Snapshot, baseline: Snapshot | None = None) -> Picture:
    """Who waits for what in this snapshot.

    Threads of the root that are in the baseline belong to the notebook's machinery: they are
    nobody's hope. Without a baseline, Python's stacks tell which of a notebook's threads are that;
    without stacks, those of its first seconds that wait. Those of any other program all count.
    """
    return _Thinker(snapshot, _machinery(snapshot, baseline)).picture()


def stuck(previous: Snapshot, current: Snapshot, baseline: Snapshot | None = None) -> bool | None:
    """Whether the root's main thread waits for ever; None when that cannot be told.

    True only when nobody is left who could end the wait, and in both snapshots, at least 250 ms
    apart, every thread that it depends on was in the same call and used no CPU between. False
    for a program that runs, waits with a time-out, or sits in its event loop. None when the wait
    may be ended from outside: by a terminal, the network, or a holder that cannot be seen.
    """
    root = current.process(current.root)
    if root is None or root.state in "ZX":
        return False
    seen = picture(current, baseline)
    main = _thread(current, seen.main)
    if main is None or main.blocked is None:
        return None
    hope = seen.hope[seen.main]
    if hope == "unknown" and not still(previous, current, _keepers(seen, seen.behind(seen.main))):
        return False  # a look is not one moment: who moves has not the lock that it waits for
    if hope == "unknown" and not still(previous, current, seen.behind(seen.main, seen.sure)):
        return False  # nor is it one moment for whom it surely waits: who moves goes on
    if hope != "no" and (main.blocked.call in EPOLLS or _is_event_loop(root, main.blocked)):
        return False
    if hope != "no":
        alone = baseline is None and is_kernel(root) and _alone(current).hope[seen.main] == "no"
        # Whether it is the notebook's own threads that give hope cannot be told without a baseline.
        return False if hope == "yes" and not alone else None
    if not still(previous, current, seen.behind(seen.main)):
        return False
    return True if current.monotonic - previous.monotonic >= APART_NS else None


def _keepers(seen: Picture, who: Iterable[Who]) -> list[Who]:
    """Those of these threads that wait for a lock that their process has, as the records say."""
    locks = seen.objects.semaphores
    return [
        (wait.pid, wait.tid)
        for wait in map(seen.wait, who)
        if wait is not None and wait.inode in locks and wait.pid in locks[wait.inode].holders
    ]


def still(previous: Snapshot, current: Snapshot, who: Iterable[Who]) -> bool:
    """Whether these threads were in the same call in both snapshots and used no CPU between."""
    for pid, tid in who:
        one, other = previous.process(pid), current.process(pid)
        before, now = _thread(previous, (pid, tid)), _thread(current, (pid, tid))
        if one is None or other is None or one.started != other.started or before is None or now is None:
            return False
        if before.blocked != now.blocked or before.cpu_ns != now.cpu_ns:
            return False
    return True


def lost(previous: Snapshot, current: Snapshot, baseline: Snapshot | None = None) -> tuple[Wait, ...]:
    """The waits that nobody can end, of any process, that both snapshots agree on."""
    if current.monotonic - previous.monotonic < APART_NS:
        return ()
    seen = picture(current, baseline)
    # A program may keep a thread that waits in vain all its life: only what holds up a main thread counts.
    mains = [
        (one.pid, one.pid)
        for one in current.processes
        if seen.hope.get((one.pid, one.pid)) == "no" and seen.roles[one.pid] in CLIENTS
    ]
    held_up = frozenset().union(*(seen.behind(main) for main in mains))
    return tuple(
        wait
        for wait in seen.lost()
        if (wait.pid, wait.tid) in held_up and still(previous, current, seen.behind((wait.pid, wait.tid)))
    )


TICKS = 100
"""Clock ticks a second, USER_HZ, which Linux has as 100 on every machine that Python runs on (time(7))."""
_STARTING = 5
"""Seconds in which a notebook's Python starts its own threads; its first cell may run in them, too."""
_ZMQ = "ZMQbg/"
"""What the threads of ZeroMQ are called, which have no Python."""


def in_question(seen: Picture) -> frozenset[Inode]:
    """The objects that waits are for which would be for ever: who else holds them decides it."""
    found: set[Inode] = set()
    for wait in seen.lost():
        process = seen.snapshot.process(wait.pid)
        thread = _thread(seen.snapshot, (wait.pid, wait.tid))
        if process is None or thread is None or thread.blocked is None:
            continue
        fds = frozenset(thread.blocked.fds)
        found |= {file.inode for file in process.files if file.fd in fds and file.inode is not None}
        if wait.inode is not None:
            found.add(wait.inode)
    sockets = (seen.objects.sockets[one] for one in tuple(found) if one in seen.objects.sockets)
    return frozenset(found | {other for one in sockets if (other := one.peer or one.calls) is not None})


def on_sockets(seen: Picture) -> dict[Who, tuple[int, bool]]:
    """Threads that would wait for ever at a socket: its descriptor, and whether to write. It may have a time-out."""
    return {
        (wait.pid, wait.tid): (thread.blocked.fds[0], wait.writes)
        for wait in seen.lost()
        if wait.inode in seen.objects.sockets
        and wait.call in _READS | _WRITES | _ACCEPTS
        and (thread := _thread(seen.snapshot, (wait.pid, wait.tid))) is not None
        and thread.blocked is not None
        and thread.blocked.fds
    }


def timed(snapshot: Snapshot, those: Iterable[Who]) -> Snapshot:
    """The same, where these threads are known to wait with a time-out."""
    known = frozenset(those)
    processes = tuple(
        replace(
            one,
            threads=tuple(
                replace(thread, blocked=replace(thread.blocked, timed=True))
                if (one.pid, thread.tid) in known and thread.blocked is not None
                else thread
                for thread in one.threads
            ),
        )
        for one in snapshot.processes
    )
    return replace(snapshot, processes=processes)


def within(seen: Picture) -> tuple[int, ...]:
    """The processes with threads that wait for one another: only Python's stacks say for what. The root first."""
    pids = {wait.pid for wait in seen.waits if wait.kind == "thread-lock" and not wait.timed}
    return tuple(sorted(pids, key=lambda pid: (pid != seen.snapshot.root, pid)))


def readers(seen: Picture) -> tuple[int, ...]:
    """Workers that read for ever what nobody writes: whether each asks again and again, its Python stack says."""
    found = (
        wait.pid
        for wait in seen.lost()
        if wait.inode in seen.objects.pipes and not wait.writes and wait.tid == wait.pid != seen.snapshot.root
    )
    return tuple(dict.fromkeys(found))


def _machinery(snapshot: Snapshot, baseline: Snapshot | None) -> frozenset[Who]:
    now = snapshot.process(snapshot.root)
    if now is None:
        return frozenset()
    before = baseline.process(snapshot.root) if baseline is not None else None
    if before is not None and before.started == now.started:
        return frozenset((now.pid, thread.tid) for thread in before.threads if thread.tid != now.pid)
    if not is_kernel(now):
        return frozenset()
    stacks = {one.tid: one for one in snapshot.stacks if (one.pid or snapshot.root) == now.pid}
    found = (one.tid for one in now.threads if one.tid != now.pid and _is_notebooks(one, now.started, stacks))
    return frozenset((now.pid, tid) for tid in found)


def _is_notebooks(thread: Thread, began: int, stacks: dict[int, Stack]) -> bool:
    """Whether a thread belongs to a notebook itself, and not to its cells, the first of which may run very soon."""
    if thread.name.startswith(_ZMQ):
        return True
    if stacks:
        return thread.tid in stacks and python.is_notebooks(stacks[thread.tid])
    early = 0 < thread.started <= began + _STARTING * TICKS
    # One that sleeps or computes may be a cell's.
    return early and thread.blocked is not None and thread.blocked.call not in (*_SLEEPS, "running", "none")


def _alone(snapshot: Snapshot) -> Picture:
    """The picture as if all other threads of the root were its machinery."""
    root = snapshot.process(snapshot.root)
    threads = root.threads if root is not None else ()
    return _Thinker(
        snapshot, frozenset((snapshot.root, one.tid) for one in threads if one.tid != snapshot.root)
    ).picture()


def _thread(snapshot: Snapshot, who: Who) -> Thread | None:
    process = snapshot.process(who[0])
    return next((one for one in process.threads if one.tid == who[1]), None) if process is not None else None


def _is_event_loop(process: Process, blocked: Blocked) -> bool:
    """A poll that watches more than pipes and sockets between these processes: a loop, at rest."""
    if blocked.call not in POLLS or not blocked.fds:
        return False
    files = {file.fd: file for file in process.files}
    watched = [files[fd] for fd in blocked.fds if fd in files]
    return any(file.kind == "anon" for file in watched)


@dataclass
class _Thinker:
    """Builds a Picture; ``machinery`` are threads that count neither as waiting nor as hope."""

    snapshot: Snapshot
    machinery: frozenset[Who]
    objects: Objects = field(init=False)
    roles: dict[int, Role] = field(init=False)
    by_pid: dict[int, Process] = field(init=False)
    files: dict[int, dict[int, OpenFile]] = field(init=False)
    blind: bool = field(init=False)
    doing: dict[Who, python.Doing] = field(init=False)
    named: set[Who] = field(default_factory=set)
    """Threads of which Python's stacks say which others of their process could end their wait."""
    guessed: dict[Who, frozenset[Who]] = field(default_factory=dict)
    """The threads that bring results home, one of which may be that which this one waits for."""
    idle: frozenset[Who] = field(init=False)
    """Main threads of managers: they look each second whether they should stop, and do nothing else."""
    told_sentinels: dict[Inode, int] = field(init=False)
    """The process whose end each pipe tells of, as its parent's own memory has it."""
    outside: dict[Inode, str] = field(init=False)
    """Objects that processes beyond this snapshot hold, with the letters of their modes."""
    servants: frozenset[Who] = field(init=False)
    """Threads of pools and executors, which end waits for what is theirs; others only by what they call back."""
    unconnected: frozenset[int] = field(init=False)
    """Other programs without a socket: that they will connect to a manager can only be guessed."""
    of_the_library: frozenset[Inode] = field(init=False)
    """What pools and executors are made of."""
    starting: frozenset[int] = field(init=False)
    """Workers that may still be given any semaphore, and then do anything with it."""

    def __post_init__(self) -> None:
        self.objects = objects(self.snapshot)
        self.roles = roles(self.snapshot, self.objects)
        self.by_pid = {process.pid: process for process in self.snapshot.processes}
        self.starting = starting(self.snapshot, self.roles)
        # A process whose descriptors cannot be read may hold any end of anything.
        self.blind = any(not one.files and one.state not in "ZX" for one in self.snapshot.processes)
        self.files = {one.pid: {file.fd: file for file in one.files} for one in self.snapshot.processes}
        self.doing = python.by_thread(self.snapshot)
        self.unconnected = frozenset(
            one.pid
            for one in self.snapshot.processes
            if self.roles[one.pid] == "program" and all(file.kind != "socket" for file in one.files)
        )
        self.servants = python.servants(self.snapshot)
        hiring = [one for one in composites(self.objects) if one.kind in ("pool", "executor")] if self.servants else []
        self.of_the_library = frozenset(part for one in hiring for part in one.parts)
        # One that has no other thread does not serve yet: its main thread will say where it listens.
        self.idle = frozenset(
            (pid, pid) for pid, role in self.roles.items() if role == "manager" and len(self.by_pid[pid].threads) > 1
        )
        self.told_sentinels = {inode: pid for inode, pid in sentinels(self.objects).items() if pid in self.by_pid}
        self.outside = {}
        for end in self.snapshot.outside:
            self.outside[end.inode] = self.outside.get(end.inode, "") + end.mode

    def picture(self) -> Picture:
        waits: list[Wait] = []
        start: dict[Who, Hope] = {}
        enders: dict[Who, frozenset[Who]] = {}
        sure: dict[Who, frozenset[Who]] = {}
        for process in self.snapshot.processes:
            for thread in process.threads:
                who = (process.pid, thread.tid)
                wait, hope, those = self._one(process, thread)
                signalled = hope == "no" and self._signalled(process, thread, those)
                start[who] = _more(hope, "unknown") if signalled else hope
                # A manager's main thread ends no wait but one for its own end.
                rest = frozenset() if wait is not None and wait.kind == "child" else self.idle
                enders[who] = those - {who} - self.machinery - rest
                sure[who] = self._surely(who, wait, enders[who])
                if wait is not None:
                    waits.append(wait)
        hope_of = _spread(start, enders, sure)
        return Picture(
            self.snapshot, self.objects, self.roles, tuple(waits), hope_of, enders, sure, self.doing, self.machinery
        )

    def _surely(self, who: Who, wait: Wait | None, those: frozenset[Who]) -> frozenset[Who]:
        """Of the threads that could end a wait, those that are known to be the ones that would.

        A thread of the same process may do anything with what all its threads share, or have
        nothing to do with it: it counts only where Python's stack names it, or a lock's own record.
        """
        pid = who[0]
        if self.roles[pid] == "manager":
            those -= self._threads(self.unconnected)
        if wait is not None and wait.kind == "thread-lock":
            named = those if who in self.named else self.guessed.get(who, frozenset())
            return named or frozenset(one for one in those if one[0] != pid)
        semaphore = self.objects.semaphores.get(wait.inode) if wait is not None and wait.inode is not None else None
        if semaphore is not None and semaphore.is_lock and semaphore.holders:
            others = semaphore.holders - {pid}
            named_threads = semaphore.holder_threads(pid) - {who[1]}
            if others or named_threads:
                return frozenset(one for one in those if one[0] in others or one[1] in named_threads)
            return frozenset()  # it holds it itself: who else might let go of it can only be guessed
        elsewhere = frozenset(one for one in those if one[0] != pid)
        return elsewhere if wait is None or wait.inode in self.of_the_library else elsewhere - self.servants

    def _signalled(self, process: Process, thread: Thread, those: frozenset[Who]) -> bool:
        """Whether a signal may be what ends this wait: its handler would run in the main thread.

        SIGALRM is a time-out of any call. Another handler of the program's own is thought of where
        its main thread waits for nothing but its own process, as services wait for their end: for a lock
        between its threads, or for a pipe of its own, into which a handler writes.
        """
        if thread.tid != process.pid or thread.blocked is None:
            return False
        if process.caught & _ALARM:
            return True
        call = thread.blocked.call
        told = self.doing.get((process.pid, thread.tid))
        if told is not None and told.wants in told.holds:
            return False  # who has the lock is this very thread, which may be in a handler by now
        inside = (call.startswith("futex") and thread.blocked.inode is None) or call in POLLS or call in EPOLLS
        inside = inside or (call in _READS and bool(those) and all(pid == process.pid for pid, _ in those))
        return inside and bool(process.caught & ~_INNOCENT)

    def _one(self, process: Process, thread: Thread) -> tuple[Wait | None, Hope, frozenset[Who]]:
        """A thread's wait, its own hope without help, and the threads that could help."""
        blocked = thread.blocked
        if thread.state in "Tt":
            return None, "unknown", frozenset()  # stopped: by whom, and for how long?
        if blocked is None:
            return None, "yes" if process.state in "ZX" else "unknown", frozenset()
        if thread.state in "RXZ" or blocked.call in ("running", "none"):
            return None, "yes", frozenset()
        if blocked.call in _SLEEPS:
            return None, "yes", frozenset()  # it waits for nobody
        wait, hope, those = self._blocked(process, thread, blocked)
        if self.roles[process.pid] in ("forkserver", "resource-tracker"):
            return wait, "unknown", frozenset()  # the library's helpers wait for orders: that is their work
        if (process.pid, thread.tid) in self.idle:
            return wait, "no", frozenset()  # it looks whether it should stop, and serves nobody
        if blocked.timed or thread.state == "D":
            return wait, "yes", those
        return wait, hope, those

    def _blocked(self, process: Process, thread: Thread, blocked: Blocked) -> tuple[Wait, Hope, frozenset[Who]]:
        call = blocked.call
        if call in _CHILD:
            return self._child(process, thread, blocked)
        if call.startswith("futex"):
            if blocked.inode is not None:
                return self._shared_futex(process, thread, blocked.inode)
            return self._between_threads(process, thread)
        if call in _READS or call in _WRITES or call in POLLS or call in EPOLLS or call in _ACCEPTS:
            return self._files(process, thread, blocked)
        if call in _LOCKS:
            return self._locked_file(process, thread, blocked)
        if call in _SIGNALS:
            # From wherever; and from any other of the program, as long as that goes on. Another program's end is one.
            ends = call == "rt_sigtimedwait" or process.caught & _SIGCHLD
            senders = CLIENTS if ends else CLIENTS - {"program"}
            others = (pid for pid, role in self.roles.items() if role in senders and pid != process.pid)
            return self._wait(process, thread, "unknown", "", None), "unknown", self._threads(others)
        return self._wait(process, thread, "unknown", "", None), "unknown", frozenset()

    def _between_threads(self, process: Process, thread: Thread) -> tuple[Wait, Hope, frozenset[Who]]:
        """A futex within one process: Python's stack may say which thread could end it."""
        own = frozenset((process.pid, one.tid) for one in process.threads)
        wait = self._wait(process, thread, "thread-lock", "", (process.pid,))
        who = (process.pid, thread.tid)
        doing = self.doing.get(who)
        those: frozenset[Who] = frozenset()
        if doing is not None and doing.call == "join":
            if doing.thing:
                tids = [tid for _, tid in own]
                those = python.threads_of(doing.thing, process.pid, self.snapshot, tids) & own
            if not those:
                return wait, "unknown", own  # it has ended, or could not be read
        elif doing is not None and doing.wants:
            those = self._lock_holders(process.pid, doing.wants) & own
        elif doing is not None and doing.call == "exit" and self._all_go_on(process, own - {who}):
            return wait, "yes", own  # whichever of them it is that it waits for
        elif doing is not None and doing.call in _BROUGHT and doing.result:
            those = python.brings(doing.result, process.pid, self.snapshot) & own
            others = python.handles_results(process.pid, self.snapshot, known=False) & own
            serving = python.handles_results(process.pid, self.snapshot) & own
            if not those:
                if self._all_go_on(process, serving):
                    return wait, "yes", serving  # nobody is at it yet: whoever of them is done first takes it up
                # it may be any thread's, and whose it is may not have come so far that its stack tells
                self.guessed[who] = others
            elif doing.call == "pool":
                those |= others  # what the pool's handler brings it gets from a job, which may be a thread's
        elif doing is not None and doing.call in _BROUGHT:
            those = python.handles_results(process.pid, self.snapshot) & own
        if those:
            self.named.add(who)
            return wait, "no", those
        return wait, "no", self._served(process, own)

    def _all_go_on(self, process: Process, those: frozenset[Who]) -> bool:
        """Whether each of these threads of a process goes on by itself: it runs, sleeps, or waits with a time-out."""
        calls = {one.tid: one.blocked for one in process.threads if (process.pid, one.tid) in those}
        return bool(calls) and all(
            one is not None and (one.timed or one.call in _SLEEPS or one.call == "running") for one in calls.values()
        )

    def _lock_holders(self, pid: int, lock: int) -> frozenset[Who]:
        return frozenset(who for who, doing in self.doing.items() if who[0] == pid and lock in doing.holds)

    def _served(self, process: Process, own: frozenset[Who]) -> frozenset[Who]:
        """For a manager's threads, its clients are hope too: any of them may connect and let go."""
        if self.roles[process.pid] != "manager":
            return own
        return own | self._threads(one.pid for one in self.snapshot.processes if self.roles[one.pid] in CLIENTS)

    def _child(self, process: Process, thread: Thread, blocked: Blocked) -> tuple[Wait, Hope, frozenset[Who]]:
        children = [one for one in self.snapshot.processes if one.ppid == process.pid]
        if blocked.pid is not None and blocked.pid > 0:
            children = [one for one in self.snapshot.processes if one.pid == blocked.pid]
        elif blocked.group is not None:
            children = [one for one in children if one.pgid == (blocked.group or process.pgid)]
        pids = tuple(child.pid for child in children)
        target = str(blocked.pid) if blocked.pid and blocked.pid > 0 else str(pids[0]) if len(pids) == 1 else ""
        wait = self._wait(process, thread, "child", target, pids)
        if blocked.call == "waitid" and blocked.args and not blocked.args[3] & _WEXITED:
            return wait, "unknown", frozenset()  # for a signal that stops or continues it, from wherever
        if not children or any(child.state in "ZX" for child in children):
            return wait, "yes", frozenset()  # it has ended, and the call is about to return
        return wait, "no", frozenset((pid, pid) for pid in pids)

    def _shared_futex(self, process: Process, thread: Thread, inode: Inode) -> tuple[Wait, Hope, frozenset[Who]]:
        semaphore = self.objects.semaphores.get(inode)
        if semaphore is None:
            # Something of the learner's own in shared memory: whoever maps it may end the wait.
            pids = {one.pid for one in self.snapshot.processes if any(m.inode == inode for m in one.mappings)}
            wait = self._wait(process, thread, "object", str(inode), tuple(sorted(pids)), inode)
            known_to_all = len(pids) > 1 and inode not in self.outside
            return wait, "no" if known_to_all else "unknown", self._threads(pids | self.starting)
        holders = semaphore.holders if semaphore.is_lock else frozenset()
        known = tuple(sorted(holders)) if holders or semaphore.told else None
        if not semaphore.is_lock and semaphore.told:
            known = tuple(sorted(semaphore.pids - {process.pid}))
        wait = self._wait(process, thread, "object", str(inode), known, inode)
        if semaphore.value is None or inode in self.outside:
            return wait, "unknown", frozenset()
        if semaphore.value > 0:
            return wait, "yes", frozenset()  # given back already: it is about to be woken
        return wait, "unknown" if self.blind else "no", self._lock_enders(process.pid, semaphore)

    def _lock_enders(self, pid: int, semaphore: Semaphore) -> frozenset[Who]:
        """Who could release it: the holder; where that is nobody else, anyone who has it mapped.

        multiprocessing lets any process release any lock, so that "its own owner waits for it"
        is believed only when nobody at all is left.
        """
        others = semaphore.holders - {pid}
        if not semaphore.is_lock or not others:
            return self._threads(semaphore.pids | self.starting)
        found: set[Who] = set()
        for holder in others:
            process = self.by_pid.get(holder)
            threads = {thread.tid for thread in process.threads} if process is not None else set()
            named = semaphore.holder_threads(holder) & threads
            found |= {(holder, tid) for tid in (named or threads)}
        return frozenset(found)

    def _locked_file(self, process: Process, thread: Thread, blocked: Blocked) -> tuple[Wait, Hope, frozenset[Who]]:
        """A wait for the lock of a file: flock(2), and fcntl(2) with F_SETLKW."""
        file = self.files[process.pid].get(blocked.fds[0]) if blocked.fds else None
        locked = self.objects.files.get(file.inode) if file is not None and file.inode is not None else None
        if locked is None:
            return self._wait(process, thread, "unknown", "", None), "unknown", frozenset()
        every = locked.in_the_way_of(process.pid)
        holders = every & self.by_pid.keys()
        # Whoever has the file open may hold the lock of one who is gone: it goes with what was opened.
        hope: Hope = "no" if holders and holders == every and locked.kind != "ofd" else "unknown"
        known = tuple(sorted(holders)) or None
        wait = self._wait(process, thread, "object", str(locked.inode), known, locked.inode)
        return wait, hope, self._threads(holders)

    def _files(self, process: Process, thread: Thread, blocked: Blocked) -> tuple[Wait, Hope, frozenset[Who]]:
        """Waits for descriptors: any one of them that is ready ends it."""
        files = self.files[process.pid]
        writes = blocked.call in _WRITES
        hope: Hope = "no"
        those: set[Who] = set()
        holders: set[int] = set()
        inodes: list[Inode] = []
        children: list[int] = []
        alone = 0
        for fd in blocked.fds:
            file = files.get(fd)
            if file is not None and file.pid in self.by_pid:
                hope = _more(hope, "yes" if self.by_pid[file.pid].state in "ZX" else "no")
                holders.add(file.pid)
                children.append(file.pid)
                those.add((file.pid, file.pid))
                continue
            if file is None or file.inode is None:
                hope = _more(hope, "unknown")
                continue
            inodes.append(file.inode)
            one, pids, sentinel = self._file(process, file, writes)
            alone += pids == {process.pid}
            hope = _more(hope, one)
            holders |= pids
            if sentinel:
                children.extend(pids)
                those |= {(pid, pid) for pid in pids}
            else:
                those |= self._threads(pids | set(self.snapshot.expecting))
        may_end = (process.pid, thread.tid) in self.snapshot.unasked and blocked.call not in _PLAIN
        if not blocked.fds or self.blind or may_end:
            hope = _more(hope, "unknown")
        if blocked.call in _ACCEPTS and self.roles[process.pid] == "manager":
            hope, those = "no", set(self._served(process, frozenset()))
        known = tuple(sorted(holders)) if hope == "no" or holders else None
        # An event loop also watches a socket of its own, by which its threads wake it.
        if children and len(children) + alone == len(blocked.fds):
            target = str(children[0]) if len(children) == 1 else ""
            return self._wait(process, thread, "child", target, known), hope, frozenset(those)
        single = inodes[0] if len(inodes) == 1 else None
        kind: Kind = "object" if inodes else "unknown"
        wait = self._wait(process, thread, kind, str(single) if single else "", known, single, writes)
        return wait, hope, frozenset(those)

    def _file(self, process: Process, file: OpenFile, writes: bool) -> tuple[Hope, set[int], bool]:
        """What a wait for this descriptor hopes for: from itself, from which processes, as a sentinel."""
        inode = file.inode
        assert inode is not None
        pipe = self.objects.pipes.get(inode)
        if pipe is not None and pipe.path:
            return "unknown", set(pipe.readers if writes else pipe.writers), False  # anyone may open it by its name
        if pipe is not None and ("r" if writes else "w") in self.outside.get(inode, ""):
            return "unknown", set(pipe.readers if writes else pipe.writers), False
        if pipe is not None:
            if writes or file.mode == "w":
                return ("no", set(pipe.readers), False) if pipe.readers else ("unknown", set(), False)
            if pipe.queued:
                return "yes", set(pipe.writers), False
            if not pipe.writers:
                return "unknown", set(), False  # held open by someone who is not ours
            child = self._sentinel(process, inode, pipe.writers)
            return ("no", {child}, True) if child else ("no", set(pipe.writers), False)
        socket = self.objects.sockets.get(inode)
        if socket is None or socket.listening:
            return "unknown", set(), False
        other = socket.peer or socket.calls
        peer = self.objects.sockets.get(other) if other is not None else None
        if peer is None or not peer.holders or other in self.outside:
            return "unknown", set(), False
        if socket.queued and not writes:
            return "yes", set(peer.holders), False
        return "no", set(peer.holders), False

    def _sentinel(self, process: Process, inode: Inode, writers: frozenset[int]) -> int | None:
        """The process whose end this pipe tells, or None when it tells none.

        The waiting process's own memory says so, where it was searched. Else it is told from the pair of pipes
        that multiprocessing makes for every child, one for each direction, and of which it uses neither for more.
        Under forkserver it is the server that writes to this one; the worker is the one of the server's that
        reads the other of the pair, and so does what it forks.
        """
        if process.pid in self.objects.searched:
            return self.told_sentinels.get(inode)
        if len(writers) != 1:
            return None
        server = next(iter(writers))
        if self.roles.get(server) != "forkserver":
            return server if self._paired(process, inode, server) else None
        hired = {one.pid for one in self.by_pid.values() if one.ppid == server}
        pipes = self.objects.pipes
        homes = [one for one, pipe in pipes.items() if process.pid in pipe.readers and pipe.writers == {server}]
        outs = [one for one, pipe in pipes.items() if process.pid in pipe.writers and len(pipe.readers & hired) == 1]
        other = _pairs(homes, outs).get(inode)
        return next(iter(pipes[other].readers & hired)) if other is not None else None

    def _paired(self, process: Process, inode: Inode, child: int) -> bool:
        """Whether this pipe and one more join a process and its child in both directions, and no other two do.

        The program may have made such a pair of its own: then which of them is multiprocessing's is not told.
        """
        one = self.by_pid.get(child)
        if one is None or one.ppid != process.pid:
            return False
        homes, outs = self._one_way(child, process.pid), self._one_way(process.pid, child)
        return [*_pairs(homes, outs)] == [inode]

    def _one_way(self, writer: int, reader: int) -> list[Inode]:
        """The pipes to which of these two processes the one can only write, and which the other can only read."""
        return [
            inode
            for inode, pipe in self.objects.pipes.items()
            if writer in pipe.writers - pipe.readers and reader in pipe.readers - pipe.writers
        ]

    def _threads(self, pids: Iterable[int]) -> frozenset[Who]:
        return frozenset((pid, one.tid) for pid in pids if pid in self.by_pid for one in self.by_pid[pid].threads)

    def _wait(
        self,
        process: Process,
        thread: Thread,
        kind: Kind,
        target: str,
        held_by: tuple[int, ...] | None,
        inode: Inode | None = None,
        writes: bool = False,
    ) -> Wait:
        blocked = thread.blocked
        assert blocked is not None
        return Wait(process.pid, thread.tid, kind, target, held_by, blocked.call, blocked.timed, inode, writes)


def _pairs(homes: Iterable[Inode], outs: Iterable[Inode]) -> dict[Inode, Inode]:
    """Pipes that were made one right after the other, first one of ``homes``, then one of ``outs``.

    A processor numbers what it makes upwards. But there are several, and other programs make pipes meanwhile: where
    there is more than one of each, two that have another of these between them, or stand the other way round, are
    no pair.
    """
    firsts, seconds = sorted(homes), sorted(outs)
    if len(firsts) == len(seconds) == 1:
        return {firsts[0]: seconds[0]}
    order = sorted((*((one, False) for one in firsts), *((one, True) for one in seconds)))
    return {
        one: other for (one, out), (other, second) in pairwise(order) if not out and second and one.dev == other.dev
    }


_BROUGHT = ("pool", "future")
"""Results that a thread of the library's brings, or that of a job itself."""
CLIENTS = frozenset(("root", "worker", "fork", "program"))
"""Roles of processes that run a program's own code."""
_RANK: dict[Hope, int] = {"no": 0, "unknown": 1, "yes": 2}


def _more(one: Hope, other: Hope) -> Hope:
    return one if _RANK[one] >= _RANK[other] else other


def _spread(
    start: dict[Who, Hope], enders: dict[Who, frozenset[Who]], sure: dict[Who, frozenset[Who]]
) -> dict[Who, Hope]:
    """Hope spreads from those who have it to those whom they could wake; a guess gives "unknown" and no more."""
    hope = dict(start)
    _flood(hope, "yes", sure)
    for who, those in enders.items():
        if hope[who] == "no" and any(hope.get(other) == "yes" for other in those):
            hope[who] = "unknown"
    _flood(hope, "unknown", enders)
    return hope


def _flood(hope: dict[Who, Hope], level: Hope, enders: dict[Who, frozenset[Who]]) -> None:
    woken: dict[Who, list[Who]] = {}
    for who, those in enders.items():
        for other in those:
            woken.setdefault(other, []).append(who)
    queue = [who for who, one in hope.items() if one == level]
    while queue:
        for who in woken.get(queue.pop(), ()):
            if _RANK[hope[who]] < _RANK[level]:
                hope[who] = level
                queue.append(who)
