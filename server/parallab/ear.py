"""The server's end of the probe's socket: hears what kernels and their children report, and asks.

An abstract unix SEQPACKET listener with a random name (unix(7)). One thread drains all of its
connections; ``recvmmsg(2)`` is called with the interpreter lock held, since a thread that gave it
up for every packet would get it back only each 5 ms from an event loop that is busy, and the
reports of a burst of processes would be lost. What a packet says is the learner's to forge; who
sent it is not: its pid is the one that the operating system vouches for (SCM_CREDENTIALS).
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import resource
import secrets
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from parallab import model
from parallab.procfs import pidfd

Deliver = Callable[[list[model.AnyEvent]], None]

PACKET = 64 * 1024
"""No packet of the probe's is larger (it keeps to 60 KiB)."""
AT_ONCE = 64
"""Packets that one call of recvmmsg fetches."""
ROUND = 4096
"""Packets that are read before they are handed on."""
PASSES = 16
"""Looks at all connections before an answer is handed on, at the most."""
LEDGER = 2048
"""Reports of queues, locks and the like that are handed on of one round; older ones are counted."""
SURE = 50
"""The first of these of each process and kind are handed on all the same: that it did something is never in doubt."""
QUESTION_MOST = 32 * 1024
WAITING = 1024
"""Connections that may wait to be accepted: with so many, others may have been turned away."""
HELD = 512
"""Processes whose end is awaited through their pidfds at once, at the most; an eighth of our descriptors."""

_UCRED = struct.Struct("iII")
UNSAID = (0, 65534)
"""The pid and uid of a packet that was sent just when its connection had been accepted, and credentials were not asked
for yet (unix(7), SO_PASSCRED; before Linux 6.16 a listener cannot ask for those to come). It is from who connected."""
_CONTROL = 128
_WORD = ctypes.sizeof(ctypes.c_size_t)
_CONTROL_HEAD = _WORD + 8
_HEAD = struct.Struct("Nii")
_CLOEXEC = 0x40000000
"""MSG_CMSG_CLOEXEC (recvmsg(2)): what is handed over never gets into a child of ours."""
SO_TIMESTAMPNS = 35
"""What asks for, and is, the moment at which a packet was sent (asm-generic/socket.h): a timespec of the wall clock."""
_TIMESPEC = struct.Struct("ll")
_LEDGER_KINDS = (model.LockUse, model.QueueUse, model.ProxyUse)
_many = msgspec.json.Decoder(list[msgspec.Raw])


class _IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class _MsgHdr(ctypes.Structure):
    """``struct msghdr`` (recvmsg(2)) inside ``struct mmsghdr`` (recvmmsg(2)), as glibc and musl lay it out."""

    _fields_ = [
        ("name", ctypes.c_void_p),
        ("namelen", ctypes.c_uint32),
        ("iov", ctypes.POINTER(_IoVec)),
        ("iovlen", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class _MMsgHdr(ctypes.Structure):
    _fields_ = [("hdr", _MsgHdr), ("len", ctypes.c_uint)]


@dataclass(frozen=True)
class Packet:
    """One packet and who sent it; ``data`` is None when it was longer than a packet may be."""

    data: bytes | None
    pid: int
    uid: int
    handed: int = 0
    """The process whose pidfd came along, 0 without one, :data:`GONE` when it has ended and was collected."""
    pidfd: int = -1
    """That pidfd: whoever takes the packet closes it, or keeps it."""
    sent: int = 0
    """When it was sent (monotonic ns), as the system stamped it; 0 unknown."""


class Mouth:
    """Reads many packets of a socket in one call, into one buffer for all sockets.

    ``depth`` is that of the pid namespace whose numbers are told of handed pidfds, 0 for our own.
    """

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        # Anonymous and untouched: of each 64 KiB only the pages that packets filled are ever real.
        self._memory = mmap.mmap(-1, AT_ONCE * (PACKET + _CONTROL))
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._vectors = (_IoVec * AT_ONCE)()
        self._heads = (_MMsgHdr * AT_ONCE)()
        for index in range(AT_ONCE):
            self._vectors[index].base = self._base + index * PACKET
            self._vectors[index].len = PACKET
            head = self._heads[index].hdr
            head.iov = ctypes.pointer(self._vectors[index])
            head.iovlen = 1
            head.control = self._base + AT_ONCE * PACKET + index * _CONTROL
        # PyDLL keeps the interpreter lock; the call never blocks.
        libc = ctypes.PyDLL(None, use_errno=True)
        self._recvmmsg = libc.recvmmsg
        self._recvmmsg.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p]
        self._recvmmsg.restype = ctypes.c_int

    def read(self, fd: int, stamped: bool = False) -> list[Packet] | None:
        """What is there, at most AT_ONCE packets; None at the end of the connection.

        ``stamped``: all that can be there was sent after stamps were asked for.
        """
        for entry in self._heads:
            entry.hdr.controllen = _CONTROL
        got = self._recvmmsg(fd, ctypes.addressof(self._heads), AT_ONCE, socket.MSG_DONTWAIT | _CLOEXEC, None)
        if got < 0:
            return [] if ctypes.get_errno() in (11, 4) else None
        packets: list[Packet] = []
        for index in range(got):
            entry = self._heads[index]
            if entry.len == 0 and entry.hdr.controllen < _CONTROL_HEAD + _UCRED.size:
                # SEQPACKET says the end with a message of nothing, without credentials.
                return packets or None
            packets.append(self._packet(index, entry, stamped))
        return packets

    def _packet(self, index: int, entry: _MMsgHdr, stamped: bool) -> Packet:
        pid, uid, handed, kept, sent = 0, 2**32 - 1, 0, -1, 0
        start = AT_ONCE * PACKET + index * _CONTROL
        end = start + entry.hdr.controllen
        while start + _CONTROL_HEAD <= end:
            length, level, kind = _HEAD.unpack_from(self._memory, start)
            if length < _CONTROL_HEAD:
                break
            body = self._memory[start + _CONTROL_HEAD : min(start + length, end)]
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS) and len(body) >= _UCRED.size:
                pid, uid, _ = _UCRED.unpack_from(body)
            elif (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS) and stamped:
                seconds, nanoseconds = _TIMESPEC.unpack_from(body)
                sent = on_our_clock(seconds * 1_000_000_000 + nanoseconds)
            elif (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                for (fd,) in struct.iter_unpack("i", body[: len(body) // 4 * 4]):
                    number = pidfd.pid_of(fd, self._depth)
                    if number == 0 or kept >= 0:
                        os.close(fd)
                    else:
                        handed, kept = number, fd
            start += (length + _WORD - 1) // _WORD * _WORD
        if entry.hdr.flags & socket.MSG_TRUNC:
            return Packet(None, pid, uid, handed, kept, sent)
        return Packet(self._memory[index * PACKET : index * PACKET + entry.len], pid, uid, handed, kept, sent)


GONE = pidfd.GONE


def on_our_clock(wall: int) -> int:
    """Monotonic ns of this moment of the wall clock (ns), which is over."""
    now = time.monotonic_ns()
    return min(now, wall - (time.time_ns() - now))


class Connection(Protocol):
    """What is asked of a connection that packets come from."""

    def fileno(self) -> int: ...
    def send(self, data: bytes, flags: int, /) -> int: ...
    def close(self) -> None: ...


@dataclass
class Peer:
    """Somebody who is connected, and who that was then."""

    connection: Connection
    pid: int
    stamped: bool = False
    """Whether it was dry since stamps were asked for: before, the system stamps with when it is read."""


@dataclass(frozen=True)
class _Held:
    """A process that is known to the system by its pidfd, and which event told of it."""

    fd: int
    child: int
    since: model.Event


@dataclass(frozen=True)
class _Question:
    deadline: float
    future: Future[model.Answer | None]


class Ear:
    """Listens from its making to :meth:`close`; ``deliver`` is called in its own thread, in batches."""

    def __init__(self, deliver: Deliver) -> None:
        self.malformed = 0
        """Packets that could not be understood, or came from someone else."""
        self.deaf = False
        """The kernel had greeted, and its connection has ended: what it does is heard no more."""
        self.omitted = 0
        """Reports of queues and locks that were dropped here, to bound a flood."""
        self.refused = 0
        """Processes that could not be listened to: this server has too many files open."""
        self._deliver = deliver
        self._name = f"parallab-{secrets.token_hex(16)}"
        self._uid = os.getuid()
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._source = self._open_source()
        self._selector.register(self._source, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._kernel: Peer | None = None
        self._questions: dict[int, _Question] = {}
        self._asked = 0
        self._answers: list[tuple[Future[model.Answer | None], model.Answer]] = []
        self._open = True
        self._mouth = Mouth(self._depth)
        self._held: dict[int, _Held] = {}
        self._most_held = max(16, min(HELD, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 8))
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._listen, name="parallab-ear", daemon=True)
        self._thread.start()

    _proc = "/proc"
    """Where the processes that are heard have the numbers that are told of them; and how deep that is below ours."""
    _depth = 0

    def _open_source(self) -> socket.socket:
        """The socket from which all is heard: a listener of our own."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        listener.bind("\0" + self._name)
        listener.listen(WAITING)
        listener.setblocking(False)
        return listener

    def environment(self) -> dict[str, str]:
        """What a kernel's environment must hold for its probe to find this ear."""
        return {"PARALLAB_PROBE": "@" + self._name}

    def ask(
        self, kind: str = "values", names: Sequence[str] | None = None, *, timeout: float = 0.5
    ) -> Future[model.Answer | None]:
        """Asks the kernel for its names' values and shared numbers, ``kind="stacks"`` for stacks, ``"all"``.

        ``"named"`` asks what its names call the objects that can be waited for.

        ``"dismiss"`` ends waiting threads; ``names`` are then the numbers they were reported by.

        May be called from any thread. The future gives None after ``timeout`` seconds, and at once
        when there is no kernel to ask.
        """
        future: Future[model.Answer | None] = Future()
        with self._lock:
            kernel = self._kernel
            if kernel is None or not self._open:
                future.set_result(None)
                return future
            self._asked += 1
            number = self._asked
            self._questions[number] = _Question(time.monotonic() + timeout, future)
            question = msgspec.json.encode({"ask": number, "kind": kind, "names": names})
            try:
                if len(question) > QUESTION_MOST:
                    raise OSError
                kernel.connection.send(question, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except OSError:
                self._questions.pop(number)
                future.set_result(None)
                return future
        self._nudge()
        return future

    def close(self) -> None:
        """Stops listening; questions that are open get None. May be called twice."""
        with self._lock:
            if not self._open:
                return
            self._open = False
        self._nudge()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    # -- the reader's thread --------------------------------------------------------

    def _listen(self) -> None:
        try:
            while self._open:
                self._round()
        finally:
            self._shut()

    def _round(self) -> None:
        events: list[model.AnyEvent] = []
        read = 0
        patience = self._patience()
        for _ in range(PASSES):
            ready = self._selector.select(patience)
            for key, _mask in ready:
                if key.fileobj is self._wake:
                    with contextlib.suppress(OSError):
                        self._wake.recv(4096)
                elif key.fileobj is self._source:
                    read += self._hear(events, ROUND - read)
                elif isinstance(key.data, _Held):
                    events.append(self._gone(key.data))
                else:
                    read += self._drain(key.data, events, ROUND - read)
            # An answer must not overtake what others had said before it was given: look again.
            if not self._answers or not ready or read >= ROUND:
                break
            patience = 0.0
        self._expire()
        if events:
            self._hand_on(events)
        answers, self._answers = self._answers, []
        for future, answer in answers:
            _resolve(future, answer)

    def _patience(self) -> float | None:
        """Until the first question's time is over; None with no question open: nothing wakes us."""
        with self._lock:
            if not self._questions:
                return None
            first = min(question.deadline for question in self._questions.values())
        return max(0.0, first - time.monotonic())

    def _hear(self, events: list[model.AnyEvent], most: int) -> int:  # noqa: ARG002 - the bound is another source's
        """The source can be read: those who connect are listened to. Answers how many packets were read."""
        accepted = 0
        while True:
            try:
                connection, _ = self._source.accept()
            except BlockingIOError:
                if accepted >= WAITING:
                    events.append(model.Lost(at=time.monotonic_ns(), count=1))
                return 0
            except OSError:
                if not self._refuse(events):
                    return 0
                continue
            accepted += 1
            pid, uid, _ = _UCRED.unpack(
                connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)  # socket(7)
            )
            if uid != self._uid:
                self.malformed += 1
                connection.close()
                continue
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self._selector.register(connection, selectors.EVENT_READ, Peer(connection, pid))

    def _refuse(self, events: list[model.AnyEvent]) -> bool:
        """No descriptor is left for whoever connects: it is heard once, with the spare one, and counted.

        Left waiting, it would keep this thread awake. False when not even that can be done.
        """
        if self._spare >= 0:
            os.close(self._spare)
        try:
            connection, _ = self._source.accept()
        except OSError:
            time.sleep(0.01)  # others took the spare one: they are not to be starved by us
            return False
        else:
            with connection:
                for packet in self._mouth.read(connection.fileno()) or ():
                    self._understand(packet, Peer(connection, packet.pid), events)
            self.refused += 1
            events.append(model.Lost(at=time.monotonic_ns(), count=1))
            return True
        finally:
            try:
                self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                self._spare = -1

    def _drain(self, peer: Peer, events: list[model.AnyEvent], most: int) -> int:
        """Reads a connection until it is dry, or enough for this round: the others' turn comes first."""
        read = 0
        while read < most:
            packets = self._mouth.read(peer.connection.fileno(), peer.stamped)
            if packets is None:
                self._forget(peer)
                break
            for packet in packets:
                self._understand(packet, peer, events)
            read += len(packets)
            if len(packets) < AT_ONCE:
                peer.stamped = True
                break
        return read

    def _understand(self, packet: Packet, peer: Peer, events: list[model.AnyEvent]) -> None:
        kept = False
        if (packet.pid, packet.uid) == UNSAID:
            packet = replace(packet, pid=peer.pid, uid=self._uid)
        try:
            if packet.data is None or packet.uid != self._uid:
                self.malformed += 1
                return
            parts: Iterable[bytes | msgspec.Raw] = (
                _many.decode(packet.data) if packet.data.startswith(b"[") else (packet.data,)
            )
            for part in parts:
                event = model.event(bytes(part))
                event = msgspec.structs.replace(event, pid=packet.pid)
                if isinstance(event, model.Stamped):
                    event = msgspec.structs.replace(event, sent=packet.sent)
                event = _over(event)
                if isinstance(event, model.ProcessGone | model.Acted):
                    raise ValueError  # noqa: TRY004 - the system or the lab says that, and nobody else
                if isinstance(event, model.ForkMade | model.ProcessStart | model.ProgramStart):
                    seen = event.child != 0 and packet.handed in (event.child, GONE)
                    event = msgspec.structs.replace(event, seen=seen)
                    if isinstance(event, model.Stamped) and packet.handed != event.child:
                        # Of one that is gone the number is only said: that one may be yet to come.
                        event = msgspec.structs.replace(event, sent=0)
                    kept = kept or (seen and self._hold(packet, event.child, event))
                if isinstance(event, model.ProcessBorn) and packet.handed == packet.pid:
                    kept = kept or self._hold(packet, packet.pid, event)
                if isinstance(event, model.Hello):
                    self._greet(peer, packet.pid)
                if isinstance(event, model.Answer):
                    self._answered(peer, event)
                else:
                    events.append(event)
        except (msgspec.DecodeError, RecursionError, ValueError, OverflowError):
            self.malformed += 1
        finally:
            if packet.pidfd >= 0 and not kept:
                os.close(packet.pidfd)

    def _hold(self, packet: Packet, child: int, since: model.Event) -> bool:
        """Waits for a process's end. Of more than can be awaited, others tell: starters, and looks at /proc."""
        if len(self._held) >= self._most_held:
            return False
        held = self._held[packet.pidfd] = _Held(packet.pidfd, child, since)
        self._selector.register(packet.pidfd, selectors.EVENT_READ, held)
        return True

    def _gone(self, held: _Held) -> model.ProcessGone:
        """A process has ended: its pidfd can be read."""
        self._selector.unregister(held.fd)
        del self._held[held.fd]
        at = time.monotonic_ns()
        try:
            code = pidfd.exit_code(held.fd, held.child, self._proc, self._depth)
        finally:
            os.close(held.fd)
        since = held.since
        return model.ProcessGone(
            at=at, cell=since.cell, run=since.run, child=held.child, exit_code=code, since=since.at
        )

    def _greet(self, peer: Peer, pid: int) -> None:
        """The kernel is whom the first greeting comes from; a child's forged one finds the place taken."""
        with self._lock:
            if self._kernel is None and pid == peer.pid:
                self._kernel = peer

    def _answered(self, peer: Peer, answer: model.Answer) -> None:
        with self._lock:
            if peer is not self._kernel or answer.pid != peer.pid:
                self.malformed += 1
                return
            question = self._questions.pop(answer.number, None)
        if question is not None:
            self._answers.append((question.future, answer))

    def _expire(self) -> None:
        now = time.monotonic()
        with self._lock:
            late = [number for number, question in self._questions.items() if question.deadline <= now]
            questions = [self._questions.pop(number) for number in late]
        for question in questions:
            _resolve(question.future, None)

    def _hand_on(self, events: list[model.AnyEvent]) -> None:
        ledger = sum(isinstance(event, _LEDGER_KINDS) for event in events)
        if ledger > LEDGER:
            events = self._thin(events, ledger - LEDGER)
        # What the recorder does with its own errors is its business; the others must still be heard.
        with contextlib.suppress(Exception):
            self._deliver(events)

    def _thin(self, events: list[model.AnyEvent], drop: int) -> list[model.AnyEvent]:
        """Without the oldest ``drop`` reports of queues and locks, but with the first; one Omitted instead."""
        kept: list[model.AnyEvent] = []
        first: dict[tuple[int, str], int] = {}
        dropped: dict[tuple[int, str], tuple[int, model.AnyEvent]] = {}
        for event in events:
            what = str(event.__struct_config__.tag) if drop and isinstance(event, _LEDGER_KINDS) else ""
            if what and first.get((event.pid, what), 0) < SURE:
                first[event.pid, what] = first.get((event.pid, what), 0) + 1
                kept.append(event)
            elif what:
                count, _ = dropped.get((event.pid, what), (0, event))
                dropped[event.pid, what] = (count + 1, event)
                drop -= 1
                self.omitted += 1
            else:
                kept.append(event)
        for (pid, what), (count, last) in dropped.items():
            kept.append(
                model.Omitted(at=last.at, pid=pid, tid=last.tid, cell=last.cell, run=last.run, what=what, count=count)
            )
        return kept

    def _forget(self, peer: Peer) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(peer.connection)
        peer.connection.close()
        with self._lock:
            if self._kernel is not peer:
                return
            self._kernel = None
            self.deaf = True
            questions = list(self._questions.values())
            self._questions.clear()
        for question in questions:
            _resolve(question.future, None)

    def _shut(self) -> None:
        with self._lock:
            self._open = False
            questions = list(self._questions.values())
            self._questions.clear()
            self._kernel = None
        for question in questions:
            _resolve(question.future, None)
        for key in list((self._selector.get_map() or {}).values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            elif isinstance(key.data, _Held):
                os.close(key.data.fd)
        if self._spare >= 0:
            os.close(self._spare)
        self._selector.close()
        self._waker.close()


def _over(event: model.AnyEvent) -> model.AnyEvent:
    """The same, which cannot have happened later than now, whatever a clock that runs ahead said of it."""
    now = time.monotonic_ns()
    if event.at <= now and getattr(event, "began", 0) <= now:
        return event
    times = {"at": min(event.at, now)}
    if hasattr(event, "began"):
        times["began"] = min(event.began, now)
    return msgspec.structs.replace(event, **times)


def _resolve(future: Future[model.Answer | None], answer: model.Answer | None) -> None:
    """Sets it, unless whoever asked has gone away."""
    if future.set_running_or_notify_cancel():
        future.set_result(answer)
