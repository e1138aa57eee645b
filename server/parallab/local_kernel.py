"""A kernel without a browser: started under our provisioner in a folder of its own, and asked over one channel.

What cells print is not fetched: a kernel to whose output nobody listens throws it away.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty
from subprocess import DEVNULL
from typing import Protocol

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from parallab import cleaning
from parallab.recorder import Recorder

PROVISIONER = {"kernel_provisioner": {"provisioner_name": "parallab-provisioner"}}
#: Seconds that a kernel may take to start.
START = 60.0


class HeadlessError(Exception):
    """The notebook could not be run at all; the text says why and what to do."""


class RunKernel(Protocol):
    """A recorded kernel that a notebook can be run in. What fails raises :class:`HeadlessError`."""

    client: AsyncKernelClient

    @property
    def recorder(self) -> Recorder: ...
    async def start(self) -> None: ...
    async def restart(self) -> None: ...
    async def interrupt(self) -> None: ...
    async def stop(self) -> None: ...


class LocalKernel:
    """A kernel of this machine and this user, in a folder with copies of these files."""

    def __init__(self, files: Sequence[Path], kernel: str | None = None, start_method: str | None = None) -> None:
        self._files = files
        self._spec = _spec(kernel)
        self._start_method = start_method
        self._folder = Path(tempfile.mkdtemp(prefix="parallab-"))

    async def start(self) -> None:
        """Starts it, and waits until it answers."""
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
            self.client: AsyncKernelClient = self.manager.client()
            open_shell(self.client)
            await ready(self.client, self.recorder)
        except OSError as error:
            raise HeadlessError(f"the kernel did not start: {error}") from error

    async def restart(self) -> None:
        """Kills it and starts it anew."""
        await self.manager.restart_kernel(now=True)
        await ready(self.client, self.recorder)

    async def interrupt(self) -> None:
        """As the button does: SIGINT to its process group."""
        await self.manager.interrupt_kernel()

    async def stop(self) -> None:
        """Ends it, and removes what it left."""
        if hasattr(self, "client"):
            self.client.stop_channels()
        if hasattr(self, "manager"):
            with contextlib.suppress(Exception):
                await self.manager.shutdown_kernel(now=True)
            self.manager.cleanup_connection_file()
            if kernel := self.manager.kernel_id:
                # The whole group was killed, multiprocessing's resource tracker with it.
                await asyncio.to_thread(cleaning.clean_after, kernel)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def recorder(self) -> Recorder:
        """The one of its provisioner."""
        recorder = getattr(self.manager.provisioner, "recorder", None)
        assert isinstance(recorder, Recorder)
        return recorder


def open_shell(client: AsyncKernelClient) -> None:
    """Opens the only channel that a run needs."""
    client.start_channels(iopub=False, stdin=False, hb=False, control=False)


async def ready(client: AsyncKernelClient, recorder: Recorder) -> None:
    """Waits until the kernel answers. :raises HeadlessError: it died, or does not."""
    end = time.monotonic() + START
    asked = client.kernel_info()
    while time.monotonic() < end:
        with contextlib.suppress(Empty):
            reply = await client.get_shell_msg(timeout=0.5)
            if reply.get("parent_header", {}).get("msg_id") == asked:
                return
        if recorder.dead:
            raise HeadlessError("the kernel died while it started: try `python -m ipykernel_launcher` by hand")
    raise HeadlessError(f"the kernel did not answer within {START:g} s: the machine is too busy, or it hangs")


def _spec(kernel: str | None) -> KernelSpec:
    if kernel is None:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3 (Parallab)",
            language="python",
            metadata=PROVISIONER,
        )
    try:
        spec = KernelSpecManager().get_kernel_spec(kernel)
    except NoSuchKernel as error:
        known = ", ".join(sorted(KernelSpecManager().find_kernel_specs())) or "none"
        raise HeadlessError(f"there is no kernel {kernel!r}: choose one of {known}") from error
    if spec.language.lower() != "python":
        raise HeadlessError(f"kernel {kernel!r} runs {spec.language}: a lab needs Python")
    spec.metadata = {**spec.metadata, **PROVISIONER}
    return spec


def _environment(start_method: str | None) -> Mapping[str, str]:
    environment = dict(os.environ)
    environment.pop("PARALLAB_START_METHOD", None)
    if start_method:
        environment["PARALLAB_START_METHOD"] = start_method
    return environment
