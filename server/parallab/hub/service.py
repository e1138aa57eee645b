"""What the class service does, one method a request: values in, values out. The handlers decode, call and encode."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from parallab import clips, reports, submission, wire
from parallab.hub import checked, lti
from parallab.hub.board import Board
from parallab.hub.checked import Checked
from parallab.hub.course import LabName
from parallab.hub.inbox import Inbox
from parallab.hub.lti import Sent
from parallab.hub.record import Received
from parallab.hub.results import LabResult, result
from parallab.hub.roster import Enrolled, Roster
from parallab.hub.settings import Settings
from parallab.hub.store import ClassStore, Deadline, HandIn, Question, Recheck, Ruling, WantedRecheck
from parallab.problems import Problem, shown
from parallab.reports import Refused, Report, Reports, ReportsReply

_log = logging.getLogger(__name__)

#: Seconds that a learner's question waits for an answer before it is asked again.
PATIENCE = 50.0
#: Batches that a learner may send at once, and how many more a second: a server that runs wild harms only itself.
BURST = 60
RATE = 2.0
#: Reports kept of a learner; a course has some hundreds.
REPORTS = 20_000
#: Requests of a learner that may wait for answers at once; each of their servers has one.
WAITING = 8
#: Replays kept of a learner, the newest ones.
CLIPS = 20
#: Seconds between two looks for what is too old to be kept, and after one that failed.
DAY = 86_400.0
HOUR = 3_600.0


@dataclass
class _Allowance:
    left: float
    at: float


class Service:
    """One Hub's class service. Used on the event loop."""

    def __init__(self, settings: Settings, store: ClassStore, roster: Roster, labs: Sequence[LabName]) -> None:
        self.settings = settings
        self.roster = roster
        self.labs = labs
        self.board = Board()
        roster.changed = self.board.touch
        self._inbox = Inbox(store, self._taken)
        self._allowances: dict[str, _Allowance] = {}
        self._waiting: Counter[str] = Counter()
        # A notebook of 5 MiB becomes some 100 while it is looked at: one after the other.
        self._looking = asyncio.Lock()
        self._asking: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Opens the database, and folds what is in it."""

        def load(store: ClassStore) -> None:
            store.open()
            # A list of all reports would be larger than what is made of them.
            self.board.take(store.all_reports())

        await self._inbox.run(load)
        board = self.board
        board.rulings = {(one.learner, one.lab): one for one in await self._inbox.run(ClassStore.rulings)}
        board.handins = {(one.learner, one.lab): one for one in await self._inbox.run(ClassStore.handins)}
        board.rechecks = await self._inbox.run(_checked)
        board.deadlines = {(one.class_name, one.lab): one for one in await self._inbox.run(ClassStore.deadlines)}
        await self._ask()

    async def close(self) -> None:
        """Ends what was begun."""
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self.roster.close()
        await self._inbox.close()

    # -- learners -----------------------------------------------------------------------

    async def report(self, learner: str, body: bytes) -> ReportsReply:
        """Takes reports of this learner's; they are on the disk when this returns."""
        self._allow(learner)
        try:
            batch = msgspec.json.decode(body, type=Reports)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Problem(
                400, "These are no reports as a learner's Parallab sends them.", shown(str(error), 200)
            ) from None
        now = time.time()
        room = REPORTS - self.board.reports.get(learner, 0)
        good: list[Received] = []
        refused: list[Refused] = []
        for place, raw in enumerate(batch.reports):
            try:
                report = msgspec.json.decode(raw, type=Report)
            except (msgspec.DecodeError, RecursionError) as error:
                refused.append(Refused(place, str(error)[:200]))
                continue
            if not (report.lab + report.step).isprintable():
                refused.append(Refused(place, "lab and step are names, which can be printed"))
                continue
            if len(good) >= room:
                refused.append(Refused(place, f"of one learner {REPORTS} reports are kept, and there are so many"))
                continue
            clean = msgspec.structs.replace(report, message=report.message.replace("\0", ""))
            # A clock that was never set, or a lie: no calendar can tell a moment before its first year.
            good.append(Received(learner, clean, max(0.0, now - report.age), now))
        new = await self._inbox.put(good) if good else 0
        return ReportsReply(reports.SCHEMA, new, tuple(refused), self.settings.replays)

    def _allow(self, learner: str) -> None:
        now = time.monotonic()
        allowance = self._allowances.setdefault(learner, _Allowance(BURST, now))
        allowance.left = min(BURST, allowance.left + (now - allowance.at) * RATE)
        allowance.at = now
        if allowance.left < 1:
            raise Problem(429, "This learner's server sends too often. It tries again by itself.")
        allowance.left -= 1

    async def answers(self, learner: str) -> reports.HelpReply:
        """The answers that have not arrived at this learner's yet; waits for one for a while."""
        if self._waiting[learner] >= WAITING:
            raise Problem(429, "This learner's servers wait for an answer already.")
        deadline = time.monotonic() + PATIENCE
        with self._waits(learner), self.board.watching() as woken:
            while True:
                woken.clear()
                mine = [one for one in self.board.questions.values() if one.learner == learner]
                answered = [one for one in mine if one.answered is not None]
                left = deadline - time.monotonic()
                if answered or left <= 0:
                    break
                try:
                    await asyncio.wait_for(woken.wait(), left)
                except asyncio.TimeoutError:
                    continue
        told = (reports.HelpAnswer(one.lab, one.step, one.answer, one.answered_by) for one in answered)
        return reports.HelpReply(reports.SCHEMA, tuple(told))

    @contextmanager
    def _waits(self, learner: str) -> Iterator[None]:
        self._waiting[learner] += 1
        try:
            yield
        finally:
            self._waiting[learner] -= 1
            if not self._waiting[learner]:
                del self._waiting[learner]

    async def hand_in(self, learner: str, lab: str, notebook: bytes) -> reports.HandInReply:
        """Keeps a learner's notebook of a lab, in place of an earlier one."""
        self._allow(learner)
        self.lab(lab)
        if len(notebook) > reports.NOTEBOOK:
            raise Problem(413, f"A notebook may have {reports.NOTEBOOK // 2**20} MiB.")
        try:
            async with self._looking:
                named = await asyncio.to_thread(lambda: submission.lab_of(notebook.decode(), "this"))
        except (UnicodeDecodeError, submission.SubmissionError) as error:
            raise Problem(
                400, "This is no notebook. Save it in JupyterLab, then hand it in again.", str(error)
            ) from None
        if named.removeprefix("course:") != lab:
            what = f"a notebook of {shown(named)}" if named else "no lab's notebook"
            raise Problem(
                400, f"This is {what}, not of {shown(lab)}. Open {shown(lab)} from the sidebar, then hand in."
            )
        at = time.time()
        digest = hashlib.sha256(notebook).hexdigest()
        await self._inbox.run(lambda store: store.hand_in(learner, lab, digest, notebook, at))
        self.board.handins[(learner, lab)] = HandIn(0, learner, lab, at, digest, len(notebook))
        self.board.touch([learner])
        return reports.HandInReply(reports.SCHEMA, at, digest)

    async def keep_clip(self, learner: str, name: str, data: bytes) -> reports.ClipReply:
        """Keeps what a checked run of this learner's did."""
        self._allow(learner)
        if not self.settings.replays:
            raise Problem(409, "This class keeps no replays.")
        if len(data) > clips.PACKED:
            raise Problem(413, f"A replay may have {clips.PACKED // 1024} KiB.")
        try:
            await asyncio.to_thread(clips.unpack, clips.Clip(name, data))
        except clips.ClipError as error:
            raise Problem(400, "This is no replay as a learner's Parallab sends it.", str(error)) from None
        await self._inbox.run(lambda store: store.keep_clip(learner, name, data, time.time(), CLIPS))
        return reports.ClipReply(reports.SCHEMA)

    async def clips(self, learner: str) -> frozenset[str]:
        """The names of the replays that are kept of a learner."""
        return await self._inbox.run(lambda store: store.clips(learner))

    # -- what staff see ---------------------------------------------------------------------

    def lab(self, lab: str) -> LabName:
        """A lab by its id.

        :raises Problem: 404, the course has none.
        """
        found = next((one for one in self.labs if one.id == lab), None)
        if found is None:
            raise Problem(404, f"There is no lab “{shown(lab)}” in this course.")
        return found

    async def learners(self, class_name: str, patience: float | None = None) -> Enrolled:
        """Who learns in a class; with ``patience``, so many seconds later at the most, though it may be old then."""
        return await self.roster.learners(class_name, patience)

    def result(self, class_name: str, lab: LabName, learner: str) -> LabResult:
        """A learner's result in a lab."""
        return result(self.board, class_name, lab, learner)

    async def results(self, class_name: str) -> dict[str, dict[str, LabResult]]:
        """All of a class."""
        enrolled = await self.roster.learners(class_name, age=0)
        return {
            learner: {lab.id: self.result(class_name, lab, learner) for lab in self.labs}
            for learner in sorted(enrolled.learners)
        }

    async def history(self, learner: str, most: int = 500) -> list[Received]:
        """What a learner reported, the newest first."""
        return await self._inbox.run(lambda store: store.history(learner, most))

    async def notebook(self, learner: str, lab: str) -> bytes:
        """The notebook that was handed in.

        :raises Problem: 404, none was.
        """
        found = await self._inbox.run(lambda store: store.notebook(learner, lab))
        if found is None:
            raise Problem(404, f"{shown(learner)} has handed in no notebook of {shown(lab)}.")
        return found

    async def clip(self, learner: str, name: str) -> wire.Film:
        """What a checked run did.

        :raises Problem: 404, it is not kept; 409, another version of Parallab wrote it.
        """
        found = await self._inbox.run(lambda store: store.clip(learner, name))
        if found is None:
            raise Problem(404, f"This replay is not kept: of each learner the newest {CLIPS} are.")
        try:
            return await asyncio.to_thread(clips.unpack, clips.Clip(name, found))
        except clips.ClipError as error:
            raise Problem(409, "This replay was kept by another version of Parallab.", str(error)) from None

    # -- what staff do ------------------------------------------------------------------------

    def question(self, number: int) -> Question:
        """An open question.

        :raises Problem: 404, it is over.
        """
        found = self.board.questions.get(number)
        if found is None:
            raise Problem(404, "This question is over: the learner has withdrawn it, or has the answer.")
        return found

    async def answer(self, number: int, text: str, by: str) -> None:
        """Answers a question."""
        text = text.strip().replace("\0", "")[:2000]
        if not text:
            raise Problem(400, "Write an answer first.")
        if not await self._inbox.run(lambda store: store.answer(number, text, by, time.time())):
            raise Problem(409, "Somebody else has answered this question meanwhile, or it is over.")
        await self._ask()

    async def rule(self, learner: str, lab: str, by: str, *, excused: bool, score: float | None, reason: str) -> None:
        """Excuses a learner from a lab, or sets a score in place of the one reached."""
        self.lab(lab)
        reason = reason.strip().replace("\0", "")[:500]
        if not reason:
            raise Problem(400, "Give a reason: it stands in every export beside the result.")
        if not excused and (score is None or not 0 <= score <= 1):
            raise Problem(400, "A score is a number from 0 to 100.")
        ruling = Ruling(learner, lab, excused, None if excused else score, reason, by, time.time())
        await self._inbox.run(lambda store: store.rule(ruling))
        self.board.rulings[(learner, lab)] = ruling
        self.board.touch([learner])

    async def unrule(self, learner: str, lab: str) -> None:
        """Takes a ruling back: the result that was reached stands again."""
        await self._inbox.run(lambda store: store.unrule(learner, lab))
        self.board.rulings.pop((learner, lab), None)
        self.board.touch([learner])

    async def set_deadline(self, class_name: str, lab: str, due: float | None, by: str) -> None:
        """Sets when a class's lab is due; None takes the deadline away."""
        self.lab(lab)
        if due is None:
            await self._inbox.run(lambda store: store.clear_deadline(class_name, lab))
            self.board.deadlines.pop((class_name, lab), None)
        else:
            deadline = Deadline(class_name, lab, due, by)
            await self._inbox.run(lambda store: store.set_deadline(deadline))
            self.board.deadlines[(class_name, lab)] = deadline
        self.board.touch(self.board.records)

    async def send_grades(self, class_name: str, lab: LabName) -> Sent:
        """Sends a lab's results to the LMS.

        :raises Problem: 409, there is none set up; 502, it did not take them.
        """
        platform = self.settings.lti
        if platform is None:
            raise Problem(409, "No LMS is set up for this class: configure(c, lti={…}) names one.")
        enrolled = await self.roster.learners(class_name, age=0)
        results = [self.result(class_name, lab, learner) for learner in sorted(enrolled.learners)]
        users = dict(platform.users)
        for one in results:
            if one.score is not None and one.learner not in users:
                found = await self.roster.lms_id(one.learner)
                if found:
                    users[one.learner] = found
        try:
            return await asyncio.to_thread(lti.send, platform, class_name, lab, results, users, time.time())
        except lti.LtiTrouble as error:
            raise Problem(502, str(error)) from None

    async def forget(self, learner: str) -> None:
        """Deletes all that is kept of a learner."""
        await self._inbox.run(lambda store: store.forget(learner))
        self.board.forget(learner)
        _log.info("all that was kept of one learner was deleted, as an instructor asked")

    async def keep_recheck(self, one: Recheck) -> None:
        """What came of running a handed-in notebook again; nothing of a learner who was deleted meanwhile."""
        if (one.learner, one.lab) not in self.board.handins:
            return
        await self._inbox.run(lambda store: store.keep_recheck(one))
        self.board.rechecks[(one.learner, one.lab)] = checked.of(one.digest, one.checked, one.data)
        self.board.touch([one.learner])

    async def rechecked(self, lab: str) -> Mapping[str, str]:
        """All that came of running notebooks of a lab again, as it was kept, by learner."""
        return await self._inbox.run(lambda store: {one.learner: one.data for one in store.rechecks(lab)})

    async def want_recheck(self, one: WantedRecheck) -> None:
        """Keeps that a class's notebooks of a lab are to be run again."""
        await self._inbox.run(lambda store: store.want_recheck(one))

    async def unwant_recheck(self, class_name: str, lab: str) -> None:
        """They were, or are not to be any more."""
        await self._inbox.run(lambda store: store.unwant_recheck(class_name, lab))

    async def wanted_rechecks(self) -> list[WantedRecheck]:
        """What is still to be done, the oldest first."""
        return await self._inbox.run(ClassStore.wanted_rechecks)

    # -- keeping ----------------------------------------------------------------------------------

    async def retain(self) -> None:
        """Deletes what is older than the settings allow, once a day, until it is cancelled."""
        while self.settings.retention:
            before = time.time() - self.settings.retention * DAY
            try:
                gone = await self._inbox.run(lambda store: store.forget_before(before))  # noqa: B023 - run at once
                if gone:
                    _log.info("%d lines were older than %d days and were deleted", gone, self.settings.retention)
                    await self._reload()
            except SQLAlchemyError as error:
                _log.warning("nothing old was deleted, it is tried again in an hour: %s", type(error).__name__)
                await asyncio.sleep(HOUR)
            else:
                await asyncio.sleep(DAY)

    async def _reload(self) -> None:
        """The board anew from what is kept still; whoever watches goes on watching."""
        kept = await self._inbox.run(lambda store: list(store.all_reports()))
        before = set(self.board.records)
        self.board.records.clear()
        self.board.reports.clear()
        self.board.take(kept)
        handins = await self._inbox.run(ClassStore.handins)
        self.board.handins = {(one.learner, one.lab): one for one in handins}
        self.board.rulings = {(one.learner, one.lab): one for one in await self._inbox.run(ClassStore.rulings)}
        self.board.rechecks = await self._inbox.run(_checked)
        await self._ask()
        self.board.touch(before)

    def _taken(self, new: Sequence[Received]) -> None:
        self.board.take(new)
        if any(one.report.kind.startswith("help") for one in new):
            task = asyncio.get_running_loop().create_task(self._ask())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self) -> None:
        self.board.ask(await self._inbox.run(ClassStore.open_questions))


def _checked(store: ClassStore) -> dict[tuple[str, str], Checked]:
    return {(one.learner, one.lab): checked.of(one.digest, one.checked, one.data) for one in store.rechecks()}
