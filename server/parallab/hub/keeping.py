"""What the class service keeps: on disk through its inbox, and folded in memory as the board."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from sqlalchemy.exc import SQLAlchemyError

from parallab import clips, wire
from parallab.hub import checked
from parallab.hub.board import Board
from parallab.hub.checked import Checked
from parallab.hub.course import LabName
from parallab.hub.inbox import Inbox
from parallab.hub.kept import Recheck, WantedRecheck
from parallab.hub.record import Received
from parallab.hub.roster import Roster
from parallab.hub.settings import Settings
from parallab.hub.store import ClassStore
from parallab.problems import Problem, shown

_log = logging.getLogger(__name__)

#: Replays kept of a learner, the newest ones.
CLIPS = 20
#: Seconds between two looks for what is too old to be kept, and after one that failed.
DAY = 86_400.0
HOUR = 3_600.0


class Keeping:
    """All that is kept of one Hub's classes. Used on the event loop."""

    def __init__(self, settings: Settings, store: ClassStore, roster: Roster, labs: Sequence[LabName]) -> None:
        self.settings = settings
        self.roster = roster
        self.labs = labs
        self.board = Board()
        roster.changed = self.board.touch
        self.inbox = Inbox(store, self._taken)
        self._asking: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Opens the database, and folds what is in it."""

        def load(store: ClassStore) -> None:
            store.open()
            # A list of all reports would be larger than what is made of them.
            self.board.take(store.all_reports())

        await self.inbox.run(load)
        board = self.board
        board.rulings = {(one.learner, one.lab): one for one in await self.inbox.run(ClassStore.rulings)}
        board.handins = {(one.learner, one.lab): one for one in await self.inbox.run(ClassStore.handins)}
        board.rechecks = await self.inbox.run(_checked)
        board.deadlines = {(one.class_name, one.lab): one for one in await self.inbox.run(ClassStore.deadlines)}
        await self.ask()

    async def close(self) -> None:
        """Ends what was begun."""
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self.roster.close()
        await self.inbox.close()

    def lab(self, lab: str) -> LabName:
        """A lab by its id.

        :raises Problem: 404, the course has none.
        """
        found = next((one for one in self.labs if one.id == lab), None)
        if found is None:
            raise Problem(404, f"There is no lab “{shown(lab)}” in this course.")
        return found

    async def history(self, learner: str, most: int = 500) -> list[Received]:
        """What a learner reported, the newest first."""
        return await self.inbox.run(lambda store: store.history(learner, most))

    async def notebook(self, learner: str, lab: str) -> bytes:
        """The notebook that was handed in.

        :raises Problem: 404, none was.
        """
        found = await self.inbox.run(lambda store: store.notebook(learner, lab))
        if found is None:
            raise Problem(404, f"{shown(learner)} has handed in no notebook of {shown(lab)}.")
        return found

    async def clips(self, learner: str) -> frozenset[str]:
        """The names of the replays that are kept of a learner."""
        return await self.inbox.run(lambda store: store.clips(learner))

    async def clip(self, learner: str, name: str) -> wire.Film:
        """What a checked run did.

        :raises Problem: 404, it is not kept; 409, another version of Parallab wrote it.
        """
        found = await self.inbox.run(lambda store: store.clip(learner, name))
        if found is None:
            raise Problem(404, f"This replay is not kept: of each learner the newest {CLIPS} are.")
        try:
            return await asyncio.to_thread(clips.unpack, clips.Clip(name, found))
        except clips.ClipError as error:
            raise Problem(409, "This replay was kept by another version of Parallab.", str(error)) from None

    async def forget(self, learner: str) -> None:
        """Deletes all that is kept of a learner."""
        await self.inbox.run(lambda store: store.forget(learner))
        self.board.forget(learner)
        _log.info("all that was kept of one learner was deleted, as an instructor asked")

    async def keep_recheck(self, one: Recheck) -> None:
        """What came of running a handed-in notebook again; nothing of a learner who was deleted meanwhile."""
        if (one.learner, one.lab) not in self.board.handins:
            return
        await self.inbox.run(lambda store: store.keep_recheck(one))
        self.board.rechecks[(one.learner, one.lab)] = checked.of(one.digest, one.checked, one.data)
        self.board.touch([one.learner])

    async def rechecked(self, lab: str) -> Mapping[str, str]:
        """All that came of running notebooks of a lab again, as it was kept, by learner."""
        return await self.inbox.run(lambda store: {one.learner: one.data for one in store.rechecks(lab)})

    async def want_recheck(self, one: WantedRecheck) -> None:
        """Keeps that a class's notebooks of a lab are to be run again."""
        await self.inbox.run(lambda store: store.want_recheck(one))

    async def unwant_recheck(self, class_name: str, lab: str) -> None:
        """They were, or are not to be any more."""
        await self.inbox.run(lambda store: store.unwant_recheck(class_name, lab))

    async def wanted_rechecks(self) -> list[WantedRecheck]:
        """What is still to be done, the oldest first."""
        return await self.inbox.run(ClassStore.wanted_rechecks)

    async def retain(self) -> None:
        """Deletes what is older than the settings allow, once a day, until it is cancelled."""
        while self.settings.retention:
            before = time.time() - self.settings.retention * DAY
            try:
                gone = await self.inbox.run(lambda store: store.forget_before(before))  # noqa: B023 - run at once
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
        kept = await self.inbox.run(lambda store: list(store.all_reports()))
        before = set(self.board.records)
        self.board.records.clear()
        self.board.reports.clear()
        self.board.take(kept)
        handins = await self.inbox.run(ClassStore.handins)
        self.board.handins = {(one.learner, one.lab): one for one in handins}
        self.board.rulings = {(one.learner, one.lab): one for one in await self.inbox.run(ClassStore.rulings)}
        self.board.rechecks = await self.inbox.run(_checked)
        await self.ask()
        self.board.touch(before)

    def _taken(self, new: Sequence[Received]) -> None:
        self.board.take(new)
        if any(one.report.kind.startswith("help") for one in new):
            task = asyncio.get_running_loop().create_task(self.ask())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def ask(self) -> None:
        """Which questions are open."""
        self.board.ask(await self.inbox.run(ClassStore.open_questions))


def _checked(store: ClassStore) -> dict[tuple[str, str], Checked]:
    return {(one.learner, one.lab): checked.of(one.digest, one.checked, one.data) for one in store.rechecks()}
