"""Hooks in ``multiprocessing.shared_memory`` and ``heap``: shared memory made, opened, closed and unlinked.

What is unlinked at once, or lives shorter than a look from outside, is known by these reports.
"""

from __future__ import annotations

import os

from parallab_probe import describe
from parallab_probe.report import ending, hook, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

_SHM = "/dev/shm/"  # noqa: S108
_DELETED = " (deleted)"


def _say(name: str, act: str, fd: Any = None, size: Any = 0) -> None:
    facts: dict[str, Any] = {"segment": name.removeprefix("/"), "act": act, "size": size if type(size) is int else 0}
    if type(fd) is int and fd >= 0:
        status = os.fstat(fd)
        facts["inode"] = {"dev": status.st_dev, "ino": status.st_ino}
    tell("segment", facts)


def _name(memory: Any) -> str:
    name = describe.attributes(memory).get("_name")
    return name if type(name) is str else ""


@ending
def made(token: Any, _result: Any) -> None:
    memory, create = token
    inside = describe.attributes(memory)
    if name := _name(memory):
        _say(
            name,
            "create" if type(create) in (bool, int) and create else "attach",
            inside.get("_fd"),
            inside.get("_size"),
        )


@hook
def closing(memory: Any) -> Any:
    """Whether it was open: close() may be called again, and is when the object goes."""
    fd = describe.attributes(memory).get("_fd")
    return memory if type(fd) is int and fd >= 0 else None


@ending
def closed(memory: Any, _result: Any) -> None:
    if memory is not None and (name := _name(memory)):
        _say(name, "close")


@ending
def unlinked(token: Any, _result: Any) -> None:
    if name := _name(token[0]):
        _say(name, "unlink")


@ending
def arena(_token: Any, result: Any) -> None:
    """What Values and Arrays lie in: its file has no name any more, but its descriptor still tells it (proc(5))."""
    made = result[0]
    path = os.readlink(f"/proc/self/fd/{made.fd}")
    if path.startswith(_SHM):  # else in a temporary folder: /dev/shm is too small for it
        _say(path[len(_SHM) :].removesuffix(_DELETED), "arena", made.fd, made.size)
