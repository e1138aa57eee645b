"""Hooks in ``subprocess``: other programs that a cell starts, and how they ended."""

from __future__ import annotations

import os
import sys
from time import monotonic_ns

from parallab_probe import describe, lives
from parallab_probe.report import ending, hook, local, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any


def _program(args: Any) -> str:
    """The program's name, of a command line or a list."""
    kind = type(args)
    if (kind is list or kind is tuple) and args:
        args = args[0]
        kind = type(args)
    if kind is bytes:
        return str(os.fsdecode(args))
    return args if kind is str else describe.type_name(args)


@hook
def starting(popen: Any, args: Any) -> Any:
    if not local.run or local.internal:
        return None
    return popen, {"began": monotonic_ns(), "program": _program(args)}


@ending
def started(token: Any, _result: Any) -> None:
    if token is None:
        return
    popen, facts = token
    child = describe.attributes(popen).get("pid")
    if type(child) is not int:
        return
    handle = lives.handle_of(child)
    try:
        tell("program-start", {**facts, "child": child}, handed=handle)
    finally:
        if handle >= 0:
            os.close(handle)


@hook
def not_started(token: Any) -> None:
    error = sys.exc_info()[1]
    if token is not None and error is not None:
        tell("program-start", {**token[1], "error": describe.failure(error)})


@ending
def ended(token: Any, _result: Any) -> None:
    """Its exit code was told by waitpid(2)."""
    inside = describe.attributes(token[0])
    child, code = inside.get("pid"), inside.get("returncode")
    if local.run and type(child) is int and type(code) is int:
        tell("process-exit", {"child": child, "exit_code": code})
