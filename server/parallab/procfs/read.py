"""Reads a process and its descendants from /proc, whose root is a parameter; nothing else opens it.

A Reader remembers what it saw of each process, (pid, start time), and reads again only what ran
since: a process none of whose threads has been on a CPU can have changed neither its children
nor its descriptors nor its mappings. Processes that vanish while they are read are left out;
what may not be read, or not be understood, becomes a Missing, never an exception. What it all
means is for ``ipc``.
"""

# Paths are strings and os.* is called directly: a snapshot makes thousands of these calls.
# ruff: noqa: PTH116, PTH208, S108

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from parallab import netlink
from parallab.model import (
    FileLock,
    Inode,
    Made,
    Mapping,
    Missing,
    OpenFile,
    PipeState,
    Process,
    Segment,
    SemaphoreState,
    SemLock,
    Snapshot,
    Socket,
    Thread,
)
from parallab.procfs import heap, mapquery, opened, parse, pipes, semaphores, spaces, tcp, threads

MAX_PROCESSES = 8192
MAX_THREADS = 4096
"""Threads of one process beyond this number are left out."""
MAX_FILES = 100_000
"""Descriptors of all processes together; forked children inherit those of all before them."""
MAX_PIPES = 4096
MAX_SEGMENTS = 4096

_TICK_NS = 12_000_000
"""Longer than a scheduler's tick (HZ ≥ 100), at which a running thread's schedstat moves on."""

Sockets = Callable[[], dict[int, Socket]]


class _Known:
    """What is remembered of one process. ``facts`` is None when it ran since they were read."""

    __slots__ = (
        "added",
        "addresses",
        "at",
        "children",
        "cmdline",
        "facts",
        "handles",
        "image",
        "made",
        "missing",
        "numbers",
        "pid",
        "restless",
        "scanned",
        "sched",
        "searched",
        "sem_locks",
        "stat",
    )  # fmt: skip

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.stat: parse.Stat
        self.sched: dict[int, bytes] = {}
        self.at = 0
        self.restless = True
        self.children: tuple[int, ...] = ()
        self.cmdline: tuple[str, ...] = ()
        self.image: tuple[object, ...] | None = None
        self.facts: Process | None = None
        self.missing: tuple[Missing, ...] = ()
        self.handles: dict[int, Inode] = {}
        """Where its semaphores are mapped."""
        self.addresses: frozenset[int] = frozenset()
        self.scanned: set[int] | None = None
        self.added = False
        self.sem_locks: tuple[SemLock, ...] = ()
        self.made: tuple[Made, ...] | None = None
        self.searched = False
        """Whether its memory could be understood, for ``made``."""
        self.numbers: tuple[int, ...] | None = None
        """In each pid namespace, from this /proc's inwards."""


class Reader:
    """Reads /proc under ``root`` for one caller at a time.

    ``sockets`` gives the unix sockets of the processes' network namespace (default: netlink for
    the real /proc, none for a recorded tree); ``machine`` is that of the system calls' numbers;
    ``most`` is how many processes are read, of more than these only the first.
    """

    def __init__(
        self,
        root: Path = Path("/proc"),
        sockets: Sockets | None = None,
        machine: str = "",
        most: int = MAX_PROCESSES,
    ) -> None:
        self._most = most
        self._root = str(root)
        self._machine = machine or os.uname().machine
        if sockets is None and self._root == "/proc":
            sockets = netlink.unix_sockets
        self._sockets = sockets
        self._files = opened.Files()
        self._query: mapquery.MapQuery | None = mapquery.MapQuery()
        self._known: dict[int, _Known] = {}
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._boot: int | None = None
        self._ran = True
        self._files_left = MAX_FILES
        self._last: Snapshot | None = None
        self._entries: dict[int, str] = {}
        self._stamp: tuple[int, ...] = ()
        self._strangers: dict[int, str] | None = None
        self._newcomers: set[int] = set()
        self._not_understood: list[Missing] = []
        self._spaces: dict[int, spaces.Numbers] = {}
        """Of those that know the others by other numbers."""

    def begin(self, pid: int) -> None:
        """Process ``pid`` begins: what is in /dev/shm already, as it has that mounted, is somebody else's.

        Without this, that is what the first look shows, and what came before it and is held by nobody stays unseen.
        """
        for directory in self._shared_folders(pid):
            with contextlib.suppress(OSError):
                self._strangers = opened.entries(directory)
                return

    def strangers(self, found: Iterable[Segment]) -> tuple[Segment, ...]:
        """Those of these entries of /dev/shm that were there before."""
        before = self._strangers or {}
        return tuple(one for one in found if before.get(one.inode.ino) == one.name)

    # -- the tree ---------------------------------------------------------------

    def tree(self, pid: int) -> tuple[Process, ...]:
        """``pid`` and its descendants, without threads, descriptors and mappings; () when it is gone.

        A descendant whose parent died stays in it while it lives, with its new ``ppid``.
        """
        return tuple(self._process(known) for known in self._walk(pid))

    def adopt(self, pids: Iterable[int]) -> None:
        """Takes these processes for descendants that lost their parent before they were seen."""
        for pid in pids:
            try:
                turns = self._turns(pid, pid)
                stat = parse.stat(opened.read(f"{self._root}/{pid}/stat"))
                self._known[pid] = self._refresh(_Known(pid), turns, stat, time.monotonic_ns())
            except (OSError, parse.ParseError):
                continue  # it has ended

    def _walk(self, root: int) -> list[_Known]:
        """The descendants, looked at afresh where they ran."""
        self._not_understood = []
        reached: dict[int, _Known] = {}
        queue = [(root, 0)]
        orphans_done = False
        while queue or not orphans_done:
            if not queue:
                # The rest of what was known: children of a parent that died, if they still live.
                orphans_done = True
                queue = [(pid, -1) for pid in self._known if pid not in reached]
                continue
            pid, parent = queue.pop()
            if pid in reached or len(reached) >= self._most:
                continue
            known = self._look(pid, parent)
            if known is not None:
                reached[pid] = known
                queue.extend((child, pid) for child in reversed(known.children))
        if len(reached) != len(self._known):
            self._ran = True
        self._known = reached
        return list(reached.values()) if root in reached else []

    def _look(self, pid: int, parent: int) -> _Known | None:
        """One process, from memory when it did not run since, or None when it is gone.

        ``parent`` is 0 for the root, −1 for one that was known before and lost its parent.
        """
        known = self._known.get(pid)
        try:
            now = time.monotonic_ns()
            if known is not None and parent >= 0 and self._rested(known, now):
                return known
            turns = self._turns(pid, pid)
            stat = parse.stat(opened.read(f"{self._root}/{pid}/stat"))
            if known is not None and known.stat.started != stat.started:
                known = None  # the pid was given to another process
            if known is None:
                if parent == -1 or (parent > 0 and stat.ppid != parent):
                    return None  # the pid was reused, or it was adopted, between two reads
                known = _Known(pid)
            return self._refresh(known, turns, stat, now)
        except OSError as error:
            if opened.gone(error) or isinstance(error, PermissionError):
                return None  # vanished; or hidden, as hidepid= of proc(5) does with other users' processes
            raise
        except parse.ParseError as error:
            self._not_understood.append(Missing(f"process {pid}", str(error), pid=pid))
            return None

    def _rested(self, known: _Known, now: int) -> bool:
        """Whether no thread of it has run since it was last read."""
        if known.restless and now - known.at < _TICK_NS:
            return False
        # Kernels without schedstats always say zero turns: then nothing can be concluded.
        return not any(
            before.endswith(b" 0\n") or self._turns(known.pid, tid) != before for tid, before in known.sched.items()
        )

    def _turns(self, pid: int, tid: int) -> bytes:
        """The schedstat of a thread now; nothing of one that has ended."""
        try:
            return opened.read(f"{self._root}/{pid}/task/{tid}/schedstat")
        except OSError as error:
            if not opened.gone(error):
                raise
            return b""

    def _refresh(self, known: _Known, turns: bytes, stat: parse.Stat, now: int) -> _Known:
        """Reads its threads and children; schedstat first, so that whatever runs later is noticed.

        ``turns`` is the main thread's, read before ``stat``: what that says of a process is not older.
        """
        self._ran = True
        task = f"{self._root}/{known.pid}/task"
        sched: dict[int, bytes] = {}
        children: list[int] = []
        # Whom its maker made after the list and before it was read is in neither, and may wait for a core ever since.
        while new := [name for name in os.listdir(task)[:MAX_THREADS] if int(name) not in sched]:
            for name in new[: MAX_THREADS - len(sched)]:
                tid = int(name)
                sched[tid] = turns if turns and tid == known.pid else self._turns(known.pid, tid)
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    children.extend(parse.children(opened.read(f"{task}/{name}/children")))
            if len(sched) >= MAX_THREADS:
                break
        sched = {tid: one for tid, one in sched.items() if one}
        known.stat, known.sched, known.children, known.at = stat, sched, tuple(children), now
        known.restless = True
        known.facts = None
        image = (stat.comm, stat.image)
        if stat.state != "Z" and known.image != image:
            known.cmdline = parse.cmdline(opened.read(f"{self._root}/{known.pid}/cmdline"))
            # In the midst of execve(2) there is none: it is read again when the process has gone on.
            known.image = image if known.cmdline else None
        return known

    def _process(self, known: _Known) -> Process:
        stat = known.stat
        return Process(
            pid=known.pid,
            started=stat.started,
            ppid=stat.ppid,
            comm=stat.comm,
            state=stat.state,
            cmdline=known.cmdline,
            started_unix=self._boot_time() + stat.started / self._ticks,
            pgid=stat.pgid,
            sid=stat.sid,
            cpu_ticks=stat.cpu_ticks,
            exit_code=parse.exit_code(stat.exit_status) if stat.state in "ZX" else None,
            caught=stat.caught,
            forked=stat.forked,
            collected=stat.collected,
        )

    def _boot_time(self) -> int:
        if self._boot is None:
            try:
                self._boot = parse.boot_time(opened.read(f"{self._root}/stat"))
            except (OSError, parse.ParseError):
                self._boot = 0
        return self._boot

    # -- the whole --------------------------------------------------------------

    def snapshot(
        self,
        pid: int,
        sem_locks: Iterable[tuple[int, int]] = (),
        deep: bool = True,
        scan: bool = False,
        made: bool = False,
    ) -> Snapshot:
        """``pid``, its descendants and what they hold, now; without processes when it is gone.

        ``sem_locks`` are (pid, address) of SemLockObjects known from elsewhere: they are looked
        for in that process and in those forked from it. ``scan`` searches memory for more of
        them, at some milliseconds a megabyte, and reads file locks, which else only a wait for one
        makes it do; ``made`` searches it for what
        they are parts of, too. ``deep=False`` leaves out descriptors, mappings and the objects
        behind them.
        """
        monotonic, unix = time.monotonic_ns(), time.time()
        walked = self._walk(pid)
        missing: list[Missing] = []
        if len(walked) >= self._most:
            missing.append(
                Missing("more processes", f"only the first {self._most:,} were read, without what they hold")
            )
        if not deep or len(walked) >= self._most:
            shallow = tuple(self._threads_only(known) for known in walked)
            return Snapshot(monotonic, unix, pid, shallow, missing=tuple(missing))
        if scan:
            self._enter_spaces(walked)
        memories = {known.pid: opened.Memory(f"{self._root}/{known.pid}/mem") for known in walked}
        try:
            processes = self._read_all(walked, memories)
            walked = [known for known in walked if known.facts is not None]
            missing.extend(one for known in walked for one in known.missing)
            missing.extend(self._not_understood)
            found = self._sem_locks(walked, memories, sem_locks, scan, made, missing)
            if not self._ran and self._last is not None and self._last.root == pid:
                states, piped, sockets = self._last.semaphores, self._last.pipes, self._last.sockets
                missing = list(self._last.missing)
            else:
                states = _semaphores(processes, memories)
                piped = self._pipes(processes)
                sockets = self._unix_sockets(processes, missing)
                if scan:
                    sockets += self._tcp_sockets(pid, processes, sockets)
        finally:
            for memory in memories.values():
                memory.close()
        processes = self._settled(walked, processes)
        self._ran = False  # not before: looks at the tree alone notice, too, that somebody ran
        self._last = Snapshot(
            monotonic=monotonic,
            unix=unix,
            root=pid,
            processes=processes,
            sockets=sockets,
            semaphores=states,
            sem_locks=found,
            made=tuple(one for known in walked for one in known.made or ()) if made else (),
            searched=tuple(known.pid for known in walked if known.searched) if made else (),
            file_locks=self._file_locks(processes) if scan or _wants_file(processes) else (),
            pipes=piped,
            segments=self._shared_memory(pid, processes, missing) if processes else (),
            missing=tuple(dict.fromkeys(missing)),
        )
        return self._last

    def _enter_spaces(self, walked: Sequence[_Known]) -> None:
        for known in walked:
            if known.numbers is None:
                known.numbers = spaces.own(f"{self._root}/{known.pid}")
        told = {known.pid: known.numbers or () for known in walked}
        self._spaces = {pid: found for pid in told if (found := spaces.of_processes(pid, told))}

    def _read_all(self, walked: Sequence[_Known], memories: dict[int, opened.Memory]) -> tuple[Process, ...]:
        processes = []
        self._files_left = MAX_FILES - sum(len(known.facts.files) for known in walked if known.facts is not None)
        for known in walked:
            try:
                if known.facts is None:
                    known.facts = self._facts(known, memories[known.pid])
                    processes.append(known.facts)
                else:
                    processes.append(self._woken(known, known.facts))
            except OSError as error:
                known.facts = None
                self._ran = True
                if not opened.gone(error):
                    raise
            except parse.ParseError as error:
                # Without its descriptors and threads it counts as one of whom nothing is known.
                self._ran = True
                self._not_understood.append(Missing(f"process {known.pid}", str(error), "calls", known.pid))
                known.facts = self._process(known)
                processes.append(known.facts)
                known.restless = True
        return tuple(processes)

    def _threads_only(self, known: _Known) -> Process:
        """A process with its threads; what they wait for is read without their memory."""
        process = self._process(known)
        with opened.Memory(os.devnull) as memory:
            found, _ = self._threads(known, memory, ())
        return msgspec.structs.replace(process, threads=found)

    def _facts(self, known: _Known, memory: opened.Memory) -> Process:
        """Everything about one process that ran since it was last read."""
        process = self._process(known)
        if process.state in "ZX":
            known.restless, known.missing, known.handles = False, (), {}
            return process
        folder = f"{self._root}/{known.pid}"
        missing: list[Missing] = []
        files: tuple[OpenFile, ...] = ()
        mappings: tuple[Mapping, ...] = ()
        try:
            mappings = self._shared_mappings(f"{folder}/maps")
        except PermissionError as error:
            missing.append(_missing("shared memory", process, error, "mappings"))
        try:
            more = False
            if self._files_left > 0:
                files, more = self._files.read(f"{folder}/fd")
                self._files_left -= len(files)
            else:
                why = f"those of all processes are over {MAX_FILES:,}"
                missing.append(Missing(f"all descriptors of process {known.pid}", why, "descriptors", known.pid))
            if more:
                why = f"it has over {opened.MAX_FILES}"
                missing.append(Missing(f"all descriptors of process {known.pid}", why, "descriptors", known.pid))
        except PermissionError as error:
            missing.append(_missing("descriptors", process, error, "descriptors"))
        found, denied = self._threads(known, memory, mappings)
        if denied is not None:
            missing.append(_missing("system calls", process, denied, "calls"))
        known.restless = any(thread.state == "R" or thread.blocked is threads.RUNNING for thread in found)
        known.missing = tuple(missing)
        known.handles = semaphores.handles(mappings)
        known.scanned = None
        known.made = None
        known.searched = False
        known.added = False
        return msgspec.structs.replace(process, threads=found, files=files, mappings=mappings)

    def _shared_mappings(self, path: str) -> tuple[Mapping, ...]:
        if self._query is not None:
            try:
                return self._query.shared(path)
            except mapquery.Unsupported:
                self._query = None
        return parse.shared_maps(opened.read(path))

    def _private_mappings(self, pid: int) -> tuple[parse.Region, ...]:
        try:
            maps = parse.private_maps(opened.read(f"{self._root}/{pid}/maps"))
            return opened.resident(f"{self._root}/{pid}/pagemap", maps)
        except (OSError, parse.ParseError):
            return ()  # gone, or not ours to read: its memory then says so

    def _threads(
        self, known: _Known, memory: opened.Memory, mappings: tuple[Mapping, ...]
    ) -> tuple[tuple[Thread, ...], OSError | None]:
        folder = f"{self._root}/{known.pid}"
        found: list[Thread] = []
        denied: OSError | None = None
        for tid, sched in known.sched.items():
            blocked = None
            try:
                try:
                    text = opened.read(f"{folder}/task/{tid}/syscall")
                    blocked = threads.blocked(folder, text, self._machine, memory, mappings)
                    if known.pid in self._spaces and not blocked.fds:
                        blocked = spaces.blocked(blocked, self._spaces[known.pid])
                except PermissionError as error:
                    denied = error
                found.append(threads.thread(f"{folder}/task", tid, sched, blocked))
            except OSError as error:
                if not opened.gone(error):
                    raise
        return tuple(found), denied

    def _woken(self, known: _Known, process: Process) -> Process:
        """The facts remembered of a process that did not run, with threads woken since as running."""
        if process.state in "ZX" or any(thread.blocked is None for thread in process.threads):
            return process
        changed = False
        found = []
        for thread in process.threads:
            text = opened.read(f"{self._root}/{known.pid}/task/{thread.tid}/syscall")
            if text.startswith(b"running"):
                changed = True
                thread = msgspec.structs.replace(thread, state="R", blocked=threads.RUNNING)
            found.append(thread)
        if not changed:
            return process
        self._ran = True  # who woke it may have changed what they share
        return msgspec.structs.replace(process, threads=tuple(found))

    def _settled(self, walked: Sequence[_Known], processes: Iterable[Process]) -> tuple[Process, ...]:
        """With what each thread had of the cores by now, when all else is read.

        Who moved while the others were read is known by that from the next snapshot's, even if it waits as before.
        """
        settled = []
        for known, process in zip(walked, processes, strict=True):
            turns = [(one, self._turns(known.pid, one.tid)) for one in process.threads]
            if any(now != known.sched[one.tid] for one, now in turns):
                found = (threads.again(one, now) for one, now in turns if now)
                process = msgspec.structs.replace(process, threads=tuple(found))
            settled.append(process)
        return tuple(settled)

    def _sem_locks(
        self,
        walked: Sequence[_Known],
        memories: dict[int, opened.Memory],
        told: Iterable[tuple[int, int]],
        scan: bool,
        made: bool,
        missing: list[Missing],
    ) -> tuple[SemLock, ...]:
        addresses: dict[int, set[int]] = {}
        for pid, address in told:
            addresses.setdefault(pid, set()).add(address)
        result: list[SemLock] = []
        explained: set[Inode] = set()
        parents = {known.stat.ppid for known in walked}
        halves = _halves(known.facts for known in walked if known.facts is not None) if made else frozenset()
        for known in walked:  # parents before children
            process = known.facts
            assert process is not None
            # fork copies a SemLockObject to the same address; elsewhere it is validated away.
            own = addresses.setdefault(known.pid, set()) | addresses.get(known.stat.ppid, set())
            if made:
                # Who started others, or threads, made objects of its own; who has none but its parent's, did not.
                new = known.pid == walked[0].pid or len(known.sched) > 1 or known.pid in parents
                new = new or not explained.issuperset(known.handles.values())
                # What it has of a sibling that is gone, it alone remembers.
                new = new or not halves.isdisjoint(file.inode for file in process.files)
                self._make(known, process, memories[known.pid], new)
                own |= {part.address for one in known.made or () for part in one.parts if part.address}
                if known.made:
                    explained.update(known.handles.values())
            if known.handles:
                self._locks_of(known, process, known.handles, memories[known.pid], own, scan, missing)
                own |= known.addresses
                result.extend(known.sem_locks)
            addresses[known.pid] = own
        return tuple(result)

    def _make(self, known: _Known, process: Process, memory: opened.Memory, wanted: bool) -> None:
        """Fills ``made`` of one process, from memory where it ran."""
        if known.made is not None or not wanted or process.state in "ZX":
            return
        folder = f"{self._root}/{known.pid}"
        try:
            found = heap.made(memory, known.pid, opened.read(f"{folder}/maps"), f"{folder}/pagemap")
            known.searched = found is not None
            known.made = found or ()
            if numbers := self._spaces.get(known.pid):
                known.made = spaces.made(known.made, numbers, spaces.of_threads(folder))
        except (OSError, parse.ParseError):
            known.made = ()  # gone, or not ours to read: its descriptors and mappings say so already

    def _locks_of(
        self,
        known: _Known,
        process: Process,
        handles: dict[int, Inode],
        memory: opened.Memory,
        own: set[int],
        scan: bool,
        missing: list[Missing],
    ) -> None:
        """Fills ``sem_locks`` and ``addresses`` of one process, from memory where it ran."""
        if known.added and own <= known.addresses and not (scan and known.scanned is None):
            return
        numbers = spaces.of_threads(f"{self._root}/{known.pid}") if known.pid in self._spaces else {}
        tids = tuple(numbers or known.sched)
        wanted = own | known.addresses
        found = semaphores.sem_locks(memory, known.pid, wanted, handles, tids, self._machine)
        if scan and known.scanned is None:
            known.scanned = set()
            if {lock.inode for lock in found} != set(handles.values()):
                regions = self._private_mappings(known.pid)
                known.scanned, more = semaphores.scan(memory, regions, handles)
                if more:
                    why = "its memory is too large to search"
                    missing.append(Missing(f"all locks of process {known.pid}", why, "locks", known.pid))
                found = semaphores.sem_locks(memory, known.pid, wanted | known.scanned, handles, tids, self._machine)
        if memory.problem is not None:
            missing.append(_missing("locks", process, memory.problem, "locks"))
        known.added = True
        known.addresses = frozenset(wanted | (known.scanned or set()))
        known.sem_locks = tuple(
            msgspec.structs.replace(one, tid=numbers.get(one.tid, one.tid)) if numbers else one for one in found
        )

    def _pipes(self, processes: Iterable[Process]) -> tuple[PipeState, ...]:
        """Bytes waiting in each pipe that someone here can read."""
        readers: dict[Inode, tuple[int, int] | None] = {}
        for process in processes:
            for file in process.files:
                if file.kind == "pipe" and file.inode is not None and len(readers) < MAX_PIPES:
                    if "r" in file.mode:
                        readers[file.inode] = (process.pid, file.fd)
                    else:
                        readers.setdefault(file.inode, None)
        return tuple(
            PipeState(inode, pipes.queued(f"{self._root}/{place[0]}/fd/{place[1]}", inode) if place else None)
            for inode, place in readers.items()
        )

    def _file_locks(self, processes: Iterable[Process]) -> tuple[FileLock, ...]:
        """Locks of files that these processes have open."""
        wanted = {file.inode for one in processes for file in one.files if file.kind == "file"}
        try:
            return tuple(one for one in parse.locks(opened.read(f"{self._root}/locks")) if one.inode in wanted)
        except OSError:
            return ()  # a kernel without them, or a /proc that hides them

    def _unix_sockets(self, processes: Iterable[Process], missing: list[Missing]) -> tuple[Socket, ...]:
        """The unix sockets among the descriptors, and their peers."""
        wanted = _socket_inodes(processes)
        if not wanted or self._sockets is None:
            return ()
        try:
            every = self._sockets()
        except OSError as error:
            missing.append(Missing("the other ends of unix sockets", error.strerror or str(error), "sockets"))
            return ()
        return _with_peers(wanted, every)

    def _tcp_sockets(self, pid: int, processes: Iterable[Process], known: Iterable[Socket]) -> tuple[Socket, ...]:
        """Those among the other sockets that are of tcp(7) in the network namespace of ``pid``."""
        wanted = _socket_inodes(processes) - {one.inode for one in known}
        if not wanted:
            return ()
        texts = []
        for name in ("tcp", "tcp6"):
            try:
                texts.append(opened.read(f"{self._root}/{pid}/net/{name}"))
            except OSError:
                continue  # there is no such network, or it may not be read
        return _with_peers(wanted, tcp.sockets(texts))

    def _shared_memory(self, pid: int, processes: Iterable[Process], missing: list[Missing]) -> tuple[Segment, ...]:
        """What of /dev/shm, as process ``pid`` has it mounted, is held by these processes or came since the first look.

        A machine may hold thousands of segments and semaphores of others, or left by them: those cost one reading of
        the folder, whenever an entry comes or goes.
        """
        for directory in self._shared_folders(pid):
            try:
                status = os.stat(directory)
                self._list(directory, status)
            except OSError:
                continue
            wanted = {mapping.inode.ino for process in processes for mapping in process.mappings}
            wanted |= {file.inode.ino for process in processes for file in process.files if file.inode is not None}
            wanted |= self._newcomers
            names = [self._entries[number] for number in sorted(wanted & self._entries.keys())]
            if len(names) > MAX_SEGMENTS:
                missing.append(Missing("all of /dev/shm", f"only {MAX_SEGMENTS} entries were read", "segments"))
            return opened.segments(directory, status.st_dev, names[:MAX_SEGMENTS])
        missing.append(Missing("/dev/shm", "it could not be read", "segments"))
        return ()

    def _shared_folders(self, pid: int) -> tuple[str, ...]:
        """Where /dev/shm may be found, as process ``pid`` has it mounted."""
        own = f"{self._root}/{pid}/root/dev/shm"
        return (own, "/dev/shm") if self._root == "/proc" else (own,)

    def _list(self, directory: str, status: os.stat_result) -> None:
        stamp = (status.st_dev, status.st_ino, status.st_mtime_ns)
        if self._stamp != stamp:
            # Asked before the reading: on a busy machine we may be held up after it, and what came since is not read.
            now = time.time_ns()
            self._entries = opened.entries(directory)
            if self._strangers is None:
                self._strangers = self._entries
            else:
                old = self._strangers
                self._newcomers = {number for number, name in self._entries.items() if old.get(number) != name}
            # tmpfs stamps entries by a coarse clock.
            self._stamp = stamp if now - status.st_mtime_ns > 50_000_000 else ()


def _socket_inodes(processes: Iterable[Process]) -> set[int]:
    return {file.inode.ino for one in processes for file in one.files if file.kind == "socket" and file.inode}


def _with_peers(wanted: set[int], every: dict[int, Socket]) -> tuple[Socket, ...]:
    """Those of the wanted that are there, then their other ends."""
    own = [every[number] for number in sorted(wanted) if number in every]
    peers = {one.peer or one.calls for one in own} - wanted - {0}
    return (*own, *(every[number] for number in sorted(peers) if number in every))


def _halves(processes: Iterable[Process]) -> frozenset[Inode | None]:
    """Pipes of which these processes, but for the first and its own, have the ends of one side only."""
    modes: dict[Inode | None, str] = {}
    first: set[Inode | None] = set()
    for place, process in enumerate(processes):
        for file in process.files:
            if file.kind == "pipe" and not file.target.startswith("/"):
                modes[file.inode] = modes.get(file.inode, "") + file.mode
                if place == 0:
                    first.add(file.inode)
    return frozenset(inode for inode, mode in modes.items() if len({*mode}) == 1 and inode not in first)


def _wants_file(processes: Iterable[Process]) -> bool:
    """Whether somebody waits for the lock of a file."""
    return any(
        one.blocked is not None and one.blocked.call in ("flock", "fcntl")
        for process in processes
        for one in process.threads
    )


def _semaphores(processes: Iterable[Process], memories: dict[int, opened.Memory]) -> tuple[SemaphoreState, ...]:
    """Each semaphore's value and waiters, through the first process whose memory can be read."""
    found: dict[Inode, SemaphoreState] = {}
    for process in processes:
        for handle, inode in semaphores.handles(process.mappings).items():
            if inode not in found and len(found) < semaphores.MAX_SEMAPHORES:
                state = semaphores.state(memories[process.pid], handle, inode)
                if state is not None:
                    found[inode] = state
    return tuple(found.values())


def _missing(
    what: str, process: Process, error: OSError, kind: Literal["mappings", "descriptors", "calls", "locks"]
) -> Missing:
    return Missing(f"{what} of process {process.pid}", error.strerror or str(error), kind, process.pid)


def snapshot(pid: int, root: Path = Path("/proc"), scan: bool = True) -> Snapshot:
    """One look at a process that will not be looked at again."""
    return Reader(root).snapshot(pid, scan=scan)
