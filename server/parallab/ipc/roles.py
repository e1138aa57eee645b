"""Which process is what: root, worker, manager, forkserver, resource-tracker, program, fork.

By the command lines that multiprocessing gives its helpers, by the objects that its parent has
of a child where memory was searched, and by the descriptors that multiprocessing leaves in a
child where the command line is the parent's.
"""

from __future__ import annotations

import re
from typing import Literal

from parallab.ipc.called import CALLED
from parallab.ipc.grammar import near
from parallab.ipc.objects import Objects, Pipe, objects
from parallab.model import Inode, Process, Snapshot

Role = Literal["root", "worker", "manager", "forkserver", "resource-tracker", "program", "fork"]

_TRACKER = re.compile(r"\bfrom [\w.]+\.resource_tracker import main\b")
_FORKSERVER = re.compile(r"\bfrom [\w.]+\.forkserver import main\b")
"""multiprocessing's own, and those of libraries that are made like it: loky, multiprocess."""
_SPAWNED = "--multiprocessing-fork"
_HANDLE = re.compile(r"pipe_handle=(\d{1,9})\b")
_ACCEPTS = ("accept", "accept4")
_STANDARD = (0, 1, 2)
_EPOLL = "anon_inode:[eventpoll]"


def roles(snapshot: Snapshot, found: Objects | None = None) -> dict[int, Role]:
    """The role of each process of a snapshot."""
    found = found or objects(snapshot)
    by_pid = {process.pid: process for process in snapshot.processes}
    return {process.pid: _role(process, by_pid, snapshot.root, found) for process in snapshot.processes}


def _role(process: Process, by_pid: dict[int, Process], root: int, found: Objects) -> Role:
    if process.pid == root:
        return "root"
    program = " ".join(process.cmdline)
    parent = by_pid.get(process.ppid)
    if _TRACKER.search(program) and not process.forked:
        return "resource-tracker"
    told = _started_by(process, found)
    if told in ("program", "manager"):
        return told
    if _FORKSERVER.search(program) and _is_forkserver(process, parent, found):
        return "forkserver"
    if not told and not _is_hired(process, parent):
        searched = parent is not None and parent.pid in found.searched
        # A child that lost its parent is compared with the root, from which all came.
        if _runs_another(process, parent or by_pid.get(root)):
            return "worker" if not searched and _was_spawned(process, parent, found) else "program"
        if parent is not None and (searched or not _has_sentinels(process, parent, found)):
            return "fork"
        if parent is None and process.files and root in by_pid and not _has_own_null(process, by_pid[root]):
            return "fork"
    return "manager" if _is_manager(process, found, told) else "worker"


def _is_hired(process: Process, parent: Process | None) -> bool:
    """Whether its command line says that multiprocessing started it; what it forks itself has the same line."""
    if _SPAWNED in process.cmdline:
        return not process.forked
    # A forkserver forks its workers, and they have its line.
    if not _FORKSERVER.search(" ".join(process.cmdline)):
        return False
    return parent is None or not parent.forked or not _FORKSERVER.search(" ".join(parent.cmdline))


def _runs_another(process: Process, model: Process | None) -> bool:
    """Whether it runs another program than who forked it. Command lines can be changed, and be the same by chance."""
    if process.forked is not None:
        return not process.forked
    if process.cmdline:
        return model is not None and process.cmdline != model.cmdline
    return model is not None and process.comm != model.comm  # a zombie has only its name left


def _was_spawned(process: Process, parent: Process | None, found: Objects) -> bool:
    """Whether one that has ended, and has no command line any more, was a worker by spawn, as far as its pipes tell."""
    if process.cmdline or parent is None or process.comm != parent.comm:
        return False
    return _has_sentinels(process, parent, found)


_STARTED: dict[str, tuple[str, Role]] = {
    "BaseManager": ("_process._popen.pid", "manager"),
    "Popen": ("pid", "program"),
    "BaseProcess": ("_popen.pid", "worker"),
}
"""By class: where it has the number of the process that it started, and what that is."""


def _started_by(process: Process, found: Objects) -> Role | None:
    """By what it was started: a manager, a subprocess.Popen or a Process of its parent's; None where none is seen."""
    told: set[Role] = set()
    for made in found.made:
        path, role = _STARTED.get(made.cls, ("", "root"))
        if path and process.pid != made.pid and any(p.path == path and p.number == process.pid for p in made.parts):
            told.add(role)
    return next((role for _, role in _STARTED.values() if role in told), None)


def given_names(found: Objects) -> dict[int, str]:
    """The names that the program gave to its Process objects, by pid."""
    names = {}
    for made in found.made:
        if made.cls == "BaseProcess":
            pid = next((part.number for part in made.parts if part.path == "_popen.pid"), None)
            name = next((part.text for part in made.parts if part.path == "_name"), "")
            if pid is not None and name:
                names[pid] = name
    return names


_USUAL = re.compile(r"^(\w*Process|\w*PoolWorker|\w*Manager)(-\d+)+(:\d+)*$")


def printable(name: str) -> str:
    """A name that somebody gave, as it can stand in a sentence: in one line, of bounded length."""
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


_SHOWN = 48


def is_usual(name: str) -> bool:
    """Whether multiprocessing gives such a name of itself: ``Process-3``."""
    return bool(_USUAL.match(name))


def _is_forkserver(process: Process, parent: Process | None, found: Objects) -> bool:
    """The server has a listener and an epoll(7) that watches it; its workers have its command line, but closed both.

    A listener alone may be a worker's own. Its workers are forked, it itself is not.
    """
    if process.forked is not None:
        return not process.forked
    if any(process.pid in socket.holders and socket.listening for socket in found.sockets.values()):
        return any(file.target == _EPOLL for file in process.files)
    return parent is None or not _FORKSERVER.search(" ".join(parent.cmdline))


def _is_manager(process: Process, found: Objects, told: Role | None) -> bool:
    """A manager's server accepts in a thread of its own, while its main thread waits with a time-out.

    So may a worker's own server: where memory was searched, the server's object is what counts.
    """
    if process.pid in found.searched:
        return len(process.threads) > 1 and any(one.cls == "Server" and one.pid == process.pid for one in found.made)
    if told == "worker":
        return False
    for thread in process.threads:
        blocked = thread.blocked
        if thread.tid != process.pid and blocked is not None and blocked.call in _ACCEPTS:
            main = next((one.blocked for one in process.threads if one.tid == process.pid), None)
            if main is not None and ((main.call == "futex" and main.timed) or main.call == "running"):
                return True
            files = {file.fd: file.inode for file in process.files}
            inodes = (files.get(fd) for fd in blocked.fds)
            return any("/pymp-" in found.sockets[one].path for one in inodes if one in found.sockets)
    return False


def _has_sentinels(child: Process, parent: Process, found: Objects) -> bool:
    """Whether ``Process.start`` by fork made it: two pipes, an end of each on either side only.

    The child keeps the writing end of one, by whose closing its parent learns of its end, and
    the reading end of the other. A bare os.fork(2) leaves both with the same ends. Where
    descriptors cannot be read, or are closed on the way out, it counts as a worker.
    """
    if child.state in "ZX" and parent.files:
        return any(_left_by_one(inode, parent.pid, found) for inode in found.pipes)
    if not child.files or not parent.files:
        return True
    ours = {inode for inode, pipe in found.pipes.items() if child.pid in pipe.writers and child.pid not in pipe.readers}
    told = any(parent.pid in found.pipes[inode].readers - found.pipes[inode].writers for inode in ours)
    return told and any(
        child.pid in pipe.readers - pipe.writers and parent.pid in pipe.writers - pipe.readers
        for pipe in found.pipes.values()
    )


def _left_by_one(inode: Inode, parent: int, found: Objects) -> bool:
    """Whether of this pipe and one made soon after it the parent alone has one end each, as a child leaves them.

    So it has of those that are its own standard input and output.
    """
    one = found.pipes[inode]
    if one.writers or parent not in one.readers or _is_standard(one, parent):
        return False
    return any(
        near(inode, other) and parent in pipe.writers and not pipe.readers and not _is_standard(pipe, parent)
        for other, pipe in found.pipes.items()
    )


def _is_standard(pipe: Pipe, pid: int) -> bool:
    return any(end.pid == pid and end.fd in _STANDARD for end in pipe.ends)


def starting(snapshot: Snapshot, told: dict[int, Role]) -> frozenset[int]:
    """Workers by spawn or forkserver that have not been told yet what to do: what they will share is not theirs yet.

    Each has the pipe from which it reads that, and closes it then; of a second descriptor of it, which it keeps, it
    learns of its parent's end (``spawn.spawn_main``, ``forkserver._serve_one``).
    """
    return frozenset(
        one.pid for one in snapshot.processes if one.state not in "ZX" and _is_starting(one, snapshot, told)
    )


def _is_starting(process: Process, snapshot: Snapshot, told: dict[int, Role]) -> bool:
    if _SPAWNED in process.cmdline:
        handle = _HANDLE.search(" ".join(process.cmdline))
        parent = snapshot.process(process.ppid)
        # Its number is given anew later, to a pipe of which its parent does not have the other end.
        tells = {one.inode for one in parent.files if one.kind == "pipe" and one.mode == "w"} if parent else set()
        return handle is not None and any(one.fd == int(handle[1]) and one.inode in tells for one in process.files)
    if told.get(process.ppid) != "forkserver":
        return False
    reads = [one.inode for one in process.files if one.kind == "pipe" and one.mode == "r"]
    return told[process.pid] == "forkserver" or len(reads) > len(set(reads))


def _has_own_null(orphan: Process, root: Process) -> bool:
    """Whether one that lost its parent opened null(4) for itself, as each Process does for its standard input.

    That gets a number of its own, and is for reading; a daemon's replaces what was its standard input and output.
    """
    inherited = {file.fd for file in root.files if file.target == "/dev/null"}
    own = [file for file in orphan.files if file.target == "/dev/null" and file.fd not in inherited]
    return any(file.mode == "r" and file.fd not in _STANDARD for file in own)


def names(snapshot: Snapshot, told: dict[int, Role] | None = None) -> dict[int, str]:
    """What to call each process: "your notebook", "worker 2 of 4", "the manager" …"""
    told = told or roles(snapshot)
    ordered = sorted(snapshot.processes, key=lambda process: (process.started, process.pid))
    groups: dict[str, list[int]] = {}
    for process in ordered:
        groups.setdefault(told[process.pid], []).append(process.pid)
    called = {}
    for process in ordered:
        role = told[process.pid]
        group = groups[role]
        if role == "root":
            called[process.pid] = "your notebook" if is_kernel(process) else "the main program"
        elif len(group) > 1:
            noun = CALLED[role].removeprefix("the ")
            called[process.pid] = f"{noun} {group.index(process.pid) + 1} of {len(group)}"
        else:
            called[process.pid] = CALLED[role]
    return called


_KERNEL = re.compile(r"(^|[/. ])ipykernel(_launcher)?($|[/.])")
"""``-m ipykernel_launcher``, ``…/ipykernel_launcher.py``, ``-c 'from ipykernel.kernelapp import …'``."""


def is_kernel(process: Process) -> bool:
    """Whether this is a notebook's Python, by its command line: what is run, and not only where it lies."""
    line = process.cmdline[:8]
    module = line.index("-m") + 1 if "-m" in line else 0
    run = line[module : module + 1] if module else [one for one in line if one.endswith(("ipykernel_launcher.py",))]
    if not run and "-c" in line:
        run = line[line.index("-c") + 1 :][:1]
    return any(_KERNEL.search(one) for one in run)
