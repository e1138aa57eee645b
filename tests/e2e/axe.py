"""axe-core over our own panels; what stands around them is JupyterLab's."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
OURS = ["#parallab-panel", ".pl-StatusItem", ".pl-Picture"]
#: JupyterLab's body has no height, and axe then skips colour contrast without a word.
TALL = "html, body { height: 100vh !important; }"


@lru_cache(maxsize=1)
def _source() -> str:
    file = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists():
        raise RuntimeError(f"{file} is missing: run `make setup`.")
    return file.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """One line each, in axe's words, with the elements."""
    if not page.evaluate("() => 'axe' in window"):
        page.add_style_tag(content=TALL)
        page.evaluate(_source())
    include = [one for one in OURS if page.locator(one).count()]
    found: dict[str, Any] = page.evaluate(
        "include => axe.run({ include: include.map(one => [one]) }, { resultTypes: ['violations', 'passes'] })",
        include,
    )
    # A run that could not look at colours proves nothing of them.
    assert "color-contrast" in {rule["id"] for rule in found["passes"] + found["violations"]}
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
