"""An InspectReport or DoctorReport on a terminal: a tree of processes, tables of objects, diagnoses.

Takes reports only; what is in them is decided in ``inspecting``.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from parallab.wire import (
    CannotTell,
    Capabilities,
    DoctorReport,
    InspectDiagnosis,
    InspectObject,
    InspectProcess,
    InspectReport,
    InspectThread,
    InspectWait,
)

THREADS = 12
"""Threads of one process that are shown."""
OBJECTS = 60
"""Objects that are shown; those that only one process holds come last."""

_STATES = {
    "R": "running",
    "S": "waiting",
    "D": "in the disk or network",
    "Z": "ended, not collected",
    "T": "stopped",
    "t": "traced",
    "I": "idle",
}


def render(report: InspectReport) -> RenderableType:
    """The whole report."""
    parts: list[RenderableType] = [_tree(report)]
    shared = _shown(report.objects)
    if shared:
        parts += [Text(), _table(shared, len(report.objects) - len(shared), report)]
    parts += _diagnoses(report.diagnoses)
    parts += _cannot_tell(report.cannot_tell)
    return Group(*parts)


def render_doctor(report: DoctorReport) -> RenderableType:
    """One line that answers, then why."""
    answer = {
        True: Text("Stuck: nobody is left who could end the wait.", style="bold red"),
        False: Text("Not stuck.", style="bold green"),
        None: Text("Cannot tell.", style="bold yellow"),
    }[report.stuck]
    return Group(answer, *_diagnoses(report.diagnoses), *_cannot_tell(report.cannot_tell))


def render_capabilities(found: Capabilities) -> RenderableType:
    """One line a thing, with why it cannot be seen."""
    lines = [Text("What Parallab can see here", style="bold")]
    for one in found.capabilities:
        lines.append(Text.assemble(("✓ ", "green") if one.can else ("✗ ", "bold red"), one.what))
        if one.why:
            lines.append(Text(f"    {one.why}", style="yellow"))
    return Group(*lines)


def _tree(report: InspectReport) -> Tree:
    names = {process.pid: process.name for process in report.processes}
    waits = {(wait.pid, wait.tid): wait for wait in report.waits}
    kinds = {one.id: one.kind for one in report.objects}
    pids = set(names)
    top = Tree(Text("Processes", style="bold"), guide_style="dim")
    branches: dict[int, Tree] = {}
    pending = list(report.processes)
    while pending:
        # Parents come before children, but for those whose parent is gone: they hang at the top.
        ready = [one for one in pending if one.ppid in branches or one.ppid not in pids or one.pid == report.root]
        for process in ready or pending[:1]:
            branch = branches.get(process.ppid, top).add(_process(process))
            branches[process.pid] = branch
            for thread in process.threads[:THREADS]:
                branch.add(_thread(thread, process, waits.get((process.pid, thread.tid)), names, kinds))
            if len(process.threads) > THREADS:
                branch.add(Text(f"and {len(process.threads) - THREADS} more threads", style="dim"))
            pending.remove(process)
    return top


def _process(process: InspectProcess) -> Text:
    line = Text()
    line.append(process.name[:1].upper() + process.name[1:], style="bold")
    line.append(f"  pid {process.pid}  ", style="dim")
    line.append(_STATES.get(process.state, process.state), style="red" if process.state == "Z" else "")
    if process.exit_code is not None:
        line.append(f", exit code {process.exit_code}", style="red" if process.exit_code else "")
    if process.role in ("root", "program"):
        line.append("  " + " ".join(process.cmdline)[:80], style="dim italic")
    return line


def _thread(
    thread: InspectThread,
    process: InspectProcess,
    wait: InspectWait | None,
    names: dict[int, str],
    kinds: dict[str, str],
) -> Text:
    name = "main thread" if thread.tid == process.pid else f"thread {thread.tid}"
    line = Text(f"{name}: ", style="")
    if wait is None:
        line.append(_STATES.get(thread.state, thread.state), style="green" if thread.state == "R" else "dim")
        return line
    line.append("waits for ")
    line.append(_target(wait, names, kinds), style="cyan")
    holders = [names[pid] for pid in wait.held_by or () if pid != process.pid and pid in names]
    if wait.target.kind == "object" and holders:
        line.append(f", up to {', '.join(holders[:4])}{' …' if len(holders) > 4 else ''}")
    return line


def _target(wait: InspectWait, names: dict[int, str], kinds: dict[str, str]) -> str:
    match wait.target.kind:
        case "child":
            ids = [int(wait.target.id)] if wait.target.id else list(wait.held_by or ())
            return "the end of " + (", ".join(names.get(pid, f"process {pid}") for pid in ids[:4]) or "a child")
        case "object":
            return f"{kinds.get(wait.target.id, 'object')} {wait.target.id}" if wait.target.id else "several objects"
        case "thread-lock":
            return "a lock or the interpreter, within the process"
    return "something outside"


def _shown(objects: Iterable[InspectObject]) -> list[InspectObject]:
    """Objects of two processes or more, and what is made of parts, first."""
    every = sorted(objects, key=lambda one: (not one.parts, len({end.pid for end in one.ends}) < 2))
    return every[:OBJECTS]


def _table(objects: list[InspectObject], left: int, report: InspectReport) -> Table:
    names = {process.pid: process.name for process in report.processes}
    table = Table(title="Objects", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("kind", "id", "name", "state", "held by"):
        table.add_column(column, header_style="dim", overflow="fold")
    for one in objects:
        table.add_row(one.kind, one.id, one.name, _state(one), _holders(one, names))
    if left > 0:
        table.caption = f"and {left} more; --json has all"
    return table


def _state(one: InspectObject) -> str:
    told = []
    if one.value is not None:
        told.append("free" if one.kind in ("lock", "rlock") and one.value else f"value {one.value}")
    if one.waiters:
        told.append(f"{one.waiters} waiting")
    if one.bytes is not None:
        told.append(f"{one.bytes} bytes in it")
    if one.size is not None:
        told.append(f"{one.size} bytes")
    return ", ".join(told)


def _holders(one: InspectObject, names: dict[int, str]) -> str:
    modes: dict[int, set[str]] = {}
    for end in one.ends:
        modes.setdefault(end.pid, set()).add(end.mode)
    told = [f"{names.get(pid, pid)} ({'/'.join(sorted(held))})" for pid, held in modes.items()]
    return ", ".join(told[:4]) + (f" and {len(told) - 4} more" if len(told) > 4 else "")


def _diagnoses(diagnoses: Iterable[InspectDiagnosis]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for one in diagnoses:
        text = Text()
        text.append("\n✗ ", style="bold red")
        text.append(one.sentence, style="bold")
        for line in one.evidence:
            text.append(f"\n    {line}")
        if one.mistake is not None:
            text.append(f"\n    Mistake   {one.mistake.sentence} ({one.mistake.id})", style="yellow")
        parts.append(text)
    return parts


def _cannot_tell(missing: Iterable[CannotTell]) -> list[RenderableType]:
    return [Text(f"\n? Cannot tell {one.what}: {one.why}.", style="yellow") for one in missing]
