"""A recorded kernel of our own, in a folder of its own with a lab's modules: no browser, no Jupyter server.

What is run in it is for ``headless`` and ``acts`` to say. What it prints is drained and dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from parallab import cleaning
from parallab.recorder import Recorder

PROVISIONER = {"kernel_provisioner": {"provisioner_name": "parallab-provisioner"}}
START = 60.0


class HeadlessError(Exception):
    """The kernel could not be started at all; the text says why and what to do."""


class OwnKernel:
    """One kernel, from ``async with`` to its end; ``files`` are copied into its working folder."""

    manager: AsyncKernelManager
    client: AsyncKernelClient

    def __init__(self, files: Iterable[Path], kernel: str | None = None, start_method: str | None = None) -> None:
        self._files = tuple(files)
        self._spec = spec(kernel)
        self._start_method = start_method
        self._folder = Path(tempfile.mkdtemp(prefix="parallab-"))

    async def __aenter__(self) -> OwnKernel:
        work = self._folder / "work"
        work.mkdir()
        for file in self._files:
            shutil.copy(file, work)
        self.manager = AsyncKernelManager(
            transport="ipc",
            connection_file=str(self._folder / "kernel.json"),
        )
        self.manager.ip = str(self._folder / "ipc")
        self.manager._kernel_spec = self._spec  # noqa: SLF001 - a spec that is installed nowhere
        environment = _environment(self._start_method)
        try:
            # What the kernel and its children write beside their cells is not ours to show.
            await self.manager.start_kernel(cwd=str(work), env=environment, stdout=DEVNULL, stderr=DEVNULL)
            self.client = self.manager.client()
            self.client.start_channels()
            await self.client.wait_for_ready(timeout=START)
        except BaseException as error:
            await self.__aexit__()
            if isinstance(error, RuntimeError | OSError):
                raise HeadlessError(f"the kernel did not start: {error}") from error
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if hasattr(self, "client"):
            self.client.stop_channels()
        with contextlib.suppress(Exception):
            await self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_connection_file()
        if kernel := self.manager.kernel_id:
            # The whole group was killed, multiprocessing's resource tracker with it.
            await asyncio.to_thread(cleaning.clean_after, kernel)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def recorder(self) -> Recorder:
        """What records it."""
        recorder = getattr(self.manager.provisioner, "recorder", None)
        assert isinstance(recorder, Recorder)
        return recorder

    async def restart(self) -> None:
        """Kills it and starts it anew."""
        await self.manager.restart_kernel(now=True)
        await self.client.wait_for_ready(timeout=START)

    async def interrupt(self) -> None:
        """SIGINT to its process group."""
        await self.manager.interrupt_kernel()

    def send(self, source: str, metadata: Mapping[str, Any]) -> str:
        """Has a cell run; answers its message's id."""
        content = {
            "code": source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = self.client.session.msg("execute_request", content, metadata=dict(metadata))
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    async def reply(self, message_id: str) -> None:
        """Ends with the cell's reply; what it prints is drained and dropped."""
        drain = asyncio.ensure_future(self._drain())
        try:
            while True:
                reply = await self.client.get_shell_msg()
                if reply.get("parent_header", {}).get("msg_id") == message_id:
                    return
        finally:
            drain.cancel()

    async def _drain(self) -> None:
        while True:
            await self.client.get_iopub_msg()


def spec(kernel: str | None) -> KernelSpec:
    """The kernelspec of that name, or that of this Python, with our provisioner.

    :raises HeadlessError: there is none of that name, or it is not Python.
    """
    if kernel is None:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3 (Parallab)",
            language="python",
            metadata=PROVISIONER,
        )
    try:
        found = KernelSpecManager().get_kernel_spec(kernel)
    except NoSuchKernel as error:
        known = ", ".join(sorted(KernelSpecManager().find_kernel_specs())) or "none"
        raise HeadlessError(f"there is no kernel {kernel!r}: choose one of {known}") from error
    if found.language.lower() != "python":
        raise HeadlessError(f"kernel {kernel!r} runs {found.language}: a lab needs Python")
    found.metadata = {**found.metadata, **PROVISIONER}
    return found


def _environment(start_method: str | None) -> Mapping[str, str]:
    environment = dict(os.environ)
    environment.pop("PARALLAB_START_METHOD", None)
    if start_method:
        environment["PARALLAB_START_METHOD"] = start_method
    return environment
