"""The class service's pages in this process, for an instructor whom nobody asks to log in; the Hub is a fake."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubAuth, HubOAuth

from hub.test_service import FakeHub
from parallab.hub.app import application
from parallab.hub.course import LabName
from parallab.hub.recheck import Rechecks
from parallab.hub.roster import Roster
from parallab.hub.sandboxed import Sandboxed
from parallab.hub.service import Service
from parallab.hub.settings import Settings
from parallab.hub.store import ClassStore

PREFIX = "/services/parallab/"
INSTRUCTOR = {"kind": "user", "name": "teach", "scopes": ["custom:parallab:read", "custom:parallab:teach"]}


class Instructor(HubOAuth):  # type: ignore[misc]
    """Whoever comes is the instructor of all classes."""

    def get_user(self, handler: Any, *, sync: bool = True) -> Any:
        return INSTRUCTOR if sync else self.user_for_token()

    async def user_for_token(self, *args: Any, **options: Any) -> dict[str, Any]:
        return INSTRUCTOR

    def get_token(self, handler: Any, in_cookie: bool = True) -> str:
        return "token"

    def get_session_id(self, handler: Any) -> str:
        return ""


class Servers(HubAuth):  # type: ignore[misc]
    """A Hub that gave each learner's server the learner's name for a token."""

    async def user_for_token(self, token: str, **options: Any) -> dict[str, Any]:
        return {"kind": "user", "name": token, "scopes": [f"custom:parallab:report!user={token}"]}

    def get_token(self, handler: Any, in_cookie: bool = True) -> str:
        return str(handler.request.headers.get("Authorization", "")).removeprefix("token ")


@asynccontextmanager
async def staged(folder: Path, labs: Sequence[LabName], *learners: str) -> AsyncIterator[tuple[Service, int]]:
    """The service and the port at which its pages are, with its records in this folder."""
    told = Settings(database=f"sqlite:///{folder}/class.sqlite")
    hub = FakeHub(*learners)
    service = Service(told, ClassStore(told.database), Roster(hub, told), labs)  # type: ignore[arg-type]
    await service.open()
    hub_settings = {"api_token": "none", "api_url": "http://127.0.0.1:9/hub/api", "hub_host": ""}
    people = Instructor(**hub_settings, oauth_client_id="service-parallab", base_url=PREFIX)
    rechecks = Rechecks(service, Sandboxed(1))
    server = application(service, rechecks, PREFIX, people, Servers(**hub_settings), b"secret" * 8).listen(
        0, "127.0.0.1"
    )
    try:
        (port,) = {one.getsockname()[1] for one in server._sockets.values()}
        yield service, port
    finally:
        server.stop()
        await rechecks.close()
        await service.close()
