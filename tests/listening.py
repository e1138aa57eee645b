"""A real kernel with (or without) the probe, and what an ear hears of it; for tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.session import Session

import parallab_probe
from parallab import model
from parallab.ear import Ear

DEADLINE = 60.0
Kind = TypeVar("Kind", bound=model.Event)


class Heard:
    """Events as they arrive, and waiting for them."""

    def __init__(self) -> None:
        self._events: list[model.AnyEvent] = []
        self._news = threading.Condition()

    def add(self, events: list[model.AnyEvent]) -> None:
        """What the ear delivers to."""
        with self._news:
            self._events += events
            self._news.notify_all()

    def all(self, kind: type[Kind], **facts: object) -> list[Kind]:
        """Those of one kind that have these facts."""
        with self._news:
            events = list(self._events)
        return [
            event
            for event in events
            if isinstance(event, kind) and all(getattr(event, name) == value for name, value in facts.items())
        ]

    def until(self, ready: Callable[[], Any], what: str = "the reports") -> Any:
        """Waits until ``ready`` gives something true, and gives that back."""
        end = time.monotonic() + DEADLINE
        while True:
            found = ready()
            if found:
                return found
            with self._news:
                left = end - time.monotonic()
                assert left > 0, f"{what} did not come; heard: {self._events[-30:]}"
                self._news.wait(min(left, 0.5))

    def clear(self) -> None:
        """Forgets what came so far."""
        with self._news:
            self._events.clear()


class Listened:
    """A kernel. ``run`` executes a cell and gives its output messages."""

    def __init__(self, method: str = "", *, probe: bool = True, python: str = "", cache: str = "", **env: str) -> None:
        # LISTENED_PYTHON: another interpreter with ipykernel, to run the same tests in.
        python = python or os.environ.get("LISTENED_PYTHON") or sys.executable
        self.heard = Heard()
        self.ear = Ear(self.heard.add)
        self.folder = Path(tempfile.mkdtemp(prefix="listened-"))
        package = self.folder / "probe" / "parallab_probe"
        package.parent.mkdir()
        package.symlink_to(Path(parallab_probe.__file__).parent)
        self.work = self.folder / "work"
        self.work.mkdir()
        argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        environment = {**os.environ, "IPYTHONDIR": str(self.folder / "ipython"), **env}
        environment.pop("PYTHONPATH", None)
        environment["XDG_CACHE_HOME"] = cache or environment.get("XDG_CACHE_HOME") or str(self.folder / "cache")
        if probe:
            argv.append("--ext=parallab_probe")
            environment.update(self.ear.environment(), PYTHONPATH=str(package.parent))
            if method:
                environment["PARALLAB_START_METHOD"] = method
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(argv=argv, language="python", display_name="listened")
        self.manager.transport = "ipc"
        self.manager.ip = str(self.folder / "ipc")
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            self.manager.start_kernel(env=environment, cwd=str(self.work), stdout=out, stderr=err)
        self.pid = int(self.manager.provisioner.pid)  # type: ignore[union-attr]
        self.client = self.manager.client(session=Session(key=self.manager.session.key))
        self.client.start_channels()
        self.client.wait_for_ready(DEADLINE)
        if method and not probe:
            self.run(f"import multiprocessing as _m; _m.set_start_method({method!r}); del _m", history=False)

    def start(self, code: str, cell: str = "", history: bool = True, **parallab: str) -> str:
        """Sends a cell, and gives its message id."""
        content = {
            "code": code,
            "silent": False,
            "store_history": history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        metadata = {"cellId": cell or f"cell-{time.monotonic_ns()}"}
        if parallab:
            metadata["parallab"] = parallab  # type: ignore[assignment]
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def finish(self, sent: str) -> list[dict[str, Any]]:
        """Waits for the end of a cell that was sent, and gives its output messages."""
        output: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=DEADLINE)
            if message["parent_header"].get("msg_id") != sent:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
            output.append(message)
        while True:
            reply = self.client.get_shell_msg(timeout=DEADLINE)
            if reply["parent_header"].get("msg_id") == sent:
                return output

    def attach_debugger(self) -> None:
        """What JupyterLab does when its debugger is switched on."""
        self._debug(1, "initialize", clientID="test", adapterID="", pathFormat="path", locale="en")
        self._debug(2, "attach")

    def _debug(self, number: int, command: str, **arguments: Any) -> None:
        content = {"type": "request", "seq": number, "command": command, "arguments": arguments}
        message = self.client.session.msg("debug_request", content)
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=DEADLINE)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                assert reply["content"].get("success"), reply["content"]
                return

    def run(self, code: str, cell: str = "", history: bool = True, **parallab: str) -> list[dict[str, Any]]:
        """Executes a cell to its end."""
        return self.finish(self.start(code, cell, history, **parallab))

    def ended(self, code: str, cell: str = "", **parallab: str) -> model.CellEnd:
        """Executes a cell, and gives what was heard of its end."""
        cell = cell or f"cell-{time.monotonic_ns()}"
        before = len(self.heard.all(model.CellEnd, cell=cell))
        self.run(code, cell, **parallab)
        # Of this cell: that of one before may be heard only now.
        ends: list[model.CellEnd] = self.heard.until(
            lambda: found if len(found := self.heard.all(model.CellEnd, cell=cell)) > before else None
        )
        return ends[-1]

    def value(self, expression: str) -> str:
        """What an expression shows."""
        for message in self.run(f"print({expression})", history=False):
            if message["msg_type"] == "stream":
                return str(message["content"]["text"]).strip()
        return ""

    def module(self, name: str, text: str) -> None:
        """Puts a module into the kernel's folder, so that spawned children can import it."""
        (self.work / f"{name}.py").write_text(text)

    def end(self) -> None:
        """Ends it."""
        with contextlib.suppress(Exception):
            self.client.stop_channels()
        with contextlib.suppress(Exception):
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self.manager.context.destroy()
        self.ear.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def text(messages: list[dict[str, Any]]) -> str:
    """What a cell's messages show."""
    parts = []
    for message in messages:
        content = message["content"]
        if message["msg_type"] == "stream":
            parts.append(content["text"])
        elif message["msg_type"] == "error":
            parts.append("\n".join(content["traceback"]))
        elif message["msg_type"] in ("execute_result", "display_data"):
            parts.append(str(content["data"].get("text/plain")))
    return "\n".join(parts)
