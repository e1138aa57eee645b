"""How a spawned child, or a forkserver's, begins to report, before its process object is unpickled.

The starter puts a small piece of code into what ``multiprocessing.spawn`` sends ahead (:class:`Sent`);
unpickling it in the child runs it. It must never break the learner's child: a bundle that is
gone, a server that is gone, anything else leaves the child as it would have been.
"""

from __future__ import annotations

import os
import sys

from parallab_probe import describe, install, processes, report

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any


def arrive(bundle: dict[str, Any], path: str, facts: dict[str, Any]) -> None:
    """Connects, says that the process is born, and instruments it."""
    if not report.connect(facts["address"]):
        return
    report.work_for(facts["cell"], facts["run"])
    processes.state.address = facts["address"]
    processes.state.method = facts["method"]
    processes.state.folder = facts["folder"]
    report.tell("process-born", {"ppid": os.getppid(), "method": facts["method"], "name": facts["name"]})
    install.install(path, bundle)
    processes.watch_forks()
    _watch_unpickling()


def _watch_unpickling() -> None:
    """Reports what goes wrong before ``_bootstrap``; there the hook in it gives ``excepthook`` back."""
    original = sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        processes.state.give_back = None
        sys.excepthook = original
        try:
            text = processes.usage() + ',"exit_code":1,"error":' + report.encode(describe.failure(error))
            report.say("process-end", text)
        except Exception:
            pass
        original(kind, error, trace)

    def give_back() -> None:
        if sys.excepthook is excepthook:
            sys.excepthook = original

    sys.excepthook = excepthook
    processes.state.give_back = give_back
