"""The texts that the class page has translated: the literal arguments of ``_`` and ``_n`` in its templates, and of
``texts`` and ``texts.count`` in ``parallab.hub``. A text that is no literal could not be found here, so it is an error.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tornado.template import Loader

from parallab.author.catalogue import Wanted


def class_texts(package: Path) -> Iterator[Wanted]:
    """Those of the templates and modules below ``hub`` of this package, in order.

    :raises SyntaxError: one is no literal.
    """
    templates = package / "hub" / "templates"
    loader = Loader(str(templates))
    for path in sorted(templates.glob("*.html")):
        # Tornado makes Python of a template, with all that it extends and includes.
        yield from _found(path, loader.load(path.name).code, path.read_text(encoding="utf-8"))
    for path in sorted((package / "hub").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        yield from _found(path, source, source)


def _found(path: Path, code: str, source: str) -> Iterator[Wanted]:
    file = str(path.relative_to(path.parents[3 if path.suffix == ".py" else 4]))
    for node in ast.walk(ast.parse(code)):
        plural = _plural(node) if isinstance(node, ast.Call) else None
        if not isinstance(node, ast.Call) or plural is None:
            continue
        texts = [one.value if isinstance(one, ast.Constant) else None for one in node.args[: 1 + plural]]
        if not all(isinstance(one, str) for one in texts) or len(texts) <= plural:
            raise SyntaxError(f"{file}: a text that is translated must be a literal: {ast.unparse(node)}")
        text, *more = map(str, texts)
        if text in source:
            yield Wanted(text, more[0] if more else "", files=(file,))


def _plural(call: ast.Call) -> bool | None:
    """Whether a call has a text translated that has two forms; None: it has none translated."""
    called = call.func
    if isinstance(called, ast.Name) and called.id in ("_", "_n"):
        return called.id == "_n"
    if isinstance(called, ast.Attribute) and called.attr == "count":
        return True if _last(called.value) in ("texts", "_texts") else None
    return False if _last(called) in ("_texts", "texts") else None


def _last(node: ast.expr) -> str:
    """The last name of ``self._texts``."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
