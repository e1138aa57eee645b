"""What Parallab can see on this machine, found out by trying it on a child of our own."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from parallab.wire import SCHEMA, Capabilities, Capability

#: linux/netlink.h; the socket module has no name for it.
NETLINK_SOCK_DIAG = 4

ELSEWHERE = (
    "Processes cannot be seen from outside on {platform}. The labs open and their questions work; to have "
    "your work checked, run Jupyter in a Linux container."
)


def probe(root: Path = Path("/proc"), shared_memory: Path = Path("/dev/shm")) -> Capabilities:  # noqa: S108
    """Tries each thing once; takes some 20 ms, so keep the answer."""
    if sys.platform != "linux":
        why = ELSEWHERE.format(platform=platform.system() or sys.platform)
        found = tuple(Capability(what, can=False, why=why) for what in WHAT)
    else:
        tries: tuple[Callable[[], str], ...] = (
            lambda: _processes(root),
            lambda: _memory(root),
            _sockets,
            lambda: _segments(shared_memory),
        )
        found = tuple(_tried(what, one) for what, one in zip(WHAT, tries, strict=True))
    return Capabilities(SCHEMA, sys.platform, found)


#: In the order of the tries.
WHAT = ("processes and threads", "semaphores and locks", "who is at the other end of a socket", "shared memory")


def _tried(what: str, attempt: Callable[[], str]) -> Capability:
    """An attempt answers why it failed, "" when it did not."""
    try:
        why = attempt()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        why = f"It was tried and failed: {error}."
    return Capability(what, can=not why, why=why)


def _processes(root: Path) -> str:
    # Of pid 1 only what everybody may read: hidepid hides others' processes, but never our own.
    own = root / str(os.getpid())
    if not (own / "stat").exists():
        return f"{root} is not there or shows no processes: it must be mounted for Jupyter's own user."
    (own / "stat").read_text(encoding="utf-8", errors="replace")
    if not any((own / "task").iterdir()):
        return f"{own / 'task'} shows no threads."
    return ""


def _memory(root: Path) -> str:
    """Reads one byte of a child's memory, as semaphores are read; ptrace(2) rules decide."""
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            folder = root / str(child.pid)
            first = (folder / "maps").read_text(encoding="utf-8", errors="replace").partition("-")[0]
            with (folder / "mem").open("rb", buffering=0) as memory:
                memory.seek(int(first, 16))
                memory.read(1)
        except PermissionError:
            return (
                "The memory of child processes may not be read here, so the holders and waiters of locks stay "
                "unknown. In a container, allow ptrace (--cap-add=SYS_PTRACE); on a host, see kernel.yama.ptrace_scope."
            )
        finally:
            child.kill()
    return "" if ctypes.sizeof(ctypes.c_void_p) == 8 else "Semaphores are understood on 64-bit systems only."


def _sockets() -> str:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) as asked:
        asked.bind((0, 0))
    return ""


def _segments(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} is not there, so programs have no named shared memory and no semaphores."
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return f"{folder} may not be read and written by this user."
    return ""
