"""What the checks of several labs ask: hired processes, their ends, and a clean bench.

Each either answers what it found or raises, as :func:`~parallab.checks.expect.expect` does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from parallab.checks.expect import cannot_tell, expect, fail
from parallab.checks.matchers import Matcher, enumerate_all, equals, none, show

if TYPE_CHECKING:
    from parallab import model
    from parallab.evidence import Evidence
    from parallab.story import Number, Thread, Worker

#: What keeps a process from being started; each is told only if the evidence shows it.
NO_START = ("M12", "M11", "M14", "M18", "M08", "M05", "M31", "M41", "M09")
#: What makes a started process fail at once.
BAD_START = ("M04", "M01", "M11", "M10", "M62")


def instead(run: Evidence) -> str:
    """What the step's cells did where processes were expected; "" when they did nothing of note."""
    found: list[str] = []
    if run.failed_starts and run.failed_starts[-1].error is not None:
        found.append(f"start() raised {told(run.failed_starts[-1].error)}")
    elif run.error is not None:
        found.append(f"your cell ended with {told(run.error)}")
    if run.run_in_notebook:
        found.append("your notebook did the work itself")
    elif run.never_started:
        found.append(f"{_count(len(run.never_started), 'Process object')} made, but never started")
    if run.threads:
        found.append(f"{_count(len(run.threads), 'thread')} in your notebook")
    if run.pool_workers:
        found.append(f"{_count(len(run.pool_workers), 'process', 'processes')} hired by a pool")
    return "; ".join(found)


def _short(text: str, most: int = 90) -> str:
    line = re.sub(r" at 0x[0-9a-f]+", "", text.strip().split("\n", 1)[0])
    return line if len(line) <= most else f"{line[:most]}…"


def told(error: model.Failure) -> str:
    """An exception in one line."""
    # What pickle says differs from one Python to the next, and means nothing to a beginner.
    if error.type == "PicklingError" or not error.message:
        return error.type
    return f"{error.type}: {_short(error.message)}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def hired(
    run: Evidence, matcher: Matcher, *, what: str = "child processes", hint: str = "", last: bool = False
) -> tuple[Worker, ...]:
    """The processes that the step's cells started, if there are as many as wanted.

    ``last`` asks for those of the latest attempt that has as many, and leaves out earlier ones.
    """
    workers = run.workers
    if last:
        workers = next((found for found in run.attempts if matcher.match(found) is None), workers)
    seen = enumerate_all([f"“{worker.name}”" for worker in workers])
    observed = f"{len(workers)}: {seen}" if workers else "none"
    more = instead(run)
    expect(
        what,
        workers,
        matcher,
        observed=f"{observed}; {more}" if more else observed,
        because="A pool hires its processes itself, and sends them home itself. Here you learn to do both."
        if run.pool_workers and not workers
        else "Only start() makes a process that runs beside your notebook.",
        hint=hint,
        mistake=NO_START,
    )
    return workers


def at_once(run: Evidence, workers: Sequence[Worker], hint: str = "") -> None:
    """They were at work at the same time."""
    found = run.together(workers)
    if not found.yes:
        fail(
            f"all {len(workers)} started before you wait for the first",
            found.observed,
            because="What runs one after the other takes as long as if you did it alone.",
            hint=hint or "Start all of them in one loop, and wait for them in a second loop.",
            mistake="M13",
            about=found,
        )


def ended(run: Evidence, workers: Sequence[Worker]) -> None:
    """Somebody waited until each of them had ended."""
    if run.running is not None and run.stuck is True:
        fail(
            "every worker comes to its end",
            "; ".join(run.standstill.lines) or "your cell waits, and nobody is left who could end that",
            because="A join waits for ever when the worker does.",
            mistake=("M43", "M44", "M46", "M42", "M45"),
            about=run.standstill.cycle or run.standstill.waits,
        )
    left = [worker for worker in workers if not (run.joined(worker) or _asked(run, worker) or run.collected(worker))]
    expect(
        "workers that nobody waited for",
        left,
        none(),
        observed=enumerate_all([str(worker) for worker in left]) + failed_cell(run),
        because=not_asked(run, left),
        hint="Call join() on each of your workers, after all have been started.",
    )


def failed_cell(run: Evidence) -> str:
    """With which error the cell ended, to be told after what was seen; "" when with none."""
    return f"; your cell ended with {told(run.error)}" if run.error is not None else ""


def not_asked(run: Evidence, left: Sequence[Worker | Thread]) -> str:
    """Why it is not enough that these have come to their end, or have not yet."""
    if run.error is not None or not all(one.ended for one in left):
        return "Without join() your notebook does not know when the work is done."
    return (
        "By now the work is done, but your notebook did not ask for that. time.sleep() only hopes. A list or a "
        "variable of yours tells how far the work has come, not that its end was reached. join() waits until it "
        "has ended."
    )


def _asked(run: Evidence, worker: Worker) -> bool:
    """Whether somebody asked until the answer was that it has ended."""
    return any(wait.child == worker.pid and (wait.alive is False or wait.exit_code is not None) for wait in run.waits)


def is_pythons(worker: Worker) -> bool:
    """Whether it was only given a function of Python's own to do, such as print: that shows work and does none.

    Of Python's modules only those are meant that no file of a learner's can stand in for.
    """
    return worker.target.partition(".")[0] in sys.builtin_module_names


def own_work(workers: Sequence[Worker], expected: str, hint: str, because: str = "") -> None:
    """None of these was only given a function of Python's own to do."""
    idle = [worker for worker in workers if is_pythons(worker)]
    names = ", ".join(worker.target.removeprefix("builtins.") for worker in idle)
    expect(expected, idle, none(), observed=names, because=because, hint=hint)


def in_modules(workers: Sequence[Worker], because: str, hint: str) -> None:
    """What these workers do stands in a module, where a fresh Python finds it, too."""
    named = [name for worker in workers for name in (worker.target, worker.cls)]
    local = [name.removeprefix("__main__.") for name in named if name.startswith("__main__.")]
    expect(
        "work that stands in the notebook instead of a module",
        local,
        none(),
        observed=", ".join(dict.fromkeys(local)),
        because=because,
        hint=hint,
        mistake=("M04", "M01"),
    )


def how(worker: Worker) -> str:
    """How a worker ended, in words."""
    if worker.exit_code is None:
        return "has not ended" if worker.alive else "ended, nobody knows how"
    text = f"exit code {worker.exit_code}".replace("-", "−")
    if worker.error is None or worker.error.type == "SystemExit":
        return text
    if not worker.ran:
        return f"{text} ({worker.error.type}, before its work began)"
    return f"{text} ({told(worker.error)})"


def ended_well(workers: Sequence[Worker], *, hint: str = "", mistake: Sequence[str] = BAD_START) -> None:
    """Every one of them ended with exit code 0."""
    unknown = [worker for worker in workers if not worker.alive and worker.exit_code is None]
    if unknown:
        cannot_tell(f"Nobody saw the exit code of {enumerate_all([str(worker) for worker in unknown])}. Run it again.")
    wrong = [worker for worker in workers if worker.exit_code != 0]
    expect(
        "workers that did not end with exit code 0",
        wrong,
        none(),
        observed=enumerate_all([f"{worker}: {how(worker)}" for worker in wrong], most=2),
        because="Exit code 0 means that the child came back from its work without an exception.",
        hint=hint or _where_to_read(wrong),
        mistake=mistake,
    )


def _where_to_read(wrong: Sequence[Worker]) -> str:
    if all((worker.exit_code or 0) < 0 for worker in wrong):
        return "A signal ended it, so it left no error message: the number after the minus says which signal."
    return "Read the last line of the child's error message, below your cell."


def written_by_workers(workers: Sequence[Worker], numbers: Sequence[Number], expected: str) -> None:
    """These shared numbers, which all of them were given, are as one of these workers left them: the last that read."""
    if all(worker.told for worker in workers):
        as_left([(worker.told, worker.saw) for worker in workers], numbers, expected)


def as_left(seen: Iterable[tuple[int, Sequence[float | None]]], numbers: Sequence[Number], expected: str) -> None:
    """These shared numbers are as they were ``seen``, at a moment of its own, by one who had done its work: the last.

    Who that was is not known: one reads them before it tells of that, and another may overtake it in between.
    """
    told = [(at, sorted(number for number in saw if number is not None)) for at, saw in seen]
    now = sorted(number.value for number in numbers if number.value is not None)
    if not told or any(len(saw) != len(now) for _, saw in told):
        return  # that was not seen
    left = max(told)[1]
    expect(
        expected,
        now,
        equals(now if now in [saw for _, saw in told] else left),
        observed=f"{show(now)}, but {show(left)} when the last of your workers was done",
        because="What your notebook writes itself says nothing about what your workers did.",
        hint="Leave it to the workers, and only read it in your notebook.",
    )


def nothing_left(run: Evidence) -> None:
    """No process that the notebook's cells started is alive, or waits as a zombie to be collected."""
    left = run.alive
    expect(
        "processes still alive",
        left,
        none(),
        observed=enumerate_all([f"“{worker.name}”" if worker.name else str(worker) for worker in left]),
        because="A process that nobody ends goes on holding its memory and its locks.",
        hint="Join your workers. One that never ends by itself can be ended with terminate(), then joined.",
    )
    expect(
        "zombies",
        run.zombies,
        none(),
        observed=enumerate_all([f"“{worker.name}”" for worker in run.zombies]),
        because="An ended child keeps its number until its parent collects it.",
        hint="join() collects; so does mp.active_children().",
        mistake="M63",
    )


def no_threads_left(run: Evidence) -> None:
    """No thread that the notebook's cells started is alive."""
    expect(
        "threads still alive",
        run.threads_alive,
        none(),
        observed=enumerate_all([f"“{thread.name}”" for thread in run.threads_alive]),
        because="A waiting thread keeps what it holds for as long as your kernel lives.",
        hint="Let each thread come to its end and join it. A thread that waits for ever ends only with the kernel.",
    )


def _block(segment: model.Segment) -> str:
    """By its name, unless Python gave it one by chance."""
    return f"a block of {segment.size:,} bytes" if segment.name.startswith("psm_") else f"“{segment.name}”"


def no_memory_left(run: Evidence) -> None:
    """No shared memory that the notebook's cells made is left in /dev/shm."""
    expect(
        "shared memory left behind",
        run.segments_left,
        none(),
        observed=enumerate_all([_block(segment) for segment in run.segments_left]),
        because="Shared memory lives until somebody unlinks it, even when nobody uses it any more.",
        hint="close() it in every process, and unlink() it once.",
        mistake="M47",
    )
