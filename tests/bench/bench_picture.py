"""What the pictures cost the browser: the time from frame to frame while a film of 60 processes plays.

JupyterLab with our front end shows a film of a real run (tests/corpus/films.py), so fast that about 1,000 of
its events come in a second. Budget: 33 ms a frame, which is 30 frames a second, with the map and with the
timeline. The headless browser draws without a graphics card. Needs ``make setup`` and a Chromium.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from browsed import HERE, jupyterlab  # noqa: E402
from ratios import Row, limit, milliseconds, table  # noqa: E402

from e2e.page import PATIENCE, Lab  # noqa: E402

FILM = HERE / "extension" / "src" / "__tests__" / "films" / "crowd.json"
#: The frames of so many milliseconds are measured.
LONG = 1200
BUDGET = 1 / 30

#: Plays from the beginning, and gives the milliseconds from each frame to the next.
PLAY = """
async long => {
  const picture = document.querySelector('.pl-Picture');
  const slider = picture.querySelector('input[type=range]');
  slider.focus();
  picture.querySelector('button.pl-mod-primary').click();
  const times = [];
  await new Promise(done => {
    const began = performance.now();
    const frame = now => {
      times.push(now);
      if (now - began < long) { requestAnimationFrame(frame); } else { done(); }
    };
    requestAnimationFrame(frame);
  });
  return times.slice(1).map((time, at) => time - times[at]);
}
"""


def _opened(lab: Lab) -> None:
    with lab.page.expect_file_chooser() as chosen:
        lab.command("parallab:open-film")
    chosen.value.set_files(FILM)
    lab.page.locator(".pl-Picture .pl-Node").first.wait_for(timeout=PATIENCE)


def rows() -> Iterator[Row]:
    """Of the map and of the timeline: the median time from frame to frame."""
    with jupyterlab() as lab:
        _opened(lab)
        # Some 290 marks, waits and states in a second as it was; 1,400 so.
        lab.page.locator(".pl-Transport-speed select").select_option("5")
        for view in ("Map", "Timeline"):
            lab.page.locator(".pl-Picture").get_by_role("button", name=view, exact=True).click()
            frames = [one / 1000 for one in lab.page.evaluate(PLAY, LONG)]
            yield limit(f"one frame of the {view.lower()}, 60 processes", frames, BUDGET, milliseconds)


if __name__ == "__main__":
    print(table(rows()))
