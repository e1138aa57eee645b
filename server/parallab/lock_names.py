"""Which lock a name in a frame's source means: the same lock gets the same number, whatever it is called there.

Read from the program's memory, as far as its layout is known; what is not read so has a number of its own
for each name.
"""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from parallab.procfs import layout
from parallab_probe import holding

_VERSION = re.compile(rb"/(?:lib)?python3\.(\d+)(?=[/.\n])")
_LAST = 14
"""The newest Python 3 of which the layout is known."""
_DEEP = 2
"""A queue in a list that is an attribute."""
_CHOSEN = 1 << 62
"""Beyond all addresses: a number that stands for a name."""


class Program:
    """What of one process's memory its frames' names are looked up in."""

    def __init__(self, read: layout.Read, maps: bytes, frames: Iterable[Frame]) -> None:
        frames = tuple(frames)
        some = next((address for one in frames for address in one.known.values()), 0)
        self.objects = _reader(read, maps, some)
        self._globals: dict[str, int] = {}
        for address in dict.fromkeys(address for one in frames for address in one.known.values()):
            self._learn(address, {one.path for one in frames})

    def _learn(self, address: int, paths: set[str]) -> None:
        """Where the globals of some of these files are, as far as an object of theirs knows."""
        objects = self.objects
        if objects is None or not paths - self._globals.keys():
            return
        for function in objects.functions(address):
            found = objects.word(function + layout.GLOBALS)
            file = objects.text(objects.item(found, "__file__"))
            for path in paths if file else ():
                if path == file or path.endswith(f"/{file}"):
                    self._globals[path] = found

    def within(self, addresses: Iterable[int], most: int) -> tuple[int, ...]:
        """These objects, and what is in them: items, values and attributes, and of these again, as far as known."""
        found = dict.fromkeys(addresses)
        new = tuple(found)
        for _ in range(_DEEP):
            inner = dict.fromkeys(one for address in new[:most] for one in self._held(address))
            new = tuple(one for one in inner if one not in found)[: max(0, most - len(found))]
            found |= dict.fromkeys(new)
        return tuple(found)[:most]

    def _held(self, address: int) -> tuple[int, ...]:
        if self.objects is None:
            return ()
        if inner := (*self.objects.items(address), *self.objects.values(address)):
            return inner
        return tuple(self.objects.attributes(address).values())

    def closed(self, frames: Sequence[Frame]) -> list[Frame]:
        """A stack's frames, innermost first, each with what it has from the function around it, as far as known.

        Which function object a frame runs its caller knows: by its name there, or as what a thread was given.
        """
        told: list[Frame] = []
        for frame in reversed(frames):
            caller = told[-1] if told else None
            function = self._called(caller, frame) if caller is not None and frame.free else 0
            if function and self.objects is not None:
                cells = self.objects.cells(function)
                if len(cells) == len(frame.free):
                    frame = replace(frame, known={**dict(zip(frame.free, cells, strict=True)), **frame.known})
            told.append(frame)
        return told[::-1]

    def _called(self, caller: Frame, frame: Frame) -> int:
        """The function object of a frame; 0 where its caller has none by that name."""
        objects = self.objects
        if objects is None:
            return 0
        attribute = next((name for end, name in _CALLERS.items() if caller.path.endswith(end)), "")
        address = caller.known.get(frame.function, 0)
        if attribute and caller.function == "run":
            own = objects.attributes(caller.known.get("self", 0))
            address = own.get(attribute, 0) or caller.known.get(attribute, 0)  # from 3.14 on a local of an executor's
        return next((one for one in objects.functions(address) if objects.function_name(one) == frame.function), 0)

    def of_file(self, path: str, name: str) -> int:
        """The address of what a file calls so; 0 where that is not known."""
        found = self._globals.get(path, 0)
        return self.objects.item(found, name) if found and self.objects is not None else 0


def brings(frame: Frame, program: Program) -> Iterable[int]:
    """The futures of an executor's jobs, or the results of a pool, that a frame of the library's is there to fulfil."""
    objects = program.objects
    if objects is None:
        return ()
    _, _, file = frame.path.rpartition("/python3")
    match file.partition("/")[2], frame.function:
        case "concurrent/futures/thread.py", "_worker":
            jobs: tuple[int, ...] = (frame.known.get("work_item", 0),)
        case "concurrent/futures/process.py", "run":
            jobs = objects.values(objects.attribute(frame.known.get("self", 0), "pending_work_items"))
        case "multiprocessing/pool.py", "_handle_results":
            return objects.values(frame.known.get("cache", 0))
        case _:
            return ()
    return [future for job in jobs if (future := objects.attribute(job, "future"))]


_CALLERS = {"/threading.py": "_target", "/concurrent/futures/thread.py": "fn"}
"""Where in the ``self`` of the library's ``run`` the function is that it calls, by the end of its file's name."""


@dataclass(frozen=True)
class Frame:
    """A frame's file and function, and its locals by their addresses."""

    path: str
    known: dict[str, int]
    function: str = ""
    free: tuple[str, ...] = ()
    """What its function has from one around it."""


def _reader(read: layout.Read, maps: bytes, some: int) -> layout.Objects | None:
    """Reads a process's objects, by the version that its mapped files tell; ``some`` is the address of any object."""
    match = _VERSION.search(maps)
    told = int(match[1]) if match else 0
    known = [one for one in layout.LAYOUTS if one.version == f"3.{min(told, 13)}"]
    if not known or told > _LAST or not some:
        return None
    objects = layout.Objects(read, known[0])
    kind = objects.type_of(some)
    for _ in range(8):
        if kind == objects.type_of(kind):
            return layout.Objects(read, known[0], layout.tuple_items(read, kind))
        kind = objects.type_of(kind)
    return None


class Names:
    """The names of one frame: its locals, and those of its file."""

    def __init__(self, frame: Frame, tree: ast.Module, program: Program) -> None:
        self._known, self._path, self._tree = frame.known, frame.path, tree
        self._program, self._objects = program, program.objects

    def identity(self, name: tuple[str, ...]) -> int:
        """The lock's address; where that cannot be read, a number for how it is called.

        0 of what a function has from one around it, where that is not known: the next call of that one has another,
        by the same name.
        """
        address = self._address(name)
        if address and self._objects is not None:
            kind = self._objects.type_name(self._objects.type_of(address))
            return (kind == "Condition" and self._objects.attribute(address, "_lock")) or address
        if address:
            return address
        if name[0] not in self._known and not holding.is_global(self._tree, name[0]):
            return 0
        parts: list[str] = []
        for part in name[1:]:
            key = holding.item(part, self._value) if part.startswith("[") else part
            if key is None:
                return 0
            parts.append(f"[{key!r}]" if part.startswith("[") else part)
        place = (str(self._known[name[0]]),) if name[0] in self._known else (self._path, name[0])
        return zlib.crc32("\0".join((*place, *parts)).encode()) | _CHOSEN

    def of_type(self, name: tuple[str, ...], kind: str) -> int:
        """The address of what is called so, where it is of this type; else 0."""
        address = self._address(name)
        told = self._objects.type_name(self._objects.type_of(address)) if self._objects is not None else ""
        return address if told == kind else 0

    def _address(self, name: tuple[str, ...]) -> int:
        address = self._known.get(name[0], 0)
        if not address and holding.is_global(self._tree, name[0]):
            address = self._program.of_file(self._path, name[0])
        for part in name[1:]:
            if not address or self._objects is None:
                return 0
            if part.startswith("["):
                key = holding.item(part, self._value)
                address = self._objects.item(address, key) if key is not None else 0
            else:
                address = self._objects.attribute(address, part)
        return address

    def _value(self, name: tuple[str, ...]) -> int | str | None:
        if self._objects is None:
            return None
        if (whole := holding.length_of(name)) is not None:
            address = self._address(whole)
            return len(self._objects.items(address)) if address else None
        address = self._address(name)
        if not address:
            return None
        number = self._objects.number(address)
        return number if number is not None else self._objects.text(address) or None
