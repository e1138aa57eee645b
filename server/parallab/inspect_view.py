"""An InspectReport or DoctorReport on a terminal: a tree of processes, tables of objects, diagnoses.

Takes reports only; what is in them is decided in ``inspecting``.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from parallab.inspect_words import Words, command
from parallab.wire import (
    CannotTell,
    Capabilities,
    DoctorReport,
    InspectDiagnosis,
    InspectObject,
    InspectProcess,
    InspectReport,
)

THREADS = 12
"""Threads of one process that are shown each on its own line."""
OBJECTS = 40
"""Objects that are shown."""


def render(report: InspectReport, diagnoses_first: bool = False) -> RenderableType:
    """The whole report; the diagnoses come last, where a terminal that scrolls shows them, or first."""
    words = Words(report)
    told = _diagnoses(report.diagnoses, words)
    parts: list[RenderableType] = [*told, Text()] if told and diagnoses_first else []
    parts.append(_tree(report, words))
    if words.shown:
        parts += [Text(), _table(words)]
    hidden = len(report.objects) - min(len(words.shown), OBJECTS)
    if words.shown and hidden:
        parts.append(Text(f"and {hidden} more: parts of these, and what Python has for itself; --json has all", "dim"))
    parts += told if not diagnoses_first else []
    parts += _cannot_tell(report.cannot_tell)
    return Group(*parts)


def render_doctor(report: DoctorReport, seen: InspectReport | None = None) -> RenderableType:
    """One line that answers, then why; with what was seen, objects are called as ``inspect`` calls them."""
    answer = {
        True: Text("Stuck: nobody is left who could end the wait.", style="bold red"),
        False: Text("Not stuck.", style="bold green"),
        None: Text("Cannot tell.", style="bold yellow"),
    }[report.stuck]
    words = Words(seen) if seen is not None else None
    return Group(answer, *_diagnoses(report.diagnoses, words), *_cannot_tell(report.cannot_tell))


def render_capabilities(found: Capabilities) -> RenderableType:
    """One line a thing, with why it cannot be seen."""
    lines: list[RenderableType] = [Text("What Parallab can see here", style="bold")]
    for one in found.capabilities:
        lines.append(_marked(*(("✓", "green") if one.can else ("✗", "bold red")), Text(one.what)))
        if one.why:
            lines.append(_indented(Text(one.why, style="yellow")))
    return Group(*lines)


def _tree(report: InspectReport, words: Words) -> Tree:
    pids = {process.pid for process in report.processes}
    top = Tree(Text("Processes", style="bold"), guide_style="dim")
    branches: dict[int, Tree] = {}
    pending = list(report.processes)
    while pending:
        # Parents come before children, but for those whose parent is gone: they hang at the top.
        ready = [one for one in pending if one.ppid in branches or one.ppid not in pids or one.pid == report.root]
        for process in ready or pending[:1]:
            orphan = process.ppid not in pids and process.pid != report.root
            branch = branches.get(process.ppid, top).add(_process(process, words, orphan))
            branches[process.pid] = branch
            for line in _threads(process, report, words):
                branch.add(line)
            pending.remove(process)
    return top


def _process(process: InspectProcess, words: Words, orphan: bool) -> Text:
    name = words.process(process.pid)
    line = Text()
    line.append(name[:1].upper() + name[1:], style="bold")
    line.append(f"  pid {process.pid}  ", style="dim")
    line.append(words.state(process.state), style="red" if process.state == "Z" else "")
    if process.exit_code is not None:
        line.append(f", exit code {process.exit_code}", style="red" if process.exit_code else "")
    if orphan:
        line.append(", its parent is gone", style="red")
    if process.role in ("root", "program"):
        line.append("  " + command(process.cmdline), style="dim italic")
    return line


def _threads(process: InspectProcess, report: InspectReport, words: Words) -> list[Text]:
    """A line a thread; those that wait for each other within the process, as most of a library's do, in one."""
    if process.role in ("resource-tracker", "forkserver"):
        return [Text("waits for orders", style="dim")]
    waits = {wait.tid: wait for wait in report.waits if wait.pid == process.pid}
    lines: list[Text] = []
    within = more = 0
    for thread in process.threads:
        wait = waits.get(thread.tid)
        main = thread.tid == process.pid
        if not main and wait is not None and wait.target.kind == "thread-lock":
            within += 1
            continue
        if len(lines) >= THREADS:
            more += 1
            continue
        line = Text("main thread " if main else f"thread {thread.tid} ")
        if wait is None:
            state = "sleeps, or waits for nobody" if thread.state == "S" else words.state(thread.state)
            line.append(state, style="green" if thread.state == "R" else "dim")
        else:
            line.append("waits ")
            line.append(words.wait(process, wait), style="cyan")
        lines.append(line)
    if more:
        lines.append(Text(f"and {more} more threads", style="dim"))
    if within:
        verb = "thread waits" if within == 1 else "threads wait"
        lines.append(Text(f"{within} more {verb} for a lock or the interpreter, within the process", style="dim"))
    return lines


def _table(words: Words) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(Text("Objects", style="bold"), no_wrap=True)
    table.add_column("state", header_style="dim", overflow="fold", ratio=2)
    table.add_column("who", header_style="dim", overflow="fold", ratio=2)
    for one in words.shown[:OBJECTS]:
        label = Text(words.label(one.id))
        if one.name:
            label.append(f" {_short(one.name)}", style="dim")
        busy = bool(one.waiters) or one.state.startswith("held")
        table.add_row(label, Text(one.state, style="yellow" if busy else ""), Text(_who(one, words), style="dim"))
    return table


def _short(name: str) -> str:
    return name if len(name) <= 24 else "…" + name[-23:]


def _who(one: InspectObject, words: Words) -> str:
    """Who has to do with an object: its holder, its workers, its clients, its two sides, or all who have it."""
    if one.held_by:
        return f"held by {words.people(one.held_by)}"
    pids = tuple(dict.fromkeys(end.pid for end in one.ends))
    if one.kind == "manager":
        clients = [pid for pid in pids if pid not in one.workers]
        return f"used by {words.people(clients)}" if clients else ""
    if one.kind in ("pipe", "fifo"):
        sides = [("read", "r"), ("written", "w")]
        told = [
            f"{verb} by {words.people(those)}"
            for verb, mode in sides
            if (those := tuple(dict.fromkeys(end.pid for end in one.ends if mode in end.mode)))
        ]
        return ", ".join(told)
    return words.people(pids)


def _diagnoses(diagnoses: Iterable[InspectDiagnosis], words: Words | None = None) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for one in diagnoses:
        parts += [Text(), _marked("✗", "bold red", Text(one.sentence, style="bold"))]
        parts += [_indented(Text(words.evidence(line) if words is not None else line)) for line in one.evidence]
        if one.mistake is not None:
            said = f"{one.mistake.sentence} ({one.mistake.id})"
            parts.append(
                Padding(_marked("Mistake  ", "yellow", Text(said, style="yellow")), (0, 0, 0, 4), expand=False)
            )
    return parts


def _indented(line: Text) -> RenderableType:
    """A line below another; what does not fit stands below it, too."""
    return Padding(line, (0, 0, 0, 4), expand=False)


def _marked(mark: str, style: str, line: Text) -> RenderableType:
    """A line behind a mark; what does not fit stands below the line, not below the mark."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(mark, style=style), line)
    return grid


def _cannot_tell(missing: Iterable[CannotTell]) -> list[RenderableType]:
    return [
        part
        for one in missing
        for part in (Text(), _marked("?", "yellow", Text(f"Cannot tell {one.what}: {one.why}.", style="yellow")))
    ]
