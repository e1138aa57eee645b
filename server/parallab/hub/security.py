"""Handlers that know who asks: the Hub says whose token or cookie it is, and :mod:`rights` what they may.

Every handler of the service is one of the two below, and begins by asking.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from http.client import responses
from typing import Any

import msgspec
from jupyterhub.services.auth import HubAuth, HubOAuth, HubOAuthenticated
from sqlalchemy.exc import OperationalError
from tornado import web

from parallab import wire
from parallab.hub.inbox import Full
from parallab.hub.rights import Scopes
from parallab.hub.service import Service
from parallab.hub.texts import Texts, spoken
from parallab.problems import Problem

_log = logging.getLogger(__name__)

#: Seconds for which the Hub's word on a token is good: for learners' servers, and for people at a page.
SERVERS = 300
PEOPLE = 10

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class ServiceHandler(web.RequestHandler):
    """What both kinds have in common."""

    @property
    def service(self) -> Service:
        """The one service."""
        service: Service = self.settings["parallab_service"]
        return service

    @property
    def scopes(self) -> Scopes:
        """The names of its scopes."""
        return Scopes(self.service.settings.service)

    def set_default_headers(self) -> None:
        """Nothing of a class belongs into a cache, a frame or a referrer."""
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("X-Frame-Options", "DENY")
        self.clear_header("Server")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A problem is an answer, not a failure of the service's; a database that is away is told in a line."""
        if isinstance(value, OperationalError):
            # Every learner's server asks again and again meanwhile: a traceback for each would bury the log.
            _log.warning("the class's database does not answer: %s %s", type(value.orig).__name__, self.request.path)
        elif not isinstance(value, (Problem, Full)):
            super().log_exception(typ, value, tb)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """As Tornado's, with the status of a problem."""
        _, error, _ = kwargs.get("exc_info") or (None, None, None)
        if isinstance(error, Problem):
            status_code = error.status
        elif isinstance(error, Full) or type(error).__module__.startswith("sqlalchemy."):
            status_code = 503
        super().send_error(status_code, **kwargs)

    def sentence(self, status_code: int, error: BaseException | None) -> str:
        """What went wrong, for whoever asked."""
        if isinstance(error, Problem):
            return error.message
        if isinstance(error, web.HTTPError) and error.log_message:
            return error.log_message % error.args if error.args else error.log_message
        if status_code == 503:
            return "The class's records cannot be reached now. Nothing is lost; try again in a moment."
        if status_code >= 500:
            return "The class service failed. Try again; if it fails again, its log says why."
        return responses.get(status_code, "Unknown error")


class LearnerHandler(ServiceHandler):
    """The API of learners' servers: a token in the header, never a cookie."""

    learner: str

    @property
    def hub_auth(self) -> HubAuth:
        """Who asks the Hub; its answers are good for minutes, since a thousand servers report."""
        auth: HubAuth = self.settings["parallab_servers"]
        return auth

    async def prepare(self) -> None:
        """Whose server it is.

        :raises web.HTTPError: 403, nobody's who may report.
        """
        learner = self.scopes.learner(await self._model())
        if learner is None:
            raise web.HTTPError(403, "This token may not report to the class.")
        self.learner = learner

    async def _model(self) -> Mapping[str, Any] | None:
        token = self.hub_auth.get_token(self, in_cookie=False)
        if not token:
            return None
        model: Mapping[str, Any] | None = await self.hub_auth.user_for_token(token, sync=False)
        return model

    def reply(self, value: msgspec.Struct) -> None:
        """Ends the request with this as JSON."""
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A problem as JSON; never a traceback."""
        _, error, _ = kwargs.get("exc_info") or (None, None, None)
        reason = error.reason if isinstance(error, Problem) else ""
        self.reply(wire.ProblemReply(self.sentence(status_code, error), reason))


class StaffHandler(HubOAuthenticated, ServiceHandler):  # type: ignore[misc]
    """A page for people: they log in by the Hub, and see the classes that are theirs."""

    model: Mapping[str, Any]

    @cached_property
    def texts(self) -> Texts:
        """The language that the reader's browser asks for."""
        return spoken(self.request.headers.get("Accept-Language", ""), self.service.labs)

    def get_template_namespace(self) -> dict[str, Any]:
        """What every template may use."""
        texts = self.texts
        return {**super().get_template_namespace(), "_": texts, "_n": texts.count, "texts": texts}

    @property
    def hub_auth(self) -> HubOAuth:
        """Who asks the Hub; its answers are good for seconds, so that a right that was taken away is gone."""
        auth: HubOAuth = self.settings["parallab_people"]
        return auth

    async def prepare(self) -> None:
        """Who it is. Without a login a page leads to the Hub's, and anything else is refused.

        :raises web.HTTPError: 403, somebody who teaches no class here.
        """
        model = await self.hub_auth.get_user(self, sync=False)
        if model is None:
            if self.request.method == "GET" and self.request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
                self.redirect(self.get_login_url())
                return
            raise web.HTTPError(403, "Log in again: reload the page.")
        self.model = model
        if not self.readable:
            raise self._refused(
                "You teach no class here. Whoever runs this Hub can put you into a class's staff; then reload the page."
            )

    @property
    def name(self) -> str:
        """The person's name on the Hub."""
        return str(self.model["name"])

    @property
    def readable(self) -> tuple[str, ...]:
        """The classes that this person may see."""
        return self.scopes.readable(self.model, self.service.roster.classes)

    @property
    def teachable(self) -> tuple[str, ...]:
        """The classes that this person may grade."""
        return self.scopes.teachable(self.model, self.service.roster.classes)

    def may_read(self, class_name: str) -> str:
        """The class, if they may see it.

        :raises web.HTTPError: 403, also where there is no such class: who may not see it learns nothing of it.
        """
        if class_name not in self.readable:
            raise self._refused("This class is not yours.")
        return class_name

    def may_teach(self, class_name: str) -> str:
        """The class, if they may grade it.

        :raises web.HTTPError: 403.
        """
        if class_name not in self.teachable:
            raise self._refused("Only the class's instructors may do this.")
        return class_name

    def _refused(self, sentence: str) -> web.HTTPError:
        """403, and the end of this login: whoever is put into a group now has its rights at the next visit.

        The Hub gives a login the rights of the moment at which it is made, and takes away from it later, but adds none.
        """
        self.hub_auth.clear_cookie(self)
        return web.HTTPError(403, sentence)

    async def may_see(self, class_name: str, learner: str) -> str:
        """The learner, if they are in this class, which this person may see.

        :raises Problem: 404, there is no such learner in it.
        """
        enrolled = await self.service.learners(self.may_read(class_name))
        if learner not in enrolled.learners:
            raise Problem(404, "There is no such learner in this class.")
        return learner

    def download(self, name: str, kind: str, content: bytes) -> None:
        """Ends the request with a file to keep, which no browser shows as a page."""
        plain = "".join(
            letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "_" for letter in name
        )
        self.set_header("Content-Type", kind)
        self.set_header("Content-Disposition", f'attachment; filename="{plain}"')
        self.finish(content)

    async def still(self) -> bool:
        """Whether the person is still known, and may still do something here; for what goes on for long."""
        token = self.hub_auth.get_token(self)
        model = await self.hub_auth.user_for_token(token, session_id=self.hub_auth.get_session_id(self), sync=False)
        if model is None:
            return False
        self.model = model
        return bool(self.readable)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A page that says what to do; never a traceback."""
        _, error, _ = kwargs.get("exc_info") or (None, None, None)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        sentence = self.texts.sentence(self.sentence(status_code, error))
        self.render("problem.html", status=status_code, sentence=sentence)
