"""``parallab inspect --watch``: the report of a running program, looked at again and again like top(1).

Only on a terminal. Ends with q, Ctrl-C, or the program; the terminal is left as it was found.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from parallab import inspect_view
from parallab.inspecting import InspectError, Watched

EVERY = 1.0
"""Seconds between two looks."""
SHARE = 5
"""A look that takes long is followed by a rest so many times as long."""


def watch(pid: int, console: Console) -> str:
    """Shows process ``pid`` until somebody or the program ends it, and gives a sentence that says how it ended.

    InspectError when there is nothing to look at from the start.
    """
    watched = Watched(pid)
    report = watched.report()
    if not console.is_terminal or not sys.stdin.isatty():
        console.print(inspect_view.render(report))
        return "parallab: this is no terminal, so it was looked at once, without --watch"
    try:
        with _keys() as fd, Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                began = time.monotonic()
                report = watched.report()
                head = f"parallab inspect {pid}   {time.strftime('%H:%M:%S')}   q ends"
                live.update(_screen(head, inspect_view.render(report, diagnoses_first=True), console), refresh=True)
                took = time.monotonic() - began
                if _quits(fd, max(EVERY - took, took * SHARE)):
                    return ""
    except KeyboardInterrupt:
        return ""
    except InspectError as error:
        return f"parallab: {error}"


def _screen(head: str, report: RenderableType, console: Console) -> RenderableType:
    """What fits of a report, below a headline, and how much does not."""
    lines = console.render_lines(report, console.options.update(height=None), pad=False)
    room = console.height - 1
    shown = [Text.assemble(*((one.text, one.style or "") for one in line)) for line in lines]
    if len(shown) > room:
        left = len(shown) - room + 1
        told = f"and {left} lines more: they need a higher window, or inspect without --watch"
        shown[room - 1 :] = [Text(told, "dim", no_wrap=True, overflow="ellipsis")]
    return Group(Text(head, style="reverse"), *shown)


@contextlib.contextmanager
def _keys() -> Iterator[int]:
    """Standard input, giving each key at once and not showing it."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        yield fd
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _quits(fd: int, seconds: float) -> bool:
    """Whether q was pressed, or the terminal went, within so many seconds; other keys are swallowed."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select([fd], [], [], left)
        if ready:
            keys = os.read(fd, 64)
            if not keys or b"q" in keys.lower():
                return True
    return False
