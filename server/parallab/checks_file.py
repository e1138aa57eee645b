"""A lab's checks.py, read and executed: all that a judging process needs of a lab, and without any parser of labs."""

from __future__ import annotations

import ast
import re
import sys
import traceback
import types
from collections.abc import Mapping
from pathlib import Path

from parallab.checks import Check
from parallab.checks.check import CheckError, collect
from parallab.lab import LabError


def load(path: Path, shown: str) -> Mapping[str, tuple[Check, ...]]:
    """The checks by step, of the file executed as a module of its own; errors call it ``shown``.

    :raises LabError: it cannot be read or loaded.
    """
    source = read(path, shown)
    module = types.ModuleType(f"parallab_checks_{re.sub(r'[^a-z0-9]', '_', path.parent.name.lower())}")
    module.__file__ = str(path)
    # A dataclass, and anything else that looks its module up by name, must find it.
    sys.modules[module.__name__] = module
    try:
        tree = ast.parse(source, str(path))
        _no_name_twice(tree, shown)
        # The author's own code, as any test's: a lab is installed as a package is.
        exec(compile(tree, str(path), "exec"), module.__dict__)  # noqa: S102
    except SyntaxError as error:
        raise LabError(shown, error.lineno or 1, f"is no Python: {error.msg}") from None
    except LabError:
        raise
    except Exception as error:  # whatever the author's module raises, the other labs stay usable
        line = _line_in(error, path)
        raise LabError(shown, line, f"raised {type(error).__name__} when it was loaded: {error}") from None
    try:
        return collect(module.__dict__)
    except CheckError as error:
        raise LabError(shown, error.line or 1, str(error)) from None


def _no_name_twice(tree: ast.Module, shown: str) -> None:
    """In Python the second function of a name replaces the first one, without a word: a goal would be gone."""
    defined: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            if first := defined.get(node.name):
                text = f"{node.name!r} is defined a second time, which replaces the one of line {first}: rename one"
                raise LabError(shown, node.lineno, text)
            defined[node.name] = node.lineno


def read(path: Path, shown: str) -> str:
    """A text file of a lab's.

    :raises LabError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise LabError(shown, 1, "this is not UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise LabError(shown, 1, f"cannot be read: {error.strerror}") from None


def _line_in(error: Exception, path: Path) -> int:
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 1 for frame in reversed(frames) if frame.filename == str(path)), 1)
