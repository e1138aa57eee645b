"""The first process of a sandbox: starts the kernel in it, and hands on what its probe says. Standard library only.

It is the one process in there that is ours. As process 1 it cannot be killed from inside, and its memory and
descriptors are closed to the others (PR_SET_DUMPABLE), so whoever runs a notebook in here cannot speak for it.

The probe's socket has an abstract name, which does not reach out of a network namespace, and the number of who sent
a packet means something only inside of this pid namespace. So it is heard here, and each packet is handed on with
the sender's number as the system vouches for it (SCM_CREDENTIALS), over a socket whose other end is outside.
Process numbers outside are then those of in here: the watcher reads the /proc of in here, too, through a descriptor
that is passed out with the first message, beside a socket that knows the unix sockets of this network namespace.
"""

from __future__ import annotations

import array
import ctypes
import json
import os
import resource
import selectors
import signal
import socket
import struct
import sys

TYPE_CHECKING = False  # importing typing takes milliseconds, and each notebook waits for them
if TYPE_CHECKING:
    from typing import Any

HEAD = struct.Struct("=Biiq")
"""Of each packet on the feed: its kind, the connection's number, the sender's pid, when it was sent.

That is a moment of the wall clock in ns, as the system stamped it; 0 unknown.
"""
SAID, CLOSED, LOST, UNFIT = 0, 1, 2, 3
"""A packet that was said (in both directions); a connection's end; somebody could not be heard; a packet too long."""
PACKET = 64 * 1024
CONNECTIONS = 800
ORDER = 60 * 1024
"""Bytes of an order or of its answer, at the most."""

_PR_SET_DUMPABLE = 4
_NETLINK_SOCK_DIAG = 4
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h
_UCRED = struct.Struct("iII")
_TIMESPEC = struct.Struct("ll")
_ROOM = socket.CMSG_SPACE(_TIMESPEC.size) + socket.CMSG_SPACE(_UCRED.size) + socket.CMSG_SPACE(4 * 4)
_AT_ONCE = 64


class First:
    """What the first process knows: its two sockets to the outside, and the kernel."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.feed: socket.socket | None = None
        self.listener: socket.socket | None = None
        self.kernel = 0
        self.peers: dict[int, socket.socket] = {}
        self.numbers: dict[int, int] = {}
        self.stamped: set[int] = set()
        """Who was dry since stamps were asked for: before, the system stamps with when a packet is read."""
        self.count = 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ)
        woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.woken = woken
        self.selector.register(woken, selectors.EVENT_READ)

    def run(self) -> None:
        """Serves until the outside is gone; the sandbox ends with this process."""
        self.introduce()
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.control:
                    if not self.obey():
                        return
                elif key.fd == self.woken:
                    os.read(self.woken, 4096)
                    self.bury()
                elif key.fileobj is self.feed:
                    self.pass_in()
                elif key.fileobj is self.listener:
                    self.accept()
                elif key.fd in self.peers:
                    self.pass_out(self.peers[key.fd])

    def introduce(self) -> None:
        """Sends out what the watcher needs: unix sockets' diagnosis, /proc and the root of in here."""
        diag = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG)
        folders = [os.open(path, os.O_PATH | os.O_DIRECTORY) for path in ("/proc", "/")]
        socket.send_fds(self.control, [b'{"ready":true}'], [diag.fileno(), *folders])
        diag.close()
        for folder in folders:
            os.close(folder)

    def bury(self) -> None:
        """Collects whoever has ended; orphans come to process 1."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return

    # -- orders -----------------------------------------------------------------------------

    def obey(self) -> bool:
        """Does what the outside wants; False when it is gone."""
        text, handed, _, _ = socket.recv_fds(self.control, ORDER, 4)
        if not text:
            return False
        order = json.loads(text)
        answer: dict[str, Any] = {}
        out: list[int] = []
        try:
            if "start" in order:
                self.clear()
                self.hear(order["start"]["name"], socket.socket(fileno=handed.pop(0)))
                self.kernel = self.launch(order["start"])
                out.append(os.pidfd_open(self.kernel))
                answer = {"pid": self.kernel}
            elif "handle" in order:
                out.append(os.pidfd_open(order["handle"]))
            elif "signal" in order:
                os.killpg(self.kernel, order["signal"])
        except OSError as error:
            answer = {"error": error.strerror or str(error)}
        socket.send_fds(self.control, [json.dumps(answer).encode()], out)
        for fd in (*out, *handed):
            os.close(fd)
        return True

    def clear(self) -> None:
        """Ends all that lives in here but this process, and what it left in shared memory."""
        try:
            os.kill(-1, signal.SIGKILL)
            while True:
                os.waitpid(-1, 0)
        except (ChildProcessError, ProcessLookupError):
            pass
        for entry in os.scandir("/dev/shm"):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
        for connection in list(self.peers.values()):
            self.drop(connection)
        for old in (self.listener, self.feed):
            if old is not None:
                self.selector.unregister(old)
                old.close()
        self.listener = self.feed = None

    def hear(self, name: str, feed: socket.socket) -> None:
        """Listens for the probe under that abstract name, and hands on to that feed."""
        self.feed = feed
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.listener.bind("\0" + name)
        self.listener.listen(1024)
        self.listener.setblocking(False)
        self.selector.register(feed, selectors.EVENT_READ)
        self.selector.register(self.listener, selectors.EVENT_READ)

    def launch(self, order: dict[str, Any]) -> int:
        """Starts the kernel as the leader of a session of its own; its pid."""
        # Whatever was left there under that name, a link even, is put aside: the outside goes through this folder.
        if os.path.lexists(order["folder"]):
            self.count += 1
            os.rename(order["folder"], f"{order['folder']}.{self.count}")
        os.mkdir(order["folder"], 0o700)
        for name, content in order["files"].items():
            with open(f"{order['folder']}/{name}", "x", encoding="utf-8") as file:
                file.write(content)
        pid = os.fork()
        if pid:
            return pid
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            for name, (soft, hard) in order["limits"].items():
                resource.setrlimit(getattr(resource, name), (soft, hard))
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.chdir(order["cwd"])
            os.execve(order["argv"][0], order["argv"], order["env"])  # noqa: S606 - what the outside wants
        finally:
            os._exit(127)

    # -- the probe's packets -----------------------------------------------------------------

    def accept(self) -> None:
        """Takes those who connect; of more than can be heard at once it is said that they were not."""
        assert self.listener is not None
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # nobody waits any more, or no descriptor is left
                return
            if len(self.peers) >= CONNECTIONS:
                connection.close()
                self.hand_on(HEAD.pack(LOST, 0, 0, 0))
                continue
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            connection.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self.count += 1
            self.peers[connection.fileno()] = connection
            self.numbers[connection.fileno()] = self.count
            self.selector.register(connection, selectors.EVENT_READ)

    def pass_out(self, connection: socket.socket) -> None:
        """Hands on what one of them said; only a part of it, so that the others get their turn."""
        number = self.numbers[connection.fileno()]
        for _ in range(_AT_ONCE):
            try:
                data, control, flags, _ = connection.recvmsg(PACKET, _ROOM, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                self.stamped.add(connection.fileno())
                return
            except OSError:
                data, control, flags = b"", [], 0
            pid, sent, handed = _told(control)
            if connection.fileno() not in self.stamped:
                sent = 0
            if not data and not pid:
                self.hand_on(HEAD.pack(CLOSED, number, 0, 0))
                self.drop(connection)
                return
            kind = UNFIT if flags & socket.MSG_TRUNC or len(data) > PACKET - HEAD.size else SAID
            self.hand_on(HEAD.pack(kind, number, pid, sent) + (data if kind == SAID else b""), handed[:1])
            for fd in handed:
                os.close(fd)

    def hand_on(self, packet: bytes, handed: list[int] | None = None) -> None:
        """Waits until the outside takes it: the probe's sockets are the queue."""
        if self.feed is None:
            return
        along = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", handed))] if handed else []
        try:
            self.feed.sendmsg([packet], along, socket.MSG_NOSIGNAL)
        except OSError:
            self.selector.unregister(self.feed)
            self.feed.close()
            self.feed = None

    def pass_in(self) -> None:
        """Hands a question to the connection that it is for."""
        assert self.feed is not None
        try:
            packet = self.feed.recv(PACKET)
        except OSError:
            packet = b""
        if not packet:
            self.selector.unregister(self.feed)
            self.feed.close()
            self.feed = None
            return
        _, number, *_ = HEAD.unpack_from(packet)
        for fd, connection in self.peers.items():
            if self.numbers[fd] == number:
                try:
                    connection.send(packet[HEAD.size :], socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
                except OSError:
                    pass  # its end is told when it is read
                return

    def drop(self, connection: socket.socket) -> None:
        """Forgets a connection."""
        self.stamped.discard(connection.fileno())
        self.selector.unregister(connection)
        del self.peers[connection.fileno()], self.numbers[connection.fileno()]
        connection.close()


def _told(control: list[tuple[int, int, bytes]]) -> tuple[int, int, list[int]]:
    """Who sent a packet, 0 at a connection's end, when, and what was handed over with it."""
    pid = sent = 0
    handed: list[int] = []
    for level, kind, body in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS) and len(body) >= _UCRED.size:
            pid, uid, _ = _UCRED.unpack(body[: _UCRED.size])
            if uid != os.getuid():
                pid = 0
        elif (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(body) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(body)
            sent = seconds * 1_000_000_000 + nanoseconds
        elif (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            handed += [fd for (fd,) in struct.iter_unpack("i", body[: len(body) // 4 * 4])]
    return pid, sent, handed


def main() -> None:
    """``inside.py CONTROL``: the number of an inherited SEQPACKET socket."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_DUMPABLE")
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    First(control).run()


if __name__ == "__main__":
    main()
