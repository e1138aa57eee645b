"""CPython objects as they lie in a process's memory -> values: attributes, strings, numbers, containers.

Offsets are those of the headers of CPython 3.10 to 3.14 (Include/cpython/object.h, dictobject.h,
Objects/dict-common.h, longintrepr.h), 64-bit builds with a GIL. What no layout fits gives nothing:
whoever asks names the attributes that must be there, and so notices. Pure but for ``read``, which
is passed in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Read = Callable[[int, int], bytes | None]
"""(address, size) -> bytes, fewer or None where there is nothing."""

MAX_ITEMS = 1024
"""Items of one container, and attributes of one object, beyond this number are left out."""
MAX_TEXT = 256
"""Characters of a string beyond this number are left out."""

NAME, BASICSIZE, FLAGS, BASE, _DICT, _DICT_OFFSET, _MRO = 24, 32, 168, 256, 264, 288, 344
"""Of tp_name, tp_basicsize, tp_flags, tp_base, tp_dict, tp_dictoffset, tp_mro in a PyTypeObject, the same in all."""
GLOBALS, _FUNCTION_NAME, _CLOSURE, _CALLED, _CELL = 16, 32, 72, 16, 16
"""Of a function's globals, name and cells; of a bound method's function; of what is in a cell."""
_MEMBER, _OFFSET = 40, 16
"""Of d_member in the descriptor of a slot, and of the slot's place in what that points to."""
_TUPLE = 24
"""Of a tuple's items; from 3.14 on its hash stands before them."""

_READY = 1 << 12
_HEAPTYPE = 1 << 9
_MANAGED_DICT = 1 << 4
_INLINE_VALUES = 1 << 2


@dataclass(frozen=True)
class Layout:
    """What differs between the versions."""

    version: str
    cached_keys: int
    """Of ht_cached_keys in a PyHeapTypeObject."""
    keys_head: int
    """Bytes of a PyDictKeysObject before its indices."""
    values_head: int
    """Bytes of a PyDictValues before the values."""
    text: int
    """Of the characters in a compact ASCII string."""
    wide: int
    """Of those in any other compact string."""
    tagged: bool
    """Whether a number's size field counts digits above three bits of flags (3.12 on)."""


LAYOUTS = (
    Layout("3.13", 880, 32, 8, 40, 56, True),
    Layout("3.12", 880, 32, 0, 40, 56, True),
    Layout("3.11", 872, 32, 0, 48, 72, False),
    Layout("3.10", 872, 40, 0, 48, 72, False),
)
"""The newest first. 3.14 lays these things out like 3.13, but for tuples."""


_ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}
"""By the bytes of each character."""


class Objects:
    """Reads objects of one process by one layout."""

    def __init__(self, read: Read, layout: Layout, tuples: int = _TUPLE) -> None:
        self._read = read
        self.layout = layout
        self._tuples = tuples
        self._keys: dict[tuple[int, int], tuple[str, ...]] = {}

    # -- plain values -----------------------------------------------------------

    def word(self, address: int) -> int:
        """The eight bytes at an address as a number; 0 where nothing is."""
        data = self._read(address, 8) if address > 0 else None
        return int.from_bytes(data, "little") if data is not None and len(data) == 8 else 0

    def type_of(self, address: int) -> int:
        """The address of an object's type."""
        return self.word(address + 8)

    def type_name(self, kind: int) -> str:
        """``tp_name`` of the type at an address."""
        return c_string(self._read, self.word(kind + NAME))

    def text(self, address: int) -> str:
        """The beginning of a compact ``str``; "" for any other object. What is no character becomes U+FFFD."""
        if self.type_name(self.type_of(address)) != "str":
            return ""
        length, state = min(self.word(address + 16), MAX_TEXT), self.word(address + 32)
        kind, compact, plain = state >> 2 & 7, state >> 5 & 1, state >> 6 & 1
        if not length or not compact or kind not in _ENCODINGS:
            return ""
        data = self._read(address + (self.layout.text if plain else self.layout.wide), length * kind) or b""
        if len(data) < length * kind:
            return ""
        return data.decode(_ENCODINGS[kind], "replace")

    def number(self, address: int) -> int | None:
        """A non-negative ``int`` below 2**60, or a ``bool``; None for any other object."""
        if self.type_name(self.type_of(address)) not in ("int", "bool"):
            return None
        data = self._read(address + 16, 16) or b""
        if len(data) < 16:
            return None
        size, low, high = struct.unpack("<qII", data)
        if self.layout.tagged:
            if size & 3 == 2:
                return None
            size >>= 3
        if size == 0:
            return 0
        return low if size == 1 else low | high << 30 if size == 2 else None

    # -- containers -------------------------------------------------------------

    def items(self, address: int) -> tuple[int, ...]:
        """Addresses of what a list, tuple or set holds, or of a dict's keys; () for any other object."""
        kind = self.type_name(self.type_of(address))
        if kind == "list":
            return self._words(self.word(address + 24), self.word(address + 16))
        if kind == "tuple":
            return self._words(address + self._tuples, self.word(address + 16))
        if kind == "set":
            slots = self.word(address + 32) + 1
            words = self._words(self.word(address + 40), min(slots, MAX_ITEMS) * 2)
            return tuple(one for one in words[::2] if one > 1 << 12 and self.type_name(self.type_of(one)) != "object")
        if kind == "dict":
            return tuple(key for key, _ in self._table(self.word(address + 32)))
        return ()

    def values(self, address: int) -> tuple[int, ...]:
        """Addresses of what the keys of a dict stand for; () for any other object."""
        known = self.type_name(self.type_of(address)) in ("dict", "_PoolCache")
        return tuple(value for _, value in self._table(self.word(address + 32))) if known else ()

    def length(self, address: int) -> int | None:
        """``len`` of a deque, list or dict; None for any other object."""
        known = ("collections.deque", "list", "dict", "_PoolCache")
        return self.word(address + 16) if self.type_name(self.type_of(address)) in known else None

    def item(self, address: int, key: int | str) -> int:
        """The address of an item of a list, tuple or dict; 0 where there is none."""
        if self.type_name(self.type_of(address)) == "dict":
            keys = self.word(address + 32)
            found = (value for one, value in self._table(keys) if key in (self.text(one), self.number(one)))
            return next(found, 0) if not self.word(address + 40) else 0
        items = self.items(address) if isinstance(key, int) else ()
        return items[key] if isinstance(key, int) and -len(items) <= key < len(items) else 0

    def _words(self, address: int, count: int) -> tuple[int, ...]:
        count = min(count, MAX_ITEMS * 3)
        data = self._read(address, count * 8) if address > 0 and count > 0 else None
        return struct.unpack(f"<{len(data) // 8}Q", data[: len(data) // 8 * 8]) if data else ()

    # -- attributes -------------------------------------------------------------

    def attribute(self, address: int, name: str) -> int:
        """The address of an attribute's value, of an instance or its class; 0 where Python code would compute it."""
        kind = self.type_of(address)
        if self.type_of(kind) == kind:  # it is a class itself
            return self._of_class(address, name)
        if value := self.attributes(address).get(name, 0):
            return value
        value = self._of_class(kind, name)
        told = self.type_name(self.type_of(value))
        if told == "member_descriptor":  # of __slots__
            return self.word(address + self.word(self.word(value + _MEMBER) + _OFFSET))
        return 0 if told in ("property", "function", "") else value

    def functions(self, address: int) -> tuple[int, ...]:
        """Functions that an object leads to: itself, those of its class, and what a thread runs."""
        told = self.type_name(self.type_of(address))
        if told == "function":
            return (address,)
        if told == "method":
            return self.functions(self.word(address + _CALLED))
        kind = self.type_of(address)
        kind = address if self.type_of(kind) == kind else kind
        own = self._dict(self.word(kind + _DICT)).values() if self.word(kind + FLAGS) & _HEAPTYPE else ()
        found = tuple(one for one in own if self.type_name(self.type_of(one)) == "function")
        target = self.attributes(address).get("_target", 0)
        return (*found[:1], *(self.functions(target) if target else ()))

    def function_name(self, address: int) -> str:
        """What a function is called."""
        return self.text(self.word(address + _FUNCTION_NAME))

    def cells(self, address: int) -> tuple[int, ...]:
        """What a function has from one around it, in the order of their names; 0 for what is not there yet."""
        return tuple(self.word(cell + _CELL) for cell in self.items(self.word(address + _CLOSURE)))

    def _of_class(self, kind: int, name: str) -> int:
        mro = self.items(self.word(kind + _MRO))
        return next((value for one in mro if (value := self._dict(self.word(one + _DICT)).get(name, 0))), 0)

    def attributes(self, address: int) -> dict[str, int]:
        """An instance's own attributes, each with the address of its value; {} where that cannot be read."""
        kind = self.type_of(address)
        flags = self.word(kind + FLAGS)
        if not flags & _HEAPTYPE or not flags & _READY:
            return {}
        shared = self.word(kind + self.layout.cached_keys)
        match self.layout.version:
            case "3.13":
                if not flags & _INLINE_VALUES:
                    return self._dict(self.word(address - 24)) if flags & _MANAGED_DICT else {}
                if held := self.word(address - 24):
                    return self._dict(held)
                return self._split(shared, address + self.word(kind + BASICSIZE) + self.layout.values_head)
            case "3.12":
                held = self.word(address - 24) if flags & _MANAGED_DICT else 0
                return self._split(shared, held + 1) if held & 1 else self._dict(held)
            case "3.11":
                if not flags & _MANAGED_DICT:
                    return {}
                values = self.word(address - 32)
                return self._split(shared, values) if values else self._dict(self.word(address - 24))
        offset = self.word(kind + _DICT_OFFSET)
        return self._dict(self.word(address + offset)) if 0 < offset < 4096 else {}

    def _dict(self, address: int) -> dict[str, int]:
        """A dict whose keys are all strings, which may share them with others (PEP 412)."""
        if not address:
            return {}
        keys, values = self.word(address + 32), self.word(address + 40)
        if values:
            return self._split(keys, values + self.layout.values_head)
        return {name: value for key, value in self._table(keys) if (name := self.text(key))}

    def _split(self, keys: int, values: int) -> dict[str, int]:
        names = self._names(keys)
        found = self._words(values, len(names))
        return {name: value for name, value in zip(names, found, strict=False) if name and value}

    def _names(self, keys: int) -> tuple[str, ...]:
        """The names of shared keys; they only grow, by one for each new attribute."""
        used = self.word(keys + (32 if self.layout.version == "3.10" else 24))
        if (keys, used) not in self._keys:
            self._keys[keys, used] = tuple(self.text(key) for key, _ in self._entries(keys))
        return self._keys[keys, used]

    def _table(self, keys: int) -> Iterator[tuple[int, int]]:
        return ((key, value) for key, value in self._entries(keys) if key and value)

    def _entries(self, keys: int) -> list[tuple[int, int]]:
        head = self._read(keys, 40) if keys > 0 else None
        if head is None or len(head) < 40:
            return []
        wide = True
        if self.layout.version == "3.10":
            size, used = struct.unpack_from("<q16xq", head, 8)
            indices = size * (1 if size <= 0xFF else 2 if size <= 0xFFFF else 4)
        else:
            bits, kind, used = struct.unpack_from("<BB13xq", head, 9)
            indices, wide = 1 << min(bits, 40), kind == 0
        if not 0 <= used <= MAX_ITEMS:
            return []
        words = self._words(keys + self.layout.keys_head + indices, used * (3 if wide else 2))
        return list(zip(words[1::3], words[2::3], strict=False) if wide else zip(words[::2], words[1::2], strict=False))


def tuple_items(read: Read, first: int) -> int:
    """Where in a tuple its items begin, by the bases of ``type`` (``first``), of which the first is ``type`` itself."""
    bases = int.from_bytes(read(first + _MRO, 8) or b"", "little")
    behind_hash = (read(bases + _TUPLE + 8, 8) or b"") if bases else b""
    return _TUPLE + 8 * (int.from_bytes(behind_hash, "little") == first)


def c_string(read: Read, address: int) -> str:
    """A C string of printable ASCII; "" where there is none."""
    data = (read(address, 64) or b"") if address > 0 else b""
    name, end, _ = data.partition(b"\0")
    return name.decode("ascii") if end and name.isascii() and name.decode("ascii").isprintable() else ""
