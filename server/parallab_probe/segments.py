"""Hooks in ``multiprocessing.shared_memory`` and ``heap``: memory created, attached, closed and unlinked, by whom.

What is unlinked at once, or lives shorter than a look from outside, is known by these reports. Also what a
segment holds: when a process closes it, and in the kernel when a cell ends.
"""

from __future__ import annotations

import os
import sys
import weakref
from time import monotonic_ns

from parallab_probe import describe, report
from parallab_probe.report import ending, hook, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

_SHM = "/dev/shm/"  # noqa: S108
_DELETED = " (deleted)"
MOST = 16
RAW = 64 * 1024
"""Larger ones are not read."""
TEXT = 12 * 1024
ALL = 24 * 1024
"""Of one content, and of all in one packet, compressed and as text."""


class _State:
    def __init__(self) -> None:
        self.keeping = False
        """Only the kernel keeps any."""
        self.open: dict[int, weakref.ref[Any]] = {}

    def forget(self) -> None:
        """In a forked child: what its parent has open is not read here."""
        self.keeping = False
        self.open = {}


state = _State()
report.at_fork.append(state.forget)


def _facts(memory: Any, act: str) -> dict[str, Any]:
    inside = describe.attributes(memory)
    name = inside.get("_name")
    return _said_of(name if type(name) is str else "", act, inside.get("_fd"), inside.get("_size"))


def _said_of(name: str, act: str, handle: Any, size: Any) -> dict[str, Any]:
    """As model.SegmentUse, with the inode while the descriptor is open."""
    facts: dict[str, Any] = {"segment": name.removeprefix("/"), "act": act}
    if type(size) is int:
        facts["size"] = size
    if type(handle) is int and handle >= 0:
        try:
            status = os.fstat(handle)
        except OSError:
            return facts
        facts["inode"] = {"dev": status.st_dev, "ino": status.st_ino}
    return facts


def _act(create: Any) -> str:
    return "create" if type(create) in (bool, int) and create else "attach"


def _own() -> str:
    """Which part of the library itself makes the call, seen from a hook; "" for the learner."""
    code = sys._getframe(4).f_code  # this, a hook, guarded, the woven method, its caller
    if not code.co_filename.endswith("multiprocessing/shared_memory.py"):
        return "manager" if code.co_filename.endswith("multiprocessing/managers.py") else ""
    return "drop" if code.co_name == "__del__" else "list"


@ending
def opened(token: Any, _result: Any) -> None:
    memory, _, create = token
    facts = _facts(memory, _act(create))
    tell("segment", {**facts, "owner": _own()})
    if state.keeping and len(state.open) < MOST:
        key = id(memory)
        state.open[key] = weakref.ref(memory, lambda _: state.open.pop(key, None))


@hook
def not_opened(token: Any) -> None:
    _, name, create = token
    error = sys.exc_info()[1]
    if error is not None and type(name) in (str, type(None)):
        facts = _said_of(name or "", _act(create), None, None)
        tell("segment", {**facts, "error": describe.failure(error)})


@hook
def closing(memory: Any) -> Any:
    facts = _facts(memory, "close")
    if "inode" not in facts:
        return None  # closed before
    at = monotonic_ns()  # before it is read: what anybody had written by then is in it, whoever tells of it first
    facts["content"] = _said(content(memory, TEXT))
    return {**facts, "owner": _own()}, at


@ending
def closed(token: Any, _result: Any) -> None:
    if token is not None:
        facts, at = token
        tell("segment", facts, at)


@hook
def not_closed(token: Any) -> None:
    error = sys.exc_info()[1]
    if token is not None and error is not None:
        facts, at = token
        tell("segment", {**facts, "error": describe.failure(error)}, at)


@hook
def unlinking(memory: Any) -> Any:
    return {**_facts(memory, "unlink"), "owner": _own()}, 0


unlinked, not_unlinked = closed, not_closed


@ending
def arena(_token: Any, result: Any) -> None:
    """What Values and Arrays lie in: its file has no name any more, but its descriptor still tells it (proc(5))."""
    made = result[0]
    path = os.readlink(f"/proc/self/fd/{made.fd}")
    if path.startswith(_SHM):  # else in a temporary folder: /dev/shm is too small for it
        tell("segment", _said_of(path[len(_SHM) :].removesuffix(_DELETED), "arena", made.fd, made.size))


def content(memory: Any, most: int) -> str:
    """What it holds: compressed (zlib), as base64; "" where it is too much, or cannot be read.

    It is read from its file: to touch a page that nobody has written yet, where /dev/shm is full, ends
    the process (SIGBUS, mmap(2)).
    """
    inside = describe.attributes(memory)
    handle, size = inside.get("_fd"), inside.get("_size")
    if type(handle) is not int or handle < 0 or type(size) is not int or size > RAW:
        return ""
    import base64
    import zlib

    try:
        held = os.pread(handle, size, 0)
    except OSError:
        return ""
    text = base64.b64encode(zlib.compress(held, 1)).decode("ascii")
    return text if len(text) <= most else ""


def _said(text: str) -> Any:
    return report.Json(text) if text else ""


def contents(most: int = ALL) -> tuple[dict[str, Any], ...]:
    """Those that the kernel has open, as model.Content; of what they hold so many characters."""
    found = []
    left = min(ALL, most)
    for reference in list(state.open.values()):
        memory = reference()
        facts = _facts(memory, "") if memory is not None else {}
        if "inode" in facts:
            text = content(memory, min(TEXT, left))
            left -= len(text)
            known = {"name": facts["segment"], "inode": facts["inode"], "size": facts.get("size", 0)}
            found.append({**known, "content": _said(text)})
    return tuple(found)
