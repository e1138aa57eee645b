"""The REST of Parallab: each handler decodes, calls the desk, and encodes. docs/openapi.yaml describes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from http.client import responses
from typing import Any, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from parallab import wire
from parallab.desk import Desk
from parallab.film import NEWEST
from parallab.live_handler import LiveHandler
from parallab.phrases import wanted
from parallab.problems import Problem, shown
from parallab.retelling import retold

Body = TypeVar("Body", bound=msgspec.Struct)

#: Characters of what was wrong with a request: it may quote what was sent.
REASON = 300
#: Bytes of a request's body: a notebook of thousands of cells fits.
LARGEST = 1024 * 1024

LAB = r"([^/]+)"
STEP = rf"/parallab/labs/{LAB}/steps/([^/]+)"
KERNEL = r"/parallab/kernels/([^/]+)"


class ParallabHandler(APIHandler):
    """What all have in common: errors are a ProblemReply, and never a traceback."""

    auth_resource = "parallab"

    @property
    def desk(self) -> Desk:
        """The server's one, speaking the reader's language."""
        desk: Desk = self.settings["parallab_desk"]
        return desk.speaking(wanted(self.request.headers.get("Accept-Language", "")))

    def body(self, of: type[Body]) -> Body:
        """The request's body.

        :raises Problem: 400, too large, no JSON, or not of this shape; the sentence names the place.
        """
        if len(self.request.body) > LARGEST:
            size = len(self.request.body) // 1024
            raise Problem(400, f"A request has at most {LARGEST // 1024} KiB; this one has {size}.")
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=of)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            told = f"The request is not a {of.__name__} in JSON. Reload the page."
            raise Problem(400, told, shown(str(error), REASON)) from None

    def number(self, name: str, default: int) -> int:
        """A number in the address, or the default.

        :raises Problem: 400, it is no number.
        """
        text = self.get_query_argument(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) <= 9):
            raise Problem(400, f"“{name}” is a whole number from 0 on; “{shown(text)}” is not.")
        return int(text)

    def reply(self, value: msgspec.Struct | bytes) -> None:
        """Ends the request with this as JSON; how long that took is told as W3C Server Timing has it."""
        self.set_header("Server-Timing", f"parallab;dur={self.request.request_time() * 1000:.1f}")
        self.finish(value if isinstance(value, bytes) else msgspec.json.encode(value))

    async def respond(self, work: Awaitable[msgspec.Struct | bytes], lab: str = "") -> None:
        """Ends the request with what the desk answers, of a ``lab`` in its words, or with its problem."""
        try:
            value = await work
        except Problem as problem:
            self.problem(problem)
        else:
            desk = self.desk
            told = isinstance(value, bytes) or desk.english
            tongue = None if told else await asyncio.to_thread(desk.tongue, lab)
            self.reply(value if tongue is None else retold(value, tongue))

    def problem(self, problem: Problem) -> None:
        """Ends the request with a problem."""
        self.set_status(problem.status)
        told = wire.ProblemReply(problem.message, problem.reason)
        tongue = self.desk.tongue()
        self.reply(told if tongue is None else retold(told, tongue))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Errors of Jupyter, of Tornado, and those that nobody expected; tracebacks go to the log only."""
        _, error, _ = kwargs.get("exc_info") or (None, None, None)
        if isinstance(error, Problem):
            self.problem(error)
            return
        message = responses.get(status_code, "Unknown error")
        if isinstance(error, web.HTTPError):
            told = error.log_message or error.reason or message
            self.reply(wire.ProblemReply(told % error.args if error.args else told, message))
            return
        failed = "Parallab's server part failed. Try again; if it fails again, the server's log says why."
        self.problem(Problem(status_code, failed, type(error).__name__ if error is not None else message))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A problem is an answer, not a failure of the server's."""
        if not isinstance(value, Problem):
            super().log_exception(typ, value, tb)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """As Tornado's, with the status of a problem."""
        _, error, _ = kwargs.get("exc_info") or (None, None, None)
        super().send_error(error.status if isinstance(error, Problem) else status_code, **kwargs)


class CourseHandler(ParallabHandler):
    """GET labs."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.respond(self.desk.course())


class LabHandler(ParallabHandler):
    """GET labs/{lab}."""

    @web.authenticated
    @authorized
    async def get(self, lab: str) -> None:
        await self.respond(self.desk.lab(lab), lab)


class ReplayHandler(ParallabHandler):
    """GET labs/{lab}/replay."""

    @web.authenticated
    @authorized
    async def get(self, lab: str) -> None:
        await self.respond(self.desk.replay(lab), lab)


class OpenHandler(ParallabHandler):
    """POST labs/{lab}/open."""

    @web.authenticated
    @authorized
    async def post(self, lab: str) -> None:
        self.body(wire.OpenRequest)
        await self.respond(self.desk.open(lab), lab)


class ProgressHandler(ParallabHandler):
    """GET progress."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.respond(self.desk.progress())


class CheckHandler(ParallabHandler):
    """POST labs/{lab}/steps/{step}/check."""

    @web.authenticated
    @authorized
    async def post(self, lab: str, step: str) -> None:
        await self.respond(self.desk.check(lab, step, self.body(wire.CheckRequest)), lab)


class PredictHandler(ParallabHandler):
    """POST labs/{lab}/steps/{step}/predict."""

    @web.authenticated
    @authorized
    async def post(self, lab: str, step: str) -> None:
        await self.respond(self.desk.predict(lab, step, self.body(wire.PredictRequest)), lab)


class AnswerHandler(ParallabHandler):
    """POST labs/{lab}/steps/{step}/answer."""

    @web.authenticated
    @authorized
    async def post(self, lab: str, step: str) -> None:
        await self.respond(self.desk.answer(lab, step, self.body(wire.AnswerRequest)), lab)


class DoubtHandler(ParallabHandler):
    """POST labs/{lab}/steps/{step}/doubt."""

    @web.authenticated
    @authorized
    async def post(self, lab: str, step: str) -> None:
        await self.respond(self.desk.doubt(lab, step, self.body(wire.DoubtRequest)), lab)


class HintHandler(ParallabHandler):
    """POST labs/{lab}/steps/{step}/hint."""

    @web.authenticated
    @authorized
    async def post(self, lab: str, step: str) -> None:
        await self.respond(self.desk.hint(lab, step, self.body(wire.HintRequest)), lab)


class SolutionHandler(ParallabHandler):
    """POST labs/{lab}/steps/{step}/solution."""

    @web.authenticated
    @authorized
    async def post(self, lab: str, step: str) -> None:
        await self.respond(self.desk.solution(lab, step), lab)


class ResetHandler(ParallabHandler):
    """POST labs/{lab}/steps/{step}/reset."""

    @web.authenticated
    @authorized
    async def post(self, lab: str, step: str) -> None:
        await self.respond(self.desk.reset(lab, step), lab)


class ActHandler(ParallabHandler):
    """POST labs/{lab}/steps/{step}/act."""

    @web.authenticated
    @authorized
    async def post(self, lab: str, step: str) -> None:
        await self.respond(self.desk.act(lab, step, self.body(wire.ActRequest)), lab)


class HelpHandler(ParallabHandler):
    """POST labs/{lab}/steps/{step}/help."""

    @web.authenticated
    @authorized
    async def post(self, lab: str, step: str) -> None:
        await self.respond(self.desk.help(lab, step, self.body(wire.HelpRequest)), lab)


class HandInHandler(ParallabHandler):
    """POST labs/{lab}/handin."""

    @web.authenticated
    @authorized
    async def post(self, lab: str) -> None:
        self.body(wire.HandInRequest)
        await self.respond(self.desk.hand_in(lab))


class KernelStateHandler(ParallabHandler):
    """GET kernels/{kernel}/state."""

    @web.authenticated
    @authorized
    async def get(self, kernel: str) -> None:
        await self.respond(self.desk.machine.state(kernel))


class RecordingHandler(ParallabHandler):
    """GET kernels/{kernel}/recording."""

    @web.authenticated
    @authorized
    async def get(self, kernel: str) -> None:
        await self.respond(self.desk.machine.recording(kernel))


class FilmHandler(ParallabHandler):
    """GET kernels/{kernel}/film?run=3."""

    @web.authenticated
    @authorized
    async def get(self, kernel: str) -> None:
        await self.respond(self.desk.machine.film(kernel, self.number("run", NEWEST)))


class RescueHandler(ParallabHandler):
    """POST kernels/{kernel}/rescue."""

    @web.authenticated
    @authorized
    async def post(self, kernel: str) -> None:
        await self.respond(self.desk.machine.rescue(kernel, self.body(wire.RescueRequest)))


class LeftoversHandler(ParallabHandler):
    """GET leftovers."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.respond(self.desk.machine.leftovers())


class CleanHandler(ParallabHandler):
    """POST leftovers/clean."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.respond(self.desk.machine.clean(self.body(wire.CleanRequest)))


class CapabilitiesHandler(ParallabHandler):
    """GET capabilities."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.respond(self.desk.machine.capabilities())


ROUTES: tuple[tuple[str, type[ParallabHandler | LiveHandler]], ...] = (
    (r"/parallab/labs", CourseHandler),
    (rf"/parallab/labs/{LAB}", LabHandler),
    (rf"/parallab/labs/{LAB}/open", OpenHandler),
    (rf"/parallab/labs/{LAB}/replay", ReplayHandler),
    (r"/parallab/progress", ProgressHandler),
    (rf"{STEP}/check", CheckHandler),
    (rf"{STEP}/predict", PredictHandler),
    (rf"{STEP}/answer", AnswerHandler),
    (rf"{STEP}/doubt", DoubtHandler),
    (rf"{STEP}/hint", HintHandler),
    (rf"{STEP}/solution", SolutionHandler),
    (rf"{STEP}/reset", ResetHandler),
    (rf"{STEP}/act", ActHandler),
    (rf"{STEP}/help", HelpHandler),
    (rf"/parallab/labs/{LAB}/handin", HandInHandler),
    (rf"{KERNEL}/state", KernelStateHandler),
    (rf"{KERNEL}/live", LiveHandler),
    (rf"{KERNEL}/recording", RecordingHandler),
    (rf"{KERNEL}/film", FilmHandler),
    (rf"{KERNEL}/rescue", RescueHandler),
    (r"/parallab/capabilities", CapabilitiesHandler),
    (r"/parallab/leftovers", LeftoversHandler),
    (r"/parallab/leftovers/clean", CleanHandler),
)
