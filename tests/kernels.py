"""Recorded kernels without a Jupyter server, for tests: started, run in, killed, and waited for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.session import Session

from parallab import ledger, ledgers
from parallab.headless import PROVISIONER

DEADLINE = 60.0


async def until(wanted: Callable[[], Any], what: str = "the state") -> Any:
    """Waits for something true, and gives it back."""
    end = time.monotonic() + DEADLINE
    while True:
        if found := wanted():
            return found
        assert time.monotonic() < end, f"{what} did not come"
        await asyncio.sleep(0.02)


class RecordedKernel:
    """A kernel under our provisioner. ``runtime`` is its server's runtime folder."""

    def __init__(self, runtime: Path, python: str = "") -> None:
        # LISTENED_PYTHON: another interpreter with ipykernel, to run the same tests in.
        python = python or os.environ.get("LISTENED_PYTHON") or sys.executable
        self.runtime = runtime
        self.folder = Path(tempfile.mkdtemp(prefix="recorded-"))
        self.manager = AsyncKernelManager(transport="ipc")
        self.manager.ip = str(self.folder / "ipc")
        self.manager._kernel_spec = KernelSpec(
            argv=[python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            language="python",
            display_name="recorded",
            metadata=PROVISIONER,
        )

    async def start(self, method: str = "", **env: str) -> RecordedKernel:
        """Starts it; a server's runtime folder is where its environment says."""
        environment = {**os.environ, "IPYTHONDIR": str(self.folder / "ipython"), **env}
        if method:
            environment["PARALLAB_START_METHOD"] = method
        before = os.environ.get("JUPYTER_RUNTIME_DIR")
        os.environ["JUPYTER_RUNTIME_DIR"] = str(self.runtime)
        try:
            await self.manager.start_kernel(cwd=str(self.folder), env=environment, stdout=DEVNULL, stderr=DEVNULL)
        finally:
            if before is None:
                del os.environ["JUPYTER_RUNTIME_DIR"]
            else:
                os.environ["JUPYTER_RUNTIME_DIR"] = before
        self.client = self.manager.client(session=Session(key=self.manager.session.key))
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=DEADLINE)
        await until(lambda: self.recorder.hello is not None, "its probe's greeting")
        return self

    @property
    def recorder(self) -> Any:
        return self.manager.provisioner.recorder  # type: ignore[union-attr]

    @property
    def pid(self) -> int:
        return int(self.recorder.pid)

    @property
    def book(self) -> Path:
        """The file of its ledger."""
        return Path(self.recorder._book.path)

    @property
    def ledger(self) -> ledger.Ledger:
        """What is remembered of this life on disk."""
        found = ledgers.read(self.book)
        assert found is not None
        return found

    def send(self, code: str) -> str:
        """Sends a cell; ipykernel drops it not even right behind an error."""
        return str(self.client.execute(code, stop_on_error=False))

    async def run(self, code: str, limit: float = DEADLINE) -> str:
        """Runs a cell to its end, and gives what it printed."""
        return await self.idle(self.send(code), limit)

    async def idle(self, sent: str, limit: float = DEADLINE) -> str:
        """Waits for the end of a cell that was sent, and gives what it printed, or raises its error."""
        told, error = "", None
        while True:
            message = await self.client.get_iopub_msg(timeout=limit)
            if message["parent_header"].get("msg_id") != sent:
                continue
            if message["msg_type"] == "stream":
                told += message["content"]["text"]
            elif message["msg_type"] == "error":
                error = AssertionError("\n".join(message["content"]["traceback"]))
            elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                if error:
                    raise error
                return told.strip()

    async def kill(self) -> None:
        """As the out-of-memory killer does; nothing is tidied up."""
        os.kill(self.pid, signal.SIGKILL)
        await until(lambda: self.recorder.dead, "its end")
        await self.manager.provisioner.wait()  # type: ignore[union-attr]

    async def end(self) -> None:
        """Shuts it down."""
        with contextlib.suppress(Exception):
            self.client.stop_channels()
        with contextlib.suppress(Exception):
            await self.manager.shutdown_kernel(now=True)
        self.manager.context.destroy()
        shutil.rmtree(self.folder, ignore_errors=True)
