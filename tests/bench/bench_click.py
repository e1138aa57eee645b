"""What a learner waits for: from the click on *Check my work* to the verdict, drawn, while four workers live.

JupyterLab in the headless browser, a real kernel, the real server; each click is a check of its own. The time is taken
in the page: from the click's event to the first frame after the verdict's text has come. Budget: 150 ms, p50.
Needs ``make setup`` and a Chromium.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from browsed import jupyterlab  # noqa: E402
from ratios import Row, limit, milliseconds, table  # noqa: E402

from e2e import answers  # noqa: E402

STEP = "four-at-once"
CLICKS = 60
#: Before them: the judging process starts with the first.
WARM = 5
BUDGET = 0.150
WORKERS = """
import multiprocessing as mp
ctx = mp.get_context("fork")
gate = ctx.Event()
team = [ctx.Process(target=gate.wait, name=f"worker-{n}") for n in range(4)]
for one in team: one.start()
"""

#: Clicks the button, and gives the milliseconds until the frame in which the new verdict is drawn.
CLICK = """
async step => {
  const root = document.querySelector(`[data-step='${step}']`);
  const button = [...root.querySelectorAll('.pl-Check button')].find(one => one.textContent === 'Check my work');
  const checking = () => root.querySelector('.pl-Check [aria-disabled=true]') !== null;
  let began = 0;
  button.addEventListener('click', () => { began = performance.now(); }, { once: true, capture: true });
  let busy = false;
  const told = new Promise(done => {
    const watch = new MutationObserver(() => {
      busy ||= checking();
      if (busy && !checking() && root.querySelector('[data-verdict]')?.textContent) {
        watch.disconnect();
        done();
      }
    });
    watch.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  button.click();
  await told;
  return (await new Promise(requestAnimationFrame)) && performance.now() - began;
}
"""


def rows() -> Iterator[Row]:
    """The median."""
    with jupyterlab() as lab:
        notebook = lab.start("L04")
        notebook.do(STEP, answers.MODULE, answers.FOUR)
        notebook.do("life-and-death", WORKERS)
        lab.sidebar.step(STEP).check()
        waits = [lab.page.evaluate(CLICK, STEP) / 1000 for _ in range(WARM + CLICKS)][WARM:]
        yield limit("from the click to the verdict drawn, four workers, p50", waits, BUDGET, milliseconds)


if __name__ == "__main__":
    print(table(rows()))
