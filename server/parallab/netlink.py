"""Unix sockets of this network namespace, their peers and queues, by sock_diag(7).

One dump over NETLINK_SOCK_DIAG answers for all; no privilege is needed. The structures are
those of linux/unix_diag.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import msgspec

from parallab.model import Socket

NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_DONE, _ERROR = 3, 2  # NLMSG_DONE, NLMSG_ERROR
_SHOW = 0x1 | 0x4 | 0x8 | 0x10  # UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN
_NAME, _PEER, _ICONS, _RQLEN = 0, 2, 3, 4  # UNIX_DIAG_NAME, UNIX_DIAG_PEER, UNIX_DIAG_ICONS, UNIX_DIAG_RQLEN
_LISTEN = 10  # TCP_LISTEN
_MALFORMED = "sock_diag answered with a malformed message"

_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=BBBBI8x")
_REQUEST = _HEADER.pack(_HEADER.size + 24, _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0) + struct.pack(
    "=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, _SHOW, 0xFFFFFFFF, 0xFFFFFFFF
)


def open_diag() -> socket.socket:
    """A socket to ask through; one opened inside a network namespace sees that namespace's."""
    diag = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
    diag.settimeout(1.0)
    return diag


def unix_sockets(diag: socket.socket | None = None) -> dict[int, Socket]:
    """All unix sockets of the namespace by inode. OSError when the kernel does not answer, or not in messages."""
    if diag is None:
        with open_diag() as diag:
            return _dump(diag)
    return _dump(diag)


def _dump(diag: socket.socket) -> dict[int, Socket]:
    diag.send(_REQUEST)
    found: dict[int, Socket] = {}
    called: dict[int, int] = {}
    while True:
        data = diag.recv(1 << 18)
        if len(data) < _HEADER.size:
            raise OSError(0, _MALFORMED)
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
            if kind == _DONE:
                for caller in called.keys() & found.keys():
                    found[caller] = msgspec.structs.replace(found[caller], calls=called[caller])
                return found
            if length < _HEADER.size or offset + length > len(data):
                raise OSError(0, _MALFORMED)
            if kind == _ERROR:
                if length < _HEADER.size + 4:
                    raise OSError(0, _MALFORMED)
                number = -struct.unpack_from("=i", data, offset + _HEADER.size)[0]
                raise OSError(number, "sock_diag refused")
            if length < _HEADER.size + _MESSAGE.size:
                raise OSError(0, _MALFORMED)
            message = data[offset + _HEADER.size : offset + length]
            one = parse(message)
            found[one.inode] = one
            called.update(dict.fromkeys(callers(message), one.inode))
            offset += (length + 3) & ~3


def parse(message: bytes) -> Socket:
    """One ``unix_diag_msg``, 16 bytes or more, with its attributes as a Socket."""
    _, _, state, _, inode = _MESSAGE.unpack_from(message)
    peer, queued, path = 0, 0, ""
    for kind, value in _attributes(message, _MESSAGE.size):
        if kind == _PEER and len(value) >= 4:
            peer = int.from_bytes(value[:4], "little")
        elif kind == _RQLEN and len(value) >= 4:
            queued = int.from_bytes(value[:4], "little")
        elif kind == _NAME:
            # An abstract name (unix(7)) begins with NUL; ss(8) shows it as @.
            shown = b"@" + value[1:] if value[:1] == b"\0" else value.rstrip(b"\0")
            path = shown[:512].decode("utf-8", "replace").replace("\0", "@")
    return Socket(inode=inode, peer=peer, listening=state == _LISTEN, queued=queued, path=path)


def callers(message: bytes) -> tuple[int, ...]:
    """The inodes of the sockets that have called this listener and that it has not accepted yet."""
    every = b"".join(value for kind, value in _attributes(message, _MESSAGE.size) if kind == _ICONS)
    return tuple(number for (number,) in struct.iter_unpack("=I", every[: len(every) // 4 * 4]) if number)


def _attributes(message: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Netlink attributes (struct rtattr): length, type, value, padded to four bytes."""
    while offset + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, offset)
        if length < 4:
            return
        yield kind, message[offset + 4 : offset + length]
        offset += (length + 3) & ~3
