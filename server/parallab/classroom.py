"""The learner's side of a class: sends the log, asks for help and hears the answer, hands in, knows what is due.

Only there when a class service is set up for this server. It speaks to the service directly, with
the token that JupyterHub gave this server, and says nothing of it in any log.

What a checked run did is kept as a clip, made after the verdict was told, and sent when the log's line of it was.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from parallab import clips, model, reports, wire
from parallab.clip_box import ClipBox
from parallab.due_dates import DueDates
from parallab.outbox import LONGEST, Outbox, Unreachable
from parallab.problems import Problem
from parallab.progress import Filmed, Memories
from parallab.store import Keeper, StoreError

_log = logging.getLogger(__name__)

#: Seconds that the service may take for an answer; one that waits for an instructor takes longer.
PATIENCE = 20.0
WAITING = 75.0


@dataclass(frozen=True)
class Access:
    """Where the class service is, with its slash at the end, and the token it knows this learner by."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"Access({self.url!r})"


def access(address: str, environment: Mapping[str, str] = os.environ) -> Access | None:
    """The class service at this address; None when there is none, or no Hub that gave us a token.

    ``address`` is that of the service's process, with its path below the Hub's, as in
    ``http://127.0.0.1:10101/services/parallab/``.
    """
    token = environment.get("JUPYTERHUB_API_TOKEN", "")
    if not address or not token:
        return None
    if urlsplit(address).scheme not in ("http", "https"):
        _log.warning("ParallabApp.class_url is no http address; the class is told nothing")
        return None
    return Access(address.rstrip("/") + "/", token)


class Line:
    """The line to the service: one request at a time knows nothing of the others."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def ask(
        self, method: Literal["GET", "POST"], path: str, body: bytes | None = None, patience: float = PATIENCE
    ) -> bytes:
        """A request to the service's own API.

        :raises Unreachable: nobody answered, or not with success.
        """
        request = HTTPRequest(
            self._access.url + path,
            method=method,
            body=body,
            headers={"Authorization": f"token {self._access.token}", "Content-Type": "application/json"},
            connect_timeout=min(patience, PATIENCE),
            request_timeout=patience,
            follow_redirects=False,
        )
        try:
            reply = await AsyncHTTPClient().fetch(request)
        except HTTPClientError as error:
            raise _unreachable(error) from None
        except OSError as error:
            raise Unreachable(f"it cannot be reached ({type(error).__name__})") from None
        return reply.body


def _unreachable(error: HTTPClientError) -> Unreachable:
    """In words that hold no address with a token, and nothing of what was sent."""
    told = ""
    if error.response is not None and error.response.body:
        try:
            told = msgspec.json.decode(error.response.body, type=wire.ProblemReply).message
        except msgspec.DecodeError:
            told = ""
    return Unreachable(
        f"it answered {error.code}{': ' + told if told else ''}" if error.code != 599 else "it did not answer in time",
        lasting=400 <= error.code < 500 and error.code not in (408, 429),
        said=told,
    )


#: Takes an answer to the learner.
Deliver = Callable[[reports.HelpAnswer], Awaitable[None]]


class Classroom:
    """One learner's class."""

    def __init__(self, access: Access, keeper: Keeper) -> None:
        self._line = Line(access)
        self._keeper = keeper
        self._clips = ClipBox(keeper.path.parent / "clips")
        self._outbox = Outbox(access.url, keeper, self._report, clip=self._send_clip)
        self._due = DueDates(lambda: self._line.ask("GET", "api/due"))
        self._filming: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._deliver: Deliver | None = None
        keeper.appended = self._outbox.kick

    def begin(self, deliver: Deliver, changed: Callable[[], None]) -> None:
        """Goes on with what an earlier server left undone.

        ``deliver`` takes the answers to come; ``changed`` is called when labs are due at other times than was told.
        """
        self._deliver = deliver
        self._due.changed = changed
        if self._keeper.path.exists():
            self._outbox.begin()
            self.listen()

    def listen(self) -> None:
        """Waits for answers for as long as the learner asks something."""
        if self._deliver is not None and (self._listening is None or self._listening.done()):
            self._listening = asyncio.get_running_loop().create_task(self._listen(self._deliver))

    async def close(self) -> None:
        """Ends what runs beside the requests."""
        await asyncio.gather(*self._filming, return_exceptions=True)
        self._keeper.appended = lambda: None
        await self._outbox.close()
        await self._due.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def film(self, lab: str, step: str, version: int, recording: model.Recording, cells: Collection[str]) -> None:
        """Keeps what these cells of a step did last, for the class; beside the requests, since nobody waits for it."""
        if self._outbox.replays:
            task = asyncio.get_running_loop().create_task(self._film(lab, step, version, recording, cells))
            self._filming.add(task)
            task.add_done_callback(self._filming.discard)

    async def _film(
        self, lab: str, step: str, version: int, recording: model.Recording, cells: Collection[str]
    ) -> None:
        def made() -> clips.Clip | None:
            clip = clips.of_run(recording, cells, f"{lab} {step}")
            if clip is not None:
                self._clips.keep(clip)
            return clip

        try:
            async with self._turn:
                clip = await asyncio.to_thread(made)
            if clip is not None:
                await self._keeper.append(lab, step, version, Filmed(clip.name))
        except (OSError, StoreError) as error:
            # The verdict is kept, and that is what counts.
            _log.warning("the replay of a run was not kept for the class: %s", error)

    async def _send_clip(self, name: str, wanted: bool) -> None:
        """Called by the outbox when the service has the line that names the clip."""
        clip = await asyncio.to_thread(self._clips.read, name) if wanted else None
        if clip is not None:
            try:
                await self._line.ask("POST", f"api/clips/{name}", clip.data)
            except Unreachable as error:
                if not error.lasting:
                    raise
                _log.warning("class service: it did not take the replay of a run: %s", error)
        await asyncio.to_thread(self._clips.drop, name)

    async def _report(self, body: bytes) -> bytes:
        reply = await self._line.ask("POST", "api/reports", body)
        self._due.reported()
        return reply

    async def view(self, memories: Memories) -> wire.ClassView:
        """How things stand between this server and the class."""
        standing = self._outbox.standing
        times = {lab: steps[""].handed_in for lab, steps in memories.items() if "" in steps}
        handed_in = {lab: at for lab, at in times.items() if at is not None}
        return wire.ClassView(standing.waiting, standing.trouble, handed_in, await self._due.told())

    async def _listen(self, deliver: Deliver) -> None:
        failures = 0
        while asked := _unanswered(await self._keeper.memories()):
            try:
                answers = await self._answers()
            except Unreachable as error:
                _log.debug("class service: no answer yet: %s", error)
                failures = min(failures + 1, 10)
                answers = ()
            else:
                failures = 0
            new = [one for one in answers if (one.lab, one.step) in asked]
            for answer in new:
                await deliver(answer)
            if not new and (answers or failures):
                # The service has not heard yet that an answer arrived, or is not there.
                await asyncio.sleep(min(LONGEST, 2**failures) * random.uniform(0.5, 1.0))  # noqa: S311

    async def _answers(self) -> tuple[reports.HelpAnswer, ...]:
        """Waits, a minute at the most, for answers to what the learner asks now."""
        body = await self._line.ask("GET", "api/help", patience=WAITING)
        try:
            return msgspec.json.decode(body, type=reports.HelpReply).answers
        except msgspec.DecodeError as error:
            raise Unreachable(f"the answer was not the service's: {error}", lasting=True) from None

    async def hand_in(self, lab: str, notebook: bytes) -> reports.HandInReply:
        """Gives the service a notebook.

        :raises Problem: it is too large, or the service does not take it now; nothing is lost, the learner asks again.
        """
        if len(notebook) > reports.NOTEBOOK:
            size, most = len(notebook) / 2**20, reports.NOTEBOOK // 2**20
            raise Problem(
                413,
                f"The notebook is too large to hand in: {size:.1f} MiB, and {most} MiB are allowed. "
                "Clear large outputs (Edit, Clear Outputs of All Cells), save it, and hand it in again.",
            )
        try:
            body = await self._line.ask("POST", f"api/handins/{quote(lab, safe='')}", notebook, patience=60.0)
            return msgspec.json.decode(body, type=reports.HandInReply)
        except (Unreachable, msgspec.DecodeError) as error:
            if isinstance(error, Unreachable) and error.lasting and error.said:
                # It was reached, and said what is wrong with this notebook: to try again would not help.
                raise Problem(409, f"Your notebook was not handed in. {error.said}") from None
            raise Problem(
                503,
                "Your notebook was not handed in: the class service did not take it. "
                "Nothing of it is lost. Try again in a moment.",
                str(error),
            ) from None


def _unanswered(memories: Memories) -> set[tuple[str, str]]:
    """Lab and step of what the learner asks, and nobody has answered."""
    return {
        (lab, step)
        for lab, steps in memories.items()
        for step, memory in steps.items()
        if memory.help is not None and not memory.help.answer
    }
