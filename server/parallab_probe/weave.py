"""The standard library's functions, recompiled from their own source with hooks in them.

A function keeps its name, file and line numbers; only its ``__code__`` is replaced, so references
to it stay good and tracebacks look as they always do. Hooks are constants of the code (``parallab:…``
until :mod:`parallab_probe.install` puts the callables there), so no module gets a new name.
An exception goes on by a bare ``raise``, which adds nothing to its traceback. Runs in the kernel only.
"""

from __future__ import annotations

import ast
import os
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

MARK = "parallab:"
_LOCAL = ".parallab"


@dataclass(frozen=True)
class Weave:
    """What goes into one function. Hooks get ``args``, names of its parameters, or what is said.

    ``begin(*args)`` → token (without it the token is the tuple of args) · ``end(token, result)``
    gives the result back · ``fail(token)`` when an exception leaves it, then seen by
    ``sys.exc_info`` · ``handler(*args)`` first in every except clause · ``before``/``after``: a
    statement that holds the call named → hook(*args) before or after it; what a statement
    assigned to a name can be an arg · ``raises``: hook(*args) before ``raise Name`` ·
    ``instead``: if hook(*args) gives true, return True at once.
    """

    function: str
    args: tuple[str, ...] = ("self",)
    begin: str = ""
    end: str = ""
    fail: str = ""
    handler: str = ""
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    raises: tuple[tuple[str, str], ...] = ()
    instead: str = ""
    optional: bool = False
    "Newer or older Pythons may lack it: no reason to be blind."


class Unwoven(Exception):
    """A function is not as expected; the text says how."""


def source_of(module: str, library: str) -> str:
    """The path of a standard library module, found without importing it."""
    base = os.path.join(library, *module.split("."))
    for path in (base + ".py", os.path.join(base, "__init__.py")):
        if os.path.isfile(path):
            return path
    raise Unwoven(f"{module}: no source")


Codes = dict[str, tuple[types.CodeType, ...]]


def weave_module(module: str, plan: tuple[Weave, ...], library: str) -> tuple[Codes, list[str]]:
    """The woven code of a module's functions by qualified name, and what could not be woven.

    A function that is defined once per platform has several; which is the right one is seen by
    its line when it is installed.
    """
    blind: list[str] = []
    try:
        path = source_of(module, library)
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
    except (Unwoven, OSError, SyntaxError, ValueError) as error:
        return {}, [f"{module}: {error}"[:300]]
    codes: Codes = {}
    for weave in plan:
        try:
            codes[weave.function] = _weave(tree, weave, path)
        except Unwoven as error:
            if not weave.optional:
                blind.append(f"{module}.{error}")
        except (SyntaxError, ValueError, RecursionError) as error:
            blind.append(f"{module}.{weave.function}: {error}"[:300])
    return codes, blind


def _weave(tree: ast.Module, weave: Weave, path: str) -> tuple[types.CodeType, ...]:
    *classes, name = weave.function.split(".")
    chain: list[ast.ClassDef] = []
    body: list[ast.stmt] = tree.body
    for part in classes:
        found = next(
            (node for node in _definitions(body) if isinstance(node, ast.ClassDef) and node.name == part), None
        )
        if found is None:
            raise Unwoven(f"{weave.function}: no such class")
        chain.append(found)
        body = found.body
    functions = [node for node in _definitions(body) if isinstance(node, ast.FunctionDef) and node.name == name]
    if not functions:
        raise Unwoven(f"{weave.function}: no such function")
    return tuple(_compile(tree, chain, function, weave, path) for function in functions if _plain(function))


def _plain(function: ast.FunctionDef) -> bool:
    """Not a property's setter, which goes by the name of its getter."""
    return not any(isinstance(part, ast.Attribute) and part.attr == "setter" for part in function.decorator_list)


def _compile(
    tree: ast.Module, chain: list[ast.ClassDef], function: ast.FunctionDef, weave: Weave, path: str
) -> types.CodeType:
    woven: ast.stmt = _function(function, weave)
    for outer in reversed(chain):
        # The class chain gives the qualified name, the __class__ cell and the mangling of names.
        woven = ast.copy_location(_class(outer.name, [woven]), outer)
    module = ast.Module(body=[*_futures(tree), woven], type_ignores=[])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "'str' object is not callable": it will be, once installed
        code = compile(module, path, "exec", dont_inherit=True)
    for part in (*(outer.name for outer in chain), function.name):
        code = next(const for const in code.co_consts if isinstance(const, types.CodeType) and const.co_name == part)
    return code


def _class(name: str, body: list[ast.stmt]) -> ast.ClassDef:
    node = ast.ClassDef(name=name, bases=[], keywords=[], body=body, decorator_list=[])
    if "type_params" in ast.ClassDef._fields:
        node.type_params = []  # type: ignore[attr-defined,unused-ignore]
    return node


def _futures(tree: ast.Module) -> list[ast.stmt]:
    return [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]


def _definitions(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block and of its if, else and try branches."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from _definitions(node.body)
            yield from _definitions(node.orelse)
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                yield from _definitions(handler.body)


def _call(hook: str, args: list[ast.expr]) -> ast.Call:
    return ast.Call(func=ast.Constant(MARK + hook), args=args, keywords=[])


def _load(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _placed(node: ast.stmt, where: ast.AST) -> ast.stmt:
    """The node and all in it that has no place yet, at the place of another."""
    for part in ast.walk(node):
        if "lineno" in part._attributes and not hasattr(part, "lineno"):
            ast.copy_location(part, where)
            # A hook takes one place: were it to span lines, so would the line table.
            part.end_lineno, part.end_col_offset = part.lineno, part.col_offset  # type: ignore[attr-defined]
    return node


class _Inside(ast.NodeTransformer):
    """Rewrites one function's own statements, not those of functions inside it."""

    def __init__(self, weave: Weave) -> None:
        self.weave = weave
        self.wanted = {*(name for name, _ in weave.before), *(name for name, *_ in weave.after)}
        self.wanted |= {name for name, _ in weave.raises}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if not self.weave.end:
            return node
        value = node.value or ast.copy_location(ast.Constant(None), node)
        changed = ast.copy_location(ast.Return(_call(self.weave.end, [_load(_LOCAL), value])), node)
        return _placed(changed, node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        if self.weave.handler:
            node.body.insert(0, self._hook(self.weave.handler, self.weave.args, node.body[0]))
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST | list[ast.stmt]:
        for name, hook in self.weave.raises:
            if isinstance(node.exc, ast.Name) and node.exc.id == name:
                self.wanted.discard(name)
                return [self._hook(hook, self.weave.args, node), node]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        return self._around(node, node.value)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        return self._around(node, node.value)

    def _around(self, node: ast.stmt, value: ast.expr) -> ast.AST | list[ast.stmt]:
        name = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
        for called, hook in self.weave.before:
            if name == called:
                self.wanted.discard(called)
                return [self._hook(hook, self.weave.args, node), node]
        for called, hook, args in self.weave.after:
            if name == called:
                self.wanted.discard(called)
                return [node, self._hook(hook, args, node)]
        return node

    def _hook(self, hook: str, args: tuple[str, ...], where: ast.AST) -> ast.stmt:
        return _placed(ast.Expr(_call(hook, [_load(name) for name in args])), where)


def _function(node: ast.FunctionDef, weave: Weave) -> ast.FunctionDef:
    inside = _Inside(weave)
    body = [part for statement in node.body for part in _many(inside.visit(statement))]
    if inside.wanted:
        raise Unwoven(f"{weave.function}: no {' or '.join(sorted(inside.wanted))} in it")
    docstring = body[:1] if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant) else []
    body = body[len(docstring) :]
    first, last = body[0], body[-1]
    new: list[ast.stmt] = [*docstring]
    args = [_load(name) for name in weave.args]
    if weave.begin or weave.end or weave.fail:
        token: ast.expr = _call(weave.begin, args) if weave.begin else ast.Tuple(args, ast.Load())
        new.append(_placed(ast.Assign([ast.Name(_LOCAL, ast.Store())], token), first))
    if weave.instead:
        quick = ast.If(_call(weave.instead, args), [ast.Return(ast.Constant(True))], [])
        new.append(_placed(quick, first))
    if weave.fail:
        handler = ast.ExceptHandler(None, None, [ast.Expr(_call(weave.fail, [_load(_LOCAL)])), ast.Raise()])
        tried = ast.copy_location(ast.Try(body, [handler], [], []), first)
        # The handler's line is never seen: a bare raise keeps the line where it went wrong.
        new.append(_placed(tried, first))
    else:
        new += body
    if weave.end and not isinstance(last, ast.Return):
        new.append(_placed(ast.Expr(_call(weave.end, [_load(_LOCAL), ast.Constant(None)])), last))
    return ast.copy_location(_copy(node, new), node)


def _many(node: ast.AST | list[ast.stmt]) -> list[ast.stmt]:
    return node if isinstance(node, list) else [node]  # type: ignore[list-item]


def _copy(node: ast.FunctionDef, body: list[ast.stmt]) -> ast.FunctionDef:
    fields = {name: getattr(node, name) for name in node._fields if hasattr(node, name)}
    return ast.FunctionDef(**{**fields, "body": body})
