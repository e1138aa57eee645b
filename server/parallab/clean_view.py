"""A CleanReply on a terminal: what went, what stays and why."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from parallab.inspect_words import command
from parallab.wire import CleanReply, Leftover

_UNITS = ("bytes", "KiB", "MiB", "GiB")


def render(reply: CleanReply) -> RenderableType:
    """The whole reply."""
    parts: list[RenderableType] = []
    if reply.removed:
        parts.append(_tree("Would remove" if reply.dry_run else "Removed", reply.removed))
    if reply.kept:
        parts.append(_tree("Left alone", reply.kept))
    if not parts:
        parts.append(Text("Dead kernels left nothing."))
    parts += [Text(f"? {one}", style="yellow") for one in reply.cannot_tell]
    return Group(*parts)


def _tree(title: str, found: Iterable[Leftover]) -> Tree:
    top = Tree(Text(title, style="bold"), guide_style="dim")
    kernels: dict[str, Tree] = {}
    for one in found:
        whose = one.notebook or f"kernel {one.kernel_id[:8]}"
        if whose not in kernels:
            kernels[whose] = top.add(Text(f"of {whose}"))
        branch = kernels[whose].add(_line(one))
        if one.why:
            branch.add(Text(one.why, style="yellow"))
    return top


def _line(one: Leftover) -> Text:
    line = Text()
    line.append(command(one.name.split()) if one.kind == "process" else one.name, style="bold")
    line.append(f"  {one.what}, {size(one.size)}", style="dim")
    if one.kind == "process":
        line.append(f", pid {one.id.split(':')[1]}", style="dim")
    return line


def size(number: int) -> str:
    """Bytes as people read them."""
    value = float(number)
    unit = _UNITS[0]
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.0f} {unit}"
