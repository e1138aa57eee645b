"""What Parallab can see on this machine, or of one kernel, found out by trying it.

Each thing is really done: descriptors listed, a byte of memory read, the sockets asked for. Only
when it fails are the surroundings looked at, for the reason and for what could be done about it:
ptrace scope, container, system call filter, hidden /proc, another user, another namespace.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import pwd
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from parallab import netlink
from parallab.procfs import parse
from parallab.wire import SCHEMA, Capabilities, Capability

ELSEWHERE = (
    "Processes cannot be seen from outside on {platform}. The labs open and their questions work; to have "
    "your work checked, run Jupyter in a Linux container."
)
INSIDE = "Jupyter, or this command, runs in a user namespace of its own, and sees only into what was started there."
#: What each thing is for, in the order of the tries.
WHAT = (
    "processes and threads",
    "open files and shared mappings",
    "what a thread waits for",
    "semaphores and locks",
    "who is at the other end of a socket",
    "shared memory",
)
CAP_SYS_PTRACE = 19


def probe(root: Path = Path("/proc"), shared_memory: Path = Path("/dev/shm")) -> Capabilities:  # noqa: S108
    """Tries each thing once on a child of our own; takes some 20 ms, so keep the answer."""
    if elsewhere():
        return _elsewhere()
    with _child() as child:
        try:
            return _try(root, child.pid, os.getpid(), shared_memory)
        finally:
            child.kill()


def _child() -> subprocess.Popen[bytes]:
    """A program that waits; another than this Python where that may not be started anew."""
    try:
        return subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    except OSError:
        return subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def of(pid: int, root: Path = Path("/proc")) -> Capabilities:
    """Tries each thing on a process: a kernel, or any other program."""
    if elsewhere():
        return _elsewhere()
    return _try(root, pid, pid, root / str(pid) / "root/dev/shm")


def elsewhere() -> str:
    """Why nothing can be seen on this system; "" on Linux."""
    return "" if sys.platform == "linux" else ELSEWHERE.format(platform=platform.system() or sys.platform)


def _elsewhere() -> Capabilities:
    why = elsewhere()
    return Capabilities(SCHEMA, sys.platform, tuple(Capability(what, can=False, why=why) for what in WHAT))


def _try(root: Path, pid: int, listed: int, shared_memory: Path) -> Capabilities:
    folder = root / str(pid)
    tries: tuple[Callable[[], str], ...] = (
        lambda: _processes(root, listed),
        lambda: _files(folder),
        lambda: _calls(folder),
        lambda: _memory(folder),
        lambda: _sockets(folder),
        lambda: _segments(shared_memory),
    )
    found = tuple(_tried(what, one, folder) for what, one in zip(WHAT, tries, strict=True))
    return Capabilities(SCHEMA, sys.platform, found)


def _tried(what: str, attempt: Callable[[], str], folder: Path) -> Capability:
    """An attempt answers why it failed, "" when it did not."""
    try:
        why = attempt()
    except PermissionError as error:
        why = reason(folder) or f"The system refuses it: {error.strerror}."
    except (OSError, ValueError) as error:
        why = f"It was tried and failed: {error}."
    return Capability(what, can=not why, why=why)


# -- the tries ------------------------------------------------------------------------------


def _processes(root: Path, pid: int) -> str:
    # Of others only what everybody may read: hidepid hides others' processes, but never our own.
    own = root / str(pid)
    if not (own / "stat").exists():
        hidden = _hidden(root) if (root / "self").exists() else ""
        return hidden or f"{root} is not there or shows no processes: it must be mounted for Jupyter's own user."
    (own / "stat").read_text(encoding="utf-8", errors="replace")
    if not any((own / "task").iterdir()):
        return f"{own / 'task'} shows no threads."
    return ""


def _files(folder: Path) -> str:
    for one in (folder / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since, as what listed them is
            one.readlink()
    (folder / "maps").read_bytes()
    return ""


def _calls(folder: Path) -> str:
    text = (folder / "syscall").read_bytes()
    parse.syscall(text)
    return ""


def _memory(folder: Path) -> str:
    """Reads one byte, as semaphores are read; ptrace(2) rules decide."""
    maps = (folder / "maps").read_text(encoding="utf-8", errors="replace")
    readable = next((line for line in maps.splitlines() if " r" in line), "")
    with (folder / "mem").open("rb", buffering=0) as memory:
        memory.seek(int(readable.partition("-")[0] or "0", 16))
        memory.read(1)
    return "" if ctypes.sizeof(ctypes.c_void_p) == 8 else "Semaphores are understood on 64-bit systems only."


def _sockets(folder: Path) -> str:
    if (folder / "ns/net").readlink() != Path("/proc/self/ns/net").readlink():
        return (
            "It runs in a network namespace of its own, whose sockets cannot be asked for from outside. "
            "Run Jupyter in the same container as its kernels."
        )
    one, other = socket.socketpair()
    with one, other, netlink.open_diag() as asked:
        if os.fstat(one.fileno()).st_ino not in netlink.unix_sockets(asked):
            return "The system does not tell of unix sockets (sock_diag)."
    return ""


def _segments(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} is not there, so programs have no named shared memory and no semaphores."
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return f"{folder} may not be read and written by this user."
    return ""


# -- the reasons ----------------------------------------------------------------------------


def reason(folder: Path) -> str:
    """Why ``/proc/PID`` refuses what the same user should see; "" when nothing explains it."""
    try:
        theirs = parse.status((folder / "status").read_bytes())
        mine = parse.status((folder.parent / "self/status").read_bytes())
    except (OSError, parse.ParseError):
        return _hidden(folder.parent)
    if mine.euid not in (0, theirs.uid):
        return f"It belongs to {_user(theirs.uid)}: run Jupyter, or this command, as that user."
    found = [
        why
        for why in (
            _undumpable(folder, theirs),
            _scope(folder.parent, mine),
            _namespace(folder),
            _privileged(theirs, mine),
            _filtered(mine),
        )
        if why
    ]
    return " ".join([*found, *_container(folder.parent)]) if found else "".join(_container(folder.parent))


def _undumpable(folder: Path, theirs: parse.Status) -> str:
    """A process that may not be dumped has the files in its /proc folder owned by root: proc(5), prctl(2)."""
    try:
        owner = (folder / "stat").stat().st_uid
    except OSError:
        return ""
    if owner == theirs.euid and theirs.uid == theirs.euid:
        return ""
    return "The process protects itself from being looked into (prctl(2), PR_SET_DUMPABLE, or it changed its user)."


def _scope(root: Path, mine: parse.Status) -> str:
    """Yama's kernel.yama.ptrace_scope: 1 allows ancestors, 2 administrators, 3 nobody."""
    try:
        scope = int((root / "sys/kernel/yama/ptrace_scope").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return ""
    if scope == 0 or (scope < 3 and mine.capabilities >> CAP_SYS_PTRACE & 1):
        return ""
    who = {1: "only whoever started a program may look into it", 2: "only administrators may look into programs"}
    told = who.get(scope, "nobody may look into programs")
    return f"On this system {told} (kernel.yama.ptrace_scope is {scope}; 0 allows it for one's own)."


def _namespace(folder: Path) -> str:
    try:
        if (folder / "ns/user").readlink() == Path("/proc/self/ns/user").readlink():
            return ""
    except PermissionError:
        # Which one it runs in is hidden too; that we are in one of our own is not (user_namespaces(7), uid_map).
        return "" if _everybodys(folder.parent) else INSIDE
    except OSError:
        return ""
    return "It runs in a user namespace of its own."


def _everybodys(root: Path) -> bool:
    """Whether this is the first user namespace, in which every user id is itself."""
    try:
        return (root / "self/uid_map").read_text(encoding="ascii").split() == ["0", "0", "4294967295"]
    except OSError:
        return True


def _privileged(theirs: parse.Status, mine: parse.Status) -> str:
    if theirs.capabilities & ~mine.capabilities:
        return "It has rights that Jupyter has not: start both with the same."
    return ""


def _filtered(mine: parse.Status) -> str:
    if mine.seccomp != 2:
        return ""
    return "System calls are filtered here (seccomp); in Docker, allow ptrace with --cap-add=SYS_PTRACE."


def _container(root: Path) -> list[str]:
    marks = (Path("/.dockerenv"), Path("/run/.containerenv"))
    try:
        nested = (root / "self/ns/pid").readlink() != Path("pid:[4026531836]")  # PROC_PID_INIT_INO of Linux
    except OSError:
        nested = False
    if not nested and not any(mark.exists() for mark in marks):
        return []
    return ["This is a container: it may need --cap-add=SYS_PTRACE, or a looser security profile."]


def _hidden(root: Path) -> str:
    """The mount option hidepid of /proc: 1 hides the contents, 2 and 4 the processes, proc(5)."""
    try:
        mounts = (root / "self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    options = next((line for line in reversed(mounts) if line.split()[4:5] == [str(root)]), "")
    if any(f"hidepid={value}" in options for value in ("1", "2", "4", "noaccess", "invisible", "ptraceable")):
        return f"{root} hides the processes of others (hidepid), or there is no such process."
    return ""


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
