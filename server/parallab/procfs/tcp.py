"""The TCP sockets of a network namespace, by the texts of /proc/PID/net/tcp and tcp6 (proc_pid_net(5)).

Two sockets whose addresses are each other's are the two ends of a connection within the host: what waits at
the one, only who has the other can end. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from parallab.model import Socket

_ESTABLISHED, _LISTEN = "01", "0A"
_MAPPED = "0000000000000000FFFF0000"
"""An IPv4 address as IPv6 writes it, ``::ffff:…``, in the host's own order of bytes on little-endian machines."""
_ANY = "0" * 8
"""An address of four bytes that stands for all of a host's."""
MOST = 1 << 16
"""Lines of one text that are read."""


class _Line(NamedTuple):
    inode: int
    ours: str
    theirs: str
    listening: bool
    established: bool
    sending: int
    queued: int


def sockets(texts: Iterable[bytes]) -> dict[int, Socket]:
    """By inode; lines that are not as expected are left out."""
    lines = [line for text in texts for line in _lines(text)]
    ends = {(line.ours, line.theirs): line for line in lines if not line.listening}
    listeners = {line.ours: line.inode for line in lines if line.listening}
    found = {}
    for line in lines:
        peer = ends.get((line.theirs, line.ours)) if not line.listening else None
        queued = line.queued + (peer.sending if peer is not None else 0)
        calls = _called(peer, listeners) if peer is not None else 0
        peered = peer.inode if peer else 0
        found[line.inode] = Socket(line.inode, peered, line.listening, queued, network=True, calls=calls)
    found.pop(0, None)  # not accepted yet, or closed already
    return found


def _called(end: _Line, listeners: dict[str, int]) -> int:
    """The listener that has not accepted this end of a connection yet; 0 where that is not so."""
    if end.inode or not end.established:
        return 0
    port = end.ours.rpartition(":")[2]
    places = (end.ours, *(f"{every}:{port}" for every in (f"{_MAPPED}{_ANY}", _ANY * 4)))
    return next((listeners[place] for place in places if place in listeners), 0)


def _lines(text: bytes) -> Iterable[_Line]:
    for line in text.decode("ascii", "replace").splitlines()[1 : MOST + 1]:
        fields = line.split()
        try:
            sending, queued = (int(part, 16) for part in fields[4].split(":"))
            yield _Line(int(fields[9]), _wide(fields[1]), _wide(fields[2]), *_state(fields[3]), sending, queued)
        except (ValueError, IndexError):
            continue


def _state(code: str) -> tuple[bool, bool]:
    return code == _LISTEN, code == _ESTABLISHED


def _wide(place: str) -> str:
    address, _, port = place.partition(":")
    return f"{_MAPPED if len(address) == 8 else ''}{address}:{port}"
