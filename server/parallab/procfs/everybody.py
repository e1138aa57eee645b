"""All processes of this host that we can see, as far as it matters for what is left over.

Unlike ``read``, which stays with one tree, this asks everybody: who holds a segment may be
anybody. It takes some milliseconds a process, so it is for a request, never for a rhythm.
"""

# Paths are strings and os.* is called directly: a look makes thousands of these calls.
# ruff: noqa: PTH115, PTH208

from __future__ import annotations

import contextlib
import os
import re
import stat as modes
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from parallab import netlink
from parallab.host import Entry, Host, Living
from parallab.model import Inode, OpenFile, Outside, Process
from parallab.procfs import opened, parse

PYMP = "/pymp-"
_TRACKER = re.compile(r"multiprocessing\.resource_tracker import main;\s*main\((\d+)\)")


def look(folders: Iterable[str], tags: frozenset[str], root: str = "/proc", shm: str = "/dev/shm") -> Host:  # noqa: S108
    """The host now, with these ``folders`` as far as they are there; ``tags`` are environment variables."""
    try:
        listening = {one.path: one.inode for one in netlink.unix_sockets().values() if PYMP in one.path}
        sockets: dict[str, int] | None = listening
    except OSError:
        sockets = None
    return Host(
        os.getpid(),
        os.geteuid(),
        _processes(root, tags),
        _entries(shm),
        tuple(found for path in sorted(set(folders)) if (found := folder(path)) is not None),
        sockets,
    )


def holders(wanted: Iterable[Inode], apart: Iterable[int], mapped: bool, root: str = "/proc") -> tuple[Outside, ...]:
    """Who holds these pipes and sockets, of all processes that we can see but those ``apart``.

    ``mapped`` looks for mapped files among them, too, which takes five times as long.
    """
    inodes = frozenset(wanted)
    known = frozenset(apart)
    names = {f"{kind}:[{one.ino}]": one for one in inodes for kind in ("pipe", "socket")}
    found: list[Outside] = []
    for name in opened.names(root):
        if int(name) not in known and inodes:
            folder = f"{root}/{name}"
            found += [Outside(inode, int(name), mode) for inode, mode in _descriptors(f"{folder}/fd", names)]
            if mapped:
                found += [Outside(inode, int(name), "map") for inode in _mapped(f"{folder}/maps", inodes)]
    return tuple(found)


def _descriptors(folder: str, names: dict[str, Inode]) -> Iterable[tuple[Inode, Literal["r", "w", "rw"]]]:
    for fd in opened.names(folder):
        try:
            inode = names.get(os.readlink(f"{folder}/{fd}"))
            if inode is None:
                continue
            mode = os.lstat(f"{folder}/{fd}").st_mode
        except OSError:
            continue  # closed meanwhile
        yield inode, "rw" if mode & modes.S_IRUSR and mode & modes.S_IWUSR else "r" if mode & modes.S_IRUSR else "w"


def _mapped(path: str, inodes: frozenset[Inode]) -> Iterable[Inode]:
    try:
        text = opened.read(path)
        if not any(b" %d " % one.ino in text or b" %d\n" % one.ino in text for one in inodes):
            return ()  # most have none of them, and a look is cheaper than to understand it all
        return inodes.intersection(parse.mapped_files(text))
    except (OSError, parse.ParseError):
        return ()


def _processes(root: str, tags: frozenset[str]) -> tuple[Living, ...]:
    files = opened.Files()
    ticks = os.sysconf("SC_CLK_TCK")
    boot = parse.boot_time(opened.read(f"{root}/stat"))
    found = []
    for name in os.listdir(root):
        if name.isdigit():
            try:
                one = _process(f"{root}/{name}", int(name), tags, files, boot, ticks)
            except (OSError, parse.ParseError):
                continue  # it ended meanwhile, or hidepid= (proc(5)) hides it: another user's
            if one is not None:
                found.append(one)
    return tuple(found)


def _process(folder: str, pid: int, tags: frozenset[str], files: opened.Files, boot: int, ticks: int) -> Living | None:
    stat = parse.stat(opened.read(f"{folder}/stat"))
    status = parse.status(opened.read(f"{folder}/status"))
    if status.kernel or stat.state in "ZX":
        return None  # nothing is held by a thread of the kernel's or by one that has ended
    cmdline = parse.cmdline(opened.read(f"{folder}/cmdline"))
    told: dict[str, str] = {}
    holds: set[Inode] = set()
    sockets: set[int] = set()
    paths: set[str] = set()
    descriptors: tuple[OpenFile, ...] = ()
    unread = ""
    try:
        told = parse.environ(opened.read(f"{folder}/environ"), tags)
        mapped = parse.mapped_files(opened.read(f"{folder}/maps"))
        descriptors, more = files.read(f"{folder}/fd")
        holds = {*mapped, *(one.inode for one in descriptors if one.inode is not None)}
        sockets = {one.inode.ino for one in descriptors if one.kind == "socket" and one.inode is not None}
        every = {*mapped.values(), *(one.target for one in descriptors), os.readlink(f"{folder}/cwd")}
        paths = {path for path in every if PYMP in path}
        unread = "it has too many files open" if more else ""
    except PermissionError as error:
        unread = error.strerror or "it may not be read"
    return Living(
        pid,
        stat.started,
        stat.ppid,
        status.uid,
        cmdline,
        boot + stat.started / ticks,
        status.resident,
        tuple(sorted(told.items())),
        frozenset(holds),
        frozenset(sockets),
        frozenset(paths),
        next((one.inode for one in descriptors if str(one.fd) == _tracked(cmdline)), None),
        unread,
    )


def _tracked(cmdline: tuple[str, ...]) -> str:
    """The descriptor that a resource tracker reads, "" of any other program."""
    match = next((found for part in cmdline if (found := _TRACKER.search(part))), None)
    return match[1] if match else ""


def _entries(shm: str) -> tuple[Entry, ...]:
    found = []
    try:
        with os.scandir(shm) as entries:
            for entry in entries:
                one = _entry(entry.path, entry.name)
                if one is not None and modes.S_ISREG(one.mode):
                    found.append(one)
    except OSError:
        return ()
    return tuple(found)


def _entry(path: str, name: str) -> Entry | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None  # unlinked meanwhile
    if opened.clean(name) != name:
        return None  # a name that is no text can be neither told nor chosen
    inode = Inode(status.st_dev, status.st_ino)
    return Entry(inode, name, status.st_uid, status.st_mode, status.st_size, status.st_ctime)


def folder(path: str) -> Entry | None:
    """A ``pymp-*`` folder with what is strange in it; None when it is gone, or is no folder."""
    one = _entry(path, path)
    if one is None or not modes.S_ISDIR(one.mode):
        return None
    foreign = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                socket = entry.name.startswith(("listener-", "sock-")) and modes.S_ISSOCK(status.st_mode)
                arena = entry.name.startswith("pym-") and modes.S_ISREG(status.st_mode)
                if not socket and not arena:
                    foreign.append(entry.name)
    except OSError as error:
        foreign.append(error.strerror or "what may not be read")
    return Entry(one.inode, path, one.uid, one.mode, one.size, one.changed, tuple(sorted(foreign)))


def orphans(tree: Sequence[Process], root: str = "/proc") -> tuple[int, ...]:
    """Living processes that came from this tree, root first, and lost their parent before anybody looked.

    Adopted by process 1, or by an ancestor of the root that asked for that (PR_SET_CHILD_SUBREAPER, prctl(2)).
    What shows where one came from: its image, whose addresses chance decided and only fork(2) hands down; a pipe,
    socket or semaphore that nobody else has; or that everybody in its process group is of this tree, whose leader
    is, too. What shows nothing is left out.
    """
    if not tree:
        return ()
    stats = _stats(root)
    known = {one.pid for one in tree}
    ancestors = set(_ancestors(tree[0].pid, stats))
    reapers = (ancestors - {tree[0].ppid}) | {1}
    found = [one for one in stats.values() if one.pid not in known and one.pid not in ancestors]
    late = [one for one in found if one.ppid in reapers and one.started >= tree[0].started and one.state not in "ZX"]
    groups = {one.pgid for one in tree if one.pgid in known}
    by_pid = {one.pid: one for one in found}
    tops = [(one.pgid, _top(one, by_pid)) for one in found if one.pgid in groups]
    strange = {group for group, top in tops if top.ppid != 1 or top.started < tree[0].started or top.pgid != group}
    told = [one.pid for one in late if one.ppid == 1 and one.pgid in groups - strange]
    told += [pid for pid in _forked(known, stats) if pid not in told]
    rest = [one.pid for one in late if one.pid not in told]
    if rest:
        files = opened.Files()
        inherited = _own(f"{root}/{tree[0].pid}", files, _inheritable(f"{root}/{tree[0].pid}"))
        shared = frozenset().union(*(_own(f"{root}/{pid}", files, None) for pid in known)) - inherited
        told += [pid for pid in rest if shared & _own(f"{root}/{pid}", files, None)]
    return tuple(sorted(told))


def _forked(known: Iterable[int], stats: Mapping[int, parse.Stat]) -> Iterable[int]:
    """Who is not ``known``, and has its image from one of these that began by execve(2)."""
    images = {one.placed for pid in known if (one := stats.get(pid)) is not None and one.forked is False} - {()}
    for one in stats.values():
        if one.forked and one.placed in images and one.pid not in known and one.state not in "ZX":
            yield one.pid


def _top(one: parse.Stat, found: Mapping[int, parse.Stat]) -> parse.Stat:
    """The oldest ancestor of a process among these: of an orphan's children the orphan."""
    for _ in range(len(found)):
        if one.ppid == 1 or one.ppid not in found:
            break
        one = found[one.ppid]
    return one


def _stats(root: str) -> dict[int, parse.Stat]:
    found = {}
    for name in os.listdir(root):
        if name.isdigit():
            try:
                found[int(name)] = parse.stat(opened.read(f"{root}/{name}/stat"))
            except (OSError, parse.ParseError):
                continue  # it ended meanwhile, or is hidden
    return found


def _ancestors(pid: int, stats: Mapping[int, parse.Stat]) -> Iterable[int]:
    while pid in stats and stats[pid].ppid > 0:
        pid = stats[pid].ppid
        yield pid


def _inheritable(folder: str) -> set[int]:
    """The descriptors that execve(2) keeps: those that a program was started with, be it by a shell, are among them.

    Whoever else was started by the same has them as well. What Python opens is closed on exec (PEP 446).
    """
    found = {0, 1, 2}
    with contextlib.suppress(OSError):
        for name in os.listdir(f"{folder}/fdinfo"):
            with contextlib.suppress(OSError, parse.ParseError):
                if not parse.closes_on_exec(opened.read(f"{folder}/fdinfo/{name}")):
                    found.add(int(name))
    return found


def _own(folder: str, files: opened.Files, only: set[int] | None) -> frozenset[Inode]:
    """Pipes, sockets and semaphores of one process: what is had by being handed down; ``only`` some descriptors."""
    try:
        descriptors, _ = files.read(f"{folder}/fd")
        mapped = parse.mapped_files(opened.read(f"{folder}/maps")) if only is None else {}
    except (OSError, parse.ParseError):
        return frozenset()
    held = {
        one.inode
        for one in descriptors
        if one.inode is not None and one.kind in ("pipe", "socket") and (only is None or one.fd in only)
    }
    return frozenset(held | {inode for inode, path in mapped.items() if path.rpartition("/")[2].startswith("sem.")})


def process_started(pid: int, root: Path = Path("/proc")) -> int | None:
    """The start time of a living process in ticks since boot; None when it has ended."""
    try:
        stat = parse.stat(opened.read(f"{root}/{pid}/stat"))
    except (OSError, parse.ParseError):
        return None
    return stat.started if stat.state not in "ZX" else None
