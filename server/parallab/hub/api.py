"""The API of learners' servers: they report, hear answers, hand in, and see what is kept of them."""

from __future__ import annotations

import asyncio

import msgspec
from tornado import web

from parallab import reports
from parallab.hub.record import LearnerRecord
from parallab.hub.security import LearnerHandler
from parallab.problems import Problem

#: Bytes of a batch of reports.
LARGEST = 1024 * 1024


class ReportsHandler(LearnerHandler):
    """POST api/reports."""

    async def post(self) -> None:
        """Takes them; the answer comes when they are on the disk."""
        if len(self.request.body) > LARGEST:
            raise Problem(413, f"A batch of reports may have {LARGEST // 1024} KiB.")
        self.reply(await self.service.intake.report(self.learner, self.request.body))


class HelpHandler(LearnerHandler):
    """GET api/help: waits for an answer to what this learner asks."""

    _waiting: asyncio.Task[reports.HelpReply] | None = None

    async def get(self) -> None:
        """Answers when there is an answer, or after a while."""
        self._waiting = asyncio.ensure_future(self.service.intake.answers(self.learner))
        try:
            reply = await self._waiting
        except asyncio.CancelledError:
            return
        self.reply(reply)

    def on_connection_close(self) -> None:
        """Nobody waits any more."""
        if self._waiting is not None:
            self._waiting.cancel()


class DueHandler(LearnerHandler):
    """GET api/due."""

    async def get(self) -> None:
        """When this learner's labs are due."""
        self.reply(await self.service.intake.due(self.learner))


class HandInHandler(LearnerHandler):
    """POST api/handins/{lab}: the body is the notebook."""

    async def post(self, lab: str) -> None:
        """Keeps it."""
        self.reply(await self.service.intake.hand_in(self.learner, lab, self.request.body))


class ClipHandler(LearnerHandler):
    """POST api/clips/{name}: the body is what a checked run did, packed."""

    async def post(self, name: str) -> None:
        """Keeps it."""
        self.reply(await self.service.intake.keep_clip(self.learner, name, self.request.body))


class Me(msgspec.Struct, frozen=True):
    """GET api/me: all that is kept of this learner, beside the notebooks' own text."""

    learner: str
    record: LearnerRecord
    handed_in: dict[str, float]
    replays: tuple[str, ...]
    """Names of those that are kept."""


class MeHandler(LearnerHandler):
    """GET api/me."""

    async def get(self) -> None:
        """This learner's own record."""
        board = self.service.board
        handed_in = {lab: one.received for (name, lab), one in board.handins.items() if name == self.learner}
        replays = tuple(sorted(await self.service.clips(self.learner)))
        self.reply(Me(self.learner, board.records.get(self.learner) or LearnerRecord(), handed_in, replays))


class HealthHandler(web.RequestHandler):
    """GET health: whether the service runs; for Kubernetes, and needs no login."""

    def get(self) -> None:
        """Says so."""
        self.finish("ok\n")
