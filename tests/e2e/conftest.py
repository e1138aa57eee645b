"""One JupyterLab and one browser for all stories of a process; a new learner and a new page for each.

These tests run in processes of their own: Playwright's synchronous interface and the event loop of
pytest-jupyter do not share one. Several run side by side (pytest-xdist), each with its own server and
browser. Screenshots, the console and the servers' logs are kept in artefacts/.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from e2e.jupyter import Jupyter
from e2e.page import PATIENCE, Lab

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEW = {"width": 1400, "height": 900}
#: Seconds for a whole story, on a machine that is ten times slower, too.
STORY = 1200

#: The process among several, "" where there is but one.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

report = pytest.StashKey[dict[str, pytest.TestReport]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets a fixture know how its test went."""
    made = yield
    item.stash.setdefault(report, {})[made.when] = made
    return made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story is long on a slow machine, and no failure for that."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.timeout(STORY))


def pytest_configure(config: pytest.Config) -> None:
    """Empties the folder of artefacts, once, before any of several processes writes into it."""
    if not WORKER and not config.option.collectonly:
        shutil.rmtree(_artefacts(), ignore_errors=True)


def _artefacts() -> Path:
    return Path(os.environ.get("PARALLAB_ARTEFACTS") or ROOT / "artefacts") / "e2e"


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Where pictures and logs are kept."""
    folder = _artefacts()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> Iterator[Jupyter]:
    """A real JupyterLab."""
    server = Jupyter(tmp_path_factory.mktemp("home"))
    try:
        server.start()
        yield server
        # What the last story's killed kernel left would outlive the server.
        server.forget()
    finally:
        server.stop()
        shutil.copy(server.log, artefacts / f"server{WORKER and '-' + WORKER}.log")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, the one of this machine first."""
    path = os.environ.get("PARALLAB_BROWSER") or _found()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


def _found() -> str:
    done = subprocess.run(
        [ROOT / "scripts" / "find_browser.sh"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without cookies or storage of an earlier one."""
    context = new_context(browser)
    yield context.new_page()
    context.close()


def new_context(browser: Browser) -> BrowserContext:
    """Another browser, as far as a server can tell."""
    context = browser.new_context(viewport=VIEW, reduced_motion="reduce", locale="en-GB")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return context


@pytest.fixture
def lab(jupyter: Jupyter, page: Page, artefacts: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """JupyterLab, opened by a new learner. Errors of ours in the console fail the story that made them."""
    jupyter.forget()
    shown = Lab(page, jupyter)
    began = jupyter.log.stat().st_size
    yield shown.visit()
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", request.node.name).strip("-")
    page.screenshot(path=artefacts / f"{name}.png")
    if any(one.failed for one in request.node.stash.get(report, {}).values()):
        with jupyter.log.open("rb") as log:
            log.seek(began)
            (artefacts / f"{name}.server.log").write_bytes(log.read())
    assert shown.console.errors == []
