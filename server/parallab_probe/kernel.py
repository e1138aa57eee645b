"""The probe in the kernel: says hello, reports cells, and answers the server's questions.

Questions come in on the probe's own socket, served by the control thread's event loop: so they
are answered while a cell hangs, without a Jupyter message, a status change or a thread more.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
import types
from typing import Any

from parallab_probe import bundle, describe, install, lives, memory, processes, report, values
from parallab_probe.report import local, tell
from parallab_probe.source import assigned, parsed

EXTENSION = "--ext=parallab_probe"
ROOM = 48 * 1024
"""For what a cell leaves behind, of a packet's 60 KiB."""
QUESTION = 64 * 1024
THREADS = 64
"""Threads that one question may ask to end, or whose names a cell's end tells."""
_DEFINED = frozenset({types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type})
"""Types of what a cell imports or defines: of these only names that it assigns are told."""


def load(shell: Any) -> None:
    """Begins to report, if the environment says to whom; leaves nothing behind either way."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    given = _give_back_path(folder)
    sys.argv[:] = [part for part in sys.argv if part != EXTENSION]
    _let_children_go()
    address = os.environ.pop("PARALLAB_PROBE", "")
    method = os.environ.pop("PARALLAB_START_METHOD", "")
    if method:
        import multiprocessing

        multiprocessing.set_start_method(method)
    if not address or report.line.socket is not None or not report.connect(address):
        return
    processes.state.address = address
    processes.state.folder = given
    _prepare()
    cells = Cells(shell)
    shell.events.register("pre_run_cell", cells.begin)
    shell.events.register("post_run_cell", cells.end)
    _hello()
    _answer(shell, cells)


def _give_back_path(folder: str) -> str:
    """The folder that PYTHONPATH brought goes to the end of sys.path and out of the environment.

    It may be a link to where this file really lies: both are looked for.
    """
    parts = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    given = next((part for part in parts if _holds_us(part, folder)), "")
    if not given:
        return ""
    parts.remove(given)
    if parts:
        os.environ["PYTHONPATH"] = os.pathsep.join(parts)
    else:
        os.environ.pop("PYTHONPATH", None)
    if given in sys.path:
        sys.path.remove(given)
        sys.path.append(given)
    return given


def _holds_us(part: str, folder: str) -> bool:
    package = os.path.join(part, "parallab_probe")
    same = os.path.realpath(package) == os.path.realpath(os.path.join(folder, "parallab_probe"))
    # Only a folder that holds nothing else is ours to move: not the user's own, nor site-packages.
    return same and os.path.isdir(part) and os.listdir(part) == ["parallab_probe"]


def _let_children_go() -> None:
    """JupyterLab's debugger, when it is switched on, looks at the kernel alone.

    By default debugpy holds each child until a debugger attaches to it, too (``subProcess`` of ``debugpy.configure``).
    None ever would, and all that a cell starts would wait for ever.
    """
    debugpy = sys.modules.get("debugpy")
    if debugpy is not None:
        try:
            debugpy.configure(subProcess=False)
        except Exception:
            pass  # of another version, or at work already


def _prepare() -> None:
    """Instruments the kernel."""
    import resource

    lives.getrusage, lives.remembered = resource.getrusage, memory.of_work
    path, content = bundle.find()
    install.install(path, content)
    lives.watch_forks()
    # Their module is small, and must be there before the first shared number is made.
    numbers: Any = install.hooks("numbers")
    numbers.state.keeping = True
    report.at_fork.append(lambda: setattr(numbers.state, "keeping", False))
    segments: Any = install.hooks("segments")
    segments.state.keeping = True


def _hello() -> None:
    gil = getattr(sys, "_is_gil_enabled", None)
    tell(
        "hello",
        {
            "python": platform.python_version(),
            "start_method": processes.default_method(),
            "gil": gil() if gil is not None else True,
            "executable": sys.executable or "",
            "main_tid": threading.main_thread().native_id or 0,
            "blind": tuple(dict.fromkeys([*install.state.blind, "queue.SimpleQueue: is written in C"])),
        },
    )


# -- cells -------------------------------------------------------------------------------


class Cells:
    """Reports each cell's begin and end. A run is one execution; it counts up over the kernel's life."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.runs = 0
        self.source = ""
        """Of the cell that runs, or ran last."""
        self.names: dict[str, None] = {}
        """What cells assigned, the latest last: a later cell may go on with it."""
        self.before: dict[str, int] = {}
        """Each name's value when the cell began, by its identity."""
        describe.cell_names = getattr(shell.compile, "_filename_map", {})

    def begin(self, info: Any) -> None:
        """pre_run_cell: not called for silent requests."""
        try:
            metadata = _metadata(self.shell)
            ours = metadata.get("parallab")
            ours = ours if type(ours) is dict else {}
            cell = getattr(info, "cell_id", None) or metadata.get("cellId") or ""
            self.runs += 1
            self.source = _text(getattr(info, "raw_cell", ""))
            self.before = {name: id(value) for name, value in list(self.shell.user_ns.items())}
            report.work_for(str(cell), self.runs)
            report.start.last, report.start.queued = 0, report.queued()
            local.looking = local.making = local.busy = 0
            tell(
                "cell-begin",
                {
                    "number": _number(self.shell),
                    "lab": _text(ours.get("lab")),
                    "step": _text(ours.get("step")),
                },
            )
        except Exception:
            pass

    def end(self, result: Any) -> None:
        """post_run_cell: also after an error or an interrupt."""
        try:
            self._end(result)
        except Exception:
            pass
        finally:
            report.work_for("", 0)

    def _end(self, result: Any) -> None:
        report.finish()
        error = result.error_in_exec or result.error_before_exec
        facts: dict[str, Any] = {
            "error": describe.failure(error) if error is not None else None,
            "threads": _thread_names(),
        }
        try:
            facts.update(self.now())
            self._remember()
        finally:
            tell("cell-end", facts)
            numbers: Any = install.hooks("numbers")
            numbers.state.held.clear()

    def touched(self) -> list[str]:
        """The names that this cell assigns; also by a magic such as ``%run``, or by ``exec``, as its values show."""
        changed = [
            name
            for name, value in list(self.shell.user_ns.items())
            if type(name) is str
            and not name.startswith("_")
            and self.before.get(name) != id(value)
            and type(value) not in _DEFINED
        ]
        return list(dict.fromkeys([*assigned(parsed(self.shell, self.source)), *changed]))[: values.NAMES]

    def _remember(self) -> None:
        for name in self.touched():
            self.names.pop(name, None)
            self.names[name] = None
        while len(self.names) > values.NAMES:
            del self.names[next(iter(self.names))]

    def everything(self) -> list[str]:
        """The names that this cell assigns, then those that earlier ones did, the latest first."""
        return list(dict.fromkeys([*self.touched(), *reversed(self.names)]))

    def named(self) -> tuple[dict[str, Any], ...]:
        """What the cell calls the objects that somebody may wait for."""
        space = self.shell.user_ns
        return values.named(space, values.reachable(space, parsed(self.shell, self.source)))

    def now(self, names: list[str] | None = None) -> dict[str, Any]:
        """The cell's shared numbers and values now; ``names`` other than those that it assigns."""
        space = self.shell.user_ns
        touched = self.touched()
        reach = values.reachable(space, parsed(self.shell, self.source)) | set(touched)
        modules = memory.reached([space[name] for name in reach if name in space])
        # One packet holds them all: were it too large, nobody would hear that the cell has ended.
        readings = values.readings(space, reach)
        left = ROOM - len(report.encode(readings))
        segments = _segments(left)
        left -= sum(_length(one["content"]) for one in segments)
        remembered = memory.copied(modules, left) if names is None else ()
        left -= sum(_length(one["json"]) for one in remembered)
        wanted = names if names is not None else touched
        return {
            "readings": readings,
            "segments": segments,
            "named": values.named(space, reach),
            "values": (*values.copied(space, wanted, left), *remembered),
        }


def _thread_names() -> tuple[str, ...]:
    """Of the threads that Python knows now; not of ones that a learner's class gives a name that is no text."""
    found = [vars(thread).get("_name") for thread in list(threading._active.values())]  # type: ignore[attr-defined]
    return tuple(name[: report.NAME] for name in found[:THREADS] if type(name) is str)


def _length(said: Any) -> int:
    """Of JSON or base64 in JSON, with its escapes."""
    return int(len(said.text) * 1.2) if type(said) is report.Json else 0


def _segments(most: int) -> tuple[dict[str, Any], ...]:
    """What the segments hold that are open here; nothing is imported to find out."""
    segments = sys.modules.get("parallab_probe.segments")
    found: tuple[dict[str, Any], ...] = segments.contents(most) if segments is not None else ()
    return found


def _number(shell: Any) -> int:
    """The n of the cell's In[n]. Newer IPythons have counted on when pre_run_cell is called."""
    frame: Any = sys._getframe(1)
    for _ in range(5):
        frame = frame.f_back
        if frame is None:
            break
        if frame.f_code.co_name == "run_cell_async":
            number = frame.f_locals.get("execution_count")
            if type(number) is int:
                return number
    return int(shell.execution_count)


def _metadata(shell: Any) -> dict[str, Any]:
    """The metadata of the request that is being executed: the cell's own, from JupyterLab."""
    kernel = shell.kernel
    try:
        parent = kernel.get_parent("shell")
    except TypeError:
        parent = kernel.get_parent()
    found = parent.get("metadata") if type(parent) is dict else None
    return found if type(found) is dict else {}


def _text(value: object) -> str:
    return value if type(value) is str else ""


# -- questions ---------------------------------------------------------------------------


def _answer(shell: Any, cells: Cells) -> None:
    connection = report.line.socket
    thread = getattr(shell.kernel, "control_thread", None)
    if connection is None or thread is None:
        return
    loop = thread.io_loop
    handle = connection.fileno()
    owner = os.getpid()

    def asked(*_: Any) -> None:
        try:
            if os.getpid() != owner or report.line.socket is None:
                loop.remove_handler(handle)
                return
            question = _receive()
            if question is None:
                return
            if not question:
                # The server is gone: nobody will ask again, and a closed socket is always readable.
                loop.remove_handler(handle)
                return
            _reply(cells, question)
        except Exception:
            pass

    loop.add_callback(lambda: _register(loop, handle, asked))


def _register(loop: Any, handle: int, asked: Any) -> None:
    try:
        loop.add_handler(handle, asked, loop.READ)
    except Exception:
        pass


def _receive() -> bytes | None:
    """A question; b"" at the end of the connection, None when there is nothing after all."""
    import socket

    connection = report.line.socket
    if connection is None:
        return b""
    try:
        return connection.recv(QUESTION, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _reply(cells: Cells, packet: bytes) -> None:
    import json

    question = json.loads(packet)
    kind, names = question.get("kind"), question.get("names")
    facts: dict[str, Any] = {"number": question["ask"]}
    if kind == "dismiss":
        from parallab_probe import dismiss

        numbers = [int(name) for name in names if type(name) is str and name.isdecimal()] if type(names) is list else []
        tell("answer", {**facts, "dismissed": dismiss.dismiss(numbers[:THREADS])})
        return
    if kind == "named":
        tell("answer", {**facts, "named": cells.named()})
        return
    if kind != "stacks":
        wanted = [name for name in names if type(name) is str] if type(names) is list else cells.everything()
        facts.update(cells.now(wanted))
        report.finish()
    if kind in ("stacks", "all"):
        facts["stacks"] = values.stacks()
    tell("answer", facts)
