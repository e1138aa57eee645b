"""The class service, put together: its database, its routes, and what goes on beside requests."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubAuth, HubOAuth, HubOAuthCallbackHandler
from sqlalchemy.exc import SQLAlchemyError
from tornado import web

from parallab.hub import api, course, forms, learner, live, pages, replay, security
from parallab.hub.recheck import Rechecks
from parallab.hub.roster import Hub, Roster
from parallab.hub.sandboxed import Sandboxed
from parallab.hub.service import Service
from parallab.hub.settings import CannotOpen, Settings
from parallab.hub.store import ClassStore

_log = logging.getLogger(__name__)

HERE = Path(__file__).parent
_CLASS = r"class/([^/]+)"


class CallbackHandler(HubOAuthCallbackHandler):  # type: ignore[misc]
    """The end of a login."""

    @property
    def hub_auth(self) -> HubOAuth:
        """That of the pages."""
        auth: HubOAuth = self.settings["parallab_people"]
        return auth


def application(
    service: Service, rechecks: Rechecks, prefix: str, people: HubOAuth, servers: HubAuth, secret: bytes
) -> web.Application:
    """The service's routes, all below ``prefix``."""
    routes: list[tuple[str, Any]] = [
        (r"", pages.HomeHandler),
        (r"oauth_callback", CallbackHandler),
        (r"health", api.HealthHandler),
        (r"api/reports", api.ReportsHandler),
        (r"api/help", api.HelpHandler),
        (r"api/due", api.DueHandler),
        (r"api/me", api.MeHandler),
        (r"api/handins/([^/]+)", api.HandInHandler),
        (r"api/clips/([0-9a-f]{32})", api.ClipHandler),
        (r"texts/([a-z]{2,3})", replay.TextsHandler),
        (rf"{_CLASS}/live", live.LiveHandler),
        (rf"{_CLASS}/live/([^/]+)", live.LiveHandler),
        (rf"{_CLASS}/learner/([^/]+)", learner.LearnerPage),
        (rf"{_CLASS}/replay/([^/]+)/([0-9a-f]{{32}})", replay.ReplayPage),
        (rf"{_CLASS}/clip/([^/]+)/([0-9a-f]{{32}})", replay.ClipData),
        (rf"{_CLASS}/notebook/([^/]+)/([^/]+)", learner.NotebookDownload),
        (rf"{_CLASS}/export/([a-z]+)", forms.ExportDownload),
        (rf"{_CLASS}/answer", forms.AnswerForm),
        (rf"{_CLASS}/deadline", forms.DeadlineForm),
        (rf"{_CLASS}/ruling", forms.RulingForm),
        (rf"{_CLASS}/recheck", forms.RecheckForm),
        (rf"{_CLASS}/lti", forms.LtiForm),
        (rf"{_CLASS}/forget", forms.ForgetForm),
        (_CLASS, pages.ClassPage),
        (rf"{_CLASS}/([^/]+)", pages.ClassPage),
    ]
    return web.Application(
        [(f"{re.escape(prefix)}{pattern}", handler) for pattern, handler in routes],
        template_path=str(HERE / "templates"),
        static_path=str(HERE / "static"),
        static_url_prefix=f"{prefix}static/",
        cookie_secret=secret,
        parallab_service=service,
        parallab_rechecks=rechecks,
        parallab_prefix=prefix,
        parallab_people=people,
        parallab_servers=servers,
        log_function=_log_request,
    )


def _log_request(handler: web.RequestHandler) -> None:
    """Only what failed here, by path: addresses and headers may hold what is nobody's business."""
    if handler.get_status() >= 500:
        _log.error("%d %s %s", handler.get_status(), handler.request.method, handler.request.path)


@asynccontextmanager
async def opened(told: Settings, environment: Mapping[str, str]) -> AsyncIterator[web.Application]:
    """The class, with its database open, for as long as the block lasts.

    :raises CannotOpen: the database cannot be opened.
    :raises ValueError: it is of a newer Parallab, or of a kind that is not known.
    """
    prefix = environment["JUPYTERHUB_SERVICE_PREFIX"]
    token = environment["JUPYTERHUB_API_TOKEN"]
    hub = Hub(environment["JUPYTERHUB_API_URL"], token)
    labs = await asyncio.to_thread(course.installed)
    try:
        service = Service(told, ClassStore(told.database), Roster(hub, told), labs)
        await service.open()
    except SQLAlchemyError as error:
        # Its own text may hold the database's password.
        raise CannotOpen(f"the database cannot be opened ({type(error).__name__}).") from None
    rechecks = Rechecks(service, Sandboxed(told.jobs))
    await rechecks.open()
    service.roster.begin()
    # The same after a restart of the service alone, so that nobody has to log in again.
    secret = hashlib.sha256(b"parallab cookies " + token.encode()).digest()
    people = HubOAuth(cache_max_age=security.PEOPLE)
    servers = HubAuth(cache_max_age=security.SERVERS)
    retaining = asyncio.create_task(service.retain())
    _log.info("class service: serving %d labs at %s", len(labs), prefix)
    try:
        yield application(service, rechecks, prefix, people, servers, secret)
    finally:
        retaining.cancel()
        await rechecks.close()
        await service.close()
