"""The library's objects in a Python's memory: queues, pools, events as what they were made.

Semaphores and pipes alone cannot tell a queue from two locks, a semaphore and a pipe made by
hand. The process's own memory can: its classes are found by the type of all types, their
instances by their class, and their attributes by name. Nothing is run, nothing unpickled, and
an object counts only when all the attributes are there that its class gives it. Costs some
milliseconds a megabyte of the process's memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from parallab.model import Made, MadePart
from parallab.procfs import layout, opened, parse

MAX_READ = 512 << 20
"""Bytes of one process's private memory that are looked through."""
MAX_MADE = 4096
"""Objects of one process beyond this number are left out."""
MAX_LOOKED_AT = 1 << 16
"""Words of one process's memory beyond this number that look like an object are left out."""
_STEP = 1 << 18
_FEW = 6
"""Kinds up to which a search for each is faster than one look at every word."""
_MAX_DATA = 16 << 20
"""Bytes of a Python's own data, in which its type of all types lies."""

_CONDITION = ("_lock._semlock", "_sleeping_count._semlock", "_woken_count._semlock", "_wait_semaphore._semlock")
_QUEUE = ("_rlock._semlock", "_wlock._semlock", "_sem._semlock", "_maxsize")
_ENDS = ("?_reader._handle", "?_writer._handle")
_FEED = ("?_buffer.len", "?_close._args.0.len")
"""What a queue's feeder has still to send; its finalizer forgets where that is as it adds the farewell."""
_SIMPLE = ("_rlock._semlock", "_wlock._semlock", *_ENDS)


def _of(attribute: str, paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"?{attribute}.{path[1:]}" if path.startswith("?") else f"{attribute}.{path}" for path in paths)


CLASSES: dict[str, tuple[str, ...]] = {
    "Lock": ("_semlock",),
    "RLock": ("_semlock",),
    "Semaphore": ("_semlock",),
    "BoundedSemaphore": ("_semlock",),
    "Condition": _CONDITION,
    "Event": (*_of("_cond", _CONDITION), "_flag._semlock"),
    "Barrier": (*_of("_cond", _CONDITION), "_parties", "?_wrapper._state.0.0.fd", "?_wrapper._state.0.1"),
    "Queue": (*_QUEUE, *_ENDS, *_FEED),
    "JoinableQueue": (*_QUEUE, "_unfinished_tasks._semlock", *_of("_cond", _CONDITION), *_ENDS, *_FEED),
    "SimpleQueue": _SIMPLE,
    "Pool": (
        *_of("_inqueue", _SIMPLE),
        *_of("_outqueue", _SIMPLE),
        *_of("_change_notifier", _SIMPLE),
        "_processes",
        "?_pool.*._popen.pid",
        "?_state",
        "?_cache.len",
    ),
    "ThreadPool": (
        *_of("_change_notifier", _SIMPLE),
        "_processes",
        "_worker_handler._native_id",
        "?_pool.*._native_id",
        "?_state",
    ),
    "ProcessPoolExecutor": (
        *_of("_call_queue", (*_QUEUE, *_ENDS)),
        *_of("_result_queue", _SIMPLE),
        "_max_workers",
        "?_executor_manager_thread_wakeup._reader._handle",
        "?_executor_manager_thread_wakeup._writer._handle",
        "?_processes.*",
        "?_pending_work_items.len",
    ),
    "ThreadPoolExecutor": ("_max_workers", "_thread_name_prefix", "?_threads.*._native_id"),
    "SynchronizedBase": ("_lock._semlock",),
    "SynchronizedArray": ("_lock._semlock",),
    "BaseProcess": ("_popen.pid", "_name", "?_popen.finalizer._args.*"),
    "Popen": ("pid", "_child_created"),
    "Thread": ("_native_id", "_name"),
    "BaseManager": ("_process._popen.pid",),
    "Server": ("id_to_obj.len", "id_to_refcount.len", "id_to_local_proxy_obj.len"),
}
"""Classes of multiprocessing and concurrent.futures by name, with the attributes that make one, a ``?`` before
those that may be missing. ``*`` is every item of a container, a number the item of a tuple."""


class Class(NamedTuple):
    """A class of :data:`CLASSES` in a process, at ``address``; a subclass counts as what it is derived from."""

    address: int
    name: str


def made(memory: opened.Memory, pid: int, maps: bytes, pagemap: str) -> tuple[Made, ...] | None:
    """The library's objects in process ``pid``; None where it is no CPython whose layout is known.

    ``maps`` is the text of its ``/proc/PID/maps``, ``pagemap`` the path of the file of that name.
    """
    first = _type_of_types(memory, maps)
    if not first:
        return None
    regions = opened.resident(pagemap, parse.private_maps(maps))
    classes = _classes(memory, regions, first)
    whole = sum(region.end - region.start for region in regions) <= MAX_READ
    if not classes:
        return () if whole else None
    tuples = layout.tuple_items(memory.read, first)
    every = tuple(itertools.islice(_instances(memory, regions, classes), MAX_LOOKED_AT))
    # A process has one Python. Another's layout may fit some objects, whose attributes are in a dict, but not all.
    found = max((_all_made(layout.Objects(memory.read, one, tuples), pid, every) for one in layout.LAYOUTS), key=_much)
    # A program with one of these classes has an object of one: where none was found, they are laid out otherwise.
    return tuple(found) or None


def _all_made(reader: layout.Objects, pid: int, every: Iterable[tuple[str, int]]) -> list[Made]:
    """Those of these that are what they look like, in this layout."""
    found = (_made(reader, pid, kind, address) for kind, address in every)
    return list(itertools.islice((one for one in found if one is not None), MAX_MADE))


def _much(found: list[Made]) -> tuple[int, int]:
    """How much was made out of a memory."""
    return len(found), sum(len(one.parts) for one in found)


# -- finding -----------------------------------------------------------------------


def _type_of_types(memory: opened.Memory, maps: bytes) -> int:
    """The address of PyType_Type: the one object that is its own type. 0 where there is none."""
    for region in parse.data_maps(maps, b"python"):
        if region.end - region.start > _MAX_DATA:
            continue
        data = memory.read(region.start, region.end - region.start) or b""
        words = memoryview(data[: len(data) // 8 * 8]).cast("Q")
        start = region.start - 8
        for index, word in enumerate(words):
            if word == start + index * 8 and layout.c_string(memory.read, _word(memory, word + layout.NAME)) == "type":
                return word
    return 0


def _classes(memory: opened.Memory, regions: Sequence[parse.Region], first: int) -> tuple[Class, ...]:
    """The classes that matter, among all whose type is ``type``."""
    bases: dict[int, int] = {}
    names: dict[int, str] = {}
    for address in _typed(memory, regions, (first,)):
        names[address] = layout.c_string(memory.read, _word(memory, address + layout.NAME))
        bases[address] = _word(memory, address + layout.BASE)
    found = []
    for address in names:
        base, steps = address, 0
        while base and names.get(base) not in CLASSES and steps < 16:
            base, steps = bases.get(base, 0), steps + 1
        if names.get(base) in CLASSES:
            found.append(Class(address, names[base]))
    return tuple(found)


def _instances(
    memory: opened.Memory, regions: Sequence[parse.Region], classes: Iterable[Class]
) -> Iterator[tuple[str, int]]:
    """Addresses of what looks like a live instance of these classes."""
    names = {one.address: one.name for one in classes}
    for address in _typed(memory, regions, names):
        # Read twice, of a program that goes on: it may be something else by now.
        if (name := names.get(_word(memory, address + 8))) is not None:
            yield name, address


def _typed(memory: opened.Memory, regions: Iterable[parse.Region], kinds: Iterable[int]) -> Iterator[int]:
    """Addresses at which an object of one of these types may begin: its type, behind a positive count."""
    wanted = frozenset(kinds)
    read = 0
    for region in regions:
        for start in range(region.start, region.end, _STEP):
            if read >= MAX_READ:
                return
            # A type across the border of two steps is in the overlap of both.
            begin = max(start - 8, region.start)
            data = memory.read(begin, min(start + _STEP, region.end) - begin) or b""
            read += len(data)
            for kind in _words_of(data, wanted):
                # Without the two zeros at the end, which much of a memory would match.
                needle = kind.to_bytes(8, "little")[:6]
                position = data.find(needle)
                while position >= 0:
                    if position % 8 == 0 and position >= 8 and data[position - 8 : position - 4] != b"\0\0\0\0":
                        yield begin + position - 8
                    position = data.find(needle, position + 6)


def _words_of(data: bytes, wanted: frozenset[int]) -> Iterable[int]:
    """Those of the ``wanted`` words that occur in this memory; all where they are few."""
    if len(wanted) <= _FEW:
        return wanted
    return wanted.intersection(memoryview(data)[: len(data) // 8 * 8].cast("Q"))


def _word(memory: opened.Memory, address: int) -> int:
    data = memory.read(address, 8) or b""
    return int.from_bytes(data, "little") if len(data) == 8 else 0


# -- reading -----------------------------------------------------------------------


def _made(reader: layout.Objects, pid: int, kind: str, address: int) -> Made | None:
    """The object at an address as one of this class, or None when what makes one is not there."""
    parts: list[MadePart] = []
    for path in CLASSES[kind]:
        needed = not path.startswith("?")
        name = path.removeprefix("?")
        found = _follow(reader, address, name.split("."))
        told = [one for value in found if (one := _part(reader, name, value)) is not None]
        if needed and not told:
            return None
        parts.extend(told)
    return Made(pid, address, kind, tuple(parts))


def _follow(reader: layout.Objects, address: int, path: Sequence[str]) -> tuple[int, ...]:
    """The addresses of what stands at a path of attributes; more than one behind a ``*``."""
    reached: tuple[int, ...] = (address,)
    for step in path:
        if step == "len":
            return reached
        if step == "*":
            reached = tuple(item for one in reached for item in reader.items(one))
        elif step.isdigit():
            reached = tuple(items[int(step)] for one in reached if len(items := reader.items(one)) > int(step))
        else:
            reached = tuple(value for one in reached if (value := reader.attributes(one).get(step, 0)))
    return reached


def _part(reader: layout.Objects, path: str, value: int) -> MadePart | None:
    if path.endswith("_semlock"):
        return MadePart(path, address=value)
    number = reader.length(value) if path.endswith(".len") else reader.number(value)
    if number is not None:
        return MadePart(path, number=number)
    text = reader.text(value)
    return MadePart(path, text=text) if text else None
