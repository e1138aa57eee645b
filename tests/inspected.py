"""Runs a program of ``primitives`` and compares what ``inspect --json`` says with its truth."""

from __future__ import annotations

import re

from parallab.wire import InspectObject, InspectReport

PLUMBING = ("sentinel", "helper", "standard")


def seen(report: InspectReport) -> tuple[list[str], list[str], list[str]]:
    """Roles, objects and waits in the words of the truth."""
    return roles(report), objects(report), waits(report)


def roles(report: InspectReport) -> list[str]:
    """Of all processes but multiprocessing's own helpers."""
    return sorted(one.role for one in report.processes if one.role not in ("resource-tracker", "forkserver"))


def objects(report: InspectReport) -> list[str]:
    """What is not a part of something else, nor multiprocessing's own, nor the program's own stdin and stdout."""
    return sorted(re.sub(r"\d{5,} bytes (?=in|to)", "many bytes ", f"{one.kind}: {one.state}") for one in _top(report))


def _top(report: InspectReport) -> list[InspectObject]:
    parts = {part for one in report.objects for part in one.parts if one.kind != "socket"}
    return [one for one in report.objects if one.id not in parts and one.cls not in PLUMBING]


def waits(report: InspectReport, main: bool = True) -> list[str]:
    """Main threads, or all others, that wait for an object: who, for what, of whom if one that is named has it.

    Those whom a pool or an executor hired are called so, all of them: their names tell nothing.
    """
    role = {one.pid: one.role for one in report.processes}
    called = {one.pid: one.given or one.role for one in report.processes}
    hired = {pid for one in report.objects if one.kind in ("pool", "executor") for pid in one.workers}
    told = []
    for wait in report.waits:
        if (wait.pid == wait.tid) is not main or wait.target.kind != "object" or wait.pid in hired:
            continue
        if not main and role[wait.pid] == "manager":
            continue
        if called.get(wait.pid) in ("manager", "forkserver", "resource-tracker"):
            continue
        kind = next((one.kind for one in report.objects if wait.target.id in one.parts and one.cls), "")
        kind = kind or next((one.kind for one in report.objects if one.id == wait.target.id), "?")
        whole = kind in ("queue", "joinable-queue", "simple-queue", "event", "condition", "barrier")
        those = [pid for pid in wait.held_by or () if pid in called and pid != wait.pid]
        holders = sorted("hired" if pid in hired else called[pid] for pid in those)
        told.append(f"{called[wait.pid]}: {kind}" + (f" of {holders[0]}" if len(holders) == 1 and not whole else ""))
    return sorted(told)
