"""A lab class as it goes: learners work in JupyterLab, the teacher looks at the class page, on a real Hub."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e import answers
from e2e.page import THEMES, Lab
from hub.conftest import Visitors
from hub.pages import row, violations
from hub.rig import RealHub, ask, until
from hub.system_users import SystemUser

People = dict[str, SystemUser]
pytestmark = pytest.mark.timeout(900)


class ServerOnHub:
    """A learner's server, as ``e2e.page`` knows servers; the browser is logged in already."""

    token = ""

    def __init__(self, url: str) -> None:
        self.url = url


def lab_of(page: Page, url: str) -> Lab:
    lab = Lab(page, ServerOnHub(url))  # type: ignore[arg-type]
    page.goto(url + "lab")
    return lab.settled()


def record(hub: RealHub, learner: str) -> dict[str, Any]:
    """What the service has of a learner, as the learner may see it."""
    token = hub.token_of(learner, f"custom:parallab:report!user={learner}")
    labs: dict[str, Any] = ask("GET", f"{hub.direct}api/me", token=token).json["record"]["labs"]
    return labs


def test_a_lesson(hub: RealHub, people: People, visitor: Visitors, artefacts: Path) -> None:
    ada, dan = people["ada"].name, people["dan"].name
    server = hub.spawn(ada)
    teacher = visitor("teach", "services/parallab/")
    errors: list[str] = []
    teacher.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    teacher.on("pageerror", lambda error: errors.append(error.message))
    teacher.get_by_role("link", name="Class A").click()
    teacher.get_by_role("link", name="L04", exact=True).click()
    expect(row(teacher, dan)).to_contain_text("not started")

    # When the lab is due the learner reads in her own time, in the course and in the lab.
    teacher.get_by_label("L04 is due").fill("2031-11-30T18:00")
    teacher.get_by_role("button", name="Set deadline").click()
    expect(teacher.get_by_text("Due 2031-11-30")).to_be_visible()
    page = visitor("ada", f"user/{ada}/lab", timezone_id="Asia/Kolkata")
    lab = lab_of(page, server)
    due = re.compile("due Nov 30, 2031, 11:30.PM, your time")
    lab.launch()
    expect(lab.sidebar.root.locator("[data-lab='L04']")).to_contain_text(due)
    expect(lab.sidebar.root.get_by_text("your time")).to_have_count(1)
    for theme in lab.themes(*THEMES):
        lab.sidebar.root.locator("[data-lab='L04']").scroll_into_view_if_needed()
        page.screenshot(path=artefacts / f"due-course-{THEMES[theme]}.png")

    # What a learner does stands on the teacher's page at once, with nothing reloaded.
    notebook = lab.open("L04")
    expect(lab.sidebar.root.locator(".pl-LabPage")).to_contain_text(due)
    page.screenshot(path=artefacts / "due-lab.png")
    step = lab.sidebar.step("four-at-once")
    notebook.do("four-at-once", answers.MODULE, answers.FOUR)
    assert step.check().verdict == "passed"
    told = time.monotonic()
    expect(row(teacher, ada).locator("td.passed")).to_have_text("✓")
    (artefacts / "verdict-to-class-page.txt").write_text(f"{time.monotonic() - told:.2f} s\n")
    expect(row(teacher, ada)).to_contain_text(re.compile("L04 Four at once.*just now"))
    expect(row(teacher, dan)).to_contain_text("not started")

    # A question and its answer. What a learner writes is text, whatever it looks like.
    step.button("Ask your instructor").click()
    step.root.get_by_label("What do you need help with?").fill("Why <b>four</b>? <script>alert(1)</script>")
    step.button("Ask").click()
    expect(step.root.get_by_text("Your hand is up.")).to_be_visible()
    questions = teacher.locator("#questions")
    expect(questions).to_contain_text("Why <b>four</b>? <script>alert(1)</script>")
    questions.get_by_label(f"Answer to {ada}").fill("Count <the> starts.")
    questions.get_by_role("button", name="Send").click()
    expect(step.root.get_by_text(f"{people['teach'].name} answers")).to_be_visible()
    expect(step.root.get_by_text("Count <the> starts.")).to_be_visible()
    step.button("Thank you, I go on").click()
    expect(step.button("Ask your instructor")).to_be_visible()
    expect(questions).to_contain_text("Nobody asks for help.")

    # The notebook is handed in, and the teacher gets the very file.
    lab.sidebar.button("Hand in this notebook").click()
    expect(lab.sidebar.root.get_by_text("Your class has this notebook since")).to_be_visible()
    expect(row(teacher, ada)).to_contain_text("handed in")
    row(teacher, ada).get_by_role("link", name=ada).click()
    expect(teacher.get_by_role("heading", name=ada)).to_be_visible()
    expect(teacher.get_by_role("region", name="History")).to_contain_text("handed the notebook in")
    with teacher.expect_download() as caught:
        teacher.locator("td a[href*='/notebook/']").click()
    assert b"four-at-once" in Path(caught.value.path()).read_bytes()
    assert violations(teacher) == []
    watched(teacher, ada, visitor, artefacts)

    # Excused with a reason, and every export says so.
    teacher.locator("tr", has_text="L04 ").get_by_text("Excuse or override").click()
    form = teacher.get_by_role("group", name="L04")
    form.get_by_label("Excuse").check()
    form.get_by_label("Reason").fill("was ill")
    form.get_by_role("button", name="Save").click()
    expect(teacher.locator("tr", has_text="L04 ").first).to_contain_text("was ill")
    teacher.get_by_role("link", name="← The class").click()
    with teacher.expect_download() as caught:
        teacher.get_by_role("link", name="Canvas (CSV)").click()
    assert re.search(f"{ada}.*,EX,", Path(caught.value.path()).read_text())

    # For the projector there is no name anywhere in the page, and by keyboard all can be reached; light and dark.
    teacher.get_by_role("link", name="L04", exact=True).click()
    teacher.get_by_label("Find").fill(ada[:4])
    expect(row(teacher, dan)).to_be_hidden()
    teacher.get_by_label("Find").fill("")
    row(teacher, ada).get_by_role("link").focus()
    teacher.keyboard.press("ArrowDown")
    expect(row(teacher, people["bob"].name).get_by_role("link")).to_be_focused()
    for scheme in ("light", "dark"):
        teacher.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert violations(teacher) == []
        teacher.screenshot(path=artefacts / f"class-page-{scheme}.png", full_page=True)
    teacher.get_by_role("link", name="Hide names").click()
    expect(teacher.locator("#rows")).to_contain_text("Learner 1")
    assert ada not in teacher.content()
    assert errors == []
    hub.halt(ada)


def watched(teacher: Page, learner: str, visitor: Visitors, artefacts: Path) -> None:
    """The replay of the run that was checked, from the learner's page and back, by keyboard alone."""
    link = teacher.get_by_role("region", name="History").get_by_role("link", name="Watch the run of L04 Four at once")
    expect(link).to_have_count(1)
    link.focus()
    teacher.keyboard.press("Enter")
    expect(teacher.get_by_role("heading", name=f"{learner}: L04 Four at once")).to_be_visible()
    timeline = teacher.get_by_role("button", name="Timeline", exact=True)
    expect(timeline).to_have_attribute("aria-pressed", "true")
    names = teacher.locator(".pl-Timeline-name")
    expect(names).to_have_count(5)
    # Its time goes from the first moment to the last.
    moment = teacher.get_by_role("slider").first
    moment.focus()
    teacher.keyboard.press("Home")
    first = moment.get_attribute("aria-valuetext")
    teacher.keyboard.press("End")
    expect(moment).not_to_have_attribute("aria-valuetext", first or "")
    teacher.get_by_role("button", name="As a table").focus()
    teacher.keyboard.press("Enter")
    expect(teacher.get_by_role("table", name="Lives")).to_be_visible()
    teacher.keyboard.press("Enter")
    teacher.get_by_role("button", name="Map", exact=True).press("Enter")
    expect(teacher.locator(".pl-Map-picture")).to_be_visible()
    for kind in ("SVG", "PNG"):
        teacher.get_by_text("Save", exact=True).click()
        with teacher.expect_download() as caught:
            teacher.get_by_role("button", name=f"Save the picture as {kind}").click()
        assert Path(caught.value.path()).stat().st_size > 1000
    for scheme in ("light", "dark"):
        teacher.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert violations(teacher) == []
        teacher.screenshot(path=artefacts / f"class-replay-{scheme}.png", full_page=True)
    # In the reader's language.
    german = visitor("teach", locale="de-DE")
    german.goto(teacher.url)
    expect(german.get_by_role("heading", name=f"{learner}: L04 Vier gleichzeitig")).to_be_visible()
    expect(german.get_by_role("button", name="Zeitachse", exact=True)).to_be_visible()
    assert violations(german) == []
    teacher.get_by_role("link", name=f"← {learner}").press("Enter")
    expect(teacher.get_by_role("region", name="History")).to_be_visible()


def test_nothing_is_lost_while_the_service_is_dead(hub: RealHub, people: People) -> None:
    bob = people["bob"].name
    server = hub.spawn(bob)
    token = hub.token_of(bob)

    def hint(level: int) -> None:
        reply = ask("POST", f"{server}parallab/labs/L04/steps/four-at-once/hint", token=token, body={"level": level})
        assert reply.status == 200, reply.text

    hint(1)
    until(lambda: record(hub, bob).get("L04", {}).get("four-at-once", {}).get("hints") == 1, "the first hint arrives")
    dead = hub.service_pid()
    os.kill(dead, signal.SIGKILL)
    hint(2)
    reply = ask("POST", f"{server}parallab/labs/L04/open", token=token, body={})
    assert reply.status == 200, reply.text
    # The Hub starts it again by itself; the learner's server tries until then.
    until(lambda: hub.service_pid() not in (0, dead), "the service is started again")
    until(lambda: ask("GET", f"{hub.direct}health").status == 200, "it answers")
    until(lambda: record(hub, bob).get("L04", {}).get("four-at-once", {}).get("hints") == 2, "what was done meanwhile")
    until(lambda: "" in record(hub, bob)["L04"], "and what was done after that")
    seen = [line for line in hub.log.read_text(errors="replace").splitlines() if token in line or hub.token in line]
    assert seen == [], "tokens stand in no log"
    hub.halt(bob)


def test_who_looks_at_a_class_whose_service_is_frozen_is_told(hub: RealHub, people: People, visitor: Visitors) -> None:
    page = visitor("teach")
    page.clock.install()
    page.goto(f"{hub.page}class/class-a")
    state = page.locator("#state")
    pid = hub.service_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        # The service says every 15 seconds that it is there: the page waits for no more than 40.
        page.clock.fast_forward(41_000)
        expect(state).to_have_text("The class service does not answer. What you see may be old; it is asked again.")
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(state).to_have_text("")
