"""JupyterLab in German: the sidebar, a whole lab, and a verdict; what is not translated is in English, and says so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e import answers
from e2e.page import Lab

PLUGIN = "@jupyterlab/translation-extension/plugin"
MISTAKEN = 't = threading.Thread(target=poll, args=("AAPL"), name="poll")\nt.start()\nt.join()'


@pytest.fixture
def german(lab: Lab) -> Lab:
    """The page of a learner who has chosen German in JupyterLab's settings; her browser speaks English."""
    file = lab.server.home / "settings" / f"{PLUGIN}.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"locale": "de_DE"}))
    return lab.reload()


def test_a_german_learner_reads_german(german: Lab, artefacts: Path) -> None:
    page, sidebar = german.page, german.sidebar
    course = german.launch().root
    page.screenshot(path=artefacts / "german-course.png")
    expect(course.get_by_role("heading", name="Nebenläufiges Programmieren in Python: Multiprocessing")).to_be_visible()
    expect(course).to_contain_text("Einen Prozess festlegen, vorbereiten und ausführen")
    with page.expect_response(re.compile(r"/parallab/labs/L01/open\b")):
        sidebar.button(re.compile("^Anfangen: L01 ")).click()
    notebook = german.notebook("L01")
    expect(sidebar.root.get_by_role("heading", name="L01 Sieh in deinen Kernel hinein")).to_be_visible()
    (cell,) = notebook.cells("three-at-once")
    assert "# warte auf jeden von ihnen" in notebook.source(cell)
    # A wrong answer is told in German, every row of it, and so is the hint.
    step = sidebar.step("break-args")
    notebook.run(*notebook.setup(), *notebook.cells("break-args"))
    step.check(by=step.button("Meine Arbeit prüfen").click)
    notebook.do("break-args", f"def poll(symbol):\n    print(exchange.price(symbol, 0))\n\n\n{MISTAKEN}")
    told = step.check(by=step.button("Meine Arbeit prüfen").click)
    goal = told.goal("failed")
    assert "Ein Thread fragt nach dem Preis von AAPL, und dein Kernel wartet auf sein Ende" in goal.text
    assert goal.rows == {
        "Fehler": "Ein Tupel mit einem Element braucht sein Komma. (M11)",
        "Erwartet": "Threads, die nach AAPL fragten und gut endeten: mindestens 1",
        "Beobachtet": "„poll“: TypeError: poll() takes 1 positional argument but 4 were given",
        "Denn": "Ein Thread gibt jedes Element von args an seine Arbeit. Ein Text hat seine Buchstaben als Elemente.",
        "Tipp": 'Ein Tupel mit einem Element hat ein Komma: ("AAPL",)',
    }
    step.root.evaluate("one => one.scrollIntoView({ block: 'start' })")
    page.screenshot(path=artefacts / "german-verdict.png")
    step.button("Gib mir einen Tipp").click()
    expect(step.root.locator(".pl-Hint")).to_contain_text("Die Zahl der Argumente in der Meldung")
    notebook.do("break-args", *answers.solution("L01", "break-args")[-1:])
    assert step.check(by=step.button("Meine Arbeit prüfen").click).verdict == "passed"
    # What happens without a click comes in German, too: reloaded, everything is as it was.
    german.reload()
    german.notebook("L01")
    expect(sidebar.step("break-args").root.locator(".pl-Verdict")).to_contain_text("Bestanden")


def test_a_standstill_is_told_in_german(german: Lab) -> None:
    german.launch()
    with german.page.expect_response(re.compile(r"/parallab/labs/L08/open\b")):
        german.sidebar.button(re.compile("^Anfangen: L08 ")).click()
    notebook = german.notebook("L08")
    german.sidebar.step("break-deadlock")
    cells = notebook.put("break-deadlock", answers.MODULE, answers.CROSSWISE)
    notebook.run(cells[0])
    notebook.begin(cells[1])
    stuck = german.sidebar.notice("Dein Programm steckt fest.")
    expect(stuck).to_contain_text("Nimm die Locks immer in derselben Reihenfolge.")
    expect(stuck).to_contain_text("wartet auf")
    stuck.get_by_role("button", name="Unterbrechen").click()
    expect(german.sidebar.notice("Die Zelle wurde unterbrochen: einmal.")).to_be_visible()


def test_a_notebook_begun_in_english_follows_into_german(lab: Lab) -> None:
    notebook = lab.start("L01")
    (cell,) = notebook.put("initialised-thread", "# mine, and dear to me")
    notebook.save()
    file = lab.server.home / "settings" / f"{PLUGIN}.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"locale": "de_DE"}))
    lab.reload()
    notebook = lab.notebook("L01")
    notice = lab.sidebar.notice("Dieses Notebook ist in einer anderen Sprache: Englisch.")
    notice.get_by_role("button", name="Auf Deutsch zeigen").click()
    expect(lab.sidebar.notice("Dein Notebook ist jetzt auf Deutsch.")).to_be_visible()
    expect(notice).to_have_count(0)
    expect(lab.page.locator(".jp-Notebook").get_by_role("heading", name="Sieh in deinen Kernel hinein")).to_be_visible()
    assert notebook.source(cell) == "# mine, and dear to me"
    # Read, it is put away, and the focus stays in the sidebar.
    lab.sidebar.button("Habe ich gelesen").click()
    expect(lab.sidebar.notice("Dein Notebook ist jetzt auf Deutsch.")).to_have_count(0)
    lab.page.wait_for_function("() => document.activeElement.closest('.pl-Panel') !== null")


def test_the_settings_are_told_in_german(german: Lab) -> None:
    german.command("settingeditor:open", {"query": "Parallab"})
    editor = german.page.locator(".jp-SettingsPanel")
    expect(editor.get_by_text("Dem Notebook folgen")).to_be_visible()
    expect(editor.get_by_text("Follow the notebook")).to_have_count(0)
