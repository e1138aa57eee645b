"""What the operating system showed at a look: who is blocked in what, what lies in pipes, and who holds their ends."""

from __future__ import annotations

from parallab import ipc, model, waits
from parallab.film.sweep import MODES, Told, Waiting
from parallab.film.things import Thing


def look(recording: model.Recording, told: Told) -> None:
    """Adds to what the probe told what snapshots show besides."""
    for snapshot in recording.snapshots:
        _Look(recording, told, snapshot).tell()
    if len(recording.snapshots) > 1:
        previous, current = recording.snapshots[-2:]
        for wait in waits.lost(previous, current, recording.baseline):
            lane = told.lanes.exactly(wait.pid, wait.tid, current.monotonic)
            found = told.waiting(lane) if lane else None
            if found is not None:
                found.forever = True


class _Look:
    """One snapshot."""

    def __init__(self, recording: model.Recording, told: Told, snapshot: model.Snapshot) -> None:
        self.told = told
        self.at = snapshot.monotonic
        self.seen = waits.picture(snapshot, recording.baseline)
        self.stacks = snapshot.stacks
        self.idle = not recording.busy_cell
        self.notebook = recording.pid
        names = {lock.inode: lock.name for lock in told.lanes.story.locks if lock.inode is not None}
        self.things: dict[model.Inode, Thing] = {}
        for inode, name in names.items():
            if (thing := told.things.part(name, self.at)) is not None:
                self.things[inode] = thing
        self._pipes()

    def tell(self) -> None:
        """Ends of pipes, what lies in them, and the waits that no report told of."""
        for inode, thing in self.things.items():
            found = self.seen.objects
            if inode in found.pipes:
                self._held(found.pipes[inode].ends, found.pipes[inode].queued, thing)
            elif inode in found.sockets:
                self._held(found.sockets[inode].ends, found.sockets[inode].queued, thing)
        self._reading_queues()
        self._semaphores()
        self._locks_of_threads()
        for wait in self.seen.waits:
            self._wait(wait)
        self._go_on()

    def _pipes(self) -> None:
        for inode, socket in self.seen.objects.sockets.items():
            if socket.peer is not None:
                self.told.things.pair(inode.ino, socket.peer.ino)
        for inode in (*self.seen.objects.pipes, *self.seen.objects.sockets):
            thing = self.told.things.end(inode.ino)
            if thing is not None:
                self.things[inode] = thing

    def _held(self, ends: tuple[ipc.End, ...], queued: int | None, thing: Thing) -> None:
        modes: dict[str, str] = {}
        for end in ends:
            lane = self.told.lanes.process(end.pid, self.at)
            if lane:
                modes[lane] = "".join(sorted({*modes.get(lane, ""), *end.mode}))
        for lane, mode in modes.items():
            self.told.link(self.at, lane, thing.id, MODES.get(mode, "uses"))
        having = self.told.having(thing.id)
        if queued is not None:
            # Of a pipe of two ways both sides' bytes count.
            fresh = having.seen != self.at
            having.fill, having.seen = (queued if fresh else (having.fill or 0) + queued), self.at
            self.told.state(self.at, thing.id)

    def _semaphores(self) -> None:
        """How many each still admits."""
        for inode, one in self.seen.objects.semaphores.items():
            thing = self.things.get(inode)
            if thing is not None and thing.kind == "semaphore" and one.value is not None:
                self.told.value(self.at, thing.id, one.value)

    def _locks_of_threads(self) -> None:
        """Locks of ``threading``, which only Python's stacks tell: who wants one, and who holds it."""
        wanted = {(stack.pid or self.notebook, stack.wants) for stack in self.stacks if stack.wants}
        for pid, ident in sorted(wanted):
            thing = self.told.things.lock_of_threads(pid, ident, self.at)
            for stack in self.stacks:
                lane = self.told.lanes.exactly(pid, stack.tid, self.at) if (stack.pid or self.notebook) == pid else ""
                if lane and ident in stack.holds:
                    self.told.link(self.at, lane, thing.id, "uses")
                    self.told.hold(self.at, lane, thing.id, 1)
                if lane and stack.wants == ident and self.told.waiting(lane) is None:
                    begin = max(self.told.last_act(lane), self.told.lanes.began(lane)) or self.at
                    self.told.wait(Waiting(lane, begin, "object", thing.id, call="acquire"))

    def _reading_queues(self) -> None:
        """Who holds a queue's first lock and reads a pipe, reads that queue's."""
        for semaphore in self.seen.objects.semaphores.values():
            thing = self.things.get(semaphore.inode)
            if thing is None or thing.kind != "queue":
                continue
            for pid in semaphore.holders:
                for inode in self.seen.objects.reading.get(pid, ()):
                    self.things.setdefault(inode, thing)

    def _wait(self, wait: waits.Wait) -> None:
        lane = self.told.lanes.exactly(wait.pid, wait.tid, self.at)
        if not lane or self._rests(wait):
            return
        known = self.told.waiting(lane)
        if known is not None:
            known.timed = known.timed or wait.timed
            return
        told = self._told(wait, lane)
        if told is not None:
            self.told.wait(told)

    def _rests(self, wait: waits.Wait) -> bool:
        """Whether it is the notebook's own, as it waits for cells and for what else the lab sends it."""
        if (wait.pid, wait.tid) in self.seen.machinery:
            return True
        return self.idle and wait.pid == wait.tid == self.notebook

    def _go_on(self) -> None:
        """The operating system has the last word on who waits at all: of an end not every report has come."""
        waiting = {(wait.pid, wait.tid) for wait in self.seen.waits}
        for process in self.seen.snapshot.processes:
            for thread in process.threads:
                lane = self.told.lanes.exactly(process.pid, thread.tid, self.at)
                known = self.told.waiting(lane) if lane and (process.pid, thread.tid) not in waiting else None
                if known is not None and known.begin < self.at:
                    self.told.resume(self.at, lane)

    def _told(self, wait: waits.Wait, lane: str) -> Waiting | None:
        if self.told.lanes.ends.get(lane, self.at) < self.at:
            return None
        begin = max(self.told.last_act(lane), self.told.lanes.began(lane)) or self.at
        thing = self.things.get(wait.inode) if wait.inode is not None else None
        if thing is not None:
            return Waiting(lane, begin, "object", thing.id, timed=wait.timed, call=wait.call)
        if wait.kind in ("child", "process") and wait.held_by:
            those = tuple(one for pid in wait.held_by if (one := self.told.lanes.process(pid, self.at)))
            return Waiting(lane, begin, "end", lanes=those, timed=wait.timed, call=wait.call) if those else None
        if wait.kind == "thread-lock" or (wait.kind == "object" and wait.inode is not None):
            # Something of the library's own: whoever could end it may be known, the thing has no name.
            those = tuple(
                one for pid in wait.held_by or () if (one := self.told.lanes.process(pid, self.at)) not in ("", lane)
            )
            return Waiting(lane, begin, "unknown", lanes=those, timed=wait.timed, call=wait.call)
        return None
