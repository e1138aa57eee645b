"""What staff see and do, one method a request: values in, values out. The handlers decode, call and encode."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from parallab.hub import lti
from parallab.hub.course import LabName
from parallab.hub.intake import Intake
from parallab.hub.keeping import Keeping
from parallab.hub.kept import Deadline, Question, Ruling
from parallab.hub.lti import Sent
from parallab.hub.results import LabResult, result
from parallab.hub.roster import Enrolled, Roster
from parallab.hub.settings import Settings
from parallab.hub.store import ClassStore
from parallab.problems import Problem


class Service(Keeping):
    """One Hub's class service; ``intake`` takes what learners' servers send."""

    def __init__(self, settings: Settings, store: ClassStore, roster: Roster, labs: Sequence[LabName]) -> None:
        super().__init__(settings, store, roster, labs)
        self.intake = Intake(self)

    # -- what staff see ---------------------------------------------------------------------

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
        if not await self.inbox.run(lambda store: store.answer(number, text, by, time.time())):
            raise Problem(409, "Somebody else has answered this question meanwhile, or it is over.")
        await self.ask()

    async def rule(self, learner: str, lab: str, by: str, *, excused: bool, score: float | None, reason: str) -> None:
        """Excuses a learner from a lab, or sets a score in place of the one reached."""
        self.lab(lab)
        reason = reason.strip().replace("\0", "")[:500]
        if not reason:
            raise Problem(400, "Give a reason: it stands in every export beside the result.")
        if not excused and (score is None or not 0 <= score <= 1):
            raise Problem(400, "A score is a number from 0 to 100.")
        ruling = Ruling(learner, lab, excused, None if excused else score, reason, by, time.time())
        await self.inbox.run(lambda store: store.rule(ruling))
        self.board.rulings[(learner, lab)] = ruling
        self.board.touch([learner])

    async def unrule(self, learner: str, lab: str) -> None:
        """Takes a ruling back: the result that was reached stands again."""
        await self.inbox.run(lambda store: store.unrule(learner, lab))
        self.board.rulings.pop((learner, lab), None)
        self.board.touch([learner])

    async def set_deadline(self, class_name: str, lab: str, due: float | None, by: str) -> None:
        """Sets when a class's lab is due; None takes the deadline away."""
        self.lab(lab)
        if due is None:
            await self.inbox.run(lambda store: store.clear_deadline(class_name, lab))
            self.board.deadlines.pop((class_name, lab), None)
        else:
            deadline = Deadline(class_name, lab, due, by)
            await self.inbox.run(lambda store: store.set_deadline(deadline))
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
