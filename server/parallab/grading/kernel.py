"""A kernel in a sandbox, recorded from outside: what ``headless`` runs a notebook in when it grades.

The shell channel is a socket in the sandbox's own file system. It is connected to once, after the probe's greeting and
before the first cell, and never again: later the path could be a link of the learner's to a socket of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import socket
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo

from parallab import netlink, own_kernel
from parallab.ear import Deliver, Ear
from parallab.grading import guard
from parallab.grading.facts import Limits
from parallab.grading.far_ear import FarEar
from parallab.grading.sandbox import DEPTH, FOLDER, Sandbox, SandboxError, environment
from parallab.guest import EXTENSION
from parallab.no_kernel import HeadlessError
from parallab.recorder import Recorder

#: Bytes of a kernel's reply; a larger one ends the connection.
REPLY = 16 << 20


class SandboxedKernel:
    """As :class:`parallab.own_kernel.OwnKernel`. ``stopped`` says why its sandbox was ended, "" if it was not."""

    client: AsyncKernelClient
    recorder: Recorder

    def __init__(self, files: Sequence[Path], hidden: Iterable[Path], limits: Limits, start_method: str | None = None):
        self.stopped = ""
        self._files = files
        self._hidden = tuple(hidden)
        self._limits = limits
        self._start_method = start_method
        self._sandbox: Sandbox | None = None
        self._guard: asyncio.Task[None] | None = None
        self._context = zmq.asyncio.Context()
        self._context.setsockopt(zmq.RECONNECT_IVL, -1)
        self._context.setsockopt(zmq.MAXMSGSIZE, REPLY)
        self._context.setsockopt(zmq.LINGER, 0)

    @property
    def memory_limit(self) -> str:
        """How the memory is limited."""
        return "cgroup" if self._sandbox is not None and self._sandbox.group is not None else "watched"

    async def __aenter__(self) -> SandboxedKernel:
        """Makes the sandbox and starts the kernel in it."""
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _start(self) -> None:
        self._sandbox = await Sandbox.start(self._files, self._hidden, self._limits)
        diag = self._sandbox.diag()
        self._diag = diag
        self.recorder = Recorder(
            uuid.uuid4().hex,
            Path(self._sandbox.proc),
            ear=self._ear,
            sockets=lambda: netlink.unix_sockets(diag),
            depth=DEPTH,
            handle=self._sandbox.handle,
        )
        self._guard = asyncio.ensure_future(self._keep(self._sandbox))
        await self._launch()

    async def restart(self) -> None:
        """Ends all that runs in the sandbox and starts a kernel anew; its home stays.

        What the notebook left there may keep a kernel from starting, a full folder or a module in the place of
        Python's own. That is the notebook's doing, and it ends here.
        """
        self.client.stop_channels()
        self.recorder.detach(True)
        try:
            await self._launch()
        except HeadlessError as error:
            self.stopped = self.stopped or f"its kernel had to be ended, and no other could be started ({error})"
            raise SandboxError(self.stopped) from None

    async def interrupt(self) -> None:
        """SIGINT to the kernel's process group."""
        if self._sandbox is not None:
            with contextlib.suppress(SandboxError):
                await self._sandbox.signal(signal.SIGINT)

    def send(self, source: str, metadata: Mapping[str, Any]) -> str:
        """Has a cell run; answers its message's id."""
        return own_kernel.send(self.client, source, metadata)

    async def reply(self, message_id: str) -> None:
        """Ends with the cell's reply."""
        await own_kernel.replied(self.client, message_id)

    async def __aexit__(self, *_: object) -> None:
        """Ends the sandbox."""
        if self._guard is not None:
            self._guard.cancel()
        if hasattr(self, "client"):
            self.client.stop_channels()
        if hasattr(self, "recorder"):
            self.recorder.detach(False)
            self._diag.close()
        if self._sandbox is not None:
            # What came after the guard's last look.
            self.stopped = self.stopped or guard.too_much(self._sandbox.proc, self._limits, self._sandbox.group)
            await self._sandbox.close()
        self._context.destroy(linger=0)

    # -- a life of the kernel --------------------------------------------------------------------

    def _ear(self, deliver: Deliver) -> Ear:
        assert self._sandbox is not None
        feed, self._inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._heard = FarEar(deliver, feed, self._sandbox.proc, DEPTH)
        return self._heard

    async def _launch(self) -> None:
        sandbox = self._sandbox
        assert sandbox is not None
        told = environment() | self.recorder.environment()
        if self._start_method:
            told["PARALLAB_START_METHOD"] = self._start_method
        key = secrets.token_hex(32)
        connection = _connection(f"{FOLDER}/ipc", key)
        argv = (sys.executable, "-m", "ipykernel_launcher", "-f", f"{FOLDER}/kernel.json", EXTENSION)
        files = {"kernel.json": json.dumps(connection)}
        try:
            with self._inner:
                pid, handle = await sandbox.launch(argv, told, files, self._limits, self._heard.name, self._inner)
            self.recorder.attach(pid, handle)
            await self._greeted()
            self.client = AsyncKernelClient(context=self._context)
            self.client.load_connection_info(_connection(f"{sandbox.root}{FOLDER}/ipc", key))
            own_kernel.open_shell(self.client)
            await own_kernel.ready(self.client, self.recorder)
        except HeadlessError:
            if self.stopped:
                raise SandboxError(self.stopped) from None
            raise

    async def _greeted(self) -> None:
        """Waits for the probe's greeting: the kernel's sockets are there by then, and no cell has run."""
        change = asyncio.Event()

        def hear(_: str) -> None:
            change.set()

        self.recorder.listen(hear)

        async def greeting() -> None:
            while self.recorder.hello is None and not self.recorder.dead:
                await change.wait()
                change.clear()

        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(greeting(), own_kernel.START)
        finally:
            self.recorder.unlisten(hear)
        if self.recorder.hello is None:
            if self.recorder.dead:
                raise SandboxError("the kernel died as it started in the sandbox")
            raise SandboxError(f"the kernel was not ready within {own_kernel.START:g} s in the sandbox")

    async def _keep(self, sandbox: Sandbox) -> None:
        """Ends the sandbox when it uses more than it may."""
        self.stopped = await guard.excess(sandbox.proc, self._limits, sandbox.group)
        sandbox.kill()


def _connection(ip: str, key: str) -> KernelConnectionInfo:
    """A kernel's connection file: sockets ``IP-1`` to ``IP-5``."""
    return {
        "transport": "ipc",
        "ip": ip,
        "key": key,
        "signature_scheme": "hmac-sha256",
        "kernel_name": "",
        "shell_port": 1,
        "iopub_port": 2,
        "stdin_port": 3,
        "hb_port": 4,
        "control_port": 5,
    }
