"""Runs a notebook in a real kernel under the recorder, without a browser, and judges its steps.

``parallab check``, the author's proof and batch grading all use it. Each step is judged right
after its last cell; a cell that hangs is judged while it hangs, and then interrupted.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from parallab import acts, capabilities, judging, live, model, story
from parallab.evidence import Evidence
from parallab.judge_pool import JudgePool
from parallab.lab import Cell, Step, assign
from parallab.no_kernel import HeadlessError
from parallab.own_kernel import PROVISIONER, OwnKernel, RunKernel
from parallab.recorder import Recorder
from parallab.shelf import ShelvedLab
from parallab.wire import SCHEMA, CellRef, CheckReport, GoalResult, MistakeView, Skipped, StepResult

__all__ = ["PROVISIONER", "Done", "Hang", "HeadlessError", "counted", "passed", "run"]

#: Seconds a cell must be known to be stuck before the run goes on without waiting for its time limit.
CERTAIN = 1.0
#: Seconds in which nothing moves that a cell tagged ``hangs`` gets when it cannot be told that it is stuck.
HANGS = 20.0
#: Seconds that an interrupted cell gets to end, before the next interrupt and then the kill.
RELEASE = 5.0
#: Hangs of one notebook of which it is told who waited for whom.
MOST_HANGS = 8


class Hang(msgspec.Struct, frozen=True):
    """A cell that did not come to an end, and what was seen while it hung."""

    step: str
    """Its step's id, "" before the first step."""
    cell: int
    """Its place among the notebook's cells, from 1."""
    stuck: bool | None
    """Whether it could never have gone on; None: that cannot be told, it was out of time."""
    died: str
    """That its kernel died, and of what; "" while that lives."""
    waits: tuple[str, ...]
    """Who waits for whom."""
    mistake: MistakeView | None


@dataclass
class Done:
    """What a headless run found."""

    report: CheckReport
    recording: model.Recording
    hung: tuple[str, ...] = ()
    """Steps with a cell that did not come to an end."""
    hangs: tuple[Hang, ...] = ()
    """All such cells that were not asked to hang."""


@dataclass
class _Step:
    """A step's state while the notebook runs."""

    step: Step
    cells_left: int
    met: dict[str, int] = field(default_factory=dict)
    hung: bool = False
    frozen: bool = False
    goals: tuple[GoalResult, ...] | None = None
    not_recorded: tuple[str, ...] = ()


async def run(
    cells: Sequence[Cell],
    lab: ShelvedLab,
    *,
    kernel: str | None = None,
    start_method: str | None = None,
    timeout: float = 60.0,
    steps: Iterable[str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
    pool: JudgePool | None = None,
    inside: RunKernel | None = None,
) -> Done:
    """Runs the cells in order and judges the steps (all core steps, or those named).

    ``inside`` is a kernel of the caller's making, which ``kernel`` and ``start_method`` do not concern.

    :raises HeadlessError: no such kernel, the kernel did not start, or nothing can be seen on this system.
    """
    if why := capabilities.elsewhere():
        raise HeadlessError(why)
    async with _Session(lab, kernel, start_method, pool, inside) as session:
        return await session.run(cells, timeout, steps, progress)


class _Session:
    """One kernel in a folder of its own with the lab's data modules."""

    def __init__(
        self,
        lab: ShelvedLab,
        kernel: str | None,
        start_method: str | None,
        pool: JudgePool | None,
        inside: RunKernel | None = None,
    ) -> None:
        self.lab = lab
        self.pool = pool or JudgePool()
        self._own_pool = pool is None
        self._chosen = (kernel, start_method)
        self.kernel: RunKernel = inside or OwnKernel(lab.files, kernel, start_method)
        self._hangs: list[Hang] = []

    async def __aenter__(self) -> _Session:
        try:
            await self.kernel.__aenter__()
        except BaseException:
            await self._close_pool()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kernel.__aexit__()
        await self._close_pool()

    async def _close_pool(self) -> None:
        if self._own_pool:
            await self.pool.close()

    @property
    def recorder(self) -> Recorder:
        return self.kernel.recorder

    # -- the run ---------------------------------------------------------------------------

    async def run(
        self,
        cells: Sequence[Cell],
        timeout: float,
        wanted: Iterable[str] | None,
        progress: Callable[[str], None],
    ) -> Done:
        asked = None if wanted is None else set(wanted)
        refs = [CellRef(f"cell-{place}", cell.step or None) for place, cell in enumerate(cells)]
        self.steps = {
            ref: step for (ref, step), cell in zip(assign(refs).items(), cells, strict=True) if cell.cell_type == "code"
        }
        states = {
            step.id: _Step(step, sum(1 for name in self.steps.values() if name == step.id))
            for step in self.lab.lab.steps
        }
        for ref, cell in zip(refs, cells, strict=True):
            if cell.cell_type != "code":
                continue
            state = states.get(self.steps[ref.id])
            progress(state.step.title if state else "set-up")
            if "restart" in cell.tags:
                await self.kernel.restart()
            if state is not None and "no-act" not in cell.tags:
                await self._freeze(state)
            # Of a cell without code IPython tells neither beginning nor end: there is nothing to wait for.
            judged = bool(cell.source.strip()) and await self._execute(ref.id, cell, state, timeout)
            if state is not None:
                state.cells_left -= 1
                if (state.cells_left == 0 and not judged and not state.hung) or "check-here" in cell.tags:
                    await self._judge(state)
        hello = self.recorder.hello
        python, method = (hello.python, hello.start_method) if hello else ("", "")
        skipped = {step.id: reason for step in self.lab.lab.steps if (reason := step.unfit(python))}
        results: list[StepResult] = []
        for state in states.values():
            if state.step.id in skipped or (asked is not None and state.step.id not in asked):
                continue
            if state.goals is None:
                await self._judge(state)
            results.append(_result(state))
        report = CheckReport(
            SCHEMA,
            self.lab.lab.id,
            self.lab.lab.version,
            python,
            method,
            tuple(Skipped(step, reason) for step, reason in skipped.items()),
            tuple(results),
        )
        hung = tuple(state.step.id for state in states.values() if state.hung)
        return Done(report, await self.recorder.cut(), hung, tuple(self._hangs))

    async def _note_hang(self, cell_id: str, state: _Step | None) -> None:
        """Keeps who waits for whom, before an interrupt ends it."""
        if len(self._hangs) >= MOST_HANGS or (state is not None and not state.hung):
            return
        recording = await self.recorder.cut()
        seen = live.picture(recording, "")
        place = int(cell_id.removeprefix("cell-")) + 1
        died = f"the kernel died{story.death(recording.death)}" if recording.dead else ""
        step = state.step.id if state is not None else ""
        self._hangs.append(Hang(step, place, None if died else recording.stuck, died, seen.diagnoses, seen.mistake))

    async def _execute(self, cell_id: str, cell: Cell, state: _Step | None, timeout: float) -> bool:
        """Runs one cell to its end, or until it hangs: then it is judged and interrupted.

        Answers whether the step was judged while it hung. The hang that a break-it step asks for is
        not; a repair that hangs again is, and may be followed by a better one.
        """
        metadata: dict[str, Any] = {"cellId": cell_id}
        if cell.step:
            metadata["parallab"] = {"lab": self.lab.lab.id, "step": cell.step}
        ended = self._cell_ended(cell_id)
        quiet = HANGS if "hangs" in cell.tags else timeout
        reply = asyncio.ensure_future(self.kernel.reply(self.kernel.send(cell.source, metadata)))
        acting = self._spawn_acts(cell, state, timeout)
        try:
            if await self._finished(reply, ended, timeout, quiet):
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(ended.wait(), 5.0)
                await self._met(state)
                return False
            judged = False
            if state is not None:
                repairing = _broken(self.lab, state)
                await self._met(state)
                state.hung = state.hung or not _breaks(self.lab, state.step)
                if judged := state.hung or repairing:
                    await self._judge(state)
            await self._note_hang(cell_id, state)
            await self._free(reply)
            return judged
        finally:
            reply.cancel()
            await _ended(acting)

    async def _freeze(self, state: _Step) -> None:
        """Freezes the kernels that the step promises, once, before its first cell."""
        kernel, start_method = self._chosen
        for act in state.step.acts:
            if act.kind == "frozen-kernels" and not state.frozen:
                state.frozen = True
                await acts.freeze(
                    self.recorder,
                    act,
                    state.step,
                    self.lab.lab,
                    self.lab.files,
                    kernel=kernel,
                    start_method=start_method,
                )

    def _spawn_acts(self, cell: Cell, state: _Step | None, timeout: float) -> list[asyncio.Task[object]]:
        """What the lab does while one of the step's cells runs, as a learner's click would; at most once a run."""
        if state is None or "no-act" in cell.tags:
            return []
        phase = "repair" if _broken(self.lab, state) else "break"
        return [
            asyncio.ensure_future(acts.kill_worker(self.recorder, act, state.step, self.steps, timeout))
            for act in state.step.acts
            if act.kind == "kill-worker" and act.phase in (None, phase)
        ]

    def _cell_ended(self, cell_id: str) -> asyncio.Event:
        """Set when the probe's report of the cell's end is in: it travels beside the reply."""
        ended = asyncio.Event()
        recorder = self.recorder
        before = recorder.last_end

        def hear(what: str) -> None:
            if what in ("dead", "restarted") or (
                what == "cell-end" and recorder.last_end != before and recorder.last_end[0] == cell_id
            ):
                ended.set()
                recorder.unlisten(hear)

        recorder.listen(hear)
        return ended

    async def _finished(self, reply: asyncio.Future[None], ended: asyncio.Event, limit: float, quiet: float) -> bool:
        """Whether the cell ended by itself; False when it is stuck, out of time, or its kernel dead.

        It is out of time after ``limit`` seconds, or after ``quiet`` seconds in which nothing moved. A reply
        that is too large to be taken never comes: then the probe's word for it must do.
        """
        began = time.monotonic()
        end = began + limit
        stuck_since: float | None = None
        ended_since: float | None = None
        while time.monotonic() < end:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(reply), 0.1)
                return True
            if self.recorder.dead or time.monotonic() - max(began, self.recorder.moved) >= quiet:
                return False
            if ended.is_set():
                ended_since = ended_since or time.monotonic()
                if time.monotonic() - ended_since >= RELEASE:
                    return True
            if self.recorder.stuck is True:
                stuck_since = stuck_since or time.monotonic()
                if time.monotonic() - stuck_since >= CERTAIN:
                    return False
            else:
                stuck_since = None
        return False

    async def _free(self, reply: asyncio.Future[None]) -> None:
        """Interrupts until the cell ends; kills and starts the kernel anew when it does not."""
        for _ in range(3):
            if self.recorder.dead:
                break
            await self.kernel.interrupt()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(reply), RELEASE)
                return
        # Who still waits for a reply would take what the new kernel answers.
        reply.cancel()
        await asyncio.wait([reply])
        await self.kernel.restart()

    # -- judging ---------------------------------------------------------------------------------

    async def _met(self, state: _Step | None) -> None:
        """Break goals are judged at a cell's end and when it hangs, and stay met."""
        if state is None or not _breaks(self.lab, state.step):
            return
        recording = await self.recorder.cut()
        goals = await self._judged(state, recording, phases=("break",))
        at = judging.met_at(Evidence(recording, state.step.id, self.steps))
        for goal in goals:
            if goal.verdict == "passed":
                state.met.setdefault(goal.id, at)

    async def _judge(self, state: _Step) -> None:
        if state.step.kind != "code" or not self.lab.checks.get(state.step.id, ()):
            state.goals = ()
            return
        recording = await self.recorder.cut()
        state.not_recorded = recording.not_recorded
        state.goals = await self._judged(state, recording)

    async def _judged(
        self, state: _Step, recording: model.Recording, phases: Sequence[str] = ()
    ) -> tuple[GoalResult, ...]:
        return await self.pool.judge(
            self.lab.folder,
            self.lab.checks.get(state.step.id, ()),
            state.step.id,
            recording,
            self.steps,
            met=state.met,
            phases=phases,
            everywhere=state.step.everywhere,
        )


async def _ended(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        # Its processes may go while they are looked at, and the kernel with them.
        if isinstance(result, Exception) and not isinstance(result, OSError | RuntimeError):
            raise result


def _broken(lab: ShelvedLab, state: _Step) -> bool:
    """Whether all that the step asks to break was broken, so that what runs now is a repair."""
    wanted = [check.name for check in lab.checks.get(state.step.id, ()) if check.phase == "break"]
    return bool(wanted) and all(name in state.met for name in wanted)


def _breaks(lab: ShelvedLab, step: Step) -> bool:
    return any(check.phase == "break" for check in lab.checks.get(step.id, ()))


def _result(state: _Step) -> StepResult:
    return judging.step_result(
        state.step.id,
        state.step.kind,
        state.goals or (),
        counts=state.step.counts and state.step.kind == "code",
        assisted=None,
        not_recorded=state.not_recorded,
    )


def counted(report: CheckReport, asked: Iterable[str] | None = None) -> list[StepResult]:
    """The results that decide: every step asked for, else every counted core code step."""
    wanted = None if asked is None else set(asked)
    return [step for step in report.steps if (step.counts if wanted is None else step.step in wanted)]


def passed(report: CheckReport, asked: Iterable[str] | None = None) -> bool:
    """Whether all of these passed, and there is one."""
    deciding = counted(report, asked)
    return bool(deciding) and all(step.verdict == "passed" for step in deciding)
