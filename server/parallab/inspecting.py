"""``parallab inspect`` and ``parallab doctor``: any running Python program, as contracts of JSON.

Looks twice, at least a quarter of a second apart, since one look cannot tell waiting from
passing through. The program needs no probe and no preparation. How a report looks on a terminal
is for ``inspect_view``.
"""

from __future__ import annotations

import os
import pwd
import time
from pathlib import Path

import msgspec

from parallab import ipc, pyspy, waits
from parallab.mistakes import CATALOGUE
from parallab.model import Inode, Missing, Process, Snapshot, Thread
from parallab.procfs import everybody
from parallab.procfs.read import Reader
from parallab.wire import (
    SCHEMA,
    CannotTell,
    DoctorReport,
    InspectDiagnosis,
    InspectEnd,
    InspectObject,
    InspectProcess,
    InspectReport,
    InspectTarget,
    InspectThread,
    InspectWait,
    MistakeView,
)

_APART = waits.APART_NS / 1e9 + 0.02


class InspectError(Exception):
    """A program that cannot be looked at; the text is one sentence that says what to do.

    * NoSuchProcess: there is none with this number
    * NotPermitted: it is another user's, or protected
    * NotHere: there is no /proc
    """


class NoSuchProcess(InspectError):
    """There is no process with this number."""


class NotPermitted(InspectError):
    """It belongs to another user, or may not be read."""


class NotHere(InspectError):
    """This system has no /proc."""


def inspect(pid: int, root: Path = Path("/proc")) -> InspectReport:
    """Processes, objects and waits of a running program and its descendants."""
    previous, current = look(pid, root)
    return report(previous, current)


def doctor(pid: int, root: Path = Path("/proc")) -> DoctorReport:
    """Whether a running program is stuck, and on what."""
    previous, current = look(pid, root)
    return examination(previous, current)


def look(pid: int, root: Path = Path("/proc"), baseline: Snapshot | None = None) -> tuple[Snapshot, Snapshot]:
    """Two snapshots of a program, far enough apart to tell whether anything moves.

    Where the first already shows that the program goes on, the second follows at once. Where
    it may be stuck, all processes are asked who else holds what it waits for, and Python's stacks
    are read where its threads wait for each other and py-spy is there.
    """
    _permitted(pid, root)
    reader = Reader(root)
    first = reader.snapshot(pid, scan=True)
    _there(first, root)
    began = time.monotonic()
    seen = waits.picture(first, baseline)
    stands = any(hope == "no" for hope in seen.hope.values())
    within = waits.within(seen) if stands or seen.hope.get(seen.main) != "yes" else ()
    stacks, unread = pyspy.stacks(within, os.uname().machine) if within and root == Path("/proc") else ((), ())
    if stands or stacks:
        time.sleep(max(0.0, began + _APART - time.monotonic()))
    second = reader.snapshot(pid, scan=True)
    _there(second, root)
    # Who did not move meanwhile is where its stack says; of all others nothing is concluded.
    second = msgspec.structs.replace(second, stacks=stacks)
    seen = waits.picture(second, baseline)
    if (wanted := waits.in_question(seen)) and root == Path("/proc"):
        mapped = any(one not in seen.objects.pipes and one not in seen.objects.sockets for one in wanted)
        others = everybody.holders(wanted, [one.pid for one in second.processes], mapped)
        second = msgspec.structs.replace(second, outside=others)
    if within and waits.stuck(first, second, baseline) is not False:
        second = msgspec.structs.replace(second, missing=(*second.missing, *unread))
    return first, second


def report(previous: Snapshot, current: Snapshot, baseline: Snapshot | None = None) -> InspectReport:
    """Two snapshots as ``inspect --json`` tells them."""
    seen = waits.picture(current, baseline)
    names = ipc.names(current, seen.roles)
    by_thread = {(wait.pid, wait.tid): wait for wait in seen.waits}
    return InspectReport(
        schema=SCHEMA,
        at=current.unix,
        root=current.root,
        processes=tuple(_process(one, seen, names, by_thread) for one in current.processes),
        objects=_objects(current, seen),
        waits=tuple(_wait(wait) for wait in seen.waits),
        diagnoses=_diagnoses(previous, current, baseline),
        cannot_tell=_cannot_tell(previous, current, baseline),
    )


def examination(previous: Snapshot, current: Snapshot, baseline: Snapshot | None = None) -> DoctorReport:
    """Two snapshots as ``doctor --json`` tells them."""
    return DoctorReport(
        schema=SCHEMA,
        stuck=waits.stuck(previous, current, baseline),
        diagnoses=_diagnoses(previous, current, baseline),
        cannot_tell=_cannot_tell(previous, current, baseline),
    )


def _permitted(pid: int, root: Path) -> None:
    if not (root / "stat").exists() and not (root / str(pid)).exists():
        raise NotHere(f"There is no {root} here: processes can be inspected on Linux, or in a Linux container.")
    try:
        owner = (root / str(pid)).stat().st_uid
    except OSError:
        raise NoSuchProcess(f"No process {pid} is running: `ps` lists those that are.") from None
    if root == Path("/proc") and os.geteuid() not in (0, owner):
        raise NotPermitted(f"Process {pid} belongs to {_user(owner)}: run this as that user to inspect it.")
    status = root / str(pid) / "status"
    try:
        leader = next((line.split()[1] for line in status.read_text().splitlines() if line.startswith("Tgid:")), "")
    except OSError:
        return
    if leader and int(leader) != pid:
        raise NoSuchProcess(f"{pid} is a thread of process {leader}: inspect {leader}.")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _there(snapshot: Snapshot, root: Path) -> None:
    process = snapshot.process(snapshot.root)
    if process is None:
        raise NoSuchProcess(f"Process {snapshot.root} ended while it was looked at.")
    if process.state in "ZX":
        raise NoSuchProcess(f"Process {process.pid} has ended already, and its parent did not collect it yet.")
    if root == Path("/proc") and not process.files and not process.mappings and snapshot.missing:
        raise NotPermitted(
            f"Process {process.pid} may not be read ({snapshot.missing[0].why}): run this as its own user,"
            " outside a sandbox."
        )


# -- parts of a report --------------------------------------------------------------


def _process(
    process: Process, seen: waits.Picture, names: dict[int, str], by_thread: dict[tuple[int, int], waits.Wait]
) -> InspectProcess:
    return InspectProcess(
        pid=process.pid,
        started=process.started_unix,
        ppid=process.ppid,
        role=seen.roles[process.pid],
        name=names[process.pid],
        state=process.state,
        cmdline=process.cmdline,
        exit_code=process.exit_code,
        threads=tuple(_thread(one, by_thread.get((process.pid, one.tid))) for one in process.threads),
    )


def _thread(thread: Thread, wait: waits.Wait | None) -> InspectThread:
    return InspectThread(thread.tid, thread.name, thread.state, (wait.target or wait.kind) if wait else None)


def _wait(wait: waits.Wait) -> InspectWait:
    return InspectWait(wait.pid, wait.tid, InspectTarget(wait.kind, wait.target), wait.held_by)


def _diagnoses(previous: Snapshot, current: Snapshot, baseline: Snapshot | None) -> tuple[InspectDiagnosis, ...]:
    return tuple(
        InspectDiagnosis(_mistake(one.mistake), one.sentence, one.evidence)
        for one in waits.diagnose(previous, current, baseline)
    )


def _mistake(candidate: str | None) -> MistakeView | None:
    """The catalogue's sentence for a mistake that a pattern points to."""
    known = CATALOGUE.get(candidate) if candidate else None
    return MistakeView(known.id, known.sentence) if known is not None else None


def _cannot_tell(previous: Snapshot, current: Snapshot, baseline: Snapshot | None) -> tuple[CannotTell, ...]:
    found = [*current.missing]
    if waits.stuck(previous, current, baseline) is None:
        found.append(Missing("whether it is stuck", _why(waits.picture(current, baseline))))
    return tuple(CannotTell(one.what, one.why) for one in dict.fromkeys(found))


def _why(seen: waits.Picture) -> str:
    """What the root's wait depends on that is out of sight."""
    called = ipc.names(seen.snapshot, seen.roles)
    for pid, tid in sorted(seen.behind(seen.main), key=lambda who: who != seen.main):
        wait = seen.wait((pid, tid))
        if wait is None or seen.hope[pid, tid] != "unknown":
            continue
        if wait.kind == "thread-lock" and (pid, tid) not in seen.doing:
            return f"{called[pid]} waits for a lock between its threads, and who holds that cannot be seen"
        if wait.kind == "thread-lock":
            return (
                f"{called[pid]} waits for another of its threads, and whether one of them will end that cannot be seen"
            )
        beyond = next((one.pid for one in seen.snapshot.outside if one.inode == wait.inode), None)
        if beyond is not None:
            return f"{called[pid]} waits in {wait.call} for something that process {beyond} has hold of, too"
        if not seen.enders[pid, tid]:
            return f"{called[pid]} waits in {wait.call} for something outside these processes"
    return "what it waits for cannot be seen"


def _objects(snapshot: Snapshot, seen: waits.Picture) -> tuple[InspectObject, ...]:
    objects = seen.objects
    return (
        *(_composite(one, objects) for one in ipc.composites(objects)),
        *(_semaphore(one) for one in objects.semaphores.values()),
        *(_pipe(one) for one in objects.pipes.values()),
        *(_socket(one) for one in objects.sockets.values()),
        *(_memory(one) for one in objects.memory.values()),
        *_managers(snapshot, seen),
    )


def _composite(one: ipc.Composite, objects: ipc.Objects) -> InspectObject:
    """A queue, event …: its id is its kind and its first part, since the kernel knows no such thing."""
    first = objects.semaphores[one.semaphores[0]]
    pipe = objects.pipes.get(one.pipe) if one.pipe is not None else None
    waiting = [objects.semaphores[part].waiters or 0 for part in one.semaphores]
    return _object(
        one.kind,
        f"{one.kind}:{first.inode}",
        waiters=sum(waiting),
        queued=pipe.queued if pipe is not None else None,
        parts=one.parts,
        ends=tuple(ipc.End(pid, None, "map") for pid in sorted(first.pids)),
    )


def _semaphore(one: ipc.Semaphore) -> InspectObject:
    kind = "semaphore"
    if one.is_lock:
        kind = "rlock" if one.recursive else "lock"
    ends = tuple(ipc.End(pid, None, "map") for pid in sorted(one.pids))
    return _object(kind, str(one.inode), one.name, one.value, one.waiters, ends=ends)


def _pipe(one: ipc.Pipe) -> InspectObject:
    return _object("fifo" if one.path else "pipe", str(one.inode), one.path, queued=one.queued, ends=one.ends)


def _socket(one: ipc.UnixSocket) -> InspectObject:
    parts = (one.peer,) if one.peer is not None else ()
    kind = "listener" if one.listening else "socket"
    return _object(kind, str(one.inode), one.path, queued=one.queued, parts=parts, ends=one.ends)


def _memory(one: ipc.SharedMemory) -> InspectObject:
    kind = "shared-memory" if one.kind == "mapping" else one.kind
    return _object(kind, str(one.inode), one.name, size=one.size, ends=one.ends)


def _managers(snapshot: Snapshot, seen: waits.Picture) -> tuple[InspectObject, ...]:
    """A manager's server with its clients: those who hold the other ends of its connections."""
    found = []
    for process in snapshot.processes:
        if seen.roles[process.pid] != "manager":
            continue
        own = [one for one in seen.objects.sockets.values() if process.pid in one.holders]
        listener = next((one for one in own if one.listening and "/listener-" in one.path), None)
        if listener is None:
            continue
        connected = {one.peer for one in own if one.path == listener.path and one.peer is not None}
        clients = {
            pid for peer in connected if peer in seen.objects.sockets for pid in seen.objects.sockets[peer].holders
        }
        ends = (
            ipc.End(process.pid, None, "rw"),
            *(ipc.End(pid, None, "rw") for pid in sorted(clients - {process.pid})),
        )
        parts = (listener.inode, *sorted(connected))
        found.append(_object("manager", f"manager:{listener.inode}", listener.path, parts=parts, ends=ends))
    return tuple(found)


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
    )
