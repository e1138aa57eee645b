"""A kernel's events, kept within bounds: the latest run of each cell, first and last of many.

Whole lives are kept or left out, never halves: what concerns one process is one group, and of more
than 1,200 groups of one kind (processes, threads, locks …) the middle ones go. What went is counted and told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from parallab import model

#: Groups of one kind (processes, threads, locks …) kept of one cell run: the first half of them, and the last.
GROUPS = 1200
#: Events kept at the beginning and at the end of one group.
HALF = 500
#: Events kept of one cell run before groups are cut to :data:`FEW`.
RUN = 12_000
FEW = 20
#: Cell runs kept: a notebook has fewer cells than this.
RUNS = 400
#: All events of a kernel; beyond it the oldest runs are thinned.
TOTAL = 40_000

Subject = tuple[object, ...]


def subject(event: model.AnyEvent, kernel: int) -> Subject:
    """Whose story an event belongs to: a child's, a thread's, a lock user's, or the kernel's."""
    match event:
        case model.ProcessStart() | model.ProcessExit():
            return ("process", event.child) if event.child else ("failed", event.tid)
        case model.ProgramStart():
            return ("process", event.child) if event.child else ("failed", event.tid)
        case model.ForkMade() | model.ProcessGone():
            return ("process", event.child)
        case model.Wait() if event.child:
            return ("process", event.child)
        case model.ThreadMade() | model.ThreadStart() | model.ThreadRun() | model.ThreadEnd():
            return ("thread", event.pid, event.ident)
        case model.Wait() if event.thread:
            return ("thread", event.pid, event.thread)
        case model.LockMade() | model.LockUse():
            return ("lock", event.pid, event.lock)
        case model.QueueUse():
            return ("queue", event.pid, event.queue)
        case model.PipeUse():
            return ("pipe", event.pid, event.pipe)
        case model.ProcessMade() | model.RunCalled():
            return ("object", event.pid, event.ident)
        case model.ProxyUse():
            return ("proxy", event.pid)
        case model.TaskUse():
            return ("task", event.queue, event.task)
        case model.SegmentUse():
            return ("segment", event.pid, event.segment)
        case model.NumberMade():
            return ("number", event.pid)
        case model.Acted():
            return ("act", event.act)
        case model.Answer():
            return ("answers",)
        case _ if event.pid != kernel:
            return ("process", event.pid)
        case _:
            return ("kernel",)


_BEGINNINGS = (
    model.ProcessStart,
    model.ProcessBorn,
    model.ForkMade,
    model.ProgramStart,
    model.ThreadStart,
    model.ThreadRun,
)


class _Group:
    """The first and last events of one subject."""

    __slots__ = ("first", "last", "omitted")

    def __init__(self) -> None:
        self.first: list[model.AnyEvent] = []
        self.last: deque[model.AnyEvent] = deque()
        self.omitted = 0

    def add(self, event: model.AnyEvent, half: int) -> int:
        """Keeps the event; answers by how many events the group grew."""
        if len(self.first) < half:
            self.first.append(event)
            return 1
        self.last.append(event)
        if len(self.last) <= half:
            return 1
        self.last.popleft()
        self.omitted += 1
        return 0

    def repeats(self, answer: model.Answer) -> bool:
        """Whether the last two said just the same: then the second of them, if it is taken back, is not missed."""
        end = (*self.first[-2:], *self.last)[-2:]
        return len(end) == 2 and all(_said(one) == _said(answer) for one in end)

    def take_back(self) -> None:
        """Forgets the last event."""
        if self.last:
            self.last.pop()
        else:
            self.first.pop()

    def __len__(self) -> int:
        return len(self.first) + len(self.last)

    def __iter__(self) -> Iterator[model.AnyEvent]:
        yield from self.first
        yield from self.last


def _said(event: model.AnyEvent) -> model.AnyEvent:
    """An answer without when and to which question it was given."""
    return msgspec.structs.replace(event, at=0, number=0) if isinstance(event, model.Answer) else event


class _Run:
    """One run of one cell."""

    def __init__(self, run: int) -> None:
        self.run = run
        self.groups: dict[Subject, _Group] = {}
        self.size = 0
        self.processes_left_out = 0
        self.others_left_out = 0
        self.told: dict[str, int] = {}
        self._left_out: set[object] = set()
        """Of which kinds of lives, processes or threads, some were left out."""
        self._first: dict[object, int] = {}
        self._middle: dict[object, deque[Subject]] = {}

    def add(self, event: model.AnyEvent, kernel: int) -> None:
        if isinstance(event, model.Omitted):
            self.told[event.what] = self.told.get(event.what, 0) + event.count
            return
        about = subject(event, kernel)
        group = self.groups.get(about)
        if group is None and about[0] in self._left_out and not isinstance(event, _BEGINNINGS):
            self.others_left_out += 1  # the rest of a life that was left out
            return
        if group is None:
            group = self.groups[about] = _Group()
            self._make_room(about)
        if isinstance(event, model.Answer) and group.repeats(event):
            # Each check asks, and mostly hears the same again: since when it is so and that it still is, is kept.
            group.take_back()
            self.size -= 1
        self.size += group.add(event, HALF if self.size < RUN else FEW)

    def _make_room(self, about: Subject) -> None:
        """Of one kind the first are kept for good, and of the others the last."""
        kind = about[0]
        first = self._first[kind] = self._first.get(kind, 0) + 1
        if first > GROUPS // 2:
            others = self._middle.setdefault(kind, deque())
            others.append(about)
            if len(others) > GROUPS // 2:
                self._forget(others.popleft())

    def _forget(self, about: Subject) -> None:
        gone = self.groups.pop(about)
        self.size -= len(gone)
        if about[0] in ("process", "thread"):
            self._left_out.add(about[0])
        if about[0] == "process":
            self.processes_left_out += 1
        else:
            self.others_left_out += len(gone) + gone.omitted

    def sentences(self) -> Iterator[str]:
        if self.processes_left_out:
            yield (
                f"{self.processes_left_out:,} processes of one cell were counted but not kept: "
                f"only the first and the last {GROUPS // 2} are looked at"
            )
        events = self.others_left_out + sum(group.omitted for group in self.groups.values())
        if events:
            yield f"{events:,} reports of one cell were counted but not kept"
        for what, count in self.told.items():
            yield f"{count:,} {what} were counted but not kept"

    def __iter__(self) -> Iterator[model.AnyEvent]:
        for group in self.groups.values():
            yield from group


class Log:
    """The events of one kernel's life."""

    def __init__(self) -> None:
        self.kernel = 0
        self.lost = 0
        self.malformed = 0
        self._runs: dict[str, _Run] = {}
        self._old: deque[str] = deque(maxlen=50)
        self._ghosts: dict[Subject, list[model.AnyEvent]] = {}
        """Threads of replaced runs that have not ended: they are still there, whatever the cell does now."""

    def add(self, event: model.AnyEvent) -> None:
        """Takes one event in; a cell's new run replaces its old one."""
        if isinstance(event, model.Lost):
            self.lost += event.count
            return
        kept = self._runs.get(event.cell)
        if kept is None or (event.cell and event.run > kept.run):
            self._remember_threads(self._runs.pop(event.cell, None))
            kept = self._runs[event.cell] = _Run(event.run)
            self._thin()
        elif event.cell and event.run < kept.run:
            about = subject(event, self.kernel)
            if isinstance(event, model.ThreadEnd):
                self._ghosts.pop(about, None)
            elif isinstance(event, model.ThreadRun) and about in self._ghosts:
                self._ghosts[about].append(event)
            return
        kept.add(event, self.kernel)

    def _remember_threads(self, gone: _Run | None) -> None:
        for about, group in gone.groups.items() if gone is not None else ():
            events = [event for event in group if isinstance(event, model.ThreadStart | model.ThreadRun)]
            ended = any(isinstance(event, model.ThreadEnd) for event in group)
            started = any(not isinstance(event, model.ThreadStart) or event.error is None for event in events)
            if about[0] == "thread" and started and not ended and len(self._ghosts) < GROUPS:
                self._ghosts[about] = list(events)

    def _thin(self) -> None:
        cells = [cell for cell in self._runs if cell]
        total = sum(run.size for run in self._runs.values())
        while len(cells) > RUNS or (total > TOTAL and len(cells) > 1):
            gone = self._runs.pop(cells.pop(0))
            total -= gone.size
            self._old.append(f"an earlier cell's run was forgotten to make room ({gone.size:,} reports)")

    def events(self, until: int = 0) -> tuple[model.AnyEvent, ...]:
        """All events kept, in order of time; up to a moment if one is given."""
        ghosts = [event for group in self._ghosts.values() for event in group]
        every = (*(event for run in self._runs.values() for event in run), *ghosts)
        return tuple(sorted((one for one in every if not until or one.at <= until), key=lambda event: event.at))

    def not_recorded(self) -> tuple[str, ...]:
        """What was left out, in sentences."""
        sentences = [sentence for run in self._runs.values() for sentence in run.sentences()]
        if self.malformed:
            sentences.append(f"{self.malformed:,} reports could not be read")
        return (*sentences, *self._old)
