"""What is called what in a report, and what each thread waits for, in words for a reader.

Pure: takes an InspectReport. Objects are numbered by kind ("queue 2"), in the order of the report,
so that the tree of processes and the list of objects speak of the same things.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from parallab import ipc
from parallab.wire import InspectObject, InspectProcess, InspectReport, InspectWait

OWN = ("sentinel", "helper", "standard")
"""Pipes and sockets that the learner did not make."""

_NAMES = {
    "simple-queue": "simple queue",
    "joinable-queue": "joinable queue",
    "shared-memory": "shared memory",
    "file-lock": "file lock",
    "rlock": "RLock",
}
_STATES = {
    "R": "running",
    "S": "waiting",
    "D": "in the disk or network",
    "Z": "ended, not collected",
    "T": "stopped",
    "t": "traced",
    "I": "idle",
}
_FULL = 4096
"""Bytes in a pipe of 64 KiB (pipe(7)) from which on a writer may be waiting; a reader takes what there is."""
_COMMAND = 40
"""Letters of a command line that are shown."""
_IDENT = re.compile(r"\b(lock|semaphore|pipe|socket) ([0-9a-f]+:\d+)\b")
"""An object in a line of evidence."""


class Words:
    """The words of one report. ``shown`` are the objects worth a line of their own, as the learner made them."""

    def __init__(self, report: InspectReport) -> None:
        self.processes = {one.pid: one for one in report.processes}
        self.objects = {one.id: one for one in report.objects}
        self._owners: dict[str, InspectObject] = {}
        for whole in report.objects:
            if whole.kind != "socket":
                for part in whole.parts:
                    self._owners.setdefault(part, whole)
        self.shown = [one for one in report.objects if one.cls not in OWN and one.id not in self._owners]
        self._labels = _labels(self.shown)
        self._sentinels = {one.id for one in report.objects if one.cls in OWN}

    # -- names ----------------------------------------------------------------------

    def process(self, pid: int) -> str:
        """What a process is called in the middle of a sentence."""
        one = self.processes.get(pid)
        if one is None:
            return f"process {pid}"
        return f"{one.name} ({ipc.printable(one.given)})" if one.given and not ipc.is_usual(one.given) else one.name

    def people(self, pids: Iterable[int], most: int = 2) -> str:
        """Several processes in one phrase."""
        pids = tuple(dict.fromkeys(pids))
        if len(pids) > most:
            return f"{len(pids)} processes"
        told = [self.process(pid) for pid in pids]
        return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)

    def label(self, ident: str) -> str:
        """An object's name: of the whole, where it is a part of one."""
        whole = self._owners.get(ident) or self.objects.get(ident)
        if whole is None:
            return "something outside"
        return self._labels.get(whole.id, _NAMES.get(whole.kind, whole.kind))

    def evidence(self, line: str) -> str:
        """A line of a diagnosis, with its objects called as in the list of them."""

        def called(match: re.Match[str]) -> str:
            kind, ident = match.groups()
            if ident in self._owners:
                return f"the {kind} of {self.label(ident)}"
            return self._labels.get(ident, match[0])

        return _IDENT.sub(called, line)

    @staticmethod
    def state(letter: str) -> str:
        """The letter of /proc/PID/stat, in words."""
        return _STATES.get(letter, letter)

    # -- waits ----------------------------------------------------------------------

    def wait(self, process: InspectProcess, wait: InspectWait) -> str:
        """What a thread waits for, as the end of "waits …"."""
        match wait.target.kind:
            case "child":
                pids = [int(wait.target.id)] if wait.target.id else list(wait.held_by or ())
                return f"for the end of {self.people(pids) if pids else 'a child'}"
            case "object":
                return self._object(process, wait) if wait.target.id else self._several(process)
            case "thread-lock":
                return "for a lock or the interpreter, within the process"
        return "for something outside"

    def _several(self, process: InspectProcess) -> str:
        hirers = [one for one in self.shown if one.kind in ("pool", "executor") and one.cls not in ipc.THREADED]
        own = [one for one in hirers if self._holds(one, process.pid)]
        return f"for news of {self.label(own[0].id)}" if len(own) == 1 else "for any of several objects"

    @staticmethod
    def _holds(one: InspectObject, pid: int) -> bool:
        return any(end.pid == pid for end in one.ends)

    def _object(self, process: InspectProcess, wait: InspectWait) -> str:
        ident = wait.target.id
        whole = self._owners.get(ident)
        if whole is None:
            return self._single(process, wait)
        name = self.label(whole.id)
        place = whole.parts.index(ident)
        pipe = place == len(whole.parts) - 1
        match whole.kind:
            case "queue" | "joinable-queue" | "simple-queue":
                if place == 0 or (pipe and not self._writes(process.pid, self.objects[ident])):
                    return f"to get from {name}"
                if place == 2 and whole.kind != "simple-queue":
                    return f"to put into {name}, which is full"
                if place > 2 and not pipe:
                    return f"until all items of {name} are done"
                return f"to write into the pipe of {name}" + (", which is full" if pipe else "")
            case "event":
                return f"for {name} to be set"
            case "barrier":
                return f"at {name}"
            case "condition":
                return f"for the lock of {name}" if place == 0 else f"to be notified by {name}"
            case "pool" | "executor":
                return f"for work of {name}" if process.pid in whole.workers else f"for news of {name}"
            case "manager":
                return "for its clients" if process.pid in whole.workers else f"for {name}"
        return f"for {name}"

    def _single(self, process: InspectProcess, wait: InspectWait) -> str:
        one = self.objects.get(wait.target.id)
        if one is None:
            return "for something outside"
        others = [pid for pid in wait.held_by or () if pid != process.pid]
        name = self.label(one.id)
        match one.kind:
            case "lock" | "rlock" | "file-lock":
                holders = self.people(one.held_by or tuple(others))
                if process.pid in one.held_by and not others:
                    holders = "itself"
                return f"for {name}" + (f", held by {holders}" if holders else "")
            case "listener":
                return f"for somebody to connect to {name}"
        if one.cls == "standard":
            return "to write its output" if self._writes(process.pid, one) else "for its input"
        if one.cls == "sentinel":
            return "for the end of a process"
        writes = self._writes(process.pid, one)
        act, said = ("for room in", "read by") if writes else ("for data from", "sent by")
        if one.kind == "semaphore":
            return f"for {name}"
        return f"{act} {name}" + (f", {said} {self.people(others)}" if others else ", of its own")

    @staticmethod
    def _writes(pid: int, one: InspectObject) -> bool:
        """Whether who waits for a pipe waits for room: it has no end to read, or as good as nothing could be put."""
        modes = {mode for end in one.ends if end.pid == pid for mode in end.mode}
        return "r" not in modes or ("w" in modes and (one.bytes or 0) >= _FULL)


def command(cmdline: Iterable[str]) -> str:
    """A command line, short enough for a line: of paths only the last part."""
    told = " ".join(part.rpartition("/")[2] if part.startswith("/") else part for part in cmdline).split()
    text = " ".join(told)
    return text if len(text) <= _COMMAND else text[: _COMMAND - 1] + "…"


def _labels(objects: Iterable[InspectObject]) -> dict[str, str]:
    objects = tuple(objects)
    many = Counter(one.kind for one in objects)
    count: Counter[str] = Counter()
    labels = {}
    for one in objects:
        count[one.kind] += 1
        kind = _NAMES.get(one.kind, one.kind)
        labels[one.id] = f"{kind} {count[one.kind]}" if many[one.kind] > 1 else f"the {kind}"
    return labels
