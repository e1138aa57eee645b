"""An ear for a kernel in a sandbox: the sandbox's first process listens there, and hands on each packet.

Who sent it is told by that process, which the system told; the numbers are those inside the sandbox.
"""

from __future__ import annotations

import os
import socket
import time

from parallab import model
from parallab.ear import Deliver, Ear, Packet, Peer, on_our_clock
from parallab.grading.inside import CLOSED, HEAD, LOST, SAID


class _Line:
    """A connection in the sandbox, as far as :class:`Ear` needs one."""

    def __init__(self, feed: socket.socket, number: int) -> None:
        self._feed = feed
        self._number = number

    def fileno(self) -> int:
        """None of its own."""
        return -1

    def send(self, data: bytes, flags: int, /) -> int:
        """Sends a question there. OSError when it cannot be sent now."""
        return self._feed.send(HEAD.pack(SAID, self._number, 0, 0) + data, flags)

    def close(self) -> None:
        """The feed belongs to all connections."""


class FarEar(Ear):
    """Listens to a feed; ``proc`` is the sandbox's /proc, ``depth`` how far its numbers are below ours."""

    def __init__(self, deliver: Deliver, feed: socket.socket, proc: str, depth: int) -> None:
        self._feed = feed
        self._proc = proc
        self._depth = depth
        self._lines: dict[int, Peer] = {}
        super().__init__(deliver)

    @property
    def name(self) -> str:
        """The abstract name that is to be listened to in there."""
        return self._name

    def _open_source(self) -> socket.socket:
        self._feed.setblocking(False)
        return self._feed

    def _hear(self, events: list[model.AnyEvent], most: int) -> int:
        read = 0
        while read < most:
            packets = self._mouth.read(self._feed.fileno())
            if packets is None:
                self._silence()
                break
            if not packets:
                break
            for packet in packets:
                self._take(packet, events)
            read += len(packets)
        return read

    def _take(self, packet: Packet, events: list[model.AnyEvent]) -> None:
        if packet.data is None or len(packet.data) < HEAD.size:
            self.malformed += 1
            return
        kind, number, pid, wall = HEAD.unpack_from(packet.data)
        if kind == LOST:
            self.refused += 1
            events.append(model.Lost(at=time.monotonic_ns(), count=1))
        elif kind == CLOSED:
            if (gone := self._lines.pop(number, None)) is not None:
                self._forget(gone)
        elif kind == SAID:
            peer = self._lines.get(number)
            if peer is None:
                peer = self._lines[number] = Peer(_Line(self._feed, number), pid)
            sent = on_our_clock(wall) if wall else 0
            said = Packet(packet.data[HEAD.size :], pid, self._uid, packet.handed, packet.pidfd, sent)
            self._understand(said, peer, events)
        else:
            self.malformed += 1
            if packet.pidfd >= 0:
                os.close(packet.pidfd)

    def _silence(self) -> None:
        """The sandbox has ended."""
        self._selector.unregister(self._feed)
        for peer in self._lines.values():
            self._forget(peer)
        self._lines.clear()
