"""Looks for what dead kernels left, and removes what was chosen: the hands of ``leftovers``.

Processes first: asked to end, then killed, each through its pidfd, so that a number that was
given to another is never meant. A resource tracker goes before those whom it serves: it would
unlink by name what they had told it of, whoever uses it. Then everything is looked at again, and
what nobody uses any more is unlinked, if it is still the same.
"""

# Single calls on paths that were just decided on, in order.
# ruff: noqa: PTH108, PTH106

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat as modes
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from parallab import ledgers, leftovers
from parallab.host import Host
from parallab.ledger import Ledger
from parallab.model import Inode
from parallab.procfs import everybody
from parallab.wire import SCHEMA, CleanReply, Leftover, Leftovers

#: Seconds that processes get to end when they are asked to, and to be gone once they are killed.
GRACE = 2.0
#: Looks and removals after each other, at the most: who is ended may have started others.
ROUNDS = 4

TAGS = frozenset((ledgers.TAG, ledgers.KERNEL_TAG))
OWN_FOLDER_GONE = "It is not what it was any more."


class CleanError(Exception):
    """Nothing can be looked for here; the text says why."""


@dataclass(frozen=True)
class _Look:
    decision: leftovers.Decision
    host: Host

    @property
    def by_id(self) -> dict[str, Leftover]:
        return {one.id: one for one in self.decision.found}


def look(where: Path | None = None) -> Leftovers:
    """What dead kernels left. Ledgers learn what survivors hold, and go when nothing is left."""
    seen = _look(where if where is not None else ledgers.folder())
    return Leftovers(SCHEMA, seen.decision.found, seen.decision.cannot_tell)


def clean(ids: Collection[str] | None = None, *, dry_run: bool = False, where: Path | None = None) -> CleanReply:
    """Removes what has one of these ids (default: all that is left), as far as that is safe."""
    where = where if where is not None else ledgers.folder()
    first = seen = _look(where)
    wanted = set(seen.by_id) if ids is None else set(ids)
    told = dict(seen.by_id)
    if dry_run:
        removed = _possible(seen, wanted)
    else:
        for _ in range(ROUNDS):
            if not _remove(seen, wanted):
                break
            seen = _look(where)
            if ids is None:
                wanted |= set(seen.by_id)
            told.update(seen.by_id)
        removed = {one for one in wanted if one in told and one not in seen.by_id}
    kept = [_kept(told[one], wanted, seen) for one in told if one in wanted and one not in removed]
    unknown = [_unknown(one) for one in sorted(wanted - told.keys())]
    left = first if dry_run else seen
    return CleanReply(
        SCHEMA,
        dry_run,
        tuple(told[one] for one in told if one in removed),
        (*kept, *unknown),
        left.decision.found,
        left.decision.cannot_tell,
    )


def clean_after(kernel: str, where: Path | None = None) -> None:
    """Removes what this kernel left, which has ended and whose notebook nobody comes back to.

    Everybody's processes are looked at only if something is left at all.
    """
    where = where if where is not None else ledgers.folder()
    own = [one for one in ledgers.read_all(where).values() if one.kernel == kernel]
    if any(map(_remains, own)):
        with contextlib.suppress(CleanError):
            clean({one.id for one in look(where).found if one.kernel_id == kernel}, where=where)


def _remains(of: Ledger) -> bool:
    """Whether anything in this ledger is still there, by name or number."""
    names = (one.name if one.kind == "folder" else f"{ledgers.SHM}/{one.name}" for one in of.objects)
    return any(map(os.path.lexists, names)) or any(
        everybody.process_started(one.pid) == one.started for one in of.processes
    )


def _look(where: Path) -> _Look:
    own = {str(path): one for path, one in ledgers.read_all(where).items()}
    folders = [item.name for one in own.values() for item in one.objects if item.kind == "folder"]
    try:
        host = everybody.look(folders, TAGS)
    except OSError as error:
        raise CleanError(f"The processes of this system cannot be seen: {error}") from error
    # Read after the host: a kernel that is not in these ledgers began later, and holds nothing of the dead.
    others = _others(host, own)
    decision = leftovers.decide(own, others, host, ledgers.here())
    for path, one in (decision.grown or {}).items():
        with contextlib.suppress(OSError):
            ledgers.write(Path(path), one)
    for path in decision.empty:
        ledgers.forget(Path(path))
    return _Look(decision, host)


def _others(host: Host, own: Collection[str]) -> dict[str, Ledger]:
    """The ledgers of other servers' kernels, as their living processes' tags name them."""
    paths = {one.tag(ledgers.TAG) for one in host.processes if one.uid == host.uid} - {"", *own}
    found = {path: ledgers.read(Path(path)) for path in sorted(paths)}
    return {path: one for path, one in found.items() if one is not None and one.life == Path(path).stem}


# -- removing ---------------------------------------------------------------------------


def _possible(seen: _Look, wanted: Collection[str]) -> set[str]:
    """What would be removed: what is removable, with all that must end before."""
    possible = (one for one in seen.decision.found if one.id in wanted and one.removable)
    return {one.id for one in possible if set(wanted) >= set(one.needs)}


def _remove(seen: _Look, wanted: Collection[str]) -> bool:
    """One round: processes that nothing must precede, else objects; whether there was anything to do."""
    possible = [one for one in seen.decision.found if one.id in _possible(seen, wanted)]
    processes = [one for one in possible if one.kind == "process"]
    if processes:
        trackers = [one for one in processes if one.needs]
        # Those too that nobody chose, but who would be the last to be told anything.
        ids = {one.id for one in processes}
        trackers += [one for one in seen.decision.found if _is_last(one, ids) and one not in trackers]
        _end(trackers, [one for one in processes if not one.needs])
        return True
    done = [_unlink(one, seen.host) for one in possible if not one.needs]
    return any(done)


def _is_last(one: Leftover, ending: Collection[str]) -> bool:
    return one.kind == "process" and one.removable and bool(one.needs) and set(one.needs) <= set(ending)


def _end(trackers: Iterable[Leftover], others: Iterable[Leftover]) -> None:
    """Ends processes: resource trackers at once, since they are deaf to less, then the others in peace."""
    with contextlib.ExitStack() as stack:
        first, then = _opened(trackers, stack), _opened(others, stack)
        _signal(first, signal.SIGKILL)
        _wait(first)
        _signal(then, signal.SIGTERM)
        still = _wait(then)
        _signal(still, signal.SIGKILL)
        _wait(still)


def _opened(processes: Iterable[Leftover], stack: contextlib.ExitStack) -> list[int]:
    """A pidfd (pidfd_open(2)) of each that is still the same process."""
    found = []
    for one in processes:
        _, pid, started = one.id.split(":")
        try:
            fd = os.pidfd_open(int(pid))
        except OSError:
            continue
        stack.callback(os.close, fd)
        # Asked after it was opened: from now on the descriptor means this process and no other.
        if everybody.process_started(int(pid)) == int(started):
            found.append(fd)
    return found


def _signal(pidfds: Iterable[int], number: signal.Signals) -> None:
    for fd in pidfds:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(fd, number)


def _wait(pidfds: Iterable[int], seconds: float = GRACE) -> list[int]:
    """Waits for their ends; those that still live then."""
    left = list(pidfds)
    poll = select.poll()
    for fd in left:
        poll.register(fd, select.POLLIN)
    end = time.monotonic() + seconds
    while left and (patience := end - time.monotonic()) > 0:
        for fd, _ in poll.poll(patience * 1000):
            poll.unregister(fd)
            left.remove(fd)
    return left


def _unlink(one: Leftover, host: Host) -> bool:
    """Removes an object, if it is still what was decided on; whether it did."""
    inode = leftovers.inode_of(one.id)
    try:
        if one.kind == "folder":
            return _remove_folder(one.name, inode, host.uid)
        if "/" in one.name or not _is(os.lstat(path := f"{ledgers.SHM}/{one.name}"), inode, host.uid):
            return False
        os.unlink(path)
        return True
    except OSError:
        return False


def _remove_folder(path: str, inode: Inode | None, uid: int) -> bool:
    """What multiprocessing put into it, then the folder itself, never followed through a link."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = everybody.folder(path)
        if not _is(os.fstat(fd), inode, uid) or found is None or found.inode != inode or found.foreign:
            return False
        for name in os.listdir(fd):  # noqa: PTH208
            os.unlink(name, dir_fd=fd)
        os.rmdir(path)
        return True
    finally:
        os.close(fd)


def _is(status: os.stat_result, inode: Inode | None, uid: int) -> bool:
    kind = modes.S_ISREG(status.st_mode) or modes.S_ISDIR(status.st_mode)
    return kind and Inode(status.st_dev, status.st_ino) == inode and status.st_uid == uid


# -- telling ----------------------------------------------------------------------------


def _kept(one: Leftover, wanted: Collection[str], seen: _Look) -> Leftover:
    """With why it stays."""
    one = seen.by_id.get(one.id, one)
    why = one.why
    if not why and not set(one.needs) <= set(wanted):
        many = len(set(one.needs) - set(wanted))
        why = (
            f"{many} processes that were left must end first."
            if many > 1
            else "A process that was left must end first."
        )
    return msgspec.structs.replace(one, removable=False, why=why or "It was tried and is still there.")


def _unknown(ident: str) -> Leftover:
    why = "Nothing with this id is left over any more: look again."
    return Leftover(ident, "process", "", "", "", "", 0, 0.0, False, why)
