"""Map and timeline of recorded runs look as they did: point by point, beside the pictures in looks/.

What a machine adds by its fonts is left out: texts are not drawn, and how much room they take is estimated.
``PARALLAB_LOOKS=renew make test-browser T=tests/e2e/test_looks.py`` renews the pictures; look at them then.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.page import FILMS, THEMES, Lab

LOOKS = Path(__file__).parent / "looks"
#: How different a point's red, green or blue may be, of 255; and how many of all points may be more so.
NEAR, MOST = 40, 0.0005

#: What a picture of each kind has several of.
LINES = {"Map": ".pl-Edge[data-tie='waits']", "Timeline": ".pl-Life-run"}

#: The same frame, and no text, on each machine.
STYLE = """
.pl-Picture-body { flex: none !important; width: 900px !important; height: 600px !important; }
.pl-Picture-content text, .pl-ZoomButtons { visibility: hidden !important; }
"""
NO_FONTS = "Object.defineProperty(window, 'OffscreenCanvas', { value: undefined })"

#: How much of two pictures differs, and a picture of that.
COMPARE = """async ([before, now, near]) => {
    const [one, two] = await Promise.all([before, now].map(async data => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        return { canvas, context, points: context.getImageData(0, 0, image.width, image.height) };
    }));
    if (one.canvas.width !== two.canvas.width || one.canvas.height !== two.canvas.height) {
        return { part: 1, drawn: '' };
    }
    const [from, to] = [one.points.data, two.points.data];
    let count = 0;
    for (let at = 0; at < from.length; at += 4) {
        const differs = [0, 1, 2].some(colour => Math.abs(from[at + colour] - to[at + colour]) > near);
        count += differs;
        to.set(differs ? [255, 0, 0, 255] : [to[at] / 3, to[at + 1] / 3, to[at + 2] / 3, 255], at);
    }
    two.context.putImageData(two.points, 0, 0);
    return { part: count / (from.length / 4), drawn: two.canvas.toDataURL('image/png').split(',')[1] };
}"""


def begins(film: dict[str, Any]) -> float:
    """When its first deadlock closes."""
    return float(film["deadlocks"][0]["begin"])


def middle(film: dict[str, Any]) -> float:
    """Half way."""
    return round((float(film["begin"]) + float(film["end"])) / 2, 3)


@pytest.fixture
def still(lab: Lab) -> Lab:
    """JupyterLab where nothing depends on the machine's fonts, and nothing moves by itself."""
    lab.page.add_init_script(NO_FONTS)
    lab.page.emulate_media(reduced_motion="reduce")
    lab.reload()
    lab.page.add_style_tag(content=STYLE)
    lab.command("application:toggle-mode")
    return lab


def differs(lab: Lab, before: bytes, now: bytes) -> tuple[float, bytes]:
    """Which part of all points is another, and a picture of them."""
    told = lab.page.evaluate(COMPARE, [*(base64.b64encode(one).decode() for one in (before, now)), NEAR])
    return told["part"], base64.b64decode(told["drawn"])


@pytest.mark.parametrize(
    ("film", "view", "when"),
    [
        ("deadlock", "Map", begins),
        ("deadlock", "Timeline", begins),
        ("everything", "Map", middle),
        ("everything", "Timeline", middle),
        ("four-at-once", "Timeline", middle),
        ("one-after-another", "Timeline", middle),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_recorded_run_looks_as_it_did(still: Lab, artefacts: Path, film: str, view: str, when: Any) -> None:
    file = FILMS / f"{film}.json"
    seen = still.film(file)
    seen.get_by_role("button", name=view, exact=True).click()
    moment = when(json.loads(file.read_text()))
    slider = seen.get_by_role("slider", name="Moment")
    slider.fill(str(moment))
    expect(slider).to_have_value(str(moment))
    drawing = seen.locator(f".pl-{view}-picture")

    def shot() -> bytes:
        still.page.mouse.move(0, 0)
        return drawing.screenshot(animations="disabled", caret="hide")

    found: dict[str, float] = {}
    for theme in still.themes(*THEMES):
        now = shot()
        look = LOOKS / f"{film}-{view.lower()}-{THEMES[theme]}.png"
        if os.environ.get("PARALLAB_LOOKS") == "renew":
            look.parent.mkdir(exist_ok=True)
            look.write_bytes(now)
        part, drawn = differs(still, look.read_bytes(), now)
        if part > MOST:
            found[look.name] = part
            (artefacts / look.name).write_bytes(now)
            (artefacts / f"{look.stem}-differs.png").write_bytes(drawn)
    assert found == {}
    # That one of its lines is missing would be noticed.
    whole = shot()
    drawing.locator(LINES[view]).first.evaluate("one => { one.style.visibility = 'hidden'; }")
    assert differs(still, whole, shot())[0] > MOST
