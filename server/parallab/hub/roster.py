"""Who is in which class, as the Hub's groups say; asked when somebody looks, never in between.

A Hub of a thousand users that is busy takes seconds to say who they are. Whoever would rather see an old answer than
wait for it says how long they wait.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from parallab.hub.rights import EVERYBODY
from parallab.hub.settings import Settings

_log = logging.getLogger(__name__)

#: Seconds for which an answer of the Hub's is good, and that it may take for one.
FRESH = 20.0
#: Seconds for which an answer is told as if it were today's, where nobody waits for a newer one.
OLD = 300.0
PATIENCE = 20.0
#: Users asked for at once; the Hub gives no more than 200.
PAGE = 200


class HubError(Exception):
    """The Hub did not say."""


class Hub:
    """The Hub's REST, with the service's own token."""

    def __init__(self, api_url: str, token: str) -> None:
        self._api_url = api_url.rstrip("/")
        self._token = token

    async def get(self, path: str) -> Any:
        """The reply's JSON, None where the Hub knows no such thing.

        :raises HubError: no answer, or one that says no.
        """
        request = HTTPRequest(
            f"{self._api_url}/{path}",
            headers={
                "Authorization": f"token {self._token}",
                "Accept": "application/jupyterhub-pagination+json, application/json",
            },
            connect_timeout=PATIENCE,
            request_timeout=PATIENCE,
        )
        try:
            reply = await AsyncHTTPClient().fetch(request)
        except HTTPClientError as error:
            if error.code == 404:
                return None
            raise HubError(f"the Hub answered {error.code} to {path.partition('?')[0]}") from None
        except OSError as error:
            raise HubError(f"the Hub cannot be reached: {type(error).__name__}") from None
        return msgspec.json.decode(reply.body)

    async def members(self, group: str) -> frozenset[str]:
        """The names in a group; none where there is no such group."""
        found = await self.get(f"groups/{quote(group, safe='')}")
        return frozenset(found.get("users", ())) if found else frozenset()

    async def users(self) -> frozenset[str]:
        """The names of everybody."""
        names: set[str] = set()
        offset: int | None = 0
        while offset is not None:
            page = await self.get(f"users?offset={offset}&limit={PAGE}")
            names |= {user["name"] for user in page["items"]}
            following = page["_pagination"]["next"]
            offset = following["offset"] if following else None
        return frozenset(names)


@dataclass
class _Known:
    members: frozenset[str] = frozenset()
    asked: float = float("-inf")
    answered: float = float("-inf")
    """When the Hub was asked last, and when it answered last; of the monotonic clock."""
    trouble: str = ""
    asking: asyncio.Task[None] | None = None


@dataclass(frozen=True)
class Enrolled:
    """The learners of a class; ``trouble`` says why this may be an old answer, "" when it is not."""

    learners: frozenset[str]
    trouble: str = ""


class Roster:
    """The classes of the settings."""

    def __init__(self, hub: Hub, settings: Settings) -> None:
        self._hub = hub
        self._settings = settings
        self._known = {name: _Known() for name in self.classes}
        self.changed: Callable[[], None] = lambda: None
        """Called when another answer came than before."""

    @property
    def classes(self) -> Mapping[str, str]:
        """Titles by name."""
        if not self._settings.classes:
            return {EVERYBODY: "Everybody"}
        return {name: group.title or name for name, group in self._settings.classes.items()}

    async def learners(self, name: str, patience: float | None = None, age: float | None = None) -> Enrolled:
        """Who learns in a class; its instructors and staff do not. The Hub's last answer stands if it gives none.

        :param patience: seconds to wait for its answer; None: until it is there, or the Hub does not say.
        :param age: seconds that its last answer may be old, a few if None; grades are for who is in the class now.
        """
        known = self._known[name]
        if time.monotonic() - known.asked > (FRESH if age is None else age):
            await asyncio.wait({self._ask_anew(name)}, timeout=patience)
        trouble = known.trouble
        if known.asking is not None and not trouble and time.monotonic() - known.answered > OLD:
            trouble = "it has not answered yet"
        return Enrolled(known.members, trouble)

    def begin(self) -> None:
        """Asks for all classes, so that the first who looks need not wait."""
        for name in self._known:
            self._ask_anew(name)

    async def close(self) -> None:
        """Asks no more."""
        asking = [known.asking for known in self._known.values() if known.asking is not None]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def _ask_anew(self, name: str) -> asyncio.Task[None]:
        """Who asks meanwhile waits for the same answer."""
        known = self._known[name]
        if known.asking is None:
            known.asking = asyncio.get_running_loop().create_task(self._renew(name, known))
        return known.asking

    async def _renew(self, name: str, known: _Known) -> None:
        before = (known.members, known.trouble)
        try:
            known.members, known.trouble = await self._ask(name), ""
            known.answered = time.monotonic()
        except HubError as error:
            known.trouble = str(error)
            _log.warning("roster: %s", error)
        except Exception:  # whatever it was, whoever looks must be told that the list is old
            known.trouble = "its answer cannot be understood"
            _log.exception("roster: the Hub's answer cannot be understood")
        finally:
            known.asked, known.asking = time.monotonic(), None
        if (known.members, known.trouble) != before:
            self.changed()

    async def lms_id(self, learner: str) -> str:
        """The LMS's id of a learner who logged in by LTI, from the Hub's auth_state; "" when the Hub has none."""
        try:
            user = await self._hub.get(f"users/{quote(learner, safe='')}")
        except HubError as error:
            _log.warning("roster: %s", error)
            return ""
        state = (user or {}).get("auth_state") or {}
        # Authenticators keep the claims as they are, or below the token's name.
        nested = state.get("id_token")
        found = (nested if isinstance(nested, dict) else state).get("sub", "")
        return found if isinstance(found, str) else ""

    async def _ask(self, name: str) -> frozenset[str]:
        if name != EVERYBODY:
            group = self._settings.classes[name]
            teaching = (*self._settings.instructors, *group.instructors, *group.staff)
            return await self._hub.members(name) - await self._together(teaching)
        return await self._hub.users() - await self._together(self._settings.instructors)

    async def _together(self, groups: tuple[str, ...]) -> frozenset[str]:
        found = await asyncio.gather(*(self._hub.members(group) for group in groups))
        return frozenset().union(*found)
