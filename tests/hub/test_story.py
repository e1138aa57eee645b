"""A lab class as it goes: learners work in JupyterLab, the teacher looks at the class page, on a real Hub."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from e2e import answers
from e2e.page import Lab
from hub.conftest import Visitors
from hub.rig import RealHub
from hub.system_users import SystemUser

People = dict[str, SystemUser]


class ServerOnHub:
    """A learner's server, as ``e2e.page`` knows servers; the browser is logged in already."""

    token = ""

    def __init__(self, url: str) -> None:
        self.url = url


def lab_of(page: Page, url: str) -> Lab:
    lab = Lab(page, ServerOnHub(url))
    page.goto(url + "lab")
    return lab.settled()


def row(page: Page, learner: str) -> object:
    return page.locator("#rows tr").filter(has=page.get_by_role("rowheader", name=learner))


def test_what_a_learner_does_stands_on_the_teachers_page_at_once(
    hub: RealHub, people: People, visitor: Visitors, artefacts: Path
) -> None:
    ada = people["ada"].name
    server = hub.spawn(ada)
    page = visitor("ada", f"user/{ada}/lab")
    lab = lab_of(page, server)
    teacher = visitor("teach", "services/parallab/")
    teacher.get_by_role("link", name="Class A").click()
    teacher.get_by_role("link", name="L04", exact=True).click()
    expect(row(teacher, people["bob"].name)).to_contain_text("not started")

    notebook = lab.start("L04")
    step = lab.sidebar.step("four-at-once")
    notebook.do("four-at-once", answers.MODULE, answers.FOUR)
    assert step.check().verdict == "passed"
    told = time.monotonic()
    expect(row(teacher, ada).locator("td.passed")).to_have_text("✓")
    (artefacts / "verdict-to-class-page.txt").write_text(f"{time.monotonic() - told:.2f} s\n")
    expect(row(teacher, ada)).to_contain_text(re.compile("L04 four-at-once.*just now"))
    expect(row(teacher, people["bob"].name)).to_contain_text("not started")
    teacher.screenshot(path=artefacts / "class-page.png", full_page=True)
