"""How the evidence gives a mistake away: one pure function for each, by the mistake's id.

Each answers for the step's evidence alone. It is asked only about candidates that a failed
check named, so it may lean on the check for what the step wanted. Texts of exceptions are
matched only where their type alone would say nothing.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from parallab import model
from parallab.checks.expect import CannotTell
from parallab.mistakes.of_channels import OF_CHANNELS, nobody_told, stands_still, too_few_farewells
from parallab.mistakes.of_pools import OF_POOLS, many_hired, nameless_task, one_task_at_a_time, worker_hires
from parallab.mistakes.of_queues import OF_QUEUES, full_window, nobody_told_them, one_farewell

if TYPE_CHECKING:
    from parallab.evidence import Evidence
    from parallab.story import Lock, Thread, Worker

#: Command lines of the library's own helpers: no learner started them.
_HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver", "multiprocessing.spawn")


def _raised(evidence: Evidence) -> Iterable[model.Failure]:
    """The errors of the step's cells and of its start() calls, which a cell may have caught."""
    yield from evidence.errors
    errors = [start.error for start in evidence.failed_starts]
    errors += [start.error for start in evidence.failed_thread_starts]
    yield from (error for error in errors if error is not None)


def _told(evidence: Evidence, kind: str, *texts: str) -> bool:
    return any(error.type == kind and any(text in error.message for text in texts) for error in _raised(evidence))


# -- starting ---------------------------------------------------------------------------


def _unfound(worker: Worker) -> bool:
    """A child that had to import its work from the notebook, which it cannot.

    Of a class, the module is not known; but such a child dies before its ``run`` begins.
    """
    if worker.method == "fork" or worker.exit_code != 1:
        return False
    return worker.target.startswith("__main__.") or (worker.overrides_run and not worker.ran)


def function_in_a_cell(evidence: Evidence) -> bool:
    """M01: spawn or forkserver, a target of ``__main__``, exit code 1."""
    return any(_unfound(worker) for worker in evidence.workers) or any(
        use.act == "fail" and any(name.startswith("__main__.") for name in (use.cls, *use.kinds))
        for use in evidence.services
        if use.service == "manager"
    )


def default_changed(evidence: Evidence) -> bool:
    """M04: as M01, with the start method that is the default from Python 3.14 on."""
    notebook = evidence.notebook
    return (
        notebook.python >= (3, 14, 0)
        and notebook.start_method == "forkserver"
        and any(_unfound(worker) and worker.method == "forkserver" for worker in evidence.workers)
    )


def nameless_function(evidence: Evidence) -> bool:
    """M05: a lambda or nested function that could not be sent to the child."""
    started = any("<lambda>" in start.target or "<locals>" in start.target for start in evidence.failed_starts)
    return started or nameless_task(evidence)


def imported_by_itself(evidence: Evidence) -> bool:
    """M08: a function imported by name, then its module reloaded."""
    return _told(evidence, "PicklingError", "not the same object")


def run_instead_of_start(evidence: Evidence) -> bool:
    """M09: ``run()`` was called in the notebook, or in its place the notebook's own thread.

    The ``run`` of a learner's own Thread class is not seen. But where an object of it was made and never
    started, and its work was done in the notebook's main thread, then somebody called it.
    """
    if evidence.run_in_notebook or any(event.of == "thread" for event in evidence.events(model.RunCalled)):
        return True
    made = min((made.at for made in evidence.unstarted_threads if made.overrides_run), default=None)
    if made is None or evidence.errors:
        return False
    return any(evidence.is_main(line.tid) and line.at > made for line in evidence.journal)


#: What a target is called that is a value and no function. (A text is more likely a name in quotes.)
_VALUES = frozenset({"", "bool", "bytes", "dict", "float", "int", "list", "set", "tuple"})
#: The library's own classes. One's own class may lack a run, and a target, since it is spelt wrong there.
_PLAIN = frozenset({"", "Process", "ForkProcess", "SpawnProcess", "ForkServerProcess", "Thread", "Timer"})


def called_too_early(evidence: Evidence) -> bool:
    """M10: a plain Process or Thread without a target, or with a value as one: a result was passed."""
    made: list[Worker | Thread | model.ProcessMade | model.ThreadMade] = [
        *evidence.workers,
        *evidence.made,
        *evidence.threads,
        *evidence.unstarted_threads,
    ]
    return any(
        one.target in _VALUES and (one.target != "" or one.cls.rpartition(".")[2] in _PLAIN)
        for one in made
        if not one.overrides_run
    )


def no_comma(evidence: Evidence) -> bool:
    """M11: ``args=(5)``: the Process refuses it; ``args=("AAPL")``: the work gets four letters."""
    if _told(evidence, "TypeError", "object is not iterable", "must be an iterable"):
        return True
    rows = {made.ident for made in evidence.events(model.ThreadMade) if made.args in ("tuple", "list")}
    threads = [thread.error for thread in evidence.threads if thread.ident not in rows]
    # A Process makes a tuple of whatever it is given: single letters were a text.
    workers = [worker.error for worker in evidence.workers if worker.args and all(map(_is_letter, worker.args))]
    return any(map(_taken_apart, [*threads, *workers]))


def _is_letter(arg: model.Arg) -> bool:
    return arg.type == "str" and len(arg.text) == 1


def _taken_apart(error: model.Failure | None) -> bool:
    """Whether the work was given the elements of what should have been one argument: it gets too many, or none at all.

    Too few is another mistake: nothing was passed.
    """
    if error is None or error.type != "TypeError":
        return False
    found = _TOO_MANY.match(error.message)
    return "must be an iterable" in error.message or (found is not None and int(found[2]) > int(found[1]))


_TOO_MANY = re.compile(r"\S+\(\) takes (?:from )?(?:\d+ to )?(\d+) positional arguments? but (\d+) w")


def no_super_init(evidence: Evidence) -> bool:
    """M12: a subclass whose ``__init__`` did not call Process's or Thread's."""
    return _told(evidence, "AttributeError", "'_closed'", "'_popen'", "'_config'", "'_parent_pid'") or any(
        _told(evidence, kind, "__init__() not called") for kind in ("RuntimeError", "AssertionError")
    )


def one_after_the_other(evidence: Evidence) -> bool:
    """M13: a process, thread or task was waited for before the next was started."""
    if one_task_at_a_time(evidence):
        return True
    return any(len(lives) > 1 and _apart(evidence, lives) for lives in (evidence.workers, evidence.threads))


def _apart(evidence: Evidence, lives: Sequence[Worker | Thread]) -> bool:
    try:
        return not evidence.together(lives).yes
    except CannotTell:
        return False


def second_life(evidence: Evidence) -> bool:
    """M14: started twice, or joined before its start."""
    return _told(evidence, "AssertionError", "start a process twice", "join a started process") or _told(
        evidence, "RuntimeError", "can only be started once", "before it is started"
    )


def join_as_result(evidence: Evidence) -> bool:
    """M15: all ended well and were joined, and a name of the learner's holds nothing but None."""
    ended = [worker for worker in evidence.workers if evidence.joined(worker)]
    shared = any(arg.kind not in ("plain", "other") for worker in ended for arg in worker.args)
    return bool(ended) and not shared and any(_only_none(value) for value in evidence.values.values())


def _only_none(value: object) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list) and bool(value) and all(item is None for item in value)


def too_small(evidence: Evidence) -> bool:
    """M16: very many processes that hardly worked once they had been started, or a pool with one for each item."""
    if many_hired(evidence):
        return True
    return len(evidence.workers) >= 20 and all(worker.work_ns < 20_000_000 for worker in evidence.workers)


def method_set_twice(evidence: Evidence) -> bool:
    """M17: ``set_start_method`` when it was set."""
    return _told(evidence, "RuntimeError", "context has already been set")


def two_contexts(evidence: Evidence) -> bool:
    """M18: a lock of one start method given to a process of another.

    A fork context's semaphore has no name any more by which a fresh Python could open it. Before 3.11.5 that was not
    refused (gh-77377): the child got an address of its parent's memory instead, and dies of it.
    """
    if _told(evidence, "RuntimeError", "SemLock created in a"):
        return True
    return evidence.notebook.python < (3, 11, 5) and any(
        worker.method != "fork"
        and worker.exit_code == -signal.SIGSEGV
        and any(worker.given(kind) for kind in ("lock", "queue", "number"))
        for worker in evidence.workers
    )


def copied_lock(evidence: Evidence) -> bool:
    """M19: a forked child waits for a lock of its own memory, and has no thread that could give it back."""
    return bool(evidence.lone_waiters)


def bare_fork(evidence: Evidence) -> bool:
    """M20: a child that looks like the notebook and that multiprocessing did not start."""
    recording = evidence.recording
    root = recording.baseline.process(recording.pid) if recording.baseline is not None else None
    if root is None or not evidence.cells:
        return False
    known = {worker.pid for worker in evidence.processes} | {worker.pid for worker in evidence.alive}
    began = evidence.cells[0].began
    return any(
        sighting.ppid == recording.pid
        and sighting.pid not in known
        and sighting.first >= began
        and sighting.cmdline == root.cmdline
        and not any(helper in part for helper in _HELPERS for part in sighting.cmdline)
        for sighting in recording.sightings
    )


def daemon_hires(evidence: Evidence) -> bool:
    """M62: a daemonic process tried to start one itself."""
    failures = [worker.error for worker in evidence.workers if worker.daemon]
    return worker_hires(evidence) or any(
        error is not None and error.type == "AssertionError" and "daemonic" in error.message for error in failures
    )


# -- locks and shared numbers -------------------------------------------------------------


def _own(lock: Lock) -> bool:
    return not lock.owner


def changed_its_copy(evidence: Evidence) -> bool:
    """M37: a worker's own copy of a module ended otherwise than the notebook's, or it was given a list to fill."""
    home = evidence.memory
    workers = [worker for worker in evidence.workers if worker.exit_code == 0]
    wrote = any(home.get(name, value) != value for worker in workers for name, value in worker.memory.items())
    return wrote or any(arg.type in ("list", "dict", "set") for worker in workers for arg in worker.given("plain"))


def lost_updates(evidence: Evidence) -> bool:
    """M38: a number shared by several, and no lock that all of them took around its use."""
    sharers = {pid for number in evidence.numbers if len(number.given_to) > 1 for pid in number.given_to}
    return bool(sharers)


#: The locks that a Manager's server keeps.
_SERVED_LOCKS = frozenset({"Lock", "RLock", "Semaphore", "BoundedSemaphore"})


def lock_made_inside(evidence: Evidence) -> bool:
    """M40: workers made locks of their own, or were given one each."""
    pids = {worker.pid for worker in (*evidence.workers, *evidence.pool_workers)}
    own = [lock for lock in evidence.locks if _own(lock)]
    made = sum(lock.made_by in pids for lock in own)
    takers = [pids & set(lock.takes) for lock in own if pids & set(lock.takes)]
    served: dict[str, set[int]] = {}
    for call in evidence.calls:
        if call.type in _SERVED_LOCKS and call.method == "acquire" and call.pid in pids:
            served.setdefault(call.object, set()).add(call.pid)
    takers += served.values()
    given = [{arg.name for arg in worker.given("lock")} for worker in evidence.workers]
    # A lock that only its worker keeps is gone before a spawned one arrives: nobody takes any.
    apart = len(given) > 1 and all(given) and sum(map(len, given)) == len(set().union(*given))
    pooled = {worker.pid for worker in evidence.pool_workers}
    alone = any(lock.made_by in pooled and lock.takes for lock in own)
    return made > 1 or apart or alone or (len(takers) > 1 and all(len(taker) == 1 for taker in takers))


def lock_of_threads(evidence: Evidence) -> bool:
    """M41: a lock of ``threading`` was given to a process, or could not be."""
    starts = evidence.events(model.ProcessStart)
    given = any(arg.type.startswith(("_thread.", "threading.")) for start in starts for arg in start.args)
    return given or any("_thread." in error.message and "lock" in error.message.lower() for error in _raised(evidence))


def _kept(lock: Lock, workers: Iterable[Worker]) -> Iterable[Worker]:
    """The workers that ended with the lock in their hands."""
    keepers = {hold.pid for hold in lock.holds if not hold.given}
    return (worker for worker in workers if worker.pid in keepers and worker.ended)


def _killed(worker: Worker) -> bool:
    interrupted = worker.error is not None and worker.error.type == "KeyboardInterrupt"
    return interrupted or (worker.exit_code is not None and worker.exit_code < 0)


def never_given_back(evidence: Evidence) -> bool:
    """M42: a worker ended by itself between acquire and release."""
    return any(
        not _killed(worker) for lock in evidence.locks if _own(lock) for worker in _kept(lock, evidence.ever_started)
    )


def circle(evidence: Evidence) -> bool:
    """M43: each holds what the next wants; or it went well, but two took two locks in opposite orders."""
    if len({wait.waiter for wait in evidence.standstill.cycle}) > 1:
        return True
    orders = {pair for worker in evidence.workers for pair in evidence.nested(worker)}
    return any((second, first) in orders for first, second in orders)


def waits_for_itself(evidence: Evidence) -> bool:
    """M44: the one that waits holds what it waits for."""
    return len(evidence.standstill.cycle) == 1


def holder_killed(evidence: Evidence) -> bool:
    """M45: a lock is wanted whose holder was killed or interrupted, or ended in an earlier run."""
    runs = {(cell.cell, cell.run) for cell in evidence.cells}
    return any(
        _killed(worker) or lock.made_in not in runs
        for lock in evidence.locks
        if lock.value == 0 or lock.waiting
        for worker in _kept(lock, evidence.ever_started)
    )


def barrier_too_large(evidence: Evidence) -> bool:
    """M46: fewer came to a barrier than it waits for, and nobody else is alive to come."""
    inside: dict[str, int] = {}
    parties: dict[str, int] = {}
    for use in evidence.events(model.BarrierUse):
        parties[use.barrier] = use.parties or parties.get(use.barrier, 0)
        inside[use.barrier] = inside.get(use.barrier, 0) + (1 if use.act == "wait" else -1)
    return any(0 < waiting < parties[barrier] for barrier, waiting in inside.items())


# -- shared memory and what lies in it ------------------------------------------------------


def left_behind(evidence: Evidence) -> bool:
    """M47: a segment is there, and nobody unlinked it."""
    return bool(evidence.segments_left)


def unlinked_by_others(evidence: Evidence) -> bool:
    """M48: somebody else than its maker unlinked a segment, or it was unlinked once more."""
    return any(
        bool(segment.failed("unlink"))
        or (segment.made_by and any(pid != segment.made_by for pid in segment.did("unlink")))
        for segment in evidence.segments
    )


def still_looked_at(evidence: Evidence) -> bool:
    """M50: a segment could not be closed, since a view of it was there."""
    return any(
        use.error is not None and use.error.type == "BufferError"
        for segment in evidence.segments
        for use in segment.failed("close")
    )


#: ctypes' integers that are too small to count a picture's points in.
_SMALL = frozenset({"c_byte", "c_ubyte", "c_char", "c_short", "c_ushort"})


def too_small_a_type(evidence: Evidence) -> bool:
    """M51: a shared whole number of a small type, or one that was only added to and is negative."""
    shared = [number for number in evidence.numbers if number.given_to]
    held = [value for number in shared for value in (number.value, *number.items)]
    return any(number.code in _SMALL for number in shared) or any(value is not None and value < 0 for value in held)


# -- managers -----------------------------------------------------------------------------


#: What a call on a server that is gone ends with.
_GONE = frozenset(
    {"FileNotFoundError", "ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError", "EOFError", "OSError"}
)


def copy_changed(evidence: Evidence) -> bool:
    """M52: a plain container was read from a server's, and never put back; or a plain copy was handed on."""
    taken = {
        (call.object, str(call.args[:1]))
        for call in evidence.calls
        if call.result_type in ("list", "dict") and call.args and call.method in ("__getitem__", "get", "setdefault")
    }
    put = {(call.object, str(call.args[:1])) for call in evidence.calls if call.method == "__setitem__" and call.args}
    copied = any(call.method in ("copy", "keys", "items", "_getvalue") for call in evidence.calls)
    handed = any(arg.type in ("dict", "list") for worker in evidence.workers for arg in worker.given("plain"))
    return bool(taken - put) or (copied and handed)


def two_calls(evidence: Evidence) -> bool:
    """M53: somebody else's write came between a process's reading and its writing of one key."""
    last_write: dict[tuple[str, str], tuple[int, int]] = {}
    read_at: dict[tuple[tuple[str, str], int], int] = {}
    for call in sorted(evidence.calls, key=lambda call: call.at):
        if call.type != "dict" or not call.args or call.error is not None:
            continue
        key = (call.object, str(call.args[0]))
        if call.method in ("__getitem__", "get"):
            read_at[key, call.pid] = call.began
        elif call.method == "__setitem__":
            at, pid = last_write.get(key, (0, 0))
            if pid not in (0, call.pid) and at > read_at.get((key, call.pid), call.at):
                return True
            last_write[key] = (call.at, call.pid)
    return False


def server_gone(evidence: Evidence) -> bool:
    """M54: a worker could not reach a manager's server that had ended before it."""
    return any(
        worker.error is not None
        and worker.error.type in _GONE
        and any(evidence.ended_before(server, worker) for server in evidence.managers)
        for worker in evidence.workers
    )


def zombies(evidence: Evidence) -> bool:
    """M63: ended children that nobody collected."""
    return bool(evidence.zombies)


def thread_failed(evidence: Evidence) -> bool:
    """M64: a thread ended by an exception. SystemExit is told of one only that the learner dismissed."""
    return any(thread.error is not None and thread.error.type != "SystemExit" for thread in evidence.threads)


# -- farewells, of threads and of processes -----------------------------------------------------


def never_dismissed(evidence: Evidence) -> bool:
    """M22: of threads or of processes."""
    return nobody_told_them(evidence) or nobody_told(evidence)


def one_for_all(evidence: Evidence) -> bool:
    """M23: of threads or of processes."""
    return one_farewell(evidence) or too_few_farewells(evidence)


def nobody_serves(evidence: Evidence) -> bool:
    """M28: of threads or of processes."""
    return full_window(evidence) or stands_still(evidence, "M28")


RECOGNISERS: Mapping[str, Callable[[Evidence], bool]] = MappingProxyType(
    {
        **OF_POOLS,
        **OF_QUEUES,
        **OF_CHANNELS,
        "M22": never_dismissed,
        "M23": one_for_all,
        "M28": nobody_serves,
        "M01": function_in_a_cell,
        "M04": default_changed,
        "M05": nameless_function,
        "M08": imported_by_itself,
        "M09": run_instead_of_start,
        "M10": called_too_early,
        "M11": no_comma,
        "M12": no_super_init,
        "M13": one_after_the_other,
        "M14": second_life,
        "M15": join_as_result,
        "M16": too_small,
        "M17": method_set_twice,
        "M18": two_contexts,
        "M19": copied_lock,
        "M20": bare_fork,
        "M37": changed_its_copy,
        "M38": lost_updates,
        "M40": lock_made_inside,
        "M41": lock_of_threads,
        "M42": never_given_back,
        "M43": circle,
        "M44": waits_for_itself,
        "M45": holder_killed,
        "M46": barrier_too_large,
        "M47": left_behind,
        "M48": unlinked_by_others,
        "M50": still_looked_at,
        "M51": too_small_a_type,
        "M52": copy_changed,
        "M53": two_calls,
        "M54": server_gone,
        "M62": daemon_hires,
        "M63": zombies,
        "M64": thread_failed,
    }
)
