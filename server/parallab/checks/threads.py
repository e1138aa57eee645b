"""What the checks of several labs ask about threads: started, together, ended well.

The counterpart of :mod:`parallab.checks.common`, which asks the same about processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from parallab.checks.common import failed_cell, instead, not_asked, told
from parallab.checks.expect import cannot_tell, expect, fail
from parallab.checks.matchers import Matcher, enumerate_all, none

if TYPE_CHECKING:
    from parallab.evidence import Evidence
    from parallab.story import Line, Thread

#: What keeps a thread from being started; each is told only if the evidence shows it.
NO_THREAD = ("M12", "M11", "M14", "M10", "M09")
#: What makes a started thread fail.
BAD_THREAD = ("M11", "M10", "M32", "M25", "M64")


def who(run: Evidence, line: Line) -> str:
    """Who wrote this line: a thread by its name, or the notebook itself."""
    if line.pid and line.pid != run.recording.pid:
        return "a child process"
    if run.is_main(line.tid):
        return "your notebook itself"
    return str(run.thread(line.tid, line.at) or "a thread of an earlier run")


def by_thread(run: Evidence, lines: Sequence[Line]) -> dict[Thread, list[Line]]:
    """The lines by the learner's threads that wrote them, in order of the first."""
    found: dict[Thread, list[Line]] = {}
    for line in lines:
        thread = run.thread(line.tid, line.at) if line.pid == run.recording.pid else None
        if thread is not None:
            found.setdefault(thread, []).append(line)
    return found


def not_started(run: Evidence) -> str:
    """What the step's cells did where threads were expected; "" when they did nothing of note."""
    found: list[str] = []
    if run.failed_thread_starts and (error := run.failed_thread_starts[-1].error) is not None:
        found.append(f"start() raised {told(error)}")
    elif run.error is not None:
        found.append(f"your cell ended with {told(run.error)}")
    idle = len(run.unstarted_threads)
    if idle:
        found.append(f"{idle} Thread {'object' if idle == 1 else 'objects'} made, but never started")
    if any(run.is_main(line.tid) and line.pid == run.recording.pid for line in run.journal):
        found.append("your notebook did the work itself")
    if run.processes:
        found.append(f"{len(run.processes)} {'process' if len(run.processes) == 1 else 'processes'}")
    return "; ".join(found) or instead(run)


def started(
    run: Evidence, threads: Sequence[Thread], matcher: Matcher, *, what: str = "threads", hint: str = ""
) -> Sequence[Thread]:
    """These threads, if there are as many as wanted."""
    more = not_started(run)
    observed = f"{len(threads)}: {enumerate_all([str(thread) for thread in threads])}" if threads else "none"
    expect(
        what,
        threads,
        matcher,
        observed=f"{observed}; {more}" if more else observed,
        because="Only start() makes a thread that runs beside your own.",
        hint=hint,
        mistake=NO_THREAD,
    )
    return threads


def threads_at_once(run: Evidence, threads: Sequence[Thread], hint: str = "") -> None:
    """They were at work at the same time."""
    found = run.together(threads)
    if not found.yes:
        fail(
            f"all {len(threads)} started before you wait for the first",
            found.observed,
            because="What runs one after the other takes as long as if you did it alone.",
            hint=hint or "Start all of them in one loop, and wait for them in a second loop.",
            mistake="M13",
            about=found,
        )


def threads_ended(run: Evidence, threads: Sequence[Thread], *, mistake: Sequence[str] = ()) -> None:
    """Somebody waited until each of them had ended, and none of them ended by an exception."""
    left = [thread for thread in threads if not run.waited_for(thread)]
    if mistake and run.running is not None and left and run.stuck is not True:  # they may still end: no mistake yet
        cannot_tell("Your cell is still running. Check again when it has ended.")
    expect(
        "threads that nobody waited for",
        left,
        none(),
        observed=enumerate_all([f"{thread}{'' if thread.ended else ', which is still alive'}" for thread in left])
        + failed_cell(run),
        because=not_asked(run, left),
        hint="Call join() on each of your threads, after all have been started.",
        mistake=tuple(mistake),
    )
    threads_well(threads)


def threads_well(threads: Sequence[Thread]) -> None:
    """None of them ended by an exception."""
    failed = [(thread, thread.error) for thread in threads if thread.error is not None]
    expect(
        "threads that ended by an exception",
        failed,
        none(),
        observed=enumerate_all([f"{thread}: {told(error)}" for thread, error in failed], most=2),
        because="An exception in a thread ends that thread only. Your cell is green all the same.",
        hint="Read the last line of the thread's error message, below your cell.",
        mistake=BAD_THREAD,
    )
