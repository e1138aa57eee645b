"""What two faces say of what a kernel's cells started: the tree (``live``) and the map (``film``)."""

from __future__ import annotations

from parallab import live, model
from parallab.film import film

Who = tuple[int, int]
"""(pid, tid) of a thread."""


def tree(recording: model.Recording) -> dict[Who, str]:
    """Of everybody who lives what the tree says that they wait for, "" for nothing."""
    state = live.picture(recording, "kernel")
    told = {(one.pid, one.pid): one.waits_for for one in state.processes if one.state != "ended"}
    told |= {
        (one.pid, thread.tid): thread.waits_for
        for one in state.processes
        if one.state != "ended"
        for thread in one.threads
    }
    return told | {(recording.pid, one.tid): one.waits_for for one in state.threads if one.state != "ended"}


def both(recording: model.Recording) -> dict[Who, tuple[bool, bool]]:
    """Of everybody who lives and is in both whether they wait: as the tree says, and as the map does at its end."""
    told = film(recording)
    waiting = {wait.lane for wait in told.waits if wait.end is None}
    lanes = {(lane.pid, lane.tid): lane.id in waiting for lane in told.lanes if lane.ended is None}
    return {who: (bool(text), lanes[who]) for who, text in tree(recording).items() if who in lanes}
