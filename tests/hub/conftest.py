"""One real JupyterHub for all stories, with system users who log in by PAM; skipped where none can run."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from e2e.conftest import VIEW, artefacts, browser
from hub import postgres
from hub.rig import PATIENCE, RealHub, missing
from hub.system_users import SystemUser, make

__all__ = ["artefacts", "browser"]

CONFIG = """
from parallab.hub import configure
c.JupyterHub.authenticator_class = "pam"
c.Spawner.args = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                  "--LabApp.expose_app_in_browser=True"]
c.JupyterHub.load_groups = {groups!r}
configure(
    c,
    instructors=["teachers"],
    classes={{
        "class-a": {{"title": "Class A", "staff": ["helpers-a"]}},
        "class-b": {{"staff": ["helpers-b"]}},
        "/of/a realm?": {{}},
    }},
    database={database!r},
    url=SERVICE_URL,
)
"""

#: Whoever uses one of these needs a real Hub, or a browser.
NEED_HUB = frozenset({"people", "hub", "browser"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Once Playwright's synchronous API has begun, its event loop is the thread's, and no other can run there.
    items.sort(key=lambda item: not inspect.iscoroutinefunction(getattr(item, "function", None)))
    why = missing()
    for item in items:
        needs = getattr(item, "fixturenames", ())
        if why and "people" in needs:
            item.add_marker(pytest.mark.skip(reason=why))
        if not NEED_HUB.isdisjoint(needs):
            item.add_marker("hub")
            item.add_marker(pytest.mark.xdist_group(_hub_of(item)))


def _hub_of(item: pytest.Item) -> str:
    """Which Hub it is told on: of two workers of xdist's, each starts only its own."""
    if "people" in getattr(item, "fixturenames", ()):
        return "people"
    callspec = getattr(item, "callspec", None)
    return f"{item.path.stem} {callspec.id if callspec is not None and 'hub' in callspec.params else ''}"


@pytest.fixture(scope="session")
def people() -> Iterator[dict[str, SystemUser]]:
    """Three of class A, one of whom never begins, one of B, a teacher, and class A's helper: users of this machine."""
    made = make("ada", "bob", "dan", "cy", "teach", "help")
    yield made
    for one in made.values():
        one.remove()


@pytest.fixture(scope="session")
def hub(people: dict[str, SystemUser], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    """The Hub, with its service's records in SQLite."""
    folder = tmp_path_factory.mktemp("hub")
    name = {who: one.name for who, one in people.items()}
    groups = {
        "class-a": {"users": [name["ada"], name["bob"], name["dan"]]},
        "class-b": {"users": [name["cy"]]},
        "/of/a realm?": {"users": [name["cy"]]},
        "teachers": {"users": [name["teach"]]},
        "helpers-a": {"users": [name["help"]]},
    }
    real = RealHub(folder / "run", CONFIG.format(groups=groups, database=f"sqlite:///{folder}/class.sqlite"))
    with real.running():
        yield real


@pytest.fixture
def visitor(browser: Browser, hub: RealHub, people: dict[str, SystemUser]) -> Iterator[Visitors]:
    """Browsers of people who log in by the Hub's own page."""
    visitors = Visitors(browser, hub, people)
    yield visitors
    visitors.leave()


class Person(Protocol):
    """Somebody who can log in."""

    name: str
    password: str


class Visitors:
    """Each call is another person's browser, with cookies of its own."""

    def __init__(self, browser: Browser, hub: RealHub, people: Mapping[str, Person]) -> None:
        self._browser = browser
        self._hub = hub
        self._people = people
        self._contexts: list[BrowserContext] = []

    def __call__(self, who: str, path: str = "hub/home", **options: Any) -> Page:
        """This person's browser, logged in, at a page of the Hub's."""
        chosen = {"viewport": VIEW, "reduced_motion": "reduce", "locale": "en-GB", **options}
        context = self._browser.new_context(**chosen)
        context.set_default_timeout(PATIENCE * 1000)
        expect.set_options(timeout=PATIENCE * 1000)
        self._contexts.append(context)
        page = context.new_page()
        page.goto(self._hub.url + path)
        page.get_by_label("Username").fill(self._people[who].name)
        page.get_by_label("Password").fill(self._people[who].password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/hub/login" not in url)
        return page

    def leave(self) -> None:
        """Closes them."""
        for context in self._contexts:
            context.close()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """PostgreSQL's server, by SQLAlchemy's address."""
    if why := postgres.missing():
        pytest.skip(why)
    with postgres.running() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database of its own: in SQLite, and in PostgreSQL."""
    sa = pytest.importorskip("sqlalchemy")
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/class.sqlite"
    # A schema of its own for each test.
    server: str = request.getfixturevalue("server")
    name = f"t{secrets.token_hex(6)}"
    engine = sa.create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    return f"{server}&options=-csearch_path%3D{name}"
