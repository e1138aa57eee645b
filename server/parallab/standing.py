"""What a kernel that stands still shows, in sentences and without a diagnosis: who waits for what.

Pure. It is what a learner reads to find out for themselves what ``waits.patterns`` would have told.
"""

from __future__ import annotations

from parallab import ipc, model, waits
from parallab.story import Story


def lines(recording: model.Recording, told: Story) -> tuple[str, ...]:
    """One sentence for each thread that can never go on, as the last two snapshots agree."""
    if len(recording.snapshots) < 2:
        return ()
    previous, current = recording.snapshots[-2:]
    lost = waits.lost(previous, current, recording.baseline)
    case = _Case(waits.picture(current, recording.baseline), told)
    main = recording.pid
    ordered = sorted(lost, key=lambda wait: (wait.pid != main, case.place(wait.pid), wait.tid != wait.pid))
    return tuple(dict.fromkeys(line for wait in ordered if (line := case.line(wait))))


class _Case:
    """The picture, asked in the learner's own names."""

    def __init__(self, seen: waits.Picture, told: Story) -> None:
        self.seen = seen
        self.told = told
        self.roles = ipc.names(seen.snapshot, seen.roles)
        self.made = ipc.composites(seen.objects)

    def place(self, pid: int) -> int:
        """In which order it was hired."""
        worker = self.told.worker(pid)
        return worker.began if worker is not None else 0

    def name(self, pid: int) -> str:
        if pid == self.seen.snapshot.root:
            return "the notebook"
        worker = self.told.worker(pid)
        return f"“{worker.name}”" if worker is not None and worker.name else self.roles.get(pid, "somebody")

    def people(self, pids: tuple[int, ...]) -> str:
        names = sorted(dict.fromkeys(self.name(pid) for pid in pids))
        return " and ".join(names) or "nobody"

    def line(self, wait: waits.Wait) -> str:
        who = self.name(wait.pid)
        if wait.tid != wait.pid:
            who = f"a thread of {who}"
        what = self._what(wait)
        return f"{who[:1].upper()}{who[1:]} waits {what}." if what else ""

    def _of_queue(self, inode: model.Inode) -> bool:
        """Whether this lock is inside a queue: as the probe told, else as it looks."""
        known = next((lock for lock in self.told.locks if lock.inode == inode), None)
        if known is not None:
            return known.owner == "queue"
        return any(inode in one.parts and one.kind in ipc.QUEUES for one in self.made)

    def _what(self, wait: waits.Wait) -> str:
        others = tuple(pid for pid in wait.held_by or () if pid != wait.pid)
        if wait.kind == "child":
            return f"for the end of {self.people(wait.held_by or ())}"
        if wait.inode is None:
            return ""
        if wait.inode in self.seen.objects.semaphores:
            if self._of_queue(wait.inode):
                return f"for its turn at a queue, which {self.people(others)} has" if others else "at a queue"
            return f"for a lock that {self.people(others)} holds" if others else "for a lock"
        if wait.writes:
            return f"for room in a full pipe, which only {self.people(others)} could empty"
        could = f"which only {self.people(others)} could send" if others else "and nobody else could send it"
        return f"for something to read, {could}"
