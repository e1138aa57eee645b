"""What dead kernels left, and what of it may be removed: ledgers and what lives, thought through.

Pure. Something is a dead kernel's when its ledger says so by identity, or when it runs with that
life's tag, or is held by one that does. It may go only when that harms nobody who lives: nothing
that a living process maps or has open, nothing of another user's, nothing in a living kernel's
ledger. What cannot be told stays, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from parallab import ledger
from parallab.host import Entry, Host, Living
from parallab.ledger import Ledger, OwnObject, OwnProcess, Place
from parallab.model import Inode
from parallab.wire import Leftover

TAG = "PARALLAB_LEDGER"
KERNEL_TAG = "PARALLAB_KERNEL_ID"
TRACKER = "resource-tracker"

Life = Literal["alive", "dead", "elsewhere"]


@dataclass(frozen=True)
class Decision:
    """``found`` is left over; ``grown`` are ledgers, by path, that learned of it; ``empty`` left nothing."""

    found: tuple[Leftover, ...] = ()
    grown: Mapping[str, Ledger] | None = None
    empty: tuple[str, ...] = ()
    cannot_tell: tuple[str, ...] = ()


def life(of: Ledger, host: Host, place: Place) -> Life:
    """Whether this kernel lives; ``elsewhere`` when that cannot be told here."""
    if of.uid != host.uid or of.place.host != place.host:
        return "elsewhere"
    if of.place.boot != place.boot:
        return "dead" if of.place.boot and place.boot else "elsewhere"
    if of.place.namespace != place.namespace:
        return "elsewhere"
    lives = any(one.pid == of.pid and one.started == of.started for one in host.processes)
    return "alive" if lives else "dead"


def decide(own: Mapping[str, Ledger], others: Mapping[str, Ledger], host: Host, place: Place) -> Decision:
    """What the dead among ``own`` left; ``others`` are ledgers of other servers. Both are by path."""
    return _Decider(own, others, host, place).decide()


class _Decider:
    def __init__(self, own: Mapping[str, Ledger], others: Mapping[str, Ledger], host: Host, place: Place) -> None:
        every = {**others, **own}
        lives = {path: life(one, host, place) for path, one in every.items()}
        self.host = host
        self.place = place
        self.own = own
        self.dead = {path: one for path, one in own.items() if lives[path] == "dead"}
        self.alive = {path: one for path, one in every.items() if lives[path] == "alive"}
        self.known = every
        self.by_pid = {one.pid: one for one in host.processes}
        self.children: dict[int, list[int]] = {}
        for one in host.processes:
            self.children.setdefault(one.ppid, []).append(one.pid)
        self.kernels = {one.pid for one in self.alive.values()}
        self.theirs = self._of_the_living()
        self.safe = {item.inode for one in self.alive.values() for item in one.objects}

    # -- who is whose -------------------------------------------------------------------

    def _of_the_living(self) -> frozenset[int]:
        """Processes that are nobody's leftovers: ours, who look; our ancestors; and living kernels' own."""
        found = {pid for kernel in self.kernels for pid in self._below(kernel)}
        found |= set(self._below(self.host.me))
        one = self.by_pid.get(self.host.me)
        while one is not None and one.pid not in found - {self.host.me}:
            found.add(one.pid)
            one = self.by_pid.get(one.ppid)
        mine = {(one.pid, one.started) for kernel in self.alive.values() for one in kernel.processes}
        return frozenset(found | {one.pid for one in self.host.processes if (one.pid, one.started) in mine})

    def _below(self, pid: int) -> list[int]:
        """A process and its descendants."""
        found = [pid]
        for one in found:
            found += [child for child in self.children.get(one, ()) if child not in found]
        return found

    def _above(self, one: Living) -> list[Living]:
        """Its ancestors, as far as they live and are seen."""
        found: list[Living] = []
        while (parent := self.by_pid.get(one.ppid)) is not None and parent not in found:
            found.append(parent)
            one = parent
        return found

    def _survivors(self, path: str, of: Ledger) -> tuple[Living, ...]:
        """The processes that this dead life left."""
        remembered = {(one.pid, one.started) for one in of.processes} if of.place == self.place else set()
        same = [one for one in self.known.values() if one.kernel == of.kernel and one is not of]
        found = []
        for one in self.host.processes:
            if one.pid in self.theirs or one.uid != self.host.uid:
                continue
            tag = one.tag(TAG)
            # The kernel's id alone tells no life from the next, after a restart.
            tagged = tag == path or (not tag and not same and one.tag(KERNEL_TAG) == of.kernel)
            # What runs with another life's tag is that one's.
            if tagged or (not tag and (one.pid, one.started) in remembered):
                found.append(one)
        return tuple(found)

    # -- the decision ---------------------------------------------------------------------

    def decide(self) -> Decision:
        found: dict[str, Leftover] = {}
        grown: dict[str, Ledger] = {}
        empty: list[str] = []
        for path, of in sorted(self.dead.items(), key=lambda item: item[1].began):
            survivors = self._survivors(path, of)
            larger = self._grown(of, survivors)
            if larger != of:
                grown[path] = larger
            processes = self._processes(of, survivors)
            left = [*processes, *self._objects(larger, processes)]
            for one in left:
                found.setdefault(one.id, one)
            if not left and not survivors:
                empty.append(path)
        return Decision(tuple(found.values()), grown, tuple(empty), self._cannot_tell())

    def _cannot_tell(self) -> tuple[str, ...]:
        if self.host.listening is None and any(one.kind == "folder" for of in self.dead.values() for one in of.objects):
            return ("Who listens in a pymp-* folder cannot be asked here, so those folders stay.",)
        return ()

    def _grown(self, of: Ledger, survivors: Iterable[Living]) -> Ledger:
        """The ledger with what its survivors hold: when they have ended, nothing else tells whose that was."""
        held = {inode for one in survivors for inode in one.holds}
        new = [
            OwnObject(entry.inode, entry.name, ledger.kind_of(entry.name))
            for entry in self.host.entries
            if entry.inode in held and entry.changed >= of.began and entry.uid == self.host.uid
        ]
        larger = ledger.with_objects(of, new)
        processes = {*of.processes, *(OwnProcess(one.pid, one.started) for one in survivors)}
        return msgspec.structs.replace(larger, processes=tuple(sorted(processes))[: ledger.MOST])

    def _processes(self, of: Ledger, survivors: tuple[Living, ...]) -> list[Leftover]:
        found = []
        for one in survivors:
            why = ""
            below = [self.by_pid[pid] for pid in self._below(one.pid) if pid in self.by_pid]
            if any(_is_other_kernel(other, of) for other in self._above(one)):
                why = "It works for a kernel of its own, which a program of this one started."
            elif _is_other_kernel(one, of):
                why = "It is a kernel of its own, which a program of this one started."
            elif any(other.pid in self.kernels or _is_other_kernel(other, of) for other in below):
                why = "A kernel that lives was started by it."
            elif any(other.pid == self.host.me for other in below):
                why = "It is what looks for leftovers just now."
            telling = [other for other in self.host.processes if one.tracks in other.holds and other != one]
            if role(one, of) != TRACKER:
                telling = []
            elif not why and any(other not in survivors for other in telling):
                why = "Somebody who lives still uses it."
            found.append(
                Leftover(
                    _ident(one),
                    "process",
                    " ".join(one.cmdline)[:200] or f"process {one.pid}",
                    _what(role(one, of)),
                    of.kernel,
                    of.notebook,
                    one.resident,
                    one.began,
                    not why,
                    why,
                    tuple(_ident(other) for other in telling),
                )
            )
        return found

    def _objects(self, of: Ledger, processes: list[Leftover]) -> list[Leftover]:
        mine = {one.id: one for one in processes}
        entries = {(one.inode, one.name): one for one in self.host.entries}
        folders = {(one.inode, one.name): one for one in self.host.folders}
        found = []
        for item in of.objects:
            if item.kind != "folder" and of.place != self.place:
                continue  # /dev/shm does not outlive a boot, and its inodes begin anew
            entry = (folders if item.kind == "folder" else entries).get((item.inode, item.name))
            if entry is None or entry.uid != self.host.uid or item.inode in self.safe:
                continue
            if item.kind == "folder":
                needs, why = self._folder_in_use(entry, of, mine)
            else:
                needs, why = self._held(entry, of, mine)
            found.append(
                Leftover(
                    f"{item.kind}:{item.inode}",
                    item.kind,
                    item.name,
                    _OBJECTS[item.kind],
                    of.kernel,
                    of.notebook,
                    entry.size,
                    entry.changed,
                    not why,
                    why,
                    needs,
                )
            )
        return found

    def _held(self, entry: Entry, of: Ledger, mine: Mapping[str, Leftover]) -> tuple[tuple[str, ...], str]:
        """Which leftover processes hold an entry of /dev/shm, and why it must stay."""
        return self._holders([one for one in self.host.processes if entry.inode in one.holds], entry, of, mine)

    def _folder_in_use(self, entry: Entry, of: Ledger, mine: Mapping[str, Leftover]) -> tuple[tuple[str, ...], str]:
        below = entry.name + "/"
        if entry.foreign:
            return (), f"It holds what multiprocessing did not put there: {', '.join(entry.foreign[:3])}."
        if self.host.listening is None:
            return (), "Who listens in it cannot be asked here."
        listening = {inode for path, inode in self.host.listening.items() if path.startswith(below)}
        holders = [
            one
            for one in self.host.processes
            if one.sockets & listening or any(path == entry.name or path.startswith(below) for path in one.paths)
        ]
        if listening - {inode for one in holders for inode in one.sockets}:
            return (), "Somebody who cannot be seen listens in it."
        needs, why = self._holders(holders, entry, of, mine)
        # A survivor knows its folder by name, and may put something into it any time.
        return (needs if why else tuple(one.id for one in mine.values() if one.what != _what(TRACKER))), why

    def _holders(
        self, holders: list[Living], entry: Entry, of: Ledger, mine: Mapping[str, Leftover]
    ) -> tuple[tuple[str, ...], str]:
        for one in holders:
            left = mine.get(_ident(one))
            if left is None or not left.removable:
                return (), f"Process {one.pid} ({' '.join(one.cmdline)[:60]}) uses it."
        for one in self.host.processes:
            if one.unread and _may_hold(one, entry, of) and _ident(one) not in mine:
                return (), f"Process {one.pid} may not be looked into ({one.unread}), so it may be using it."
        hidden = [_ident(one) for one in self.host.processes if one.unread and _ident(one) in mine]
        return tuple(dict.fromkeys([*(_ident(one) for one in holders), *hidden])), ""


_OBJECTS = {
    "segment": "shared memory",
    "semaphore": "a named semaphore, of a Lock, Queue or the like",
    "folder": "a folder of multiprocessing's, for sockets",
}


def _may_hold(one: Living, entry: Entry, of: Ledger) -> bool:
    """Whether a process that may not be looked into could have this open.

    Only its owner's (root's aside) where others may not open it; and none that was there before the
    kernel, such as an agent of the user's session or a container's first process: it knows no name
    that the kernel made up.
    """
    if one.uid != entry.uid and (one.uid == 0 or not entry.mode & 0o066):
        return False
    return one.began >= of.began - 1


def _is_other_kernel(one: Living, of: Ledger) -> bool:
    """Whether this is another kernel, recorded or not; forked workers have their own kernel's command line."""
    return any("ipykernel" in part for part in one.cmdline) and one.cmdline != of.cmdline


def role(one: Living, of: Ledger) -> str:
    """What part of multiprocessing this is, by its command line."""
    text = " ".join(one.cmdline)
    if "multiprocessing.resource_tracker" in text:
        return TRACKER
    if "multiprocessing.forkserver" in text:
        return "forkserver"
    if "multiprocessing.spawn" in text:
        return "spawned"
    return "forked" if one.cmdline == of.cmdline else "program"


def _what(role: str) -> str:
    return {
        TRACKER: "multiprocessing's resource tracker, which ends with the others",
        "forkserver": "a process of the start method forkserver",
        "spawned": "a process that was spawned",
        "forked": "a process that was forked",
        "program": "a program that was started",
    }[role]


def _ident(one: Living) -> str:
    return f"process:{one.pid}:{one.started}"


def inode_of(ident: str) -> Inode | None:
    """The inode in an object's id."""
    _, _, rest = ident.partition(":")
    device, _, number = rest.partition(":")
    try:
        return Inode(int(device, 16), int(number))
    except ValueError:
        return None
