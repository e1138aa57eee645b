"""Which lock a blocked frame wants and which it holds, by its source: ``with a:`` and ``a.acquire()``.

Python keeps no record of who holds a ``threading.Lock``. But a frame that stands inside the body of
``with a:``, or below an ``a.acquire()`` of the same block, holds it, and one that stands in such a
line wants it. Only names, attributes and items are read; where two could be meant, neither is. What
a name meant when the lock was taken is known only as long as nothing was assigned to it since.
Standard library only: the kernel's probe and the server both use it.
"""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Path = "tuple[str, ...]"
"""A name with its attributes and items: ``("self", "lock")``, ``("forks", "[i + 1]")``; see ``item``."""

_WAITING = (
    ast.Call,
    ast.With,
    ast.AsyncWith,
    ast.For,
    ast.AsyncFor,
    ast.comprehension,
    ast.Await,
    ast.Yield,
    ast.YieldFrom,
    ast.Import,
    ast.ImportFrom,
)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try)


def at(
    tree: ast.Module, function: str, line: int, innermost: bool
) -> tuple[list[tuple[str, ...]], tuple[str, ...] | None]:
    """What the frame of ``function`` at ``line`` of this file or cell holds, and what it wants.

    Only the innermost frame wants: others have called on.
    """
    body = _body(tree, function, line)
    held: list[tuple[str, ...]] = []
    wanted = _walk(body, line, held) if body is not None else None
    if body is not None and any(_takes(body, name) for name in held):
        signals = _signals(tree)
        held = [name for name in held if _last(name) not in signals]
    return held, wanted if innermost else None


def _takes(body: list[ast.stmt], name: tuple[str, ...]) -> bool:
    """Whether this lock is taken by a call, which need not be followed by its release here."""
    return any(
        isinstance(node, ast.stmt) and _act(node) == (name, "acquire")
        for statement in body
        for node in ast.walk(statement)
    )


def _signals(tree: ast.Module) -> set[str]:
    """Locks that some function lets go without having taken them: they say "done", and nobody owns them."""
    found: set[str] = set()
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            acts: dict[str, set[str]] = {"acquire": set(), "release": set()}
            for node in _inside(function):
                if isinstance(node, (ast.With, ast.AsyncWith)):
                    acts["acquire"].update(_last(name) for one in node.items if (name := _name(one.context_expr)))
                elif isinstance(node, ast.Attribute) and node.attr in acts and (name := _name(node.value)):
                    acts[node.attr].add(_last(name))
            found |= acts["release"] - acts["acquire"]
    return found


def _inside(function: ast.AST) -> Iterable[ast.AST]:
    """What is in a function, but not in another within it."""
    around = list(ast.iter_child_nodes(function))
    while around:
        node = around.pop()
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield node
            around.extend(ast.iter_child_nodes(node))


def looks_first(tree: ast.Module, function: str, line: int) -> bool:
    """Whether this line stands in a loop or branch that asks ``empty()`` of what it uses: ``while not q.empty():``."""
    body = _body(tree, function, line) or []
    used = {name for node in _at(body, line) if isinstance(node, ast.Attribute) and (name := _name(node.value))}
    return any(
        isinstance(node, (ast.While, ast.If))
        and _spans(node, line)
        and any(
            isinstance(part, ast.Attribute) and part.attr == "empty" and _name(part.value) in used
            for part in ast.walk(node.test)
        )
        for node in _around(body, line)
    )


def takes_from(tree: ast.Module, function: str, line: int) -> tuple[str, ...] | None:
    """What this line calls ``get`` of, where that is one thing."""
    asked = {
        name
        for node in _at(_body(tree, function, line) or [], line)
        if isinstance(node, ast.Attribute) and node.attr == "get" and (name := _name(node.value))
    }
    return asked.pop() if len(asked) == 1 else None


def repeats(tree: ast.Module, function: str, line: int) -> bool:
    """Whether this line is in a loop that ends by what it is told: ``while``, or ``for x in iter(q.get, None)``.

    Or takes all of such an ``iter`` by itself: ``list(iter(q.get, None))``, but not ``next``.
    """
    body = _body(tree, function, line) or []
    return any(
        (isinstance(node, ast.While) and not _calls_others(node.test))
        or (isinstance(node, (ast.For, ast.AsyncFor)) and _asks(node.iter))
        for node in _around(body, line)
    ) or any(_takes_all(node) for node in _at(body, line))


def _takes_all(node: ast.AST) -> bool:
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return any(_asks_again(one.iter) for one in node.generators)
    if not isinstance(node, ast.Call) or (isinstance(node.func, ast.Name) and node.func.id == "next"):
        return False
    return any(_asks_again(one) for one in node.args)


def _asks_again(iterated: ast.expr) -> bool:
    return _asks(iterated) and isinstance(iterated, ast.Call) and len(iterated.args) > 1


def _calls_others(test: ast.expr) -> bool:
    """Whether a loop's end depends on a call that gets nothing: ``while not stop.is_set():``."""
    called = (node.func for node in ast.walk(test) if isinstance(node, ast.Call))
    return any(not isinstance(one, ast.Attribute) or one.attr not in ("get", "get_nowait") for one in called)


def _asks(iterated: ast.expr) -> bool:
    return isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and iterated.func.id == "iter"


def _around(body: list[ast.stmt], line: int) -> Iterable[ast.stmt]:
    """The statements of a function that this line stands in, each within the one before, but not those of others."""
    left: list[ast.AST] = [*body]
    while left:
        node = left.pop()
        if isinstance(node, ast.stmt) and _spans(node, line):
            yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            left += ast.iter_child_nodes(node)


def _at(body: list[ast.stmt], line: int) -> Iterable[ast.AST]:
    """What is written in this line."""
    return (
        node for statement in body for node in ast.walk(statement) if hasattr(node, "lineno") and _spans(node, line)
    )


def is_global(tree: ast.Module, name: str) -> bool:
    """Whether the file gives this name to something of its own, so that all its functions mean the same by it."""
    left: list[ast.AST] = [*tree.body]
    while left:
        node = left.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node.name == name:
                return True
        elif isinstance(node, ast.alias):
            if (node.asname or node.name).partition(".")[0] == name:
                return True
        elif isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            return True
        else:
            left += ast.iter_child_nodes(node)
    return any(isinstance(node, ast.Global) and name in node.names for node in ast.walk(tree))


def taken_by_call(tree: ast.Module, name: tuple[str, ...]) -> bool:
    """Whether some function takes a lock of this last name by a call and does not give it back: it may have kept it."""
    for function in (tree, *ast.walk(tree)):
        if isinstance(function, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            acts = {
                node.attr
                for node in _inside(function)
                if isinstance(node, ast.Attribute) and _last(_name(node.value) or ("",)) == _last(name)
            }
            if "acquire" in acts and "release" not in acts:
                return True
    return False


def _body(tree: ast.Module, function: str, line: int) -> list[ast.stmt] | None:
    """The statements of the innermost function of this name around the line, or of the module."""
    if function == "<module>":
        return tree.body
    found: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    around: list[ast.AST] = [tree]
    while around:
        for node in ast.iter_child_nodes(around.pop()):
            if not hasattr(node, "lineno"):
                around.append(node)  # the parts of a match have no lines of their own
            elif _spans(node, line):
                around.append(node)
                if (
                    isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
                    and node.name == function
                    and (found is None or node.lineno >= found.lineno)
                ):
                    found = node
    return found.body if found is not None else None


def _spans(node: ast.AST, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)  # type: ignore[attr-defined,no-any-return]


def _walk(body: Iterable[ast.stmt], line: int, held: list[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Follows the statements to the line, noting what is taken and given back on the way; what it wants."""
    for statement in body:
        if not _spans(statement, line):
            if statement.lineno > line:
                return None
            _passed(statement, held)
            continue
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            return _in_with(statement, line, held)
        if isinstance(statement, _LOOPS):
            _forget(statement, held)  # an earlier round may have done anything that stands in it
        if isinstance(statement, _COMPOUND):
            for part in ("body", "orelse", "finalbody"):
                inner = getattr(statement, part, [])
                if inner and inner[0].lineno <= line <= (inner[-1].end_lineno or 0):
                    return _walk(inner, line, held)
            for handler in getattr(statement, "handlers", []):
                if _spans(handler, line):
                    return _walk(handler.body, line, held)
            return None
        name, act = _act(statement)
        return name if act == "acquire" else None
    return None


def _in_with(statement: ast.With | ast.AsyncWith, line: int, held: list[tuple[str, ...]]) -> tuple[str, ...] | None:
    names = [_name(item.context_expr) for item in statement.items]
    if statement.body[0].lineno <= line and line > statement.items[-1].context_expr.lineno:
        held.extend(name for name in names if name is not None)
        return _walk(statement.body, line, held)
    # In the line of `with` itself. What stands behind it in the same line could be meant as well, if it can wait.
    if len(names) > 1 or any(part.lineno == line and _can_wait(part) for part in statement.body):
        return None
    return names[0]


def _can_wait(statement: ast.stmt) -> bool:
    """Whether this statement itself may call something that waits."""
    return any(isinstance(node, _WAITING) for node in ast.walk(statement))


def _passed(statement: ast.stmt, held: list[tuple[str, ...]]) -> None:
    """A statement that the frame has left behind."""
    name, act = _act(statement)
    if name is not None and act == "acquire":
        held.append(name)
    elif name is not None and act == "release":
        if name in held:
            held.remove(name)
    elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        _forget(statement, held)  # what it did within, on whichever way it went, is not known


def _forget(statement: ast.stmt, held: list[tuple[str, ...]]) -> None:
    """Takes out what a statement may have let go, and what is called otherwise after it."""
    acted = [_act(node)[0] for node in ast.walk(statement) if isinstance(node, ast.Expr)]
    given = [name for node in ast.walk(statement) if (name := _assigned(node)) is not None]
    held[:] = [
        name
        for name in held
        if name not in acted and not any(one == path[: len(one)] for path in _mentioned(name) for one in given)
    ]


def _assigned(node: ast.AST) -> tuple[str, ...] | None:
    """What is given a value here, or taken one from."""
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return _name(node.value)
    if isinstance(node, (ast.Name, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
        return _name(node)
    return None


def _mentioned(name: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """A path, and those in its items."""
    yield name
    for part in name:
        for node in ast.walk(_index(part)) if part.startswith("[") else ():
            if isinstance(node, (ast.Name, ast.Attribute)) and (inner := _name(node)) is not None:
                yield inner


def _act(statement: ast.stmt) -> tuple[tuple[str, ...] | None, str]:
    """``a.acquire()`` and ``a.release()`` as (name, act); acquire with arguments may have failed."""
    value = getattr(statement, "value", None) if isinstance(statement, (ast.Expr, ast.Assign)) else None
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return None, ""
    act = value.func.attr
    if act not in ("acquire", "release") or value.args or value.keywords:
        return None, ""
    return _name(value.func.value), act


def _name(node: ast.expr) -> tuple[str, ...] | None:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        inner, part = _name(node.value), node.attr
    elif isinstance(node, ast.Subscript) and _is_plain(node.slice):
        inner, part = _name(node.value), f"[{ast.unparse(node.slice)}]"
    else:
        return None
    return (*inner, part) if inner is not None and len(inner) < 4 else None


def _last(name: tuple[str, ...]) -> str:
    """What a lock is called, or the container that it is in."""
    return next((part for part in reversed(name) if not part.startswith("[")), "")


# -- items ------------------------------------------------------------------------------

_LENGTH = "len()"
"""Behind a path: how many items are in it."""


def item(part: str, value: Callable[[tuple[str, ...]], int | str | None]) -> int | str | None:
    """Which item the ``[…]`` of a path means, when ``value`` tells the number or text that another path has."""
    return _computed(_index(part), value)


def length_of(name: tuple[str, ...]) -> tuple[str, ...] | None:
    """The path whose number of items this one asks for; None where it asks for a value."""
    return name[:-1] if name[-1] == _LENGTH else None


def _index(part: str) -> ast.expr:
    return ast.parse(part[1:-1], mode="eval").body


def _is_plain(node: ast.expr) -> bool:
    """Whether it is made of numbers, texts, names, ``len`` and arithmetic alone."""
    match node:
        case ast.Constant(value=int() | str()):
            return True
        case ast.Name() | ast.Attribute():
            return _name(node) is not None
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Mod() | ast.FloorDiv(), right=right):
            return _is_plain(left) and _is_plain(right)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_plain(operand)
        case ast.Call(func=ast.Name(id="len"), args=[one], keywords=[]):
            return _name(one) is not None
    return False


def _computed(node: ast.expr, value: Callable[[tuple[str, ...]], int | str | None]) -> int | str | None:
    match node:
        case ast.Constant(value=int() | str() as told):
            return told
        case ast.UnaryOp(operand=operand):
            inner = _computed(operand, value)
            return -inner if isinstance(inner, int) else None
        case ast.Call(args=[one]):
            name = _name(one)
            return value((*name, _LENGTH)) if name is not None else None
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _computed(left, value), _computed(right, value)
            if isinstance(first, int) and isinstance(second, int):
                return _arithmetic(op, first, second)
            return None
    name = _name(node)
    return value(name) if name is not None else None


def _arithmetic(op: ast.operator, one: int, other: int) -> int | None:
    match op:
        case ast.Add():
            return one + other
        case ast.Sub():
            return one - other
        case ast.Mult():
            return one * other
    if other == 0:
        return None
    return one % other if isinstance(op, ast.Mod) else one // other
