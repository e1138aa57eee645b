"""What learners' servers send, one method a request: it is bounded and looked at before it is kept."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from parallab import clips, reports, submission, wire
from parallab.hub.keeping import CLIPS, Keeping
from parallab.hub.kept import HandIn
from parallab.hub.record import Received
from parallab.hub.results import result
from parallab.hub.roster import OLD
from parallab.problems import Problem, shown
from parallab.reports import Refused, Report, Reports, ReportsReply

#: Seconds that a learner's question waits for an answer before it is asked again.
PATIENCE = 50.0
#: Seconds that a slow Hub gets to say who is in the class; what it said before stands as long.
ENROLLED = 5.0
#: Batches that a learner may send at once, and how many more a second: a server that runs wild harms only itself.
BURST = 60
RATE = 2.0
#: Reports kept of a learner; a course has some hundreds.
REPORTS = 20_000
#: Requests of a learner that may wait for answers at once; each of their servers has one.
WAITING = 8


@dataclass
class _Allowance:
    left: float
    at: float


class Intake:
    """Who is the learner of a request, ``security`` has made sure. Used on the event loop."""

    def __init__(self, kept: Keeping) -> None:
        self._kept = kept
        self._allowances: dict[str, _Allowance] = {}
        self._waiting: Counter[str] = Counter()
        # A notebook of 5 MiB becomes some 100 while it is looked at: one after the other.
        self._looking = asyncio.Lock()

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
        room = REPORTS - self._kept.board.reports.get(learner, 0)
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
        new = await self._kept.inbox.put(good) if good else 0
        return ReportsReply(reports.SCHEMA, new, tuple(refused), self._kept.settings.replays)

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
        with self._waits(learner), self._kept.board.watching() as woken:
            while True:
                woken.clear()
                mine = [one for one in self._kept.board.questions.values() if one.learner == learner]
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

    async def due(self, learner: str) -> reports.DueReply:
        """When this learner's labs are due; of two classes that ask for one lab, the first counts."""
        self._allow(learner)
        board, roster = self._kept.board, self._kept.roster
        asking = {name for name, _ in board.deadlines if name in roster.classes}
        mine = [name for name in sorted(asking) if learner in (await roster.learners(name, ENROLLED, age=OLD)).learners]
        now = time.time()
        told: dict[str, wire.Due] = {}
        for name, lab in ((name, lab) for name in mine for lab in self._kept.labs):
            deadline = board.deadlines.get((name, lab.id))
            reached = result(board, name, lab, learner) if deadline is not None else None
            if deadline is None or reached is None or reached.excused:
                continue
            if lab.id not in told or deadline.due < told[lab.id].at:
                told[lab.id] = wire.Due(deadline.due, deadline.due - now, reached.late)
        return reports.DueReply(reports.SCHEMA, told)

    async def hand_in(self, learner: str, lab: str, notebook: bytes) -> reports.HandInReply:
        """Keeps a learner's notebook of a lab, in place of an earlier one."""
        self._allow(learner)
        self._kept.lab(lab)
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
        await self._kept.inbox.run(lambda store: store.hand_in(learner, lab, digest, notebook, at))
        self._kept.board.handins[(learner, lab)] = HandIn(0, learner, lab, at, digest, len(notebook))
        self._kept.board.touch([learner])
        return reports.HandInReply(reports.SCHEMA, at, digest)

    async def keep_clip(self, learner: str, name: str, data: bytes) -> reports.ClipReply:
        """Keeps what a checked run of this learner's did."""
        self._allow(learner)
        if not self._kept.settings.replays:
            raise Problem(409, "This class keeps no replays.")
        if len(data) > clips.PACKED:
            raise Problem(413, f"A replay may have {clips.PACKED // 1024} KiB.")
        try:
            await asyncio.to_thread(clips.unpack, clips.Clip(name, data))
        except clips.ClipError as error:
            raise Problem(400, "This is no replay as a learner's Parallab sends it.", str(error)) from None
        await self._kept.inbox.run(lambda store: store.keep_clip(learner, name, data, time.time(), CLIPS))
        return reports.ClipReply(reports.SCHEMA)
