"""The class as it stands, in memory: folded from the reports at the start, and kept up with each that comes.

Used on the event loop. Every change has a number; whoever watches waits for a higher one than they
have seen, and asks what changed since.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from parallab.hub.checked import Checked
from parallab.hub.kept import Deadline, HandIn, Question, Ruling
from parallab.hub.record import LearnerRecord, Received, take


class Run(msgspec.Struct, frozen=True):
    """A class's notebooks of a lab that are run again now, or soon; ``trouble`` says why they are not."""

    by: str
    total: int = 0
    done: int = 0
    waits: str = ""
    """What it waits for before it begins, "" when it runs."""
    trouble: str = ""
    """Why it ended before all was done, "" when it did not."""


class Board:
    """All learners of the Hub."""

    def __init__(self) -> None:
        self.records: dict[str, LearnerRecord] = {}
        self.reports: Counter[str] = Counter()
        """How many are on the disk, by learner."""
        self.questions: dict[int, Question] = {}
        self.rulings: dict[tuple[str, str], Ruling] = {}
        self.handins: dict[tuple[str, str], HandIn] = {}
        self.rechecks: dict[tuple[str, str], Checked] = {}
        self.runs: dict[tuple[str, str], Run] = {}
        """By class and lab."""
        self.deadlines: dict[tuple[str, str], Deadline] = {}
        self.life = secrets.token_hex(8)
        """Another one after a restart, when numbers begin anew."""
        self.version = 0
        self._touched: dict[str, int] = {}
        self._watchers: set[asyncio.Event] = set()

    def take(self, received: Iterable[Received]) -> None:
        """Reports that are on the disk since now."""
        names = set()
        for one in received:
            self.records[one.learner] = take(self.records.get(one.learner) or LearnerRecord(), one)
            self.reports[one.learner] += 1
            names.add(one.learner)
        if names:
            self.touch(names)

    def forget(self, learner: str) -> None:
        """Nothing of a learner is kept any more."""
        self.records.pop(learner, None)
        self.reports.pop(learner, None)
        for kept in (self.rulings, self.handins, self.rechecks):
            for name in [name for name in kept if name[0] == learner]:
                del kept[name]
        self.ask([one for one in self.questions.values() if one.learner != learner])
        self.touch([learner])

    def ask(self, questions: Sequence[Question]) -> None:
        """These are the questions that are not over."""
        self.questions = {one.number: one for one in questions}
        self.touch()

    # -- watching ------------------------------------------------------------------------

    def touch(self, names: Iterable[str] = ()) -> None:
        """Something changed, of these learners or of the class as a whole."""
        self.version += 1
        for name in names:
            self._touched[name] = self.version
        for woken in self._watchers:
            woken.set()

    def changed_since(self, version: int) -> set[str]:
        """The learners who changed later."""
        return {name for name, at in self._touched.items() if at > version}

    @contextmanager
    def watching(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever something changes; whoever watches clears it."""
        woken = asyncio.Event()
        self._watchers.add(woken)
        try:
            yield woken
        finally:
            self._watchers.discard(woken)
