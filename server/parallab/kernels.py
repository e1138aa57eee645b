"""The server's kernels as Parallab sees them: recorded, foreign, remote or dead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_core.utils import ensure_async

from parallab import capabilities, live, model, wire
from parallab.problems import Problem, shown


class Recorded(Protocol):
    """What is asked of :class:`parallab.recorder.Recorder`."""

    pid: int
    dead: bool
    last_end: tuple[str, int, int]

    @property
    def running_cell(self) -> str | None: ...
    @property
    def hello(self) -> model.Hello | None: ...
    @property
    def living(self) -> Mapping[int, model.ThreadRun]: ...
    async def processes(self) -> tuple[model.Process, ...]: ...
    async def dismiss(self, threads: Iterable[int]) -> tuple[model.Dismissal, ...] | None: ...
    async def cut(self, until: int = 0) -> model.Recording: ...
    def glance(self) -> model.Recording: ...
    def note(self, event: model.Acted) -> None: ...
    def listen(self, listener: Callable[[str], None]) -> None: ...
    def unlisten(self, listener: Callable[[str], None]) -> None: ...


@dataclass(frozen=True)
class Kernel:
    """A kernel of this server; ``recorder`` is None where nothing is recorded."""

    id: str
    kind: wire.KernelKind
    recorder: Recorded | None

    @property
    def hello(self) -> model.Hello | None:
        """What its probe said of itself."""
        return self.recorder.hello if self.recorder is not None else None


_ADVICE: dict[wire.KernelKind, str] = {
    "foreign": "This kernel is not recorded. Choose the kernel “Python 3 (Parallab)” and run the step's cells again.",
    "remote": "This kernel runs on another machine, where its processes cannot be seen. "
    "Choose the kernel “Python 3 (Parallab)” and run the step's cells again.",
    "dead": live.DEAD,
    "no-probe": live.WAITING,
}


def advice(kind: wire.KernelKind) -> str:
    """What to tell of a kernel that is not recorded; the front end has the same advice with a button."""
    return capabilities.elsewhere() if kind == "elsewhere" else _ADVICE.get(kind, "")


class Kernels:
    """Finds kernels in Jupyter's kernel manager, by id."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def find(self, kernel_id: str) -> Kernel:
        """The kernel with this id.

        :raises Problem: 404, there is none.
        """
        if kernel_id not in self._manager:
            raise Problem(
                404,
                "This kernel is not running any more. Choose “Restart Kernel”, then run the step's cells again.",
                f"No kernel of this server has the id “{shown(kernel_id)}”.",
            )
        provisioner = getattr(self._manager.get_kernel(kernel_id), "provisioner", None)
        recorder: Recorded | None = getattr(provisioner, "recorder", None)
        if recorder is not None:
            kind: wire.KernelKind = "dead" if recorder.dead else "recorded" if recorder.hello else "no-probe"
            return Kernel(kernel_id, kind, recorder)
        if capabilities.elsewhere():
            return Kernel(kernel_id, "elsewhere", None)
        if not hasattr(provisioner, "pid"):
            return Kernel(kernel_id, "remote", None)
        return Kernel(kernel_id, "foreign" if getattr(provisioner, "has_process", True) else "dead", None)

    async def interrupt(self, kernel_id: str) -> None:
        """As the button does: SIGINT to the kernel's process group, or a message where its spec says so."""
        await ensure_async(self._manager.interrupt_kernel(kernel_id))


def unrecorded(kernel: Kernel) -> wire.KernelState:
    """The state of a kernel of which nothing is recorded."""
    return wire.KernelState(
        schema=wire.SCHEMA,
        kernel_id=kernel.id,
        kind=kernel.kind,
        message=advice(kernel.kind),
        python="",
        start_method="",
        busy=False,
        running_cell=None,
        stuck=None,
        diagnoses=(),
        processes=(),
    )
