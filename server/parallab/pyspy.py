"""Python's stacks of other processes, by py-spy where it is installed: ``pip install parallab[doctor]``.

py-spy reads a process's memory from outside, as we do, and knows every version's inner structures.
It runs as a program of its own and does not stop the process that it reads. It may be missing, may
not be permitted (Yama lets only ancestors read), or may not know this Python: then there are no
stacks, and that is said.
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import symtable
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from parallab import lock_names
from parallab.model import Missing, Stack
from parallab.procfs import interpreters, opened, parse, semaphores, spaces
from parallab_probe import holding

MOST = 8
"""Processes of which stacks are read."""
SECONDS = 5.0
_FRAMES = 40
_THREADS = 256
_SOURCE = 1 << 20
_USES = 256


def find() -> str | None:
    """Where py-spy is: beside this Python, or on PATH."""
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy")


def stacks(pids: Iterable[int], machine: str, root: str = "/proc") -> tuple[tuple[Stack, ...], tuple[Missing, ...]]:
    """The stacks of these processes, and why there are none of some."""
    wanted = tuple(dict.fromkeys(pids))[:MOST]
    program = find()
    if program is None:
        why = "py-spy is not installed: `pip install parallab[doctor]`"
        return (), tuple(
            Missing(f"which threads of process {pid} wait for which", why, "stacks", pid) for pid in wanted
        )
    _source.cache_clear()
    _tree.cache_clear()
    running = {pid: _start(program, pid) for pid in wanted}
    found: list[Stack] = []
    missing: list[Missing] = []
    for pid, spy in running.items():
        told, why = _read(spy)
        found += _stacks(told[:_THREADS], pid, machine, root)
        why = why or _others(pid, root)
        if why:
            missing.append(Missing(f"which threads of process {pid} wait for which", why, "stacks", pid))
    return tuple(found), tuple(missing)


def _others(pid: int, root: str) -> str:
    """A sentence on the interpreters whose threads py-spy does not read; "" where there is but one."""
    with opened.Memory(f"{root}/{pid}/mem") as memory:
        try:
            many = interpreters.count(memory, opened.read(f"{root}/{pid}/maps"))
        except (OSError, parse.ParseError):
            return ""
    return f"it has {many} interpreters, and py-spy reads the threads of one" if many > 1 else ""


def _start(program: str, pid: int) -> subprocess.Popen[bytes]:
    # --nonblocking reads without stopping the process; -l gives the locals, `self` among them.
    return subprocess.Popen(
        [program, "dump", "--nonblocking", "--full-filenames", "--json", "-l", "--pid", str(pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _read(spy: subprocess.Popen[bytes]) -> tuple[list[Any], str]:
    """What it printed, or a sentence on why it printed nothing."""
    try:
        out, err = spy.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        spy.kill()
        spy.communicate()
        return [], f"py-spy did not answer within {SECONDS:g} seconds"
    try:
        told = json.loads(out) if spy.returncode == 0 else None
    except ValueError:
        told = None
    if not isinstance(told, list):
        lines = err.decode("utf-8", "replace").strip().splitlines()
        return [], f"py-spy says: {lines[0].removeprefix('Error: ')[:200]}" if lines else "py-spy told nothing"
    return told, ""


def _stacks(told: list[Any], pid: int, machine: str, root: str) -> list[Stack]:
    """The threads of py-spy's JSON, but those that are not as expected."""
    with opened.Memory(f"{root}/{pid}/mem") as memory:
        try:
            frames = [_frame(frame, None) for one in told for frame in one["frames"]]
            program = lock_names.Program(memory.read, opened.read(f"{root}/{pid}/maps"), frames)
        except (OSError, KeyError, TypeError, ValueError):
            return []
        return [stack for one in told if (stack := _stack(one, pid, machine, root, program)) is not None]


def _frame(told: Any, source: str | None) -> lock_names.Frame:
    known = {str(one["name"]): int(one["addr"]) for one in told["locals"] or ()}
    function = _function(told)
    free = _free(source, function, int(told["line"])) if source is not None else ()
    return lock_names.Frame(str(told["filename"]), known, function, free)


@lru_cache(256)
def _free(source: str, function: str, line: int) -> tuple[str, ...]:
    """The names that a function has from one around it, as Python sorts them."""
    try:
        table = symtable.symtable(source, "", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return ()
    found: symtable.Function | None = None
    pending = [table]
    while pending:
        one = pending.pop()
        pending += one.get_children()
        if isinstance(one, symtable.Function) and one.get_name() == function and one.get_lineno() <= line:
            found = one if found is None or one.get_lineno() > found.get_lineno() else found
    return tuple(sorted(found.get_frees())) if found is not None else ()


def _stack(told: Any, pid: int, machine: str, root: str, program: lock_names.Program) -> Stack | None:
    """One thread; None where it is not as expected."""
    try:
        ident, tid = int(told["thread_id"]), told["os_thread_id"]
        frames = _own(told["frames"])[:_FRAMES]
        files = [(str(one["filename"]), f"{root}/{pid}/root") for one in frames]
        own = [(one, _tree(*file)) for one, file in zip(frames, files, strict=True)]
        named = program.closed([_frame(one, _source(*file)) for one, file in zip(frames, files, strict=True)])
        names = [
            lock_names.Names(frame, tree, program) if tree is not None else None
            for frame, (_, tree) in zip(named, own, strict=True)
        ]
        inner = 1 if _enters(frames) else 0
        locks = [_locks(one, tree, place == inner, names[place]) for place, (one, tree) in enumerate(own)]
        owners = tuple(_owner(one["locals"] or ()) for one in frames)
        if tid and (numbers := spaces.of_threads(f"{root}/{pid}")):
            tid = numbers.get(int(tid), tid)
        tid = int(tid) if tid else max(0, _native_id(pid, ident, machine, root))
        uses = _uses(one for one, tree in own if tree is not None)
        return Stack(
            tid=tid,
            ident=ident & (1 << 63) - 1,
            name=str(told["thread_name"] or "")[:512],
            frames=tuple(f"{one['filename']}:{int(one['line'])} {one['name']}"[:4096] for one in frames),
            owners=owners,
            pid=pid,
            wants=locks[inner][1] if locks else 0,
            holds=tuple(lock for held, _ in locks for lock in held),
            looked=next((_looked(one, tree) for one, tree in own if tree is not None), False),
            repeats=any(_repeats(one, tree) for one, tree in own if tree is not None),
            kept=any(_kept(one, tree) for one, tree in own[:1] if tree is not None),
            inherited=_inherited(owners, pid, root),
            gets=_gets(*own[0], names[0]) if own else 0,
            brings=tuple(dict.fromkeys(one for frame in named for one in lock_names.brings(frame, program))),
            uses=program.within(uses, _USES) if tid == pid else uses[:_USES],  # it costs, and of others nobody asks
        )
    except (KeyError, TypeError, ValueError):
        return None


def _own(frames: list[Any]) -> list[Any]:
    """Without those that a forked child has from its parent, whose calls they were."""
    for place, one in enumerate(frames):
        if str(one["filename"]).endswith("multiprocessing/process.py") and str(one["name"]).endswith("_bootstrap"):
            return frames[: place + 1]
    return frames


def _owner(told: Iterable[Any]) -> int:
    return next((int(one["addr"]) for one in told if one["name"] == "self"), 0)


def _uses(frames: Iterable[Any]) -> tuple[int, ...]:
    found = dict.fromkeys(int(one["addr"]) for frame in frames for one in frame["locals"] or ())
    return tuple(found)


@lru_cache(16)
def _source(path: str, root: str) -> str | None:
    """The file of a frame of the program's own; None of the library's and where it cannot be read."""
    if "/lib/python" in path or not path.startswith("/"):
        return None
    try:
        with Path(root + path).open(encoding="utf-8", errors="replace") as file:
            return file.read(_SOURCE)
    except OSError:
        return None


@lru_cache(16)
def _tree(path: str, root: str) -> ast.Module | None:
    source = _source(path, root)
    try:
        return ast.parse(source) if source is not None else None
    except (SyntaxError, ValueError, RecursionError):
        return None


def _function(frame: Any) -> str:
    return str(frame["name"]).rpartition(".")[2]


def _looked(frame: Any, tree: ast.Module) -> bool:
    return holding.looks_first(tree, _function(frame), int(frame["line"]))


def _repeats(frame: Any, tree: ast.Module) -> bool:
    return holding.repeats(tree, _function(frame), int(frame["line"]))


def _kept(frame: Any, tree: ast.Module) -> bool:
    _, wanted = holding.at(tree, _function(frame), int(frame["line"]), innermost=True)
    return wanted is None or holding.taken_by_call(tree, wanted)


def _inherited(owners: Iterable[int], pid: int, root: str) -> tuple[int, ...]:
    """Those objects at whose place the process's parent has one of the same type."""
    wanted = [one for one in dict.fromkeys(owners) if one]
    if not wanted:
        return ()
    try:
        parent = parse.stat(opened.read(f"{root}/{pid}/stat")).ppid
    except (OSError, parse.ParseError):
        return ()
    with opened.Memory(f"{root}/{pid}/mem") as own, opened.Memory(f"{root}/{parent}/mem") as theirs:
        return tuple(one for one in wanted if (kind := own.read(one + 8, 8)) and kind == theirs.read(one + 8, 8))


def _enters(frames: list[Any]) -> bool:
    """Whether the innermost frame is a Condition's own, which takes its lock for a ``with`` one further out."""
    first = str(frames[0]["filename"]) if len(frames) > 1 else ""
    return first.endswith("/threading.py") and _function(frames[0]) == "__enter__"


def _locks(
    frame: Any, tree: ast.Module | None, innermost: bool, names: lock_names.Names | None
) -> tuple[list[int], int]:
    """What a frame's source says of the locks that it holds and wants, each by its number."""
    if tree is None or names is None:
        return [], 0
    held, wanted = holding.at(tree, _function(frame), int(frame["line"]), innermost)
    numbers = [names.identity(name) for name in held]
    return [one for one in numbers if one], names.identity(wanted) if wanted else 0


def _gets(frame: Any, tree: ast.Module | None, names: lock_names.Names | None) -> int:
    """The queue.SimpleQueue that the innermost frame takes from: it is of C, and has no frame of its own."""
    if tree is None or names is None:
        return 0
    name = holding.takes_from(tree, _function(frame), int(frame["line"]))
    return names.of_type(name, "_queue.SimpleQueue") if name is not None else 0


def _native_id(pid: int, pthread: int, machine: str, root: str) -> int:
    """Before 3.11 CPython does not keep it where py-spy could find it; glibc does."""
    with opened.Memory(f"{root}/{pid}/mem") as memory:
        numbers = spaces.of_threads(f"{root}/{pid}")
        tids = [*numbers] or [int(name) for name in opened.names(f"{root}/{pid}/task")]
        tid = semaphores.native_id(memory, pthread, tids, machine)
        return numbers.get(tid, tid)
