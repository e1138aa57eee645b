"""What the server does for a learner: one method a request, values in and values out.

Handlers decode, call and encode; here the shelf, the log of progress, the recorded kernels and
the judge are brought together. What goes wrong is a :class:`parallab.problems.Problem`.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import platform
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from parallab import acts, answers, doubts, judged, judging, merging, model, recall, views, wire
from parallab.checks import Check
from parallab.classroom import Classroom
from parallab.events import Events
from parallab.evidence import Evidence
from parallab.judged import At
from parallab.kernels import Kernel, Kernels, advice
from parallab.lab import Lab, assign
from parallab.library import CourseLibrary
from parallab.machine import ENDED, Machine
from parallab.no_kernel import HeadlessError
from parallab.phrases import Tongue
from parallab.problems import Problem, shown
from parallab.progress import (
    ActDone,
    Answers,
    AnyFact,
    BreakMet,
    Drawn,
    HandedIn,
    HelpAnswered,
    HelpAsked,
    HelpOver,
    HintShown,
    Judged,
    Memories,
    Memory,
    Moment,
    Opened,
    Predicted,
    Reset,
    SolutionShown,
    view,
)
from parallab.reports import HelpAnswer
from parallab.shelf import ShelvedLab
from parallab.store import AlreadySaved, Keeper, StoreError, Trouble, boot, now
from parallab.watch import Mapped, Watches
from parallab.workplace import Workplace

_log = logging.getLogger(__name__)

Found = TypeVar("Found")
Other = TypeVar("Other")

#: The HTTP status of what can go wrong with the database; 500 otherwise.
STORE_STATUS: dict[Trouble, int] = {"full": 507, "busy": 503}


class Judge(Protocol):
    """As :class:`parallab.judge_pool.JudgePool` judges."""

    async def judge(
        self,
        folder: Path,
        checks: Sequence[Check],
        step: str,
        recording: model.Recording,
        steps: Mapping[str, str],
        *,
        since: int = 0,
        met: Mapping[str, int] | None = None,
        phases: Sequence[str] = (),
        everywhere: bool = False,
    ) -> tuple[wire.GoalResult, ...]: ...
    async def close(self) -> None: ...


class Desk:
    """One learner's; all methods run on the event loop and none of them blocks it."""

    def __init__(
        self,
        library: CourseLibrary,
        keeper: Keeper,
        kernels: Kernels,
        judge: Judge,
        workplace: Workplace,
        events: Events,
        classroom: Classroom | None = None,
        *,
        authoring: bool = False,
    ) -> None:
        self._library = library
        self._keeper = keeper
        self._kernels = kernels
        self._judge = judge
        self._workplace = workplace
        self._events = events
        self._authoring = authoring
        self._classroom = classroom
        self.languages: Sequence[str] = ()
        """Those that the reader wants, the dearest first; none: English."""
        self.watches = Watches(kernels, self._has_breaks, self._judge_breaks)
        self.machine = Machine(kernels, self.watches, lambda: events.stale("leftovers"))

    def speaking(self, languages: Sequence[str]) -> Desk:
        """The same desk for a reader of these languages, the dearest first; what it keeps is shared."""
        other = copy.copy(self)
        other.languages = languages
        return other

    @property
    def english(self) -> bool:
        """Whether this reader is told sentences in English."""
        return self._library.english(self.languages)

    def tongue(self, lab_id: str = "") -> Tongue | None:
        """What this reader is told sentences in: those of a lab, or the server's own. None: English."""
        return self._library.tongue(self.languages, lab_id)

    def begin(self) -> None:
        """The server's loop runs: what an earlier server left for the class can be sent."""
        if self._classroom is not None:
            self._classroom.begin(self._answered, lambda: self._events.stale("course"))

    async def close(self) -> None:
        """Ends what runs beside the requests."""
        if self._classroom is not None:
            await self._classroom.close()
        await self.watches.close()
        await self._judge.close()
        await self._keeper.close()

    # -- labs ------------------------------------------------------------------------

    async def course(self) -> wire.Course:
        """The course home."""
        memories = await _saved(self._keeper.memories())
        course = await asyncio.to_thread(self._course, memories)
        if self._classroom is None:
            return course
        return msgspec.structs.replace(course, classroom=await self._classroom.view(memories))

    def _course(self, memories: Memories) -> wire.Course:
        shelf = self._library.labs(self.languages)
        problems = {one.lab.id: str(one.problem) for one in shelf if one.problem}
        return views.course(
            self._library.facts(self.languages), [one.lab for one in shelf], problems, memories, self._library.html
        )

    async def lab(self, lab_id: str) -> wire.LabView:
        """A lab with its steps and what was done."""
        shelved = await self._lab(lab_id)
        memories = (await _saved(self._keeper.memories())).get(shelved.lab.id, {})
        lab = await self._asking(shelved.lab, memories)
        solved = {step.id for step in lab.steps if any(self._library.solution(shelved, step))}
        made = views.lab_view(lab, shelved.checks, solved, platform.python_version(), memories, self._library.html)
        watch = shelved.lab.watch if shelved.has_replay else None
        return msgspec.structs.replace(
            made, watch=watch.step if watch is not None else "", language=self._language(shelved)
        )

    def _language(self, shelved: ShelvedLab) -> str:
        """What the reader is shown the lab in."""
        translation = shelved.translation(self.languages)
        return translation.tongue.language if translation is not None else "en"

    async def replay(self, lab_id: str) -> wire.Film:
        """The film of a run of the lab's solution, with captions."""
        shelved = await self._lab(lab_id)
        try:
            return await asyncio.to_thread(self._library.replay, shelved)
        except LookupError as error:
            raise Problem(404, str(error.args[0])) from None

    async def progress(self) -> wire.Progress:
        """All labs' progress; those that cannot be read now are left out, not lost."""
        memories = await _saved(self._keeper.memories())
        labs = await self._labs()
        return wire.Progress(
            wire.SCHEMA,
            {
                lab.id: views.lab_progress(
                    recall.asking(lab, memories.get(lab.id, {}), labs), memories.get(lab.id, {}), self._library.html
                )
                for lab in labs
            },
        )

    async def open(self, lab_id: str) -> wire.OpenReply:
        """Puts the lab's files into the learner's folder, where they are missing, older, or in another language."""
        shelved = await self._lab(lab_id)
        language = self._language(shelved)
        memory = await self._memory(shelved.lab.id, "")
        notebook, modules = await asyncio.to_thread(
            lambda: (self._library.notebook(shelved, language), self._library.modules(shelved))
        )
        placed = await self._workplace.put(
            shelved.slug,
            notebook,
            modules,
            memory.files,
            lambda mine: merging.merge(mine, shelved.lab, language=language, always=self._authoring),
        )
        if placed.created or placed.digests or placed.news or not memory.files:
            opened = Opened(dict(placed.digests))
            await _saved(self._keeper.append(shelved.lab.id, "", shelved.lab.version, opened))
        await self._draw(shelved.lab)
        return wire.OpenReply(placed.path, placed.created, placed.news)

    async def _draw(self, lab: Lab) -> None:
        """Draws for the lab's recall step, once: what was drawn stays, so that answers find their questions."""
        memories = await _saved(self._keeper.memories())
        for step in lab.steps:
            memory = memories.get(lab.id, {}).get(step.id, Memory())
            if step.draw and not memory.drawn and memory.passed_at is None:
                earlier = recall.earlier(lab.id, await self._labs())
                if drawn := recall.draw(earlier, memories, step.draw, now().unix):
                    await _saved(self._keeper.append(lab.id, step.id, lab.version, Drawn(drawn)))

    async def _labs(self) -> tuple[Lab, ...]:
        shelf = await asyncio.to_thread(self._library.labs, self.languages)
        return tuple(one.lab for one in shelf if not one.problem)

    async def _asking(self, lab: Lab, memories: Mapping[str, Memory]) -> Lab:
        """The lab with the questions that were drawn for it."""
        if not any(recall.asked_in(step, memories) for step in lab.steps):
            return lab
        return recall.asking(lab, memories, await self._labs())

    # -- steps ------------------------------------------------------------------------

    async def check(self, lab_id: str, step_id: str, request: wire.CheckRequest) -> wire.CheckReply:
        """Judges the step by what the kernel did; the verdict is saved before it is told."""
        began = time.perf_counter()
        (at, memory), (kernel, recording) = await _both(self._checked(lab_id, step_id), self._seen(request.kernel_id))
        steps = assign(request.cells)
        hello: model.Hello | None = None
        when: Moment | None = None
        gaps: tuple[str, ...] = ()
        if recording is None:
            goals = judged.alike(at.checks, "undecided", advice(kernel.kind))
        else:
            hello, gaps, when = kernel.hello, recording.not_recorded, judged.moment(at, recording, steps)
            self.watches.over(kernel).mapped = Mapped(at.lab.id, steps)
            goals = await self._goals(at, hello, recording, steps, memory)
        result = judging.step_result(
            at.step.id,
            at.step.kind,
            goals,
            counts=at.step.counts,
            assisted=memory.assisted,
            not_recorded=gaps,
        )
        fact = Judged(result, judged.newly_met(goals, memory), kernel.id)
        progress = await self._remember(at, fact, when if fact.met else None)
        if self._classroom is not None and recording is not None:
            cells = frozenset(cell for cell, step in steps.items() if step == at.step.id)
            self._classroom.film(at.lab.id, at.step.id, at.lab.version, recording, cells)
        self._events.check(at.lab.id, at.lab.version, result, time.perf_counter() - began)
        return wire.CheckReply(
            wire.SCHEMA, result, progress, hello.python if hello else "", hello.start_method if hello else ""
        )

    async def _checked(self, lab_id: str, step_id: str) -> tuple[At, Memory]:
        """A step that the kernel shows the answer of, and what is known of it."""
        at = await self._step(lab_id, step_id)
        if not at.checks:
            raise Problem(
                409, f"Step “{at.step.title}” is answered in the sidebar; there is nothing in the notebook to check."
            )
        return at, await self._memory(at.lab.id, at.step.id)

    async def predict(self, lab_id: str, step_id: str, request: wire.PredictRequest) -> wire.StepProgress:
        """Saves a prediction, once; it is late when the step's cells had begun in this kernel."""
        at = await self._step(lab_id, step_id)
        given = _fitting(lambda: answers.prediction(at.step, request.answers))
        late = self._has_begun(at, request)
        fact = Predicted(given, late, passes=at.step.kind == "predict" and not at.checks)
        try:
            return await self._remember(at, fact)
        except AlreadySaved:
            raise Problem(
                409, "Your prediction is saved already, and stays as it is. Run the cell and see whether it holds."
            ) from None

    async def answer(self, lab_id: str, step_id: str, request: wire.AnswerRequest) -> wire.AnswerReply:
        """Judges answers by the lab's key."""
        at = await self._step(lab_id, step_id)
        answered = _fitting(lambda: answers.grade(at.step, request.answers))
        before = (await self._memory(at.lab.id, at.step.id)).answers
        verdict = answers.verdict(at.step, {**before, **{one.question: one for one in answered}})
        return wire.AnswerReply(wire.SCHEMA, answered, await self._remember(at, Answers(answered, verdict)))

    async def doubt(self, lab_id: str, step_id: str, request: wire.DoubtRequest) -> wire.DoubtReply:
        """Puts a doubted verdict, with all that it was made from, into the learner's folder, or says what that is."""
        at = await self._step(lab_id, step_id)
        if len(request.words) > doubts.WORDS:
            raise Problem(400, f"Say it in at most {doubts.WORDS} characters; these are {len(request.words)}.")
        memory = await self._memory(at.lab.id, at.step.id)
        if memory.last is None:
            raise Problem(409, "There is no verdict yet. Check your work first.")
        recording = await self.machine.cut(self._kernels.find(request.kernel_id))
        doubt = doubts.Doubt(
            schema=wire.SCHEMA,
            parallab=version("parallab"),
            system=f"{platform.system()} {platform.release()}",
            lab=at.lab.id,
            version=at.lab.version,
            step=at.step.id,
            words=request.words,
            result=memory.last,
            cells=request.cells,
            since=judged.since(memory),
            met={name: moment.ticks(boot()) for name, moment in memory.met.items()},
            recording=recording,
        )
        try:
            text = await asyncio.to_thread(doubts.pack, doubt, str(Path.home()))
        except doubts.DoubtError as error:
            raise Problem(409, str(error)) from None
        path = await self._workplace.keep(at.shelved.slug, f"verdict-{at.step.id}", text) if request.save else ""
        return wire.DoubtReply(wire.SCHEMA, doubts.contents(doubt, len(text)), path)

    async def hint(self, lab_id: str, step_id: str, request: wire.HintRequest) -> wire.HintReply:
        """One hint; each is given only after those before it."""
        at = await self._step(lab_id, step_id)
        level, hints = request.level, at.step.hints
        memory = await self._memory(at.lab.id, at.step.id)
        if not 1 <= level <= len(hints):
            many = f"hints 1 to {len(hints)}" if len(hints) > 1 else "one hint" if hints else "no hints"
            raise Problem(404, f"Step “{at.step.title}” has {many}; number {level} was asked for.")
        if level > memory.hints + 1:
            raise Problem(409, f"Hints come in order: look at number {memory.hints + 1} first.")
        if level > memory.hints:
            progress = await self._remember(at, HintShown(level))
        else:
            progress = view(at.step, memory, self._library.html)
        return wire.HintReply(level, len(hints), self._library.html(hints[level - 1]), progress)

    async def solution(self, lab_id: str, step_id: str) -> wire.SolutionReply:
        """The solution; from now on the step is assisted."""
        at = await self._step(lab_id, step_id)
        cells, text = self._library.solution(at.shelved, at.step)
        if not cells and not text:
            raise Problem(404, f"Step “{at.step.title}” has no solution to show.")
        memory = await self._memory(at.lab.id, at.step.id)
        if memory.assisted:
            progress = view(at.step, memory, self._library.html)
        else:
            progress = await self._remember(at, SolutionShown())
        return wire.SolutionReply(views.notebook_cells(cells), self._library.html(text) if text else "", progress)

    async def reset(self, lab_id: str, step_id: str) -> wire.ResetReply:
        """The step's cells as they were at first; what ran before does not count any more."""
        at = await self._step(lab_id, step_id)
        progress = await self._remember(at, Reset())
        return wire.ResetReply(views.notebook_cells(at.step.cells), progress)

    async def act(self, lab_id: str, step_id: str, request: wire.ActRequest) -> wire.ActReply:
        """Does what the step offers to do for the learner, and remembers that it was done."""
        at = await self._step(lab_id, step_id)
        act = next((one for one in at.step.acts if one.id == request.act), None)
        if act is None:
            raise Problem(
                404, f"Step “{at.step.title}” has no act “{shown(request.act)}”. Reload the page: it may have changed."
            )
        kernel = self._kernels.find(request.kernel_id)
        if kernel.recorder is None or kernel.kind == "dead":
            raise Problem(409, advice(kernel.kind))
        frozen: tuple[wire.Frozen, ...] = ()
        try:
            if act.kind == "frozen-kernels":
                done, happened, frozen = await acts.freeze(kernel.recorder, act, at.step, at.lab, at.shelved.files)
            else:
                steps = assign(request.cells)
                done, happened = await acts.kill_worker(kernel.recorder, act, at.step, steps, acts.PATIENCE)
        except HeadlessError as error:
            raise Problem(500, "No kernel could be started for this. Try again.", str(error)) from error
        except (OSError, RuntimeError) as error:
            raise Problem(409, ENDED, f"{type(error).__name__}: {error}") from error
        if done:
            await self._remember(at, ActDone(act.id, happened, kernel.id))
        return wire.ActReply(wire.SCHEMA, act.id, done, happened, frozen)

    # -- the class ----------------------------------------------------------------------

    async def help(self, lab_id: str, step_id: str, request: wire.HelpRequest) -> wire.StepProgress:
        """Asks the class's instructors for help with a step, or tells them that none is needed any more."""
        classroom = self._class()
        at = await self._step(lab_id, step_id)
        if not request.wanted:
            return await self._remember(at, HelpOver())
        text = request.text.strip()
        if not text:
            raise Problem(400, "Say in a few words what you need help with, so that somebody can answer.")
        progress = await self._remember(at, HelpAsked(text))
        classroom.listen()
        return progress

    async def _answered(self, answer: HelpAnswer) -> None:
        """Called by the classroom: an instructor has answered."""
        try:
            at = await self._step(answer.lab, answer.step)
            await self._remember(at, HelpAnswered(answer.text, answer.by))
        except Problem as problem:
            _log.warning("an answer to %s %s was not delivered: %s", answer.lab, answer.step, problem)

    async def hand_in(self, lab_id: str) -> wire.HandInReply:
        """Gives the class service the lab's notebook, as it was saved last."""
        classroom = self._class()
        shelved = await self._lab(lab_id)
        notebook = await self._workplace.saved(shelved.slug)
        reply = await classroom.hand_in(shelved.lab.id, notebook)
        fact = HandedIn(reply.digest, reply.at)
        await _saved(self._keeper.append(shelved.lab.id, "", shelved.lab.version, fact))
        self._events.stale("course")
        return wire.HandInReply(shelved.lab.id, reply.at)

    def _class(self) -> Classroom:
        if self._classroom is None:
            raise Problem(409, "This server reports to no class. Ask whoever teaches it.")
        return self._classroom

    # -- judging --------------------------------------------------------------------------

    async def _seen(self, kernel_id: str) -> tuple[Kernel, model.Recording | None]:
        """The kernel and what was recorded of it; None of a kernel that is not recorded."""
        kernel = self._kernels.find(kernel_id)
        recorded = kernel.recorder is not None or kernel.kind == "dead"
        return kernel, await self.machine.cut(kernel) if recorded else None

    async def _goals(
        self,
        at: At,
        hello: model.Hello | None,
        recording: model.Recording,
        steps: Mapping[str, str],
        memory: Memory,
    ) -> tuple[wire.GoalResult, ...]:
        unfit = at.step.unfit(hello.python if hello else "")
        if unfit:
            return judged.alike(at.checks, "not-attempted", unfit)
        return await self._judge.judge(
            at.shelved.folder,
            at.checks,
            at.step.id,
            recording,
            steps,
            since=judged.since(memory),
            met={name: moment.ticks(boot()) for name, moment in memory.met.items()},
            everywhere=at.step.everywhere,
        )

    async def _has_breaks(self, lab_id: str, step_id: str) -> bool:
        try:
            return any(check.phase == "break" for check in (await self._step(lab_id, step_id)).checks)
        except Problem:
            return False

    async def _judge_breaks(
        self, lab_id: str, step_id: str, kernel_id: str, recording: model.Recording, steps: Mapping[str, str]
    ) -> None:
        """Called by the watch: judges the break goals that are not met yet, and saves those that are now."""
        at = await self._step(lab_id, step_id)
        memory = await self._memory(at.lab.id, at.step.id)
        wanted = {check.name for check in at.checks if check.phase == "break"}
        if wanted <= memory.met.keys():
            return
        met = {name: moment.ticks(boot()) for name, moment in memory.met.items()}
        goals = await self._judge.judge(
            at.shelved.folder,
            at.checks,
            at.step.id,
            recording,
            steps,
            since=judged.since(memory),
            met=met,
            phases=("break",),
            everywhere=at.step.everywhere,
        )
        new = judged.newly_met(goals, memory)
        if new:
            fact = BreakMet(judged.with_break(at, memory, goals), new, kernel_id)
            await self._remember(at, fact, judged.moment(at, recording, steps))

    def _has_begun(self, at: At, request: wire.PredictRequest) -> bool:
        if request.kernel_id is None:
            return False
        recorder = self._kernels.find(request.kernel_id).recorder
        if recorder is None:
            return False
        return Evidence(recorder.glance(), at.step.id, assign(request.cells)).tried

    # -- shelf and store --------------------------------------------------------------------

    async def _lab(self, lab_id: str) -> ShelvedLab:
        try:
            shelved = await asyncio.to_thread(self._library.lab, lab_id, self.languages)
        except LookupError:
            raise Problem(404, f"There is no lab “{shown(lab_id)}”. Choose one from the course's list.") from None
        if shelved.problem:
            raise Problem(
                500,
                f"Lab {shelved.lab.id} cannot be read: {shelved.problem}. "
                "This is not your mistake; tell whoever provides the lab. The other labs work.",
            )
        return shelved

    async def _step(self, lab_id: str, step_id: str) -> At:
        shelved = await self._lab(lab_id)
        step = shelved.lab.step(step_id)
        if step is None:
            raise Problem(
                404, f"Lab {shelved.lab.id} has no step “{shown(step_id)}”. Choose one from the sidebar's list."
            )
        if step.kind == "recall":
            memories = (await _saved(self._keeper.memories())).get(shelved.lab.id, {})
            step = (await self._asking(shelved.lab, memories)).step(step.id) or step
        return At(shelved, step)

    async def _memory(self, lab: str, step: str) -> Memory:
        return await _saved(self._keeper.memory(lab, step))

    async def _remember(self, at: At, fact: AnyFact, when: Moment | None = None) -> wire.StepProgress:
        memory = await _saved(self._keeper.append(at.lab.id, at.step.id, at.lab.version, fact, when))
        progress = view(at.step, memory, self._library.html)
        self._events.progress(at.lab.id, progress)
        return progress


async def _both(one: Awaitable[Found], other: Awaitable[Other]) -> tuple[Found, Other]:
    """What both come to, done side by side; of two errors the first one's."""
    first, second = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(first, BaseException):
        raise first
    if isinstance(second, BaseException):
        raise second
    return first, second


async def _saved(work: Awaitable[Found]) -> Found:
    try:
        return await work
    except StoreError as error:
        raise Problem(STORE_STATUS.get(error.trouble, 500), str(error), error.reason) from error


def _fitting(work: Callable[[], Found]) -> Found:
    try:
        return work()
    except answers.BadAnswer as error:
        raise Problem(400, str(error)) from None
