"""The learner's names, copied by exact builtin type, and their shared numbers.

Bounded in depth, in number and in size; no method of the learner's is called.
"""

from __future__ import annotations

import sys
import types

from parallab_probe import describe, report

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator
    from typing import Any

DEPTH = 4
NAMES = 64
PARTS = 2000
REACH = 2000
SOURCE = 256 * 1024
"""Characters of a file beyond which it is not read for its locks."""
SIZE = 40 * 1024
"""Of all values of one packet in bytes: a packet holds 60 KiB, and JSON in JSON grows by its escapes."""
ONE = 16 * 1024


_PLAIN = frozenset({bool, int, float, str, bytes, list, tuple, set, frozenset, dict})


def _plain(value: Any) -> Any:
    """A container of ``collections`` as the list or dict that it is in all but name; None for all else."""
    collections = sys.modules.get("collections")
    if collections is None:  # a spawned child may do without it, and so do its values
        return None
    if type(value) in (collections.Counter, collections.OrderedDict, collections.defaultdict):
        return dict(dict.items(value))
    return list(value) if type(value) is collections.deque else None


class TooMuch(Exception):
    """The value does not fit."""


class _Copy:
    """One value as JSON text."""

    def __init__(self, most: int) -> None:
        self.left = most

    def json(self, value: object, depth: int = DEPTH) -> str:
        return self._json(value, depth)

    def _take(self, text: str) -> str:
        self.left -= len(text) + 1
        if self.left < 0:
            raise TooMuch
        return text

    def _json(self, value: object, depth: int) -> str:
        kind = type(value)
        if value is None:
            return self._take("null")
        if kind is bool:
            return self._take("true" if value else "false")
        if kind is int:
            if value.bit_length() > 63:  # type: ignore[attr-defined]
                return self._take('{"$int":"big"}')
            return self._take(str(value))
        if kind is float:
            return self._take(repr(value) if value - value == 0 else f'{{"$float":"{value}"}}')  # type: ignore[operator]
        if kind is str:
            return self._take(report.quote(value, 4096))  # type: ignore[arg-type]
        if kind is bytes:
            return self._take(f'{{"$bytes":"{value[:2048].hex()}"}}')  # type: ignore[index]
        if kind not in _PLAIN and (plain := _plain(value)) is not None:
            kind, value = type(plain), plain
        if kind in (list, tuple, set, frozenset, dict):
            if depth == 0:
                return self._take('{"$":"…"}')
            return self._container(value, kind, depth - 1)
        return self._take(f'{{"$type":{report.quote(describe.full_type_name(value))}}}')

    def _container(self, value: Any, kind: type, depth: int) -> str:
        if len(value) > PARTS:
            raise TooMuch
        if kind is dict:
            items = list(value.items())
            if all(type(key) is str for key, _ in items):
                parts = [f"{self._take(report.quote(key))}:{self._json(part, depth)}" for key, part in items]
                return f"{{{','.join(parts)}}}"
            pairs = [f"[{self._json(key, depth)},{self._json(part, depth)}]" for key, part in items]
            return f'{{"$items":[{",".join(pairs)}]}}'
        return f"[{','.join([self._json(part, depth) for part in list(value)])}]"


def json(value: object, most: int = ONE) -> str:
    """A value as JSON; "" when its type is not one to be copied, or it is too large."""
    if value is not None and type(value) not in _PLAIN and _plain(value) is None:
        return ""
    try:
        return _Copy(most).json(value)
    except (TooMuch, RuntimeError, RecursionError):  # changed size while being copied, by another thread
        return ""


def copied(space: dict[str, Any], names: list[str], most: int = SIZE) -> tuple[dict[str, Any], ...]:
    """Names as model.Value, as many as fit into so many bytes."""
    found: list[dict[str, Any]] = []
    left = min(SIZE, most)
    for name in names:
        if name not in space:
            continue
        value = space[name]
        text = json(value, max(0, min(ONE, left)))
        left -= int(len(text) * 1.2)
        found.append({"name": name, "type": describe.full_type_name(value), "json": report.Json(text) if text else ""})
        if len(found) == NAMES:
            break
    return tuple(found)


def readings(space: dict[str, Any], names: set[str]) -> tuple[dict[str, Any], ...]:
    """Shared numbers that these names hold (also in a list, tuple or dict) or that are kept, read now."""
    if "multiprocessing.sharedctypes" not in sys.modules:
        return ()
    numbers = sys.modules.get("parallab_probe.numbers")
    if numbers is None:
        return ()
    found: dict[int, tuple[Any, str, list[str]]] = {
        address: (raw, lock, []) for address, (raw, lock) in list(numbers.state.held.items())
    }
    for name, value in list(space.items()):
        if name not in names:
            continue
        for label, part in _parts(name, value):
            number = numbers.number(part)
            if number is not None and (number[0] in found or len(found) < numbers.MOST):
                address, raw, lock = number
                before = found.get(address)
                labels = [*before[2], label] if before is not None else [label]
                found[address] = (raw, lock or (before[1] if before is not None else ""), labels)
    read: list[dict[str, Any]] = []
    left = numbers.ALL_ITEMS
    for address, (raw, lock, labels) in found.items():
        read.append(numbers.read(address, raw, lock, tuple(labels[:8]), min(numbers.ITEMS, left)))
        left -= len(read[-1].get("items", ()))
    return tuple(read)


def named(space: dict[str, Any], names: set[str]) -> tuple[dict[str, Any], ...]:
    """What these names call the locks, queues, barriers and segments that they hold, as model.Named."""
    found: list[dict[str, Any]] = []
    for name, value in list(space.items()):
        if name not in names:
            continue
        for label, part in _parts(name, value):
            for called, of in _called(label, part):
                found.append({"name": called, "of": of})
                if len(found) == NAMES:
                    return tuple(found)
    return tuple(found)


def _called(label: str, value: object) -> Iterator[tuple[str, str]]:
    """The value, if it is shared or can be waited for; of an object of the learner's its public attributes."""
    if of := _reported(value):
        yield label, of
    elif type(value) not in _PLAIN and not describe.is_a(value, type):
        for name, part in list(describe.attributes(value).items())[: describe.ARGS]:
            if type(name) is str and not name.startswith("_") and (of := _reported(part)):
                yield f"{label}.{name}", of


def _reported(value: object) -> str:
    """The name by which reports speak of a shared object, ``@id`` of what threads wait for; "" of all else."""
    facts = describe.shared(value)
    if facts is not None:
        return str(facts.get("name") or "") if facts["kind"] != "number" else ""
    module = type.__getattribute__(type(value), "__module__")
    of_threads = module == "threading" or (module == "_thread" and describe.type_name(value) in _LOCKS)
    return f"@{id(value)}" if of_threads else ""


def _parts(name: str, value: object) -> list[tuple[str, object]]:
    if type(value) is list or type(value) is tuple:
        parts: list[object] = list(value)[: describe.ARGS]
        return [(f"{name}[{place}]", part) for place, part in enumerate(parts)]
    if type(value) is dict:
        return [(f"{name}[{describe.brief(key)}]", part) for key, part in list(value.items())[: describe.ARGS]]
    return [(name, value)]


def reachable(space: dict[str, Any], source: ast.AST | None) -> set[str]:
    """The names that a cell can reach: those in it, and in the functions and classes that it names."""
    import ast

    names = {node.id for node in ast.walk(source) if isinstance(node, ast.Name)} if source is not None else set()
    pending = list(names)
    while pending and len(names) < REACH:
        value = space.get(pending.pop())
        new = set(_code_names(value, 3)) - names
        names |= new
        pending += new
    return names


def _code_names(value: object, depth: int) -> Iterator[str]:
    if type(value) is types.FunctionType:
        value = value.__code__
    if type(value) is types.CodeType:
        yield from value.co_names
        for const in value.co_consts:
            if depth and type(const) is types.CodeType:
                yield from _code_names(const, depth - 1)
    elif type in type.mro(type(value)) and depth:
        for part in list(type.__dict__["__dict__"].__get__(value).values()):
            if type(part) is types.FunctionType:
                yield from _code_names(part, depth - 1)


def stacks() -> tuple[dict[str, Any], ...]:
    """All Python threads' stacks as model.Stack, innermost first, with the locks that each wants and holds."""
    threading = sys.modules["threading"]
    active = dict(threading._active)
    trees: dict[str, ast.Module | None] = {}
    found = []
    for ident, top in list(sys._current_frames().items())[:64]:
        thread = active.get(ident)
        inside = describe.attributes(thread) if thread is not None else {}
        frames: list[str] = []
        owners: list[int] = []
        holds: list[int] = []
        brings: list[int] = []
        wants = 0
        looked: bool | None = None
        frame: Any = top
        inner = top.f_back if _enters(top.f_code) else top
        while frame is not None and len(frames) < 24:
            code = frame.f_code
            path = code.co_filename
            frames.append(f"{_place(path, frame.f_lineno)} {code.co_name}"[:300])
            # Locals are asked for of the library's own frames, and of those that wait for a lock.
            library = describe.of_library(path)
            owners.append(id(frame.f_locals["self"]) if library and "self" in frame.f_locals else 0)
            brings += _brings(frame, path) if library else ()
            if not library and thread is not None:
                if path not in trees:
                    trees[path] = _tree(frame)
                held, wanted = _locks(frame, trees[path], innermost=frame is inner)
                holds += held
                wants = wanted or wants
                looked = _looked(frame, trees[path]) if looked is None else looked
            frame = frame.f_back
        found.append(
            {
                "tid": inside.get("_native_id") or 0,
                "ident": known_number(thread),
                "name": inside.get("_name"),
                "frames": tuple(frames),
                "owners": tuple(owners),
                "wants": wants,
                "holds": tuple(holds),
                "looked": bool(looked),
                "brings": tuple(brings[:1024]),
            }
        )
    return tuple(found)


def _brings(frame: Any, path: str) -> list[int]:
    """The futures of an executor's jobs, or the results of a pool, that this frame of the library's fulfils."""
    known = frame.f_locals
    place = path.rpartition("/lib/")[2].partition("/")[2], frame.f_code.co_name
    if place == ("concurrent/futures/thread.py", "_worker"):
        jobs = [known.get("work_item")]
    elif place == ("concurrent/futures/process.py", "run"):
        jobs = list(describe.attributes(known.get("self")).get("pending_work_items", {}).copy().values())
    elif place == ("multiprocessing/pool.py", "_handle_results"):
        return [id(one) for one in dict(known["cache"]).values()]
    else:
        return []
    return [id(future) for job in jobs if (future := describe.attributes(job).get("future")) is not None]


def _enters(code: Any) -> bool:
    """Whether it is a Condition's own, which takes its lock for a ``with`` one frame further out."""
    return bool(code.co_name == "__enter__" and describe.of_library(code.co_filename))


def _place(path: str, line: int) -> str:
    return describe.place(path if path in describe.cell_names else path[-200:], line)


_LOCKS = ("lock", "RLock")


def _locks(frame: Any, tree: ast.Module | None, innermost: bool) -> tuple[list[int], int]:
    """The identities of the thread locks that a frame of the learner's holds, and of that which it wants."""
    if tree is None:
        return [], 0
    from parallab_probe import holding

    try:
        held, wanted = holding.at(tree, frame.f_code.co_name, frame.f_lineno, innermost)
        locks = [lock for name in held if (lock := _lock(name, frame)) is not None and _locked(lock)]
        wants = _lock(wanted, frame) if wanted is not None else None
        return [id(lock) for lock in locks], id(wants) if wants is not None else 0
    except Exception:
        return [], 0


def _looked(frame: Any, tree: ast.Module | None) -> bool:
    from parallab_probe import holding

    return tree is not None and holding.looks_first(tree, frame.f_code.co_name, frame.f_lineno)


def _tree(frame: Any) -> ast.Module | None:
    """The file or cell of a frame; None where it is not known, too long, or has nothing to tell."""
    import ast
    import linecache

    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    if len(source) > SOURCE or not any(word in source for word in ("acquire", "with ", "empty")):
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _lock(name: tuple[str, ...], frame: Any) -> Any:
    """The lock of ``threading`` that a name or attribute means in a frame; None where it is anything else."""
    value = _meant(name, frame)
    if describe.type_name(value) == "Condition" and type(value).__module__ == "threading":
        value = describe.attributes(value).get("_lock")
    kind = type(value)
    return value if kind.__name__ in _LOCKS and kind.__module__ == "_thread" else None


def _meant(name: tuple[str, ...], frame: Any) -> Any:
    """What a path of names, attributes and items leads to, without a call of the learner's; None where to nothing."""
    from parallab_probe import holding

    space = frame.f_locals
    value = space[name[0]] if name[0] in space else frame.f_globals.get(name[0])
    for part in name[1:]:
        if part.startswith("["):
            value = _item(value, holding.item(part, lambda path: _told(path, frame)))
        else:
            value = _own(value, part)
    return value


def _told(name: tuple[str, ...], frame: Any) -> int | str | None:
    from parallab_probe import holding

    whole = holding.length_of(name)
    value = _meant(whole or name, frame)
    if whole:
        return len(value) if type(value) in (list, tuple, dict) else None
    return value if type(value) is int or type(value) is str else None


def _own(value: Any, name: str) -> Any:
    """An attribute, the class's where it has none of its own; None of what would have to be computed."""
    own = describe.attributes(value)
    if name in own:
        return own[name]
    kind = value if issubclass(type(value), type) else type(value)
    spaces = (type.__dict__["__dict__"].__get__(one) for one in type.__dict__["__mro__"].__get__(kind))
    found = next((space[name] for space in spaces if name in space), None)
    return _slot(found, value) if type(found) is types.MemberDescriptorType else found


def _slot(slot: Any, owner: Any) -> Any:
    """What stands in one of ``__slots__``."""
    try:
        return types.MemberDescriptorType.__get__(slot, owner)
    except AttributeError:
        return None


def _item(value: Any, key: int | str | None) -> Any:
    if type(value) is dict:
        return value.get(key)
    if type(value) in (list, tuple) and type(key) is int and -len(value) <= key < len(value):
        return value[key]
    return None


def _locked(lock: Any) -> bool:
    # An RLock has no locked() before Python 3.14, but says it.
    return bool(lock.locked()) if hasattr(lock, "locked") else repr(lock).startswith("<locked")


def known_number(thread: object) -> int:
    """The number under which a thread was reported, 0 if it was not."""
    threads = sys.modules.get("parallab_probe.threads")
    known = threads.state.known.get(id(thread)) if threads is not None else None
    return known.number if known is not None else 0
