"""Which processes of a kernel's were seen, by whom, and when they ended. Pure.

A look at /proc shows who is there; the credentials of a report, or a pidfd that was handed over, show
who lived shorter than any look. A number that is given to another process begins another sighting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from parallab import model

#: Numbers of processes that are remembered; of more, ended ones from the middle are forgotten.
MOST = 4000


class Sightings:
    """Those of one life of a kernel; the kernel itself is none."""

    def __init__(self) -> None:
        self._seen: dict[int, list[model.Sighting]] = {}

    def all(self) -> tuple[model.Sighting, ...]:
        """All that are remembered."""
        return tuple(one for seen in self._seen.values() for one in seen)

    def living(self) -> list[int]:
        """Whose end was not seen."""
        return [pid for pid, seen in self._seen.items() if seen and not seen[-1].ended]

    def credit(self, event: model.AnyEvent) -> None:
        """A report's credentials confirm the process that sent it (unix(7)), and that it lived when that was sent."""
        mine = self._seen.setdefault(event.pid, [])
        if isinstance(event, model.ProcessBorn) or not mine:
            mine.append(model.Sighting(event.pid, by="credentials", first=event.at, last=event.at))
            self._prune()
        elif not mine[-1].ended:
            mine[-1] = msgspec.structs.replace(mine[-1], last=event.at)
        # Its last words may be read after its end was seen.
        if isinstance(event, model.Stamped) and event.sent and not 0 < mine[-1].ended < event.sent:
            mine[-1] = _alive(mine[-1], event.sent, event.sent)

    def confirm(self, event: model.ForkMade | model.ProcessStart | model.ProgramStart) -> None:
        """Its starter handed over the child's pidfd: it exists, even if it never came to say so."""
        mine = self._seen.setdefault(event.child, [])
        began = event.at if isinstance(event, model.ForkMade) else event.began
        if not mine or (mine[-1].ended and mine[-1].ended < began):
            mine.append(model.Sighting(event.child, by="pidfd", first=event.at, last=event.at))
            self._prune()
        if isinstance(event, model.Stamped) and event.sent:
            mine[-1] = _alive(mine[-1], event.sent, 0)

    def bury(self, event: model.ProcessGone) -> None:
        """Its pidfd showed that it has ended."""
        mine = self._seen.get(event.child)
        # A pid that is used again has a newer sighting, which is somebody else's.
        if mine and not mine[-1].ended and mine[-1].first <= event.at:
            code = event.exit_code if event.exit_code is not None else mine[-1].exit_code
            mine[-1] = msgspec.structs.replace(mine[-1], ended=event.at, exit_code=code)

    def look(
        self,
        present: Iterable[model.Process],
        began: int,
        now: int,
        *,
        all_seen: bool,
        since: Callable[[int], int] = lambda _: 0,
    ) -> bool:
        """A look that ``began`` and ended ``now`` (monotonic ns) showed these; whether anybody came, or was gone.

        Who was only heard of until now has come, too. Unless ``all_seen``, who is not there may be one of those
        that were not read. ``since`` makes monotonic ns of the ticks at which the system started a process.
        """
        pids = set()
        news = False
        for process in present:
            pids.add(process.pid)
            mine = self._seen.setdefault(process.pid, [])
            dead = process.state in "ZX"
            seen = mine.pop() if mine and _same(mine[-1], process, dead) else model.Sighting(process.pid, first=now)
            found = msgspec.structs.replace(
                seen,
                started=process.started,
                ppid=process.ppid,
                by="proc",
                last=now,
                cmdline=process.cmdline or seen.cmdline,
                comm=process.comm,
                exit_code=seen.exit_code if process.exit_code is None else process.exit_code,
                ended=(seen.ended or now) if dead else 0,
                since=seen.since or since(process.started),
            )
            found = _alive(found, now, 0 if dead else began)
            mine.append(found)
            news = news or (seen.started, bool(seen.ended)) != (found.started, bool(found.ended))
        for pid, mine in self._seen.items() if all_seen else ():
            # One that reported itself while we looked may have been born behind our back.
            if pid not in pids and mine and not mine[-1].ended and mine[-1].last < began:
                mine[-1] = msgspec.structs.replace(mine[-1], ended=now)
                news = True
        self._prune()
        return news

    def _prune(self) -> None:
        if len(self._seen) > MOST:
            ended = [pid for pid, seen in self._seen.items() if all(one.ended for one in seen)]
            middle = (ended or list(self._seen))[500:1500]
            for pid in middle:
                del self._seen[pid]


def _alive(seen: model.Sighting, begun_by: int, alive_at: int) -> model.Sighting:
    """The same, which had begun by the one moment, and lived at the other."""
    return msgspec.structs.replace(
        seen,
        begun_by=min(seen.begun_by or begun_by, begun_by),
        alive_at=max(seen.alive_at, alive_at),
    )


def _same(seen: model.Sighting, process: model.Process, dead: bool) -> bool:
    """Whether it is this process: pid and start time tell processes apart, proc_pid_stat(5).

    Of one whose end was heard before any look, the remains fit as long as nobody has collected them.
    """
    return seen.started == process.started or (seen.started == 0 and (dead or not seen.ended))
