"""What tests look at on the class page."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from e2e.axe import _source


def row(page: Page, learner: str) -> Locator:
    """A learner's row."""
    return page.locator("#rows tr").filter(has=page.get_by_role("rowheader", name=learner))


def violations(page: Page) -> list[str]:
    """What axe finds on the whole class page, in its words."""
    # The page's own policy lets no script in; the tests' one comes by the debugger.
    page.evaluate(_source())
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations', 'passes'] })")
    assert "color-contrast" in {rule["id"] for rule in found["passes"] + found["violations"]}
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]
