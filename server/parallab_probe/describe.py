"""What may be said of the learner's objects: types, targets, arguments and exceptions.

None of their code is called: no ``repr``, ``str``, ``==``, ``hash`` or property; types are
compared exactly or by ``__mro__``, attributes are read from instance dictionaries.
"""

from __future__ import annotations

import os
import sys
import types

from parallab_probe import report

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: Partials of partials that are looked through.
DEPTH = 4
ARGS = 32
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_HERE = os.path.dirname(__file__)
_PLAIN = frozenset({type(None), bool, int, float, str, bytes})

cell_names: Mapping[str, int] = {}
"""File names of compiled cells, with the cells' numbers (filled by :mod:`parallab_probe.kernel`)."""
number_name: Any = None
lock_name: Any = None


def type_name(value: object) -> str:
    """The name of its type."""
    return str(type.__getattribute__(type(value), "__name__"))


def library_type_name(value: object, module: str, own: frozenset[str]) -> str:
    """The name of the class of this module that its type inherits from, and from which it has all of ``own``.

    "" where its type is that class itself, or has one of these methods of its own.
    """
    for kind in type.mro(type(value)):
        if type.__getattribute__(kind, "__module__") == module:
            return "" if kind is type(value) else str(type.__getattribute__(kind, "__name__"))
        if not own.isdisjoint(type.__getattribute__(kind, "__dict__")):
            return ""
    return ""


def full_type_name(value: object) -> str:
    """``module.name`` of its type, without the module for builtins."""
    kind = type(value)
    module = type.__getattribute__(kind, "__module__")
    name = type.__getattribute__(kind, "__qualname__")
    if type(module) is not str or type(name) is not str:
        return type_name(value)
    return name if module == "builtins" else f"{module}.{name}"


def is_a(value: object, base: type) -> bool:
    """isinstance, without asking the value for ``__class__``."""
    return base in type.mro(type(value))


def attributes(value: object) -> dict[str, Any]:
    """Its instance dictionary, or an empty one."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except Exception:
        return {}
    return found if type(found) is dict else {}


def fields(value: object) -> dict[str, Any]:
    """What an object holds: its instance dictionary, and what stands in its slots, of base classes first."""
    found: dict[str, Any] = {}
    for kind in reversed(type.mro(type(value))):
        space = type.__dict__["__dict__"].__get__(kind)
        names = space.get("__slots__")
        # The class keeps its slots in the order of the alphabet; what was written down is a dataclass's own order.
        for name in names if type(names) is tuple or type(names) is list else ():
            slot = space.get(name) if type(name) is str else None
            if type(slot) is types.MemberDescriptorType:
                try:
                    found[name] = types.MemberDescriptorType.__get__(slot, value)
                except AttributeError:  # nothing stands in it yet
                    continue
    return {**found, **attributes(value)}


def function_name(target: object) -> str:
    """``module.qualname`` of a function or method, else the type of what is called; "" for None.

    A partial goes by the name of its function.
    """
    if target is None:
        return ""
    for _ in range(DEPTH):
        if not _is_partial(target):
            break
        target = target.func  # type: ignore[attr-defined]
    if type(target) is types.MethodType:
        target = target.__func__
    if type(target) is types.FunctionType or type(target) is types.BuiltinFunctionType:
        module, name = target.__module__, target.__qualname__
        if type(name) is str:
            return f"{module}.{name}" if type(module) is str and module else name
    return full_type_name(target)


def _is_partial(value: object) -> bool:
    return "functools" in sys.modules and type(value) is sys.modules["functools"].partial


def carried(target: Any) -> tuple[list[Any], list[Any]]:
    """What travels inside a target: the arguments of a partial, and what its object holds that is shared."""
    given: list[Any] = []
    for _ in range(DEPTH):
        if not _is_partial(target):
            break
        given = [*target.args, *target.keywords.values(), *given]
        target = target.func
    kind = type(target)
    if kind is types.MethodType:
        return given, shared_attributes(target.__self__)
    if kind is types.FunctionType or kind is types.BuiltinFunctionType or is_a(target, type):
        return given, []
    return given, shared_attributes(target)


def overrides(value: object, method: str, base: type) -> bool:
    """Whether its class, or the object itself, has a method of its own in place of ``base``'s."""
    if method in attributes(value):
        return True
    for kind in type.mro(type(value)):
        if method in type.__dict__["__dict__"].__get__(kind):
            return kind is not base
    return False


# -- arguments ------------------------------------------------------------------------


def arguments(*groups: Any) -> tuple[dict[str, Any], ...]:
    """Arguments as model.Arg; containers are looked into for what is shared, two levels deep."""
    found: list[dict[str, Any]] = []
    for group in groups:
        for value in group:
            _argument(value, found, 0)
            if len(found) >= ARGS:
                return tuple(found[:ARGS])
    return tuple(found)


def shared_attributes(value: object) -> list[Any]:
    """The shared objects that an object of the learner's holds, also in a list, tuple or dict.

    What the library keeps in it is not meant: of a Process its arguments, of a queue its locks.
    """
    module = type.__getattribute__(type(value), "__module__")
    if type(module) is str and module.startswith(("multiprocessing.", "concurrent.", "threading", "queue")):
        return []
    found: list[Any] = []
    for name, part in list(fields(value).items()):
        if name in _OF_A_PROCESS:
            continue
        kind = type(part)
        inside = list(part.values()) if kind is dict else part if kind is list or kind is tuple else ()
        found += [one for one in (part, *inside[:ARGS]) if shared(one) is not None]
    return found[:ARGS]


_OF_A_PROCESS = frozenset({"_args", "_config", "_identity", "_kwargs", "_popen", "_target"})


def _argument(value: object, found: list[dict[str, Any]], depth: int) -> None:
    if len(found) >= ARGS:
        return
    facts = shared(value)
    if facts is not None:
        found.append(facts)
        return
    kind = type(value)
    name = type_name(value)
    if kind in _PLAIN:
        if depth == 0:
            found.append({"kind": "plain", "type": name, "text": brief(value)})
        return
    if kind is list or kind is tuple or kind is dict:
        if depth == 0:
            found.append({"kind": "plain", "type": name})
        if depth < 2:
            parts = list(value.values()) if kind is dict else list(value)  # type: ignore[attr-defined,call-overload]
            for part in parts[:ARGS]:
                _argument(part, found, depth + 1)
        return
    if depth == 0:
        found.append({"kind": "other", "type": full_type_name(value)})
        for part in shared_attributes(value)[:ARGS]:
            _argument(part, found, depth + 1)


def brief(value: object) -> str:
    """A plain value as short text."""
    kind = type(value)
    if kind is str:
        return value[:200]  # type: ignore[index,no-any-return]
    if kind is bytes:
        return repr(value[:100])  # type: ignore[index]
    if kind is int and value.bit_length() > 256:  # type: ignore[attr-defined]
        return "…"
    return repr(value) if kind in _PLAIN else ""


def shared(value: object) -> dict[str, Any] | None:
    """What is shared through it, as model.Arg; None if nothing is.

    The modules are asked for in ``sys.modules``: nothing is imported to find out.
    """
    bases = type.mro(type(value))
    for base in bases:
        module = type.__getattribute__(base, "__module__")
        if type(module) is not str or not (module.startswith(("multiprocessing.", "queue", "_ctypes", "_queue"))):
            continue
        name = type.__getattribute__(base, "__name__")
        look = _SHARED.get((module, name))
        if look is not None:
            facts: dict[str, Any] | None = look(value)
            return facts
    return None


def _lock(value: Any) -> dict[str, Any]:
    return {"kind": "lock", "type": type_name(value), "name": semaphore_name(value)}


def semaphore_name(value: Any) -> str:
    """A SemLock's POSIX name: its own under spawn, the one noted at its making under fork."""
    semlock = attributes(value).get("_semlock")
    name = getattr(semlock, "name", None)
    if name:
        return str(name)
    locks = sys.modules.get("parallab_probe.locks")
    return locks.name_of(semlock) if locks is not None and semlock is not None else ""


def _number(value: Any) -> dict[str, Any]:
    inside = attributes(value)
    address, lock = address_of(inside.get("_obj")), inside.get("_lock")
    return {
        "kind": "number",
        "type": type_name(value),
        "name": semaphore_name(lock) if lock is not None else "",
        "address": address,
    }


def address_of(raw: object) -> int:
    """Where a ctypes object lies."""
    ctypes = sys.modules.get("_ctypes")
    return int(ctypes.addressof(raw)) if ctypes is not None and raw is not None else 0


def _raw_number(value: Any) -> dict[str, Any] | None:
    # Only those in shared memory have a wrapper of the heap's (multiprocessing/sharedctypes.py).
    if "_wrapper" not in attributes(value):
        return None
    return {"kind": "number", "type": type_name(value), "address": address_of(value)}


def _queue(value: Any) -> dict[str, Any]:
    lock = attributes(value).get("_rlock")
    return {"kind": "queue", "type": type_name(value), "name": semaphore_name(lock) if lock is not None else ""}


def _thread_queue(value: Any) -> dict[str, Any]:
    queues = sys.modules.get("parallab_probe.queues")
    name = queues.name_of(value) if queues is not None else ""
    return {"kind": "queue", "type": type_name(value), "name": name}


def _connection(value: Any) -> dict[str, Any]:
    inside = attributes(value)
    mode = ("r" if inside.get("_readable") else "") + ("w" if inside.get("_writable") else "")
    handle = inside.get("_handle")
    name = ""
    if type(handle) is int:
        try:
            name = str(os.fstat(handle).st_ino)
        except OSError:
            name = ""
    return {"kind": "pipe-end", "type": type_name(value), "name": name, "text": mode}


def _proxy(value: Any) -> dict[str, Any]:
    token = attributes(value).get("_token")
    kind, ident = getattr(token, "typeid", ""), getattr(token, "id", "")
    return {"kind": "proxy", "type": str(kind), "name": str(ident)}


def _segment(value: Any) -> dict[str, Any]:
    inside = attributes(value)
    name = inside.get("_name")
    if name is None:
        return _segment(inside["shm"]) if "shm" in inside else {"kind": "segment", "type": type_name(value)}
    return {"kind": "segment", "type": type_name(value), "name": str(name)}


def _composite(value: Any) -> dict[str, Any]:
    """A condition, event or barrier: it goes by the name of the lock in it."""
    inside = attributes(value)
    condition = inside.get("_cond")
    lock = (attributes(condition) if condition is not None else inside).get("_lock")
    return {"kind": "other", "type": type_name(value), "name": semaphore_name(lock) if lock is not None else ""}


_SHARED: dict[tuple[str, str], Any] = {
    ("multiprocessing.synchronize", "SemLock"): _lock,
    ("multiprocessing.synchronize", "Condition"): _composite,
    ("multiprocessing.synchronize", "Event"): _composite,
    ("multiprocessing.synchronize", "Barrier"): _composite,
    ("multiprocessing.sharedctypes", "SynchronizedBase"): _number,
    ("_ctypes", "_CData"): _raw_number,
    ("_ctypes", "_SimpleCData"): _raw_number,
    ("_ctypes", "Array"): _raw_number,
    ("_ctypes", "Structure"): _raw_number,
    ("multiprocessing.queues", "Queue"): _queue,
    ("multiprocessing.queues", "SimpleQueue"): _queue,
    ("queue", "Queue"): _thread_queue,
    ("_queue", "SimpleQueue"): _thread_queue,
    ("multiprocessing.connection", "_ConnectionBase"): _connection,
    ("multiprocessing.managers", "BaseProxy"): _proxy,
    ("multiprocessing.shared_memory", "SharedMemory"): _segment,
    ("multiprocessing.shared_memory", "ShareableList"): _segment,
}


# -- exceptions -----------------------------------------------------------------------


def failure(error: BaseException, trace: types.TracebackType | None = None) -> dict[str, Any]:
    """An exception as model.Failure: its type, its text, and the innermost line that is the learner's."""
    return {
        "type": type_name(error),
        "message": message(error),
        "where": where(trace if trace is not None else error.__traceback__),
    }


def message(error: BaseException) -> str:
    """Its text, if making it calls no code but Python's own: "" otherwise."""
    for kind in type.mro(type(error)):
        space = type.__dict__["__dict__"].__get__(kind)
        if "__str__" in space:
            # A class made by a class statement has the HEAPTYPE flag, the interpreter's own do not.
            if kind.__flags__ & (1 << 9):
                return ""
            break
    args = BaseException.__dict__["args"].__get__(error)
    if all(_harmless(part) for part in args):
        return str(error)[: report.TEXT]
    return ", ".join(brief(part) if type(part) in _PLAIN else f"<{type_name(part)}>" for part in args)[: report.TEXT]


def _harmless(value: object) -> bool:
    if type(value) is tuple:
        return all(type(part) in _PLAIN for part in value)
    return type(value) in _PLAIN


def where(trace: types.TracebackType | None) -> str:
    """``file:line`` of the innermost frame that is not the library's; ``In[n]:line`` in a cell."""
    found = ""
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if not of_library(path) or not found:
            found = place(path, trace.tb_lineno)
        trace = trace.tb_next
    return found


def place(path: str, line: int) -> str:
    """``In[n]:line`` for a cell's code, else ``path:line``."""
    number = cell_names.get(path)
    return f"In[{number}]:{line}" if number is not None else f"{path[-400:]}:{line}"


def of_library(path: str) -> bool:
    """Whether a file is Python's, an installed package's, or ours."""
    return path.startswith((_LIBRARY, _HERE, "<frozen")) or "/site-packages/" in path or "/dist-packages/" in path
