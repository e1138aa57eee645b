"""A recorded kernel of our own, in a folder of its own with a lab's modules: no browser, no Jupyter server.

What is run in it is for ``headless`` and ``acts`` to say. What it prints is not fetched: a kernel to whose output
nobody listens throws it away.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from queue import Empty
from subprocess import DEVNULL
from typing import Any, Protocol

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from parallab import cleaning
from parallab.no_kernel import HeadlessError
from parallab.recorder import Recorder

PROVISIONER = {"kernel_provisioner": {"provisioner_name": "parallab-provisioner"}}
START = 60.0


class RunKernel(Protocol):
    """A recorded kernel that a notebook can be run in, from ``async with`` to its end."""

    @property
    def recorder(self) -> Recorder: ...
    async def __aenter__(self) -> object: ...
    async def __aexit__(self, *_: object) -> None: ...
    async def restart(self) -> None: ...
    async def interrupt(self) -> None: ...
    def send(self, source: str, metadata: Mapping[str, Any]) -> str: ...
    async def reply(self, message_id: str) -> None: ...


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
            open_shell(self.client)
            await ready(self.client, self.recorder)
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
        await ready(self.client, self.recorder)

    async def interrupt(self) -> None:
        """SIGINT to its process group."""
        await self.manager.interrupt_kernel()

    def send(self, source: str, metadata: Mapping[str, Any]) -> str:
        """Has a cell run; answers its message's id."""
        return send(self.client, source, metadata)

    async def reply(self, message_id: str) -> None:
        """Ends with the cell's reply."""
        await replied(self.client, message_id)


def open_shell(client: AsyncKernelClient) -> None:
    """Opens the only channel that a run needs."""
    client.start_channels(iopub=False, stdin=False, hb=False, control=False)


async def ready(client: AsyncKernelClient, recorder: Recorder) -> None:
    """Waits until the kernel answers. :raises HeadlessError: it died, or does not."""
    end = time.monotonic() + START
    asked = client.kernel_info()
    while time.monotonic() < end:
        with contextlib.suppress(Empty):
            answer = await client.get_shell_msg(timeout=0.5)
            if answer.get("parent_header", {}).get("msg_id") == asked:
                return
        if recorder.dead:
            raise HeadlessError("the kernel died while it started: try `python -m ipykernel_launcher` by hand")
    raise HeadlessError(f"the kernel did not answer within {START:g} s: the machine is too busy, or it hangs")


def send(client: AsyncKernelClient, source: str, metadata: Mapping[str, Any]) -> str:
    """Sends a cell to be run; its message's id."""
    content = {
        "code": source,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": False,
    }
    message = client.session.msg("execute_request", content, metadata=dict(metadata))
    client.shell_channel.send(message)
    return str(message["header"]["msg_id"])


async def replied(client: AsyncKernelClient, message_id: str) -> None:
    """Ends with the reply to that message."""
    while True:
        reply = await client.get_shell_msg()
        if reply.get("parent_header", {}).get("msg_id") == message_id:
            return


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
