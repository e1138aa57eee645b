"""JupyterLab with our front end in this machine's browser, for what is measured there. Needs ``make setup``."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parents[2]
sys.path.append(str(HERE / "tests"))

from playwright.sync_api import expect, sync_playwright  # noqa: E402

from e2e.conftest import FLAGS, VIEW  # noqa: E402
from e2e.jupyter import Jupyter  # noqa: E402
from e2e.page import PATIENCE, Lab  # noqa: E402


@contextlib.contextmanager
def jupyterlab() -> Iterator[Lab]:
    """Its page, of a new learner."""
    browser = os.environ.get("PARALLAB_BROWSER") or subprocess.check_output(
        [HERE / "scripts" / "find_browser.sh"], cwd=HERE, text=True
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as home, sync_playwright() as playwright:
        server = Jupyter(Path(home))
        started = playwright.chromium.launch(executable_path=browser.strip(), args=FLAGS)
        expect.set_options(timeout=PATIENCE)
        try:
            server.start()
            yield Lab(started.new_context(viewport=VIEW).new_page(), server).visit()
        finally:
            started.close()
            server.stop()
