"""Events as JSON packets on one SEQPACKET socket (unix(7)), which forked children inherit.

Life events wait up to 200 ms for a full socket, then try a connection of their own, and then count as
lost; ledger events never wait and count as omitted. Both counts travel with the next packet. Nothing here
raises: a server that is gone, a socket that the learner closed, a full buffer all leave the process as it
would be.
"""

# ruff: noqa: UP031 - "%" formats without a call and an object per part; see report.say
from __future__ import annotations

import os
from _socket import AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SCM_RIGHTS, SO_SNDBUF, SO_SNDTIMEO, SOCK_SEQPACKET, SOL_SOCKET
from _socket import socket as Socket  # noqa: N812 - the plain type of C: each use of the other makes objects of enum
from _thread import _local, get_native_id
from errno import EBADF, EMSGSIZE, ENOBUFS, ENOMEM, ETOOMANYREFS
from time import monotonic_ns

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, TypeVar

    Hook = TypeVar("Hook", bound=Callable[..., Any])

NAME = 512
TEXT = 4096
MOST = 60 * 1024
PATIENCE_S = 0.2
LOOKS = 20
"""Looks at one thing (is_alive, exitcode, an Event that is set) that are reported, before they are thinned out."""
LOOK_EVERY_NS = 50_000_000
HIGH = 240
"""Descriptors from here on, so that the learner's keep the numbers they would have."""


class Local(_local):
    """What each thread knows: the cell that it works for, and what of ours it is inside of."""

    cell = ""
    run = 0
    context = ""
    "Both as JSON, to be put into packets."
    mark = ("", 0)
    "The context and this thread's native id: what a line that is sent later by another needs."
    busy = 0
    "1 inside a hook: what the library does for us is not the learner's doing."
    looking = 0
    "Inside a wait that is being reported."
    newest = -1
    "This thread's newest child before a fork that is not multiprocessing's; -1 unknown."
    naming = ""
    "The semaphore name made last."
    making = 0
    "Inside Value() or Array()."
    internal = False
    "A thread of the library's own: what it looks at is not the learner's doing."


local = Local()


class _Line:
    """The socket; one a process, kept over forks."""

    def __init__(self) -> None:
        self.socket: Socket | None = None
        self.address = ""
        self.lost = 0
        self.omitted: dict[str, int] = {}


line = _Line()
# What sending takes, as names of this module: a forked child has no attributes to spare (parallab_probe.lives).
_sent: Callable[[bytes, int], int] | None = None
"""The socket's own ``send``; None without one."""
_option: Callable[[int, int, int], bytes] | None = None
"""The socket's own ``getsockopt``."""
_cookie = b""
_owing = False
"""Whether the line counts any lost or left out."""
_COOKIE = 57
"""SO_COOKIE: the kernel's own number of a socket, never used again (Linux, asm-generic/socket.h)."""
_SHORT = frozenset((EMSGSIZE, ENOBUFS, ENOMEM))
"""Errors of a send (unix(7), sendmsg(2)) after which the next one may well come through."""
_DONTWAIT = MSG_DONTWAIT | MSG_NOSIGNAL


def connect(address: str) -> bool:
    """Connects to the server's ear at an abstract address (``@name``)."""
    raw = Socket(AF_UNIX, SOCK_SEQPACKET)
    try:
        raw.connect("\0" + address.removeprefix("@"))
        connected = _high(raw)
        connected.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 20)
        # struct timeval of two longs, socket(7).
        seconds, micro = divmod(int(PATIENCE_S * 1_000_000), 1_000_000)
        size = 8 if _WIDE else 4
        wait = seconds.to_bytes(size, _ORDER) + micro.to_bytes(size, _ORDER)
        connected.setsockopt(SOL_SOCKET, SO_SNDTIMEO, wait)
    except OSError:
        raw.close()
        return False
    global _sent, _option, _cookie
    line.socket, _sent, _option = connected, connected.send, connected.getsockopt
    line.address = address
    _cookie = connected.getsockopt(SOL_SOCKET, _COOKIE, 8)
    return True


def _disconnect() -> None:
    """The socket is gone, or no longer ours: whatever has its number now is left alone."""
    global _sent, _option
    connection, line.socket, _sent, _option = line.socket, None, None, None
    if connection is not None:
        connection.detach()


def _high(raw: Socket) -> Socket:
    """The same socket, with a number that programs hardly use themselves."""
    try:
        moved = _moved(raw.fileno())
    except (ImportError, OSError):
        return raw
    raw.close()
    return Socket(AF_UNIX, SOCK_SEQPACKET, 0, moved)


def _moved(fd: int) -> int:
    import sys

    # To load fcntl takes a spawned child a fifth of a millisecond. It has one thread yet: a free number stays free.
    if "fcntl" not in sys.modules and len(sys._current_frames()) == 1:
        for number in range(HIGH, HIGH + 16):
            if not _is_open(number):
                return os.dup2(fd, number, inheritable=False)
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError as error:
        return error.errno != EBADF
    return True


def _facts() -> tuple[bool, Any]:
    import sys

    return sys.maxsize > 2**32, sys.byteorder


_WIDE, _ORDER = _facts()


def _send(packet: bytes, life: bool, handed: int = -1) -> bool:
    """Whether it was sent. A socket that is gone or is no longer ours is never tried again.

    ``handed`` is a descriptor that travels along (unix(7), SCM_RIGHTS).
    """
    if _sent is None or _option is None:
        return False
    try:
        # The learner's child may have closed all descriptors, and got this number for its own file or socket.
        if _option(SOL_SOCKET, _COOKIE, 8) != _cookie:
            _disconnect()
            return False
        if handed >= 0 and line.socket is not None:
            line.socket.sendmsg([packet], [(SOL_SOCKET, SCM_RIGHTS, handed.to_bytes(4, _ORDER))], MSG_NOSIGNAL)
        else:
            _sent(packet, MSG_NOSIGNAL if life else _DONTWAIT)
        return True
    except BlockingIOError:
        return life and _send_apart(packet, handed)
    except OSError as error:
        if error.errno == ETOOMANYREFS:
            return _send(packet, life)  # a user's descriptors on their way are as many as one may have open
        if error.errno not in _SHORT:
            _disconnect()
        return False


def _send_apart(packet: bytes, handed: int) -> bool:
    """On a connection for this packet alone: of a burst of short lives, each may have no later packet."""
    try:
        apart = Socket(AF_UNIX, SOCK_SEQPACKET)
        try:
            apart.setblocking(False)
            apart.connect("\0" + line.address.removeprefix("@"))
            along = [(SOL_SOCKET, SCM_RIGHTS, handed.to_bytes(4, _ORDER))] if handed >= 0 else []
            apart.sendmsg([packet], along, MSG_NOSIGNAL)
        finally:
            apart.close()
        return True
    except OSError:
        return False


# -- JSON ------------------------------------------------------------------------------


def quote(text: str, most: int = NAME) -> str:
    """A JSON string; plain ASCII, which is nearly all there is, is passed through."""
    if len(text) > most:
        text = text[: most - 1] + "…"
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    if text.isascii() and text.isprintable():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    parts = []
    for character in text:
        code = ord(character)
        if character in '"\\':
            parts.append("\\" + character)
        elif 31 < code < 127:
            parts.append(character)
        elif 0xD800 <= code < 0xE000:
            parts.append("?")
        elif code < 0x10000:
            parts.append(f"\\u{code:04x}")
        else:
            code -= 0x10000
            parts.append(f"\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}")
    return f'"{"".join(parts)}"'


def encode(value: Any) -> str:
    """JSON of our own values; exact builtin types only, anything else is null."""
    kind = type(value)
    if kind is str:
        return quote(value, TEXT)
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return repr(value) if value - value == 0 else "null"
    if kind is tuple or kind is list:
        return f"[{','.join([encode(part) for part in value])}]"
    if kind is dict:
        return f"{{{','.join([f'{quote(key)}:{encode(part)}' for key, part in value.items() if _said(part)])}}}"
    if kind is Json:
        return quote(value.text, MOST)
    return "null"


class Json:
    """JSON that travels as a string inside our JSON, and is bounded by who made it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _said(value: Any) -> bool:
    return not (value is None or value == "" or value == ())


# -- saying it -------------------------------------------------------------------------


def work_for(cell: str, run: int) -> None:
    """From now on this thread works for that run of that cell."""
    local.cell, local.run = cell, run
    local.context = f',"cell":{quote(cell)},"run":{run}' if run else ""
    local.mark = (local.context, get_native_id())


def packet(kind: str, fields: dict[str, Any], at: int = 0) -> str:
    """One event of this thread. Names are cut to 512 characters."""
    parts = ['{"kind":"%s","at":%d,"tid":%d%s' % (kind, at or monotonic_ns(), get_native_id(), local.context)]
    for key, value in fields.items():
        if value is None or value == "" or value == ():
            continue
        if type(value) is str and key not in _TEXTS:
            parts.append(f',"{key}":{quote(value)}')
        else:
            parts.append(f',"{key}":{encode(value)}')
    parts.append("}")
    return "".join(parts)


_TEXTS = frozenset({"executable"})


def tell(kind: str, fields: dict[str, Any], at: int = 0, handed: int = -1) -> None:
    """Reports a life event; ``handed`` is a descriptor to send along."""
    _post(packet(kind, fields, at), kind, True, handed)


def say(kind: str, rest: str, at: int = 0, handed: int = -1) -> None:
    """Reports a life event whose facts are JSON already: ``rest`` begins with a comma, or is "".

    After a fork the first use of nearly every object, in parent and child, costs a page fault
    (its reference count is written), which is what a process's start costs: so the hooks around
    a fork do their work before it, and use few functions and objects after it.
    """
    text = '{"kind":"%s","at":%d,"tid":%d%s%s}' % (kind, at or monotonic_ns(), get_native_id(), local.context, rest)
    if _owing or len(text) > MOST:
        _post(text, kind, True, handed)
    elif not _send(text.encode("ascii"), True, handed):
        _lose(1)


def transmit(text: str, count: int) -> None:
    """Sends so many life events that are a packet already, of a process that has nothing to say before them."""
    if not _send(text.encode("ascii"), True):
        _lose(count)


def jot(kind: str, rest: str, at: int = 0) -> None:
    """As :func:`say`, for a ledger event."""
    text = '{"kind":"%s","at":%d,"tid":%d%s%s}' % (kind, at or monotonic_ns(), get_native_id(), local.context, rest)
    _post(text, kind, False)


def note(kind: str, fields: dict[str, Any], at: int = 0) -> None:
    """Reports a ledger event: sent if that costs no waiting, else counted."""
    _post(packet(kind, fields, at), kind, False)


def try_jot(kind: str, rest: str) -> bool:
    """As :func:`jot`, but tells whether it was sent; if not, the event is the caller's to keep."""
    text = '{"kind":"%s","at":%d,"tid":%d%s%s}' % (kind, monotonic_ns(), get_native_id(), local.context, rest)
    return len(text) <= MOST and _send(text.encode("ascii"), False)


def try_bundle(texts: list[str]) -> bool:
    """Sends a few ledger events in one packet, if that costs no waiting; if not, they are the caller's to keep."""
    text = f"[{','.join(texts)}]"
    return len(text) <= MOST and _send(text.encode("ascii"), False)


def thinned(count: int, last: int, now: int) -> bool:
    """Whether a look is left out, since as many were told already and the last of them was just now (ns)."""
    if count <= LOOKS or now - last >= LOOK_EVERY_NS:
        return False
    omit("look")
    return True


def omit(what: str, count: int = 1) -> None:
    """Counts reports that are left out."""
    global _owing
    _owing = True
    line.omitted[what] = line.omitted.get(what, 0) + count


def _lose(count: int) -> None:
    global _owing
    _owing = True
    line.lost += count


def flush() -> None:
    """Sends counts that no packet has taken along yet."""
    if _owing:
        _post("", "", True)


def _post(text: str, kind: str, life: bool, handed: int = -1) -> None:
    if len(text) > MOST:
        omit(kind)
        return
    if not _owing:
        if not _send(text.encode("ascii"), life, handed):
            if life:
                _lose(1)
            else:
                omit(kind)
        return
    _post_with_counts(text, kind, life, handed)


def _post_with_counts(text: str, kind: str, life: bool, handed: int) -> None:
    global _owing
    lost, omitted = line.lost, line.omitted
    if lost or omitted:
        line.lost, line.omitted, _owing = 0, {}, False
        parts = [packet("omitted", {"what": what, "count": count}) for what, count in omitted.items()]
        if lost:
            parts.append(packet("lost", {"count": lost}))
        if text:
            parts.append(text)
        whole = f"[{','.join(parts)}]"
    else:
        whole = text
    if not _send(whole.encode("ascii"), life, handed):
        if text and life:
            lost += 1
        elif text:
            omit(kind)
        if lost:
            _lose(lost)
        for what, count in omitted.items():
            omit(what, count)


def bundle(texts: list[str], kind: str) -> None:
    """Sends many ledger events in few packets; they were kept back, so they may take a moment now."""
    part: list[str] = []
    size = 0
    for text in [*texts, ""]:
        if part and (not text or size + len(text) > MOST // 2):
            if not _send(f"[{','.join(part)}]".encode("ascii"), True):
                omit(kind, len(part))
            part, size = [], 0
        if text:
            part.append(text)
            size += len(text) + 1


finals: list[Callable[[], None]] = []
"""What is still to be said when a cell or a process ends."""


def finish() -> None:
    """Says what was kept back. A forked child that still has all of its parent's has nothing of its own."""
    if finals and not _unforgetful:
        for final in finals:
            final()


def proc_text(path: str) -> bytes:
    """A small file of proc(5) as one read gives it, without the objects and system calls of ``open``.

    :raises OSError: as open(2) and read(2) do.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 16384)
    finally:
        os.close(fd)


def runnable() -> int:
    """Nanoseconds that this thread has been on a core or waiting for one; −1 unknown (proc(5), schedstat)."""
    try:
        on_core, queued, *_ = proc_text("/proc/thread-self/schedstat").split()
        return int(on_core) + int(queued)
    except (OSError, ValueError):
        return -1


class _Start:
    """Of this process's starts of processes and threads."""

    last = 0
    "When the last one was done."
    queued = 0
    "For how long the main thread had lacked a core when the cell began; of other threads that is not known."


start = _Start()
LATE_NS = 250_000_000
"""A start that comes so long after the one before may be late because its thread got no core."""


def queued() -> int:
    """Nanoseconds for which this thread has waited for a core (proc(5), schedstat); 0 unknown."""
    try:
        return int(proc_text("/proc/thread-self/schedstat").split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def late(began: int) -> int:
    """Of a start that is long in coming: for how long its thread has lacked a core since the cell began."""
    if not start.last or began - start.last < LATE_NS:
        return 0
    return max(0, queued() - (start.queued if get_native_id() == os.getpid() else 0))


LONG_NS = 100_000_000
"""Of shorter lives it is not asked: what is measured in ticks of some milliseconds says nothing about them."""


# -- hooks -----------------------------------------------------------------------------

_HERE = os.path.dirname(__file__)


def hook(function: Hook) -> Hook:
    """A hook that never raises and is never entered from within another.

    What is not an Exception (KeyboardInterrupt, a signal handler's SystemExit) is the learner's
    and goes through, without our frames in its traceback.
    """

    def guarded(*args: Any) -> Any:
        if (local.busy or _unforgetful) and occupied():
            return None
        local.busy = 1
        try:
            return function(*args)
        except Exception:
            return None
        except BaseException as error:
            forget_frames(error)
            raise
        finally:
            local.busy = 0

    return guarded  # type: ignore[return-value]


def ending(function: Callable[[Any, Any], object]) -> Callable[[Any, Any], Any]:
    """A hook for what a function returns, which is given back whatever happens."""

    def guarded(token: Any, result: Any) -> Any:
        if (local.busy or _unforgetful) and occupied():
            return result
        local.busy = 1
        try:
            function(token, result)
        except Exception:
            pass
        except BaseException as error:
            forget_frames(error)
            raise
        finally:
            local.busy = 0
        return result

    return guarded


def forget_frames(error: BaseException) -> None:
    """Takes this package's frames off the front of a traceback.

    From Python 3.11 on, a bare ``raise`` goes on with what the exception itself holds, and adds no
    entry for its own frame; 3.10 keeps the entry.
    """
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE):
        trace = trace.tb_next
    error.__traceback__ = trace


# -- forked ------------------------------------------------------------------------------

at_fork: list[Callable[[], None]] = []
"""What a forked child must forget of its parent's before its first hook, but for those of its own beginning."""


at_once: list[Callable[[], None]] = []
"""What cannot wait for that."""


_unforgetful = False
"""A forked child that has not forgotten yet."""


def forked() -> None:
    """In a forked child. What was its parent's is forgotten when the first hook needs it.

    Most children never come that far, and forgetting costs them a page of memory for each thing.
    """
    global _unforgetful, _owing
    _unforgetful = True
    if _owing:
        # What the parent did not deliver is not ours to report.
        line.lost, line.omitted, _owing = 0, {}, False
    for forget in at_once:
        forget()


def occupied() -> bool:
    """Whether this thread is inside of a hook; a forked child that has not forgotten yet forgets first."""
    if local.busy:
        return True
    local.busy = 1
    try:
        forget_parent()
    finally:
        local.busy = 0
    return False


def forget_parent() -> None:
    """Forgets, if that is still to be done: for hooks of threads that came to be by no hook of ours."""
    global _unforgetful
    if _unforgetful:
        _unforgetful = False
        local.looking = 0
        local.mark = (local.context, get_native_id())
        for forget in at_fork:
            try:
                forget()
            except Exception:
                pass
