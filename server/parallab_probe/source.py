"""What a cell says: its code, also inside magics that run code, and the names that it assigns."""

from __future__ import annotations

import ast
from typing import Any

from parallab_probe.values import NAMES

RUN_CODE = frozenset({"time", "timeit", "capture", "prun", "memit"})
"""Magics whose cell, or the rest of whose line, is code that runs in the notebook."""
DEEP = 4
"""Magics inside of magics."""


def parsed(shell: Any, source: str, deep: int = DEEP) -> ast.Module | None:
    """A cell's code; with its magics translated if it has any, and the code that they run behind it."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        try:
            tree: ast.Module = ast.parse(shell.transform_cell(source))
        except Exception:
            return None
    for code in _run_by_magics(tree) if deep else ():
        inside = parsed(shell, code, deep - 1)
        if inside is not None:
            tree.body += inside.body
    return tree


def _run_by_magics(tree: ast.Module) -> list[str]:
    """The code that is given to magics: ``get_ipython().run_cell_magic("time", "", "…")`` and its like."""
    found: list[str] = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        said = [part.value for part in node.args if isinstance(part, ast.Constant) and type(part.value) is str]
        if len(said) != len(node.args) or not said or said[0] not in RUN_CODE:
            continue
        if node.func.attr == "run_cell_magic" and len(said) == 3:
            found.append(said[2])
        elif node.func.attr == "run_line_magic" and len(said) == 2:
            found.append(_without_options(said[1]))
    return found


def _without_options(line: str) -> str:
    """``-n 1 -r 1 work()`` as ``work()``: each option is a letter with a number, or alone."""
    words = line.split(" ")
    while words and (words[0].startswith("-") or words[0].isdecimal() or not words[0]):
        words.pop(0)
    return " ".join(words)


def assigned(tree: ast.Module | None) -> list[str]:
    """The module-level names that a cell assigns, in order, and those that its functions declare global."""
    if tree is None:
        return []
    found: dict[str, None] = {}
    pending: list[ast.AST] = list(reversed(tree.body))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
        if isinstance(node, (ast.MatchAs, ast.MatchStar, ast.MatchMapping)):
            name = node.rest if isinstance(node, ast.MatchMapping) else node.name
            found.update({name: None} if name else {})
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS)):
            # What functions declare global is assigned too, when they are called.
            found.update(dict.fromkeys(_globals(node)))
            if isinstance(node, _COMPREHENSIONS):
                found.update(dict.fromkeys(_named_within(node)))
            continue
        pending += reversed(list(ast.iter_child_nodes(node)))
    return [name for name in found if not name.startswith("_")][:NAMES]


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _named_within(node: ast.AST) -> list[str]:
    """What a comprehension names by ``:=``, which stays where it stands (PEP 572)."""
    return [part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]


def _globals(node: ast.AST) -> list[str]:
    return [name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names]
