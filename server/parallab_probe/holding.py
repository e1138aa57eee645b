"""Which lock a blocked frame wants and which it holds, by its source: ``with a:`` and ``a.acquire()``.

Python keeps no record of who holds a ``threading.Lock``. But a frame that stands inside the body of
``with a:``, or below an ``a.acquire()`` of the same block, holds it, and one that stands in such a
line wants it. Only plain names and attributes are read; where two could be meant, neither is.
Standard library only: the kernel's probe and the server both use it.
"""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

Path = "tuple[str, ...]"
"""A name and its attributes: ``("self", "lock")``."""

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
        held = [name for name in held if name[-1] not in signals]
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
                    acts["acquire"].update(name[-1] for item in node.items if (name := _name(item.context_expr)))
                elif isinstance(node, ast.Attribute) and node.attr in acts and (name := _name(node.value)):
                    acts[node.attr].add(name[-1])
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


def repeats(tree: ast.Module, function: str, line: int) -> bool:
    """Whether this line is in a loop that ends by what it is told: ``while``, or ``for x in iter(q.get, None)``."""
    return any(
        (isinstance(node, ast.While) and not _calls_others(node.test))
        or (isinstance(node, (ast.For, ast.AsyncFor)) and _asks(node.iter))
        for node in _around(_body(tree, function, line) or [], line)
    )


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
                if isinstance(node, ast.Attribute) and (_name(node.value) or ("",))[-1] == name[-1]
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
        # What it did within, on whichever way it went, is not known.
        for node in ast.walk(statement):
            if isinstance(node, ast.Expr):
                inner, _ = _act(node)
                while inner in held:
                    held.remove(inner)


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
        inner = _name(node.value)
        return (*inner, node.attr) if inner is not None and len(inner) < 4 else None
    return None
