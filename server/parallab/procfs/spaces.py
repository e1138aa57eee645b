"""Processes in a pid namespace of their own, as in a container: they know each other by other numbers than we do.

pid_namespaces(7): what stands in a process's memory, and what it gives to system calls, are its numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from parallab.model import Blocked, Made, MadePart
from parallab.procfs import opened, parse

Numbers = Mapping[int, int]
"""By their numbers: ours."""

_PIDS = ("_popen.pid", "_process._popen.pid", "_pool.*._popen.pid", "_processes.*")
_THREADS = ("_native_id", "_worker_handler._native_id", "_pool.*._native_id", "_threads.*._native_id")


def own(folder: str) -> tuple[int, ...]:
    """A process's numbers, from the namespace of this /proc inwards; () where that is not told."""
    try:
        return parse.namespace_pids(opened.read(f"{folder}/status"))
    except OSError:
        return ()


def of_processes(pid: int, known: Mapping[int, tuple[int, ...]]) -> Numbers:
    """How process ``pid`` knows all these, each with its numbers; {} where it knows them as we do."""
    depth = len(known[pid])
    return {one[depth - 1]: other for other, one in known.items() if len(one) >= depth} if depth > 1 else {}


def of_threads(folder: str) -> Numbers:
    """How a process knows its own threads; {} where it knows them as we do."""
    told = {int(name): own(f"{folder}/task/{name}") for name in opened.names(f"{folder}/task")}
    return {numbers[-1]: tid for tid, numbers in told.items() if len(numbers) > 1}


def blocked(told: Blocked, numbers: Numbers) -> Blocked:
    """What a process waits for, with our numbers; a group whose first process is not here has none that we know."""
    pid = numbers.get(told.pid, told.pid) if told.pid is not None else None
    return msgspec.structs.replace(told, pid=pid, group=numbers.get(told.group) if told.group else told.group)


def made(found: Iterable[Made], processes: Numbers, threads: Numbers) -> tuple[Made, ...]:
    """What was found in memory, with our numbers; what is not here any more has none."""
    return tuple(
        msgspec.structs.replace(one, parts=tuple(_part(one, part, processes, threads) for part in one.parts))
        for one in found
    )


def _part(of: Made, part: MadePart, processes: Numbers, threads: Numbers) -> MadePart:
    if part.path in _THREADS:
        numbers = threads
    elif part.path in _PIDS or (of.cls == "Popen" and part.path == "pid"):
        numbers = processes
    else:
        return part
    return msgspec.structs.replace(part, number=numbers.get(part.number or 0))
