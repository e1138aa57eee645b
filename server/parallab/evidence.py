"""What a check may ask of a Recording: the learner's processes, threads, locks and numbers.

Everything here is about one step: what its cells started in this kernel's life, from each cell's
latest run, plus the state now. A question that the recording cannot answer raises
:class:`parallab.checks.expect.CannotTell`, so that the goal becomes undecided and never a false
fail or pass. Messages speak of roles ("your notebook", "worker 2 of 4"), never of bare pids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from parallab import model, story
from parallab.checks.expect import CannotTell
from parallab.story import (
    Call,
    Line,
    Lock,
    Mailbox,
    Number,
    Pipe,
    Pool,
    Program,
    Queue,
    Run,
    SharedSegment,
    Task,
    Thread,
    Together,
    Word,
    Worker,
    locks,
)
from parallab.waits import Diagnosis

__all__ = [
    "Call",
    "CellRun",
    "Evidence",
    "Line",
    "Lock",
    "Mailbox",
    "Notebook",
    "Number",
    "Pipe",
    "Pool",
    "Program",
    "Queue",
    "SharedSegment",
    "Task",
    "Thread",
    "Together",
    "Word",
    "Worker",
]

Kind = TypeVar("Kind", bound=model.Event)

_GAPS = {
    "locks": "the memory",
    "calls": "the system calls",
    "mappings": "the shared memory",
    "segments": "the folder of shared memory",
}


#: What asyncio calls the threads of its event loop's own executor.
_ASYNCIOS = re.compile(r"asyncio_\d+")

_NUMBER = r"worker \d+ of \d+"


def _anybody(sentence: str) -> str:
    """Without what differs from run to run: which of the workers it was, and the numbers of what they wait for."""
    text = re.sub(rf"{_NUMBER}(?:(?:, | and ){_NUMBER})+", "workers", sentence, flags=re.IGNORECASE)
    text = re.sub(rf"{_NUMBER}|the worker\b", "a worker", text, flags=re.IGNORECASE)
    return re.sub(r"\b(pipe|socket|lock|semaphore) [0-9a-f]+:\d+", r"a \1", text)


@dataclass(frozen=True)
class Notebook:
    """The kernel: the process in which the learner's cells run."""

    pid: int
    python: tuple[int, int, int]
    start_method: str
    gil: bool

    def __str__(self) -> str:
        return "your notebook"


@dataclass(frozen=True)
class CellRun:
    """The latest run of one of the step's cells; ``ended`` is 0 while it runs."""

    cell: str
    run: int
    began: int
    ended: int
    error: model.Failure | None
    readings: tuple[model.Reading, ...] = ()
    values: tuple[model.Value, ...] = ()
    threads: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "your cell"


@dataclass(frozen=True)
class Evidence:
    """One step's evidence. ``steps`` maps cell ids to steps (:func:`parallab.lab.assign`)."""

    recording: model.Recording
    step: str
    steps: Mapping[str, str] = field(default_factory=dict)
    since: int = 0
    """Only cell runs begun later count: a repair, or work since a reset (monotonic ns)."""
    everywhere: bool = False
    """The step has no cells of its own: it looks at what all cells of the notebook did."""

    # -- the frame -----------------------------------------------------------------

    @cached_property
    def cells(self) -> tuple[CellRun, ...]:
        """The latest runs of the step's cells, in the order in which they began."""
        return tuple(run for run in self._latest.values() if self.everywhere or self._step_of(run) == self.step)

    @cached_property
    def _latest(self) -> dict[str, CellRun]:
        latest: dict[str, CellRun] = {}
        for begin in self._all(model.CellBegin):
            if begin.at >= self.since:
                latest.pop(begin.cell, None)
                latest[begin.cell] = CellRun(begin.cell, begin.run, begin.at, 0, None)
        for end in self._all(model.CellEnd):
            run = latest.get(end.cell)
            if run is not None and run.run == end.run:
                latest[end.cell] = CellRun(
                    end.cell, end.run, run.began, end.at, end.error, end.readings, end.values, end.threads
                )
        return latest

    def _step_of(self, run: CellRun) -> str:
        if run.cell in self.steps:
            return self.steps[run.cell]
        return self._tagged.get(run.cell, "")

    @cached_property
    def _tagged(self) -> dict[str, str]:
        return {begin.cell: begin.step for begin in self._all(model.CellBegin) if begin.step}

    @cached_property
    def _runs(self) -> frozenset[tuple[str, int]]:
        return frozenset((run.cell, run.run) for run in self.cells)

    @property
    def tried(self) -> bool:
        """Whether any cell of the step has run."""
        return bool(self.cells)

    @property
    def running(self) -> CellRun | None:
        """The step's cell that is still running, or None."""
        return next((run for run in self.cells if not run.ended), None)

    @property
    def errors(self) -> tuple[model.Failure, ...]:
        """The errors with which the step's cells ended."""
        return tuple(run.error for run in self.cells if run.error is not None)

    @property
    def error(self) -> model.Failure | None:
        """The last of these errors, or None."""
        return self.errors[-1] if self.errors else None

    @cached_property
    def notebook(self) -> Notebook:
        """The kernel itself.

        :raises CannotTell: it has died, or reports nothing (any more).
        """
        if self.recording.dead:
            cause = story.death(self.recording.death)
            raise CannotTell(f"Your kernel died{cause}. Restart it and run the step's cells again.")
        if self.recording.silent:
            raise CannotTell("Your kernel has stopped telling what it does. Restart it and run the step's cells again.")
        if self.recording.blind:
            raise CannotTell(self.recording.blind)
        hello = next(iter(self._all(model.Hello)), None)
        if hello is None:
            raise CannotTell(
                "This kernel does not report what it does. Choose the kernel "
                "“Python 3 (Parallab)” and run the step's cells again."
            )
        major, minor, micro, *_ = [*map(int, hello.python.split(".")[:3]), 0, 0]
        return Notebook(self.recording.pid, (major, minor, micro), hello.start_method, hello.gil)

    def _all(self, kind: type[Kind]) -> Iterable[Kind]:
        return (event for event in self.recording.events if isinstance(event, kind))

    def events(self, kind: type[Kind]) -> tuple[Kind, ...]:
        """The step's events of one kind, in order: those of its cells' latest runs."""
        return tuple(event for event in self._all(kind) if (event.cell, event.run) in self._runs)

    def _sure(self) -> None:
        """Refuses to count what may be incomplete."""
        _ = self.notebook
        if self.recording.lost:
            raise CannotTell(
                f"{self.recording.lost} reports from your processes did not arrive, so nothing that "
                "is counted can be trusted. Run the cell again."
            )

    # -- processes -------------------------------------------------------------------

    @cached_property
    def _story(self) -> story.Story:
        return story.tell(self.recording)

    @property
    def lives(self) -> story.Story:
        """All lives of the recording, of every step."""
        return self._story

    @cached_property
    def processes(self) -> tuple[Worker, ...]:
        """All processes that the step's cells started through multiprocessing, pools' included."""
        self._sure()
        found = [worker for worker in self._story.workers if (worker.cell, worker.run) in self._runs]
        return story.numbered(found)

    @cached_property
    def workers(self) -> tuple[Worker, ...]:
        """The ``Process`` objects the step's cells started, in order; no pool's, no manager's.

        :raises CannotTell: one that was reported was never confirmed by the operating system.
        """
        mine = story.numbered([worker for worker in self.processes if not worker.role])
        unseen = [worker for worker in mine if not worker.confirmed]
        if unseen:
            raise CannotTell(
                f"Python says that it started {story.some(unseen)}, but the operating system never "
                "showed that. Run the cell again."
            )
        silent = [worker for worker in mine if worker.exit_code == 0 and not worker.heard]
        if silent:
            raise CannotTell(
                f"{story.some(silent)} ended with exit code 0, but without a word of its own: another program may "
                "have run there. Start processes with multiprocessing only, and run the cell again."
            )
        return mine

    @cached_property
    def attempts(self) -> tuple[tuple[Worker, ...], ...]:
        """The same workers as they were hired, the latest first: in rounds, then by cells.

        Who tries again, below or in one cell, is judged by what was done last.
        """
        rounds = story.rounds(self.workers, self._all_waits)
        cells: dict[Run, list[Worker]] = {}
        for worker in self.workers:
            cells.setdefault((worker.cell, worker.run), []).append(worker)
        return tuple(story.numbered(found) for found in [*reversed(rounds), *reversed(cells.values())])

    @cached_property
    def pool_workers(self) -> tuple[Worker, ...]:
        """Workers of the step's pools and executors."""
        return tuple(worker for worker in self.processes if worker.role in ("pool", "executor"))

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        """The pools and executors that the step's cells made or handed something to, with their workers and tasks."""
        self._sure()
        return story.of_runs(self._story.pools, self._runs)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """What the step's cells handed to pools and executors, in order."""
        return tuple(sorted((task for pool in self.pools for task in pool.tasks), key=lambda task: task.at))

    def delivered(self, tasks: Iterable[Task]) -> tuple[tuple[int, int], ...]:
        """In which order results came to who asked for them: each as (place of its task, part of it)."""
        return story.delivered(tasks)

    @cached_property
    def pools_left(self) -> tuple[Pool, ...]:
        """Every pool or executor of the notebook's that has workers now."""
        self._sure()
        return tuple(pool for pool in self._story.pools if pool.left)

    @cached_property
    def managers(self) -> tuple[Worker, ...]:
        """Manager server processes that the step's cells started."""
        return tuple(worker for worker in self.processes if worker.role == "manager")

    def dismissed_at(self, server: Worker) -> int:
        """When a manager's server was told to end (monotonic ns); 0: it was not."""
        told = (use for use in self._all(model.ServiceUse) if (use.act, use.child) == ("shutdown", server.pid))
        return next((use.at for use in told if use.at >= server.began), 0)

    def ended_before(self, server: Worker, worker: Worker) -> bool:
        """Whether a manager's server was gone, or told to go, when this worker ended.

        It tells of its end when it has closed its door, and who found that closed may tell of its own end before it.
        """
        if not server.ended or not worker.ended:
            return False
        return min(server.ended, self.dismissed_at(server) or server.ended) < worker.ended

    @cached_property
    def forks(self) -> tuple[Worker, ...]:
        """Children that the step's cells made with ``os.fork`` itself."""
        self._sure()
        return story.numbered(one for one in self._story.forks if (one.cell, one.run) in self._runs)

    @cached_property
    def programs(self) -> tuple[Program, ...]:
        """Other programs that the step's cells started with ``subprocess``, or could not start."""
        self._sure()
        return tuple(one for one in self._story.programs if (one.cell, one.run) in self._runs)

    @cached_property
    def failed_starts(self) -> tuple[model.ProcessStart, ...]:
        """``start()`` calls of the step that raised: no process came of them."""
        _ = self.notebook
        return tuple(start for start in self.events(model.ProcessStart) if start.error is not None)

    @cached_property
    def made(self) -> tuple[model.ProcessMade, ...]:
        """``Process`` objects the step's cells made, started or not."""
        _ = self.notebook
        return self.events(model.ProcessMade)

    @cached_property
    def run_in_notebook(self) -> tuple[model.ProcessMade, ...]:
        """Process objects that were made and whose ``run`` the notebook executed itself."""
        ran = {event.ident for event in self.events(model.RunCalled)}
        return tuple(made for made in self.made if made.ident in ran)

    @cached_property
    def never_started(self) -> tuple[model.ProcessMade, ...]:
        """Process objects that were made in the notebook and never started."""
        started = {start.ident for start in self._all(model.ProcessStart)}
        return tuple(made for made in self.made if made.ident not in started)

    @cached_property
    def waits(self) -> tuple[model.Wait, ...]:
        """Joins and other looks at a process's or thread's end, in order of their beginning."""
        self._sure()
        return tuple(sorted(self.events(model.Wait), key=lambda wait: wait.began))

    def together(self, workers: Sequence[Worker | Thread]) -> Together:
        """Whether these processes (or threads) were at work at once (contract: order, never duration).

        :raises CannotTell: what was told of them says so, and the system does not show it; or whether one thread held
            up another was not seen.
        """
        found = story.together(workers, self._all_waits, self._story.threads)
        if found.doubt:
            raise CannotTell(found.doubt)
        return found

    @cached_property
    def _all_waits(self) -> tuple[model.Wait, ...]:
        self._sure()
        return tuple(sorted(self._all(model.Wait), key=lambda wait: wait.began))

    def joined(self, worker: Worker) -> bool:
        """Whether somebody waited for this process until it had ended. Who gave up while it was at its end has not."""
        return any(
            wait.child == worker.pid
            and wait.call in ("join", "wait")
            and wait.done
            and wait.alive is not True
            and worker.ended_by(wait.at)
            for wait in self._all_waits
        )

    def collected(self, worker: Worker) -> bool:
        """Whether the notebook asked for ended children, other than by a start, and got this one."""
        starts = [start for start in self._all(model.ProcessStart) if start.pid == self.recording.pid]
        return any(
            event.child == worker.pid
            and event.pid == self.recording.pid
            and event.at >= worker.began
            and not any(start.began <= event.at <= start.at for start in starts)
            for event in self._all(model.ProcessExit)
        )

    # -- threads -----------------------------------------------------------------------

    @cached_property
    def threads(self) -> tuple[Thread, ...]:
        """The threads that the step's cells started in the notebook."""
        self._sure()
        return tuple(
            thread
            for thread in self._story.threads
            if (thread.cell, thread.run) in self._runs and thread.pid == self.recording.pid
        )

    @cached_property
    def unstarted_threads(self) -> tuple[model.ThreadMade, ...]:
        """Thread objects that the step's cells made and that were never started."""
        _ = self.notebook
        started = {start.ident for start in self._all(model.ThreadStart) if start.error is None}
        return tuple(made for made in self.events(model.ThreadMade) if made.ident not in started)

    @cached_property
    def failed_thread_starts(self) -> tuple[model.ThreadStart, ...]:
        """``start()`` calls of threads that raised: no thread came of them."""
        _ = self.notebook
        return tuple(start for start in self.events(model.ThreadStart) if start.error is not None)

    def waited_for(self, thread: Thread) -> bool:
        """Whether somebody waited for this thread's end: joined it, or asked until it was over.

        Who was told by an Event, a Condition, a Semaphore, a queue of threads or at a Barrier has waited too, if the
        thread came to its end with the step's last cell; who only slept has not. An executor's thread stays for more
        work: all that the step handed in must have come back to who asked.
        """
        waits = [wait for wait in self._all_waits if wait.pid == thread.pid and thread.began <= wait.began]
        if any(
            wait.thread == thread.ident and wait.call in ("join", "is_alive") and wait.done and wait.alive is not True
            for wait in waits
        ):
            return True
        last = max((run.ended for run in self.cells), default=0)
        if self.running is not None:
            return False
        if thread.ended_by(last + story.RETURNS_NS + thread.lacked_ns):
            return bool(thread.role) or self._heard_of_its_end(thread, waits)
        if thread.role == "executor":
            jobs = [task for pool in self.pools if pool.kind == "thread-executor" for task in pool.tasks]
            return bool(jobs) and all(task.done and task.got for task in jobs)
        may_be_returning = not thread.ended and self._may_be_returning(thread, last)
        if may_be_returning and (thread.role or self._heard_of_its_end(thread, waits)):
            raise CannotTell(f"{thread} has told that it is through, and is about to end. Check again.")
        return False

    def _may_be_returning(self, thread: Thread, since: int) -> bool:
        """Whether a thread that lives has had a core for no longer than it takes to return, since then."""
        look = self.recording.snapshots[-1] if self.recording.snapshots else None
        process = look.process(self.recording.pid) if look is not None else None
        mine = next((one for one in (process.threads if process is not None else ()) if one.tid == thread.tid), None)
        if look is None or mine is None:
            return False
        return look.monotonic - since - mine.queued_ns < story.RETURNS_NS

    def _heard_of_its_end(self, thread: Thread, waits: Sequence[model.Wait]) -> bool:
        """Whether the notebook did something that a program does to learn that this thread is through."""
        if any(wait.call == "enumerate" and wait.began >= thread.ran for wait in waits):
            return True
        if any(wait.call == "told" and self.is_main(wait.tid) and wait.at >= thread.ran for wait in waits):
            return True
        if any(
            (use.pid, use.tid, use.act) == (thread.pid, thread.tid, "pass") and use.at >= thread.ran
            for use in self._all(model.BarrierUse)
        ):
            return True
        for queue in self.queues:
            lines = [line for line in queue.lines if line.at >= thread.ran]
            if any(line.act == "joined" and self.is_main(line.tid) for line in lines):
                return True
            # By a letter of the thread's own, its only one or an end mark, that the notebook took.
            mine = [line for line in lines if line.act == "put" and line.tid == thread.tid]
            told = mine and (mine[-1].mark or len(mine) == 1)
            if told and any(self.is_main(line.tid) and line.at >= mine[-1].at for line in lines if line.act == "get"):
                return True
        return False

    @property
    def most_threads(self) -> int:
        """More threads the notebook cannot have had, its libraries' too; 0 where none was seen.

        Between two looks all that cells have started may have been there at once.
        """
        looks = (self.recording.baseline, *self.recording.snapshots)
        seen = max(
            (len(one.threads) for look in looks if look for one in look.processes if one.pid == self.recording.pid),
            default=0,
        )
        return seen + sum(1 for _ in self._all(model.ThreadStart)) if seen else 0

    @cached_property
    def thread_names(self) -> tuple[tuple[str, ...], ...]:
        """The names of all threads that the notebook had, the kernel's own too, at the end of each of the step's cells.

        () where that was not told.
        """
        return tuple(run.threads for run in self.cells if run.threads)

    @cached_property
    def thread_numbers(self) -> frozenset[int]:
        """The numbers by which the operating system knows the notebook's threads, as far as they were seen."""
        looks = (self.recording.baseline, *self.recording.snapshots)
        seen = {
            thread.tid
            for look in looks
            if look
            for process in look.processes
            if process.pid == self.recording.pid
            for thread in process.threads
        }
        return frozenset(seen)

    def thread(self, tid: int, at: int) -> Thread | None:
        """The learner's thread with this native id at that moment; None for the notebook's main thread."""
        return next(
            (
                thread
                for thread in reversed(self._story.threads)
                if thread.pid == self.recording.pid and thread.tid == tid and thread.alive_at(at)
            ),
            None,
        )

    def is_main(self, tid: int) -> bool:
        """Whether this is the thread in which the cells themselves run."""
        hello = next(iter(self._all(model.Hello)), None)
        return tid == ((hello.main_tid if hello is not None else 0) or self.recording.pid)

    # -- queues of threads --------------------------------------------------------------

    @cached_property
    def queues(self) -> tuple[Queue, ...]:
        """The learner's queues of threads that the step's cells used, each with its ledger."""
        self._sure()
        found = story.all_queues(self.recording, self._runs)
        return tuple(queue for queue in found if queue.cls != story.JOURNAL)

    @cached_property
    def journal(self) -> tuple[Line, ...]:
        """What the lab's own modules wrote down about who did what, in order.

        Such a module puts into a queue of a class of its own, called ``Journal``: each line has the
        thread in which it was written, and the process.
        """
        self._sure()
        return story.journal(self.recording, self._runs)

    @cached_property
    def process_queues(self) -> tuple[str, ...]:
        """The classes of queues of multiprocessing that the step's cells used."""
        return tuple(dict.fromkeys(use.cls for use in self.events(model.QueueUse) if story.between_processes(use)))

    # -- queues and pipes between processes ----------------------------------------------

    @cached_property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """The queues between processes that the step's cells and their processes used, with all their lines.

        :raises CannotTell: lines are missing, so nothing that is counted could be trusted.
        """
        self._sure()
        found = story.all_mailboxes(self.recording, self._story.workers, self._runs)
        self._whole(all(one.whole for one in found))
        return found

    @cached_property
    def pipes(self) -> tuple[Pipe, ...]:
        """The learner's own pipes that the step's cells and their processes made or used, with all their lines.

        :raises CannotTell: as of :attr:`mailboxes`.
        """
        self._sure()
        found = story.all_pipes(self.recording, self._story.workers, self._runs)
        self._whole(all(one.whole for one in found))
        return found

    def _whole(self, whole: bool) -> None:
        # A gap in the numbers alone may be an earlier run of a cell, whose lines were replaced.
        if not whole and self.recording.not_recorded:
            raise CannotTell("More went through your queues and pipes than could be kept. Send less, and run it again.")

    def role(self, pid: int) -> str:
        """What to call a process: your notebook, or a worker by its place among the step's."""
        if pid == self.recording.pid:
            return "your notebook"
        found = next((one for one in reversed(self.processes) if one.pid == pid), None)
        return str(found) if found is not None else "a process of an earlier run"

    # -- locks and numbers ------------------------------------------------------------

    @cached_property
    def locks(self) -> tuple[Lock, ...]:
        """The learner's multiprocessing locks and semaphores that the step's processes know.

        Those inside queues, pools and other library objects are left out; the one that comes
        with a Value is in, with ``owner == "number"``.
        """
        self._sure()
        pids = {self.recording.pid, *(worker.pid for worker in self.processes)}
        return tuple(
            lock for lock in self._story.locks if lock.owner in ("", "number") and lock.known_in(self._runs, pids)
        )

    def nested(self, worker: Worker) -> frozenset[tuple[str, str]]:
        """The pairs of locks, by name, of which it took the second while it held the first."""
        return locks.nested(self.locks, worker.pid)

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Shared numbers (Value, Array) that the step's processes were given or its names hold.

        The value is the one read where it lies when the cell ended (or now, while it runs).
        """
        self._sure()
        return self._story.numbers_of(self._runs)

    @cached_property
    def values(self) -> dict[str, Any]:
        """The learner's own names after the step's last run, those of builtin types, copied."""
        _ = self.notebook
        return {name: value for name, value in self._values.items() if "." not in name}

    @cached_property
    def memory(self) -> dict[str, Any]:
        """What the notebook's own copy of the learner's modules holds after the last run, by ``module.name``.

        A worker's own copy is its ``memory``: who changed which is seen by comparing the two.
        """
        _ = self.notebook
        return {name: value for name, value in self._values.items() if "." in name}

    @cached_property
    def _values(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for run in sorted(self.cells, key=lambda run: run.began):
            found.update(model.decoded(run.values))
        for answer in self.events(model.Answer):
            now = model.decoded(answer.values)
            found.update({name: value for name, value in now.items() if name in found or "." in name})
        return found

    @cached_property
    def types(self) -> dict[str, str]:
        """The types of the learner's own names after the step's last run, as ``module.name``."""
        _ = self.notebook
        return {value.name: value.type for run in self.cells for value in run.values if "." not in value.name}

    # -- what the lab itself did ----------------------------------------------------------

    @cached_property
    def acts(self) -> tuple[model.Acted, ...]:
        """What the lab did for the learner in this step (``act`` of lab.md), in order."""
        _ = self.notebook
        return tuple(
            act
            for act in self._all(model.Acted)
            if act.step == self.step and act.at >= self.since and (not act.cell or (act.cell, act.run) in self._runs)
        )

    def struck(self, act: model.Acted) -> Worker | None:
        """The process that the lab killed in this act, as the step's cells hired it; None where it is unknown."""
        mine = (one for one in reversed(self.processes) if one.pid == act.child and one.started <= act.at)
        return next(mine, None)

    # -- the state now ----------------------------------------------------------------

    @property
    def stuck(self) -> bool | None:
        """Whether the step's running cell can never go on; None where it cannot be told."""
        return self.recording.stuck if self.running is not None else False

    @cached_property
    def standstill(self) -> story.Standstill:
        """Who waits for whom, now: lock waits with their holders, and the cycle if there is one.

        :raises CannotTell: no circle is seen, but somebody's locks or waits may not be looked at.
        """
        found = story.standstill(self.recording, self._story)
        if not found.cycle:
            self._readable("who holds a lock and who waits for it", "locks", "calls", "mappings")
        return found

    @cached_property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """Why the step's running cell is stuck, as the waits of the last two snapshots tell; () while it is not."""
        return story.diagnoses(self.recording, self._story) if self.stuck is True else ()

    @cached_property
    def hanging(self) -> tuple[str, ...]:
        """The same in words, without process numbers: who waits for what."""
        return tuple(dict.fromkeys(_anybody(one.sentence) for one in self.diagnoses))

    @cached_property
    def lone_waiters(self) -> tuple[Worker, ...]:
        """Forked workers of the step whose only thread waits now for a lock of their own memory.

        Such a lock (a futex that is not in shared memory) can be given back by a thread of the same
        process only, and there is no other.
        """
        last = self.recording.snapshots[-1] if self.recording.snapshots else None
        found = []
        for worker in self.processes:
            process = last.process(worker.pid) if last is not None and worker.alive else None
            threads = process.threads if process is not None else ()
            blocked = threads[0].blocked if len(threads) == 1 else None
            if worker.method == "fork" and blocked is not None and blocked.call == "futex" and not blocked.timed:
                found += [worker] if blocked.inode is None else []
        if not found:
            self._readable("what a child waits for", "calls", "mappings")
        return tuple(found)

    def _readable(self, what: str, *kinds: str) -> None:
        """Refuses to conclude from what was not there when it could not be looked at."""
        last = self.recording.snapshots[-1] if self.recording.snapshots else None
        gap = next((one for one in (last.missing if last else ()) if one.kind in kinds), None)
        if gap is None:
            return
        worker = self._story.worker(gap.pid) if gap.pid else None
        whose = f" of {worker}" if worker else " of your notebook" if gap.pid == self.recording.pid else ""
        raise CannotTell(
            f"It cannot be seen {what}: {_GAPS[gap.kind]}{whose} may not be read here ({gap.why}). "
            "`parallab inspect --capabilities` says what can be seen, and how to allow the rest."
        )

    @cached_property
    def alive(self) -> tuple[Worker, ...]:
        """Every process that any of the notebook's cells started and that is alive now."""
        self._sure()
        return story.numbered([worker for worker in self._story.workers if worker.alive])

    @cached_property
    def ever_started(self) -> tuple[Worker, ...]:
        """Every process that any of the notebook's cells ever started, in whichever run."""
        self._sure()
        return story.numbered(self._story.workers)

    @cached_property
    def threads_alive(self) -> tuple[Thread, ...]:
        """Every thread that any of the notebook's cells started and that is alive now.

        Idle ones that asyncio keeps for ``to_thread`` are left out: no code could end them, and keep the kernel.
        """
        self._sure()
        alive = [one for one in self._story.threads if one.pid == self.recording.pid and not one.ended]
        busy = any(not task.done for pool in self._story.pools if pool.kind == "thread-executor" for task in pool.tasks)
        return tuple(one for one in alive if busy or one.role != "executor" or not _ASYNCIOS.fullmatch(one.name))

    @cached_property
    def zombies(self) -> tuple[Worker, ...]:
        """Ended children that nobody has collected: state Z (proc(5)) in the last look."""
        last = self.recording.snapshots[-1] if self.recording.snapshots else None
        dead = {process.pid for process in (last.processes if last else ()) if process.state == "Z"}
        return tuple(worker for worker in self._story.workers if worker.pid in dead)

    @cached_property
    def services(self) -> tuple[model.ServiceUse, ...]:
        """Begin and end of the step's pools, executors and managers, as they reported it."""
        _ = self.notebook
        return self.events(model.ServiceUse)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """What the step's processes asked of managers' servers through proxies, in order of the answers."""
        self._sure()
        return tuple(story.all_calls(self.recording, self._runs))

    @cached_property
    def segments(self) -> tuple[SharedSegment, ...]:
        """The shared memory that the step's processes created, attached, closed or unlinked, in order of first use.

        Also what was unlinked long ago; who had it mapped, and when it was read in the notebook, what it held.
        """
        self._sure()
        return story.all_segments(self.recording, self.processes, self._runs)

    @cached_property
    def segments_left(self) -> tuple[model.Segment, ...]:
        """Shared memory that appeared in /dev/shm since the baseline and that this kernel made."""
        self._readable("what is left in shared memory", "segments", "mappings")
        return story.segments_left(self.recording)
