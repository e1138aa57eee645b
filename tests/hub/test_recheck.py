"""*Check all*: notebooks that were handed in run again in sandboxes, on a real Hub, seen in a real browser."""

from __future__ import annotations

import csv
import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from handed import CHEATS, GOOD, LAB, make_course, need_sandbox, notebook
from hub.conftest import Visitors
from hub.pages import row, violations
from hub.rig import RealHub, ask, missing, until

pytestmark = pytest.mark.timeout(900)

CONFIG = """
from parallab.hub import configure
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.load_groups = {{name: {{"users": users}} for name, users in {groups!r}.items()}}
configure(
    c,
    instructors=["teachers"],
    classes={{name: {{"staff": ["helpers"]}} for name in {classes!r}}},
    url=SERVICE_URL,
    database="sqlite:///{folder}/class.sqlite",
)
c.JupyterHub.services[-1]["environment"] |= {environment!r}
"""
#: A class for each story, so that none depends on another.
CLASSES = {
    "whatever": ["ada", "bob", "cy", "dan", "eve"],
    "changed": ["fay", "gil"],
    "killed": ["hal", "ida"],
    "cancelled": ["joe", "kim"],
    "bare": ["leo"],
}
STANDS = """
    import multiprocessing as mp
    lock = mp.get_context("fork").Lock()
    lock.acquire()
    lock.acquire()
"""
#: Long enough for whoever wants to do something meanwhile.
SLOW = "import time\ntime.sleep(10)\n" + GOOD.replace("\n    ", "\n")


class Person(NamedTuple):
    name: str
    password: str = "any"


class Class:
    """A Hub, what its learners hand in, and what the service has of that."""

    def __init__(self, folder: Path, **environment: str) -> None:
        course = folder / "course"
        course.mkdir()
        make_course(course)
        told = {"PYTHONPATH": str(course), **environment}
        groups = {**CLASSES, "teachers": ["teach"], "helpers": ["help"]}
        config = CONFIG.format(folder=folder, groups=groups, classes=[*CLASSES], environment=told)
        self.hub = RealHub(folder / "hub", config)
        self._database = folder / "class.sqlite"

    def hand_in(self, learner: str, text: str, lab: str = LAB) -> int:
        token = self.hub.token_of(learner, f"custom:parallab:report!user={learner}")
        return ask("POST", f"{self.hub.direct}api/handins/{lab}", token=token, body=text.encode()).status

    def post(self, name: str, what: str, by: str = "teach") -> int:
        """As the button does, by a token of the person's."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = f"lab={LAB}&what={what}&back={LAB}".encode()
        token = self.hub.token_of(by)
        return ask("POST", f"{self.hub.direct}class/{name}/recheck", token=token, body=body, headers=kind).status

    def checked(self) -> dict[str, float]:
        """When a learner's notebook was run last."""
        with closing(sqlite3.connect(self._database)) as connection:
            return dict(connection.execute("SELECT learner, checked FROM rechecks"))

    @contextmanager
    def halted(self) -> Iterator[None]:
        """What is run stands still, for whoever looks at how it stands."""
        workers = self.workers()
        for one in workers:
            one.suspend()
        try:
            yield
        finally:
            for one in workers:
                one.resume()

    def workers(self) -> list[psutil.Process]:
        """The service's processes that run notebooks."""
        return [
            one
            for one in psutil.Process(self.hub.service_pid()).children(recursive=True)
            if "parallab.grading.worker" in one.cmdline()
        ]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    if why := missing():
        pytest.skip(why)
    need_sandbox()
    made = Class(tmp_path_factory.mktemp("recheck"))
    with made.hub.running():
        yield made


Visit = Callable[[Class, str, str], Page]


@pytest.fixture
def page_of(browser: Browser) -> Iterator[Visit]:
    """The browser of somebody at the lab's page of a class."""
    opened: list[Visitors] = []

    def visit(lesson: Class, name: str, who: str) -> Page:
        opened.append(Visitors(browser, lesson.hub, {who: Person(who)}))
        return opened[-1](who, f"services/parallab/class/{name}/{LAB}")

    yield visit
    for one in opened:
        one.leave()


def test_all_are_checked_whatever_is_in_one(lesson: Class, page_of: Visit, artefacts: Path) -> None:
    handed = {
        "ada": notebook(GOOD),
        "bob": notebook(CHEATS["patches active_children"]),
        "cy": notebook(STANDS),
        "dan": notebook("import os\nos._exit(3)"),
    }
    for learner, text in handed.items():
        assert lesson.hand_in(learner, text) == 200
    assert lesson.hand_in("eve", notebook(GOOD), "L04") == 400, "a notebook of another lab is none of this one"

    helper = page_of(lesson, "whatever", "help")
    expect(helper.locator("#recheck")).to_contain_text("4 handed in, 0 of them re-checked")
    expect(helper.get_by_role("button", name="Check all")).to_have_count(0)
    assert lesson.post("whatever", "start", by="help") == 403

    teacher = page_of(lesson, "whatever", "teach")
    errors: list[str] = []
    teacher.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    teacher.on("pageerror", lambda error: errors.append(error.message))
    teacher.get_by_role("button", name="Check all").click()
    bar = teacher.get_by_role("progressbar")
    expect(bar).to_be_visible()
    assert lesson.post("whatever", "start") == 303, "pressed twice"
    until(lambda: lesson.checked().keys() & handed.keys(), "the first result")
    with lesson.halted():
        expect(teacher.get_by_text(re.compile("Re-checking, [1-3] of 4"))).to_be_visible()
        assert violations(teacher) == []
        teacher.screenshot(path=artefacts / "check-all.png", full_page=True)
    # Nothing is reloaded: the page changes by itself, that of the helper, too.
    for page in (teacher, helper):
        expect(page.locator("#recheck")).to_contain_text("4 handed in, 4 of them re-checked, 1 passed.")
    expect(row(teacher, "ada")).to_contain_text("100 % re-checked")
    for learner in ("bob", "cy", "dan"):
        expect(row(teacher, learner)).to_contain_text("0 % re-checked")
    assert violations(teacher) == []
    with teacher.expect_download() as caught:
        teacher.get_by_role("link", name="Plain CSV").click()
    with Path(caught.value.path()).open(newline="") as file:
        told = {one["learner"]: (one["percent"], one["source"]) for one in csv.DictReader(file) if one["lab"] == LAB}
    assert told == {
        "ada": ("100.0", "re-checked"),
        **dict.fromkeys(("bob", "cy", "dan"), ("0.0", "re-checked")),
        "eve": ("", "live"),
    }
    row(teacher, "cy").get_by_role("link").click()
    results = teacher.get_by_role("region", name="Results by lab")
    expect(results).to_contain_text("not passed")
    expect(results).to_contain_text("work, cell 1: stuck (")
    assert errors == []


def test_only_what_changed_is_run_again(lesson: Class, page_of: Visit) -> None:
    for learner, text in (("fay", GOOD), ("gil", CHEATS["prints"])):
        assert lesson.hand_in(learner, notebook(text)) == 200
    teacher = page_of(lesson, "changed", "teach")
    part = teacher.locator("#recheck")
    teacher.get_by_role("button", name="Check all").click()
    expect(part).to_contain_text("2 handed in, 2 of them re-checked, 1 passed.")
    before = lesson.checked()
    assert lesson.hand_in("gil", notebook(GOOD)) == 200
    expect(part).to_contain_text("2 handed in, 1 of them re-checked, 1 passed.")
    # What was re-checked is not what counts now.
    expect(row(teacher, "gil")).not_to_contain_text("re-checked")
    teacher.get_by_role("button", name="Check all").click()
    expect(part).to_contain_text("2 handed in, 2 of them re-checked, 2 passed.")
    after = lesson.checked()
    assert (after["fay"], after["gil"] > before["gil"]) == (before["fay"], True)


def test_it_goes_on_after_the_service_was_killed(lesson: Class, page_of: Visit) -> None:
    for learner, text in (("hal", GOOD), ("ida", SLOW)):
        assert lesson.hand_in(learner, notebook(text)) == 200
    teacher = page_of(lesson, "killed", "teach")
    teacher.get_by_role("button", name="Check all").click()
    # One of the two is done, and the slow one is being run.
    until(lambda: "hal" in lesson.checked(), "the first result")
    first = lesson.checked()["hal"]
    workers, dead = lesson.workers(), lesson.hub.service_pid()
    assert workers
    assert "ida" not in lesson.checked()
    os.kill(dead, signal.SIGKILL)
    _, left = psutil.wait_procs(workers, timeout=60)
    assert not left, "what it ran ends with it"
    until(lambda: lesson.hub.service_pid() not in (0, dead), "the service is started again")
    # The page finds by itself that there is another one, though a proxy may keep its line open.
    expect(teacher.locator("#recheck")).to_contain_text("2 handed in, 2 of them re-checked, 2 passed.")
    assert lesson.checked()["hal"] == first, "what was done is not done again"


def test_it_can_be_cancelled_and_what_came_stands(lesson: Class, page_of: Visit) -> None:
    for learner, text in (("joe", GOOD), ("kim", "while True: pass")):
        assert lesson.hand_in(learner, notebook(text)) == 200
    teacher = page_of(lesson, "cancelled", "teach")
    teacher.get_by_role("button", name="Check all").click()
    # By keyboard, and the bar goes on though the button has the focus.
    teacher.get_by_role("button", name="Cancel").focus()
    expect(teacher.get_by_text("Re-checking, 1 of 2")).to_be_visible()
    expect(teacher.get_by_role("button", name="Cancel")).to_be_focused()
    teacher.keyboard.press("Enter")
    expect(teacher.locator("#recheck")).to_contain_text("2 handed in, 1 of them re-checked, 1 passed.")
    expect(teacher.get_by_role("button", name="Check all")).to_be_visible()
    until(lambda: not lesson.workers(), "the end of what was run")
    assert lesson.post("cancelled", "cancel") == 303, "what does not run can be cancelled, too"


def test_without_bubblewrap_nothing_is_run_and_the_page_says_what_to_do(
    browser: Browser, page_of: Visit, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if why := missing():
        pytest.skip(why)
    bare = Class(tmp_path_factory.mktemp("bare"), PARALLAB_BWRAP="no-such-bwrap")
    with bare.hub.running():
        assert bare.hand_in("leo", notebook(GOOD)) == 200
        teacher = page_of(bare, "bare", "teach")
        teacher.get_by_role("button", name="Check all").click()
        alert = teacher.locator("#recheck").get_by_role("alert")
        expect(alert).to_contain_text("Not everything was re-checked: bubblewrap is not there")
        expect(alert).to_contain_text("apt install bubblewrap")
        expect(teacher.locator("#recheck")).to_contain_text("1 handed in, 0 of them re-checked")
        assert bare.checked() == {}
