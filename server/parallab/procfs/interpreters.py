"""How many interpreters a process has: CPython 3.13 and newer say where they keep them.

``_PyRuntime`` begins with ``struct _Py_DebugOffsets`` (Include/internal/pycore_debug_offsets.h), which is there for
debuggers: a cookie, the version, and where in which structure what stands.
"""

from __future__ import annotations

import struct

from parallab.procfs import opened, parse

_COOKIE = b"xdebugpy"
_OFFSETS = struct.Struct("=8sQQ QQQ QQQQ")
"""Cookie, version, free-threaded; of the runtime its size, finalizing, first interpreter; of one size, id, next, …"""
_CHUNK = 1 << 20
_LARGEST = 1 << 26
_MOST = 4096


def count(memory: opened.Memory, maps: bytes) -> int:
    """The interpreters of the process with these mappings; 0 where that is not told."""
    for region in parse.data_maps(maps, b"python"):
        for place in range(region.start, min(region.end, region.start + _LARGEST), _CHUNK):
            data = memory.read(place, min(_CHUNK + _OFFSETS.size, region.end - place)) or b""
            at = data.find(_COOKIE)
            if 0 <= at <= len(data) - _OFFSETS.size:
                return _count(memory, place + at, _OFFSETS.unpack_from(data, at))
    return 0


def _count(memory: opened.Memory, runtime: int, offsets: tuple[int, ...]) -> int:
    head, following = offsets[5], offsets[8]
    one = _pointer(memory, runtime + head)
    seen: set[int] = set()
    while one and one not in seen and len(seen) < _MOST:
        seen.add(one)
        one = _pointer(memory, one + following)
    return len(seen)


def _pointer(memory: opened.Memory, address: int) -> int:
    data = memory.read(address, 8)
    return int.from_bytes(data, "little") if data is not None and len(data) == 8 else 0
