"""A Hub with subdomains, as a real class should have: the class page, and what a notebook's output could do to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from hub.conftest import Visitors
from hub.pages import row
from hub.rig import RealHub, ask, missing, until

pytestmark = pytest.mark.timeout(900)

CONFIG = """
from parallab.hub import configure
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.Spawner.args = ["--allow-root"]
c.JupyterHub.load_groups = {{"teachers": {{"users": ["teach"]}}}}
configure(c, instructors=["teachers"], url=SERVICE_URL, database="sqlite:///{folder}/class.sqlite")
"""
#: What a script in a notebook's output can try: it has the origin of the learner's server.
STEAL = """async page => {
    try {
        const reply = await fetch(page, { credentials: 'include' });
        return `read ${(await reply.text()).length} characters`;
    } catch (error) {
        return error.name;
    }
}"""


class Person(NamedTuple):
    name: str
    password: str = "any"


@pytest.fixture(scope="module", params=[True, False], ids=["subdomains", "one address"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    if why := missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("names")
    real = RealHub(folder / "hub", CONFIG.format(folder=folder), subdomains=request.param)
    with real.running():
        yield real


@pytest.fixture
def teacher(browser: Browser, hub: RealHub) -> Iterator[Page]:
    """Her browser, at the class page."""
    visitors = Visitors(browser, hub, {"teach": Person("teach")})
    page = visitors("teach")
    page.goto(f"{hub.page}class/~everybody/L04")
    yield page
    visitors.leave()


def test_the_page_is_live_and_a_learners_server_reaches_the_service(hub: RealHub, teacher: Page) -> None:
    expect(teacher.locator("h1")).to_contain_text("Everybody: L04")
    hub.api("POST", "users/ada")
    teacher.reload()
    expect(row(teacher, "ada")).to_contain_text("not started")
    server = hub.spawn("ada")
    reply = ask(
        "POST", f"{server}parallab/labs/L04/steps/four-at-once/hint", token=hub.token_of("ada"), body={"level": 1}
    )
    assert reply.status == 200, reply.text
    # With nothing reloaded: what the server sent came, and the page's stream goes through the Hub's proxy.
    expect(row(teacher, "ada")).to_contain_text("L04 Four at once")


def test_what_a_learners_page_can_read_of_it(hub: RealHub, teacher: Page) -> None:
    """The teacher opens a page of a learner's server, as a notebook with a script in its output would be one."""
    hub.api("POST", "users/bob")
    server = hub.spawn("bob")
    until(lambda: ask("GET", f"{server}api").status == 200, "the server answers")
    target = f"{hub.page}class/~everybody/L04"
    teacher.goto(f"{server}api")
    read = teacher.evaluate(STEAL, target)
    with teacher.expect_popup() as opened:
        teacher.evaluate("page => { window.other = window.open(page); }", target)
    expect(opened.value.locator("h1")).to_contain_text("L04")
    try:
        seen = teacher.evaluate("() => window.other.document.querySelector('h1').textContent")
    except Error as error:
        seen = error.message
    if hub.subdomains:
        assert read == "TypeError", "the browser lets no other origin read it"
        assert "SecurityError" in seen or "cross-origin" in seen
    else:
        # Which is why the text wants subdomains: without them this cannot be kept from happening.
        assert "L04" in seen
