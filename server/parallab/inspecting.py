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

from parallab import inspect_objects, ipc, pyspy, waits
from parallab.catalogue import CATALOGUE
from parallab.model import Missing, Process, Snapshot, Thread
from parallab.procfs import closer, everybody
from parallab.procfs.read import Reader
from parallab.wire import (
    SCHEMA,
    CannotTell,
    DoctorReport,
    InspectDiagnosis,
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


class Watched:
    """A program that is looked at again and again: what did not run since is not read again."""

    def __init__(self, pid: int, root: Path = Path("/proc")) -> None:
        _permitted(pid, root)
        self._pid, self._root = pid, root
        self._reader = Reader(root)

    def report(self) -> InspectReport:
        """What is there now; InspectError when it has ended."""
        return report(*look(self._pid, self._root, reader=self._reader))


def doctor(pid: int, root: Path = Path("/proc")) -> DoctorReport:
    """Whether a running program is stuck, and on what."""
    return examination(*look(pid, root))


def examined(pid: int, root: Path = Path("/proc")) -> tuple[DoctorReport, InspectReport]:
    """The same with all that was seen by then, which has the words for it."""
    previous, current = look(pid, root)
    return examination(previous, current), report(previous, current)


def look(
    pid: int, root: Path = Path("/proc"), baseline: Snapshot | None = None, reader: Reader | None = None
) -> tuple[Snapshot, Snapshot]:
    """Two snapshots of a program, far enough apart to tell whether anything moves.

    Where the first already shows that the program goes on, the second follows at once. Where
    it may be stuck, all processes are asked who else holds what it waits for, and Python's stacks
    are read where its threads wait for each other and py-spy is there.
    """
    _permitted(pid, root)
    reader = reader or Reader(root)
    if root == Path("/proc"):
        reader.adopt(everybody.orphans(reader.tree(pid)))
    first = reader.snapshot(pid, scan=True)
    _there(first, root)
    began = time.monotonic()
    seen = waits.picture(first, baseline)
    stands = any(hope == "no" for hope in seen.hope.values())
    within = waits.within(seen) if stands or seen.hope.get(seen.main) != "yes" else ()
    asked = tuple(dict.fromkeys((*within, *waits.readers(seen))))
    stacks, unread = pyspy.stacks(asked, os.uname().machine) if asked and root == Path("/proc") else ((), ())
    if stands or stacks:
        time.sleep(max(0.0, began + _APART - time.monotonic()))
    second = reader.snapshot(pid, scan=True, made=True)
    _there(second, root)
    # Who did not move meanwhile is where its stack says; of all others nothing is concluded.
    second = msgspec.structs.replace(second, stacks=stacks)
    seen = waits.picture(second, baseline)
    if (wanted := waits.in_question(seen)) and root == Path("/proc"):
        mapped = any(one not in seen.objects.pipes and one not in seen.objects.sockets for one in wanted)
        others = everybody.holders(wanted, [one.pid for one in second.processes], mapped)
        expecting = closer.expecting(second.processes)
        second = msgspec.structs.replace(second, outside=others, expecting=expecting)
        asked_for = waits.on_sockets(seen)
        ends = {who: closer.gives_up(who[0], fd, sends) for who, (fd, sends) in asked_for.items()}
        second = waits.timed(second, [who for who, end in ends.items() if end])
        second = msgspec.structs.replace(second, unasked=tuple(who for who, end in ends.items() if end is None))
    if within and waits.stuck(first, second, baseline) is not False:
        unread = tuple(one for one in unread if one.pid in within)
        second = msgspec.structs.replace(second, missing=(*second.missing, *unread))
    return first, second


def report(previous: Snapshot, current: Snapshot, baseline: Snapshot | None = None) -> InspectReport:
    """Two snapshots as ``inspect --json`` tells them."""
    seen = waits.picture(current, baseline)
    names = ipc.names(current, seen.roles)
    given = ipc.given_names(seen.objects)
    by_thread = {(wait.pid, wait.tid): wait for wait in seen.waits}
    return InspectReport(
        schema=SCHEMA,
        at=current.unix,
        root=current.root,
        processes=tuple(_process(one, seen, names, by_thread, given.get(one.pid, "")) for one in current.processes),
        objects=inspect_objects.told(current, seen),
        waits=tuple(_wait(wait) for wait in seen.waits),
        diagnoses=_diagnoses(previous, current, baseline),
        cannot_tell=(*_cannot_tell(previous, current, baseline), *inspect_objects.doubts(seen)),
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
    process: Process,
    seen: waits.Picture,
    names: dict[int, str],
    by_thread: dict[tuple[int, int], waits.Wait],
    given: str,
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
        given=given,
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
        if (pid, tid) in seen.snapshot.unasked:
            why = "pidfd_getfd(2) is not permitted here"
            return f"{called[pid]} waits in {wait.call}, and whether the socket has a time-out cannot be seen: {why}"
        beyond = next((one.pid for one in seen.snapshot.outside if one.inode == wait.inode), None)
        if beyond is not None:
            return f"{called[pid]} waits in {wait.call} for something that process {beyond} has hold of, too"
        if not seen.enders[pid, tid]:
            return f"{called[pid]} waits in {wait.call} for something outside these processes"
        if all(other == pid for other, _ in seen.enders[pid, tid]):
            return (
                f"{called[pid]} waits in {wait.call}, and whether another of its threads will end that cannot be seen"
            )
    return "what it waits for cannot be seen"
