"""How a spawned child, or a forkserver's, begins to report, before its process object is unpickled.

The starter puts a small piece of code into what ``multiprocessing.spawn`` sends ahead (:class:`Sent`);
unpickling it in the child runs it. It must never break the learner's child: a bundle that is
gone, a server that is gone, anything else leaves the child as it would have been.
"""

from __future__ import annotations

import os
import sys

from parallab_probe import describe, install, lives, processes, report

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any


def arrive(file: Any, bundle: dict[str, Any], path: str, facts: dict[str, Any]) -> None:
    """Connects, says that the process is born, and instruments it from the bundle, whose file is open.

    A forkserver says nothing of itself, but is made ready for all whom it will fork.
    """
    if not report.connect(facts["address"]):
        return
    state = processes.state
    state.address, state.folder, state.method = facts["address"], facts["folder"], facts["method"]
    if "serves" not in facts:
        _born(facts)
    install.install(path, bundle, file)
    lives.watch_forks()
    if "serves" in facts:
        lives.serves = True
        install.make_ready()
        compile("", "<parallab>", "exec")  # the first makes the classes of the syntax tree, which takes milliseconds
        lives.resources()
    else:
        _watch_unpickling()


def arrive_again(facts: dict[str, Any]) -> None:
    """In a child of a forkserver that had arrived: what that brought is here already."""
    if report.line.socket is not None or report.connect(facts["address"]):
        _born(facts)
        _watch_unpickling()


def _born(facts: dict[str, Any]) -> None:
    report.work_for(facts["cell"], facts["run"])
    report.say("process-born", f',"ppid":{os.getppid()}{facts["birth"]}')


def _watch_unpickling() -> None:
    """Reports what goes wrong before ``_bootstrap``; there the hook in it gives ``excepthook`` back."""
    original = sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        lives.give_back = None
        sys.excepthook = original
        try:
            text = lives.usage() + ',"exit_code":1,"error":' + report.encode(describe.failure(error))
            report.say("process-end", text)
        except Exception:
            pass
        original(kind, error, trace)

    def give_back() -> None:
        if sys.excepthook is excepthook:
            sys.excepthook = original

    sys.excepthook = excepthook
    lives.give_back = give_back
