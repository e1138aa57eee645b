"""Threads: from their start, run and end, by (pid, ident), both used again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parallab import model

#: A thread that tells that it is through has yet to return, perhaps when the cell has already ended. So long that may
#: take (ns); time in which it only lacks a core does not count.
RETURNS_NS = 500_000_000


@dataclass(frozen=True)
class Thread:
    """One thread that a cell started (or a thread of such a thread)."""

    pid: int
    ident: int
    tid: int = 0
    name: str = ""
    cls: str = ""
    target: str = ""
    overrides_run: bool = False
    role: str = ""
    cell: str = ""
    run: int = 0
    began: int = 0
    started: int = 0
    starter: int = 0
    """The thread, by its native id, that called ``start()``."""
    queued_ns: int = 0
    """As of a process."""
    ran: int = 0
    ended: int = 0
    error: model.Failure | None = None
    cpu_ns: int = 0
    watched_ns: int = 0
    runnable_ns: int = 0
    pauses: int = 0

    @property
    def runnable(self) -> float | None:
        """The part of its life in which it ran or only lacked a core; None: too short to tell, or not seen."""
        return self.runnable_ns / self.watched_ns if self.watched_ns else None

    @property
    def lacked_ns(self) -> int:
        """For how long of its life it only lacked a core; 0 where that was not seen."""
        return max(0, self.runnable_ns - self.cpu_ns)

    def __str__(self) -> str:
        return f"“{self.name}”"

    def ended_by(self, at: int) -> bool:
        """Whether it had ended at that moment."""
        return bool(self.ended) and self.ended <= at

    def alive_at(self, at: int) -> bool:
        """Whether it ran at that moment."""
        return bool(self.ran) and self.ran <= at and not self.ended_by(at - 1)


def all_threads(recording: model.Recording) -> tuple[Thread, ...]:
    """Every thread that was reported, in order of its start."""
    lives: dict[tuple[int, int], Thread] = {}
    done: list[Thread] = []
    for event in recording.events:
        match event:
            case model.ThreadStart() if event.ident and event.error is None:
                key = (event.pid, event.ident)
                before = lives.get(key)
                if before is not None and before.started:
                    done.append(lives.pop(key))
                    before = None
                base = before or Thread(event.pid, event.ident)
                lives[key] = replace(
                    base,
                    name=event.name,
                    cls=event.cls,
                    target=event.target,
                    overrides_run=event.overrides_run,
                    role=event.role,
                    cell=event.cell,
                    run=event.run,
                    began=event.began,
                    started=event.at,
                    starter=event.tid,
                    queued_ns=event.queued_ns,
                )
            case model.ThreadRun():
                key = (event.pid, event.ident)
                before = lives.get(key)
                if before is not None and before.ended:
                    done.append(lives.pop(key))
                    before = None
                base = before or Thread(event.pid, event.ident, cell=event.cell, run=event.run)
                lives[key] = replace(base, ran=event.at, tid=event.tid, name=base.name or event.name)
            case model.ThreadEnd():
                key = (event.pid, event.ident)
                base = lives.get(key) or Thread(event.pid, event.ident, cell=event.cell, run=event.run)
                lives[key] = replace(
                    base,
                    ended=event.at,
                    error=event.error,
                    tid=base.tid or event.tid,
                    cpu_ns=event.cpu_ns,
                    watched_ns=event.watched_ns,
                    runnable_ns=event.runnable_ns,
                    pauses=event.pauses,
                )
            case _:
                pass
    return tuple(sorted([*done, *lives.values()], key=lambda thread: thread.began or thread.ran))
