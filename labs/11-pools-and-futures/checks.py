"""What L11 looks for: whose workers did which job, who asked what came of it, and who went home."""

from parallab.checks import at_least, between, cannot_tell, check, equals, expect, fail, none, note
from parallab.checks.common import as_left, no_threads_left, nothing_left, told
from parallab.checks.matchers import enumerate_all

#: primes.RANGES and primes.TYPED, and how many primes they have: counted once.
RANGES = [(0, 120_000), *[(first, first + 5_000) for first in range(120_000, 160_000, 5_000)]]
PRIMES = [11301, 433, 425, 417, 434, 412, 426, 424, 411]
TYPED_WELL = [(0, 9000), (9000, 18000), (27000, 36000), (36000, 45000), (45000, 54000), (54000, 63000), (72000, 81000)]
TYPED_PRIMES = [1117, 947, 863, 851, 825, 820, 797]
BAD = 2
CLICKS = 12_000
FEW = 8
#: Why jobs do not come home from a pool or an executor; each is told only if the evidence shows it.
NOT_HOME = ("M05", "M41", "M30", "M62", "M03", "M02", "M61", "M59", "M65")


# -- what several steps look at --------------------------------------------------------------------


def still_running(run):
    """Whether the step's cell runs on, and may yet do what is asked."""
    return run.running is not None and run.stuck is not True and not unfound(run)


def unfound(run):
    """The workers that died of a function which they could not find."""
    return [
        worker
        for worker in run.pool_workers
        if worker.exit_code == 1 and worker.error is not None and worker.error.type == "AttributeError"
    ]


def instead(run, kinds):
    """What was done where workers of such a pool were to do it."""
    found = [
        f"{pool}" if pool.of_processes else f"{pool}, in your notebook"
        for pool in run.pools
        if pool.kind not in kinds and pool.tasks
    ]
    if run.workers:
        found.append(f"{len(run.workers)} processes that you started yourself")
    if any(line.pid == run.recording.pid and run.is_main(line.tid) for line in run.journal):
        found.append("your notebook counted itself")
    if run.error is not None:
        found.append(f"your cell ended with {told(run.error)}")
    return "; ".join(found)


def the_pool(run, kinds, what, hint, because="Only processes of their own can count at the same time."):
    """The latest pool or executor of the step to which something was handed."""
    fitting = [pool for pool in run.pools if pool.kind in kinds]
    used = [pool for pool in fitting if pool.tasks]
    others = instead(run, kinds)
    observed = others or "none"
    if fitting and not used:
        observed = f"{fitting[-1]} that was given nothing to do" + (f"; {others}" if others else "")
    expect(
        what,
        used,
        at_least(1),
        observed=observed,
        because=because,
        hint=hint,
        mistake=NOT_HOME,
    )
    return used[-1]


def counted_by(run, pool):
    """Which of the pool's workers counted which range: pids by range."""
    pids = {worker.pid for worker in pool.workers}
    found = {}
    for line in run.journal:
        if line.pid in pids and isinstance(line.item, list):
            found.setdefault(tuple(line.item), line.pid)
    return found


def problems(run, pool):
    """What went wrong with a pool's jobs, in words."""
    found = []
    errors = [error for task in pool.tasks for error in task.errors]
    if unfound(run):
        then = "and others are hired" if pool.kind == "pool" else "and the executor gives up"
        found.append(f"its workers cannot find your function: they die, {then}")
    elif errors and any("<lambda>" in task.target or "<locals>" in task.target for task in pool.tasks):
        found.append("a job could not be sent: its function has no name in a module")
    elif errors:
        found.append(f"a job came back with {told(errors[0])}")
    if pool.lost:
        found.append("a worker was killed in the middle of a job")
    if any(not task.done for task in pool.tasks) and pool.terminated:
        found.append("the pool was ended before all was done")
    if run.error is not None and (not errors or run.error.type != errors[0].type):
        found.append(f"your cell ended with {told(run.error)}")
    return "; ".join(found)


def all_counted(run, pool, wanted):
    """The pool's workers counted all these ranges."""
    by = counted_by(run, pool)
    missing = [part for part in wanted if part not in by]
    others = [line for line in run.journal if line.pid == run.recording.pid and tuple(line.item or ()) in missing]
    more = problems(run, pool) or ("the rest was counted in your notebook" if others else "")
    expect(
        "ranges that its workers counted",
        len(wanted) - len(missing),
        equals(len(wanted)),
        observed=f"{len(wanted) - len(missing)}" + (f"; {more}" if more else ""),
        hint="Hand each of primes.RANGES to the pool, with primes.count as the function.",
        mistake=NOT_HOME,
    )
    return by


def came_home(run, pool):
    """Nobody waits any more for what was handed to it."""
    waiting = [task for task in pool.tasks if task.waits and not task.done]
    if waiting and run.running is not None:
        fail(
            "results that come home",
            f"your notebook waits for a result; {problems(run, pool)}",
            because="Nobody is left who could bring it.",
            hint="Ask for the results inside the with: at its end the workers are gone.",
            mistake=NOT_HOME,
        )


def several_worked(run, pool, by):
    """Its workers could take part at the same time, and it has only a few.

    Where one was quicker than the others were there, as on a busy machine, that is no fault of the program's.
    """
    pids = set(by.values())
    if pool.one_by_one:
        fail(
            "workers that count at the same time",
            "you waited for each range before you handed in the next",
            because="Then one worker works, and the others have nothing to do.",
            hint="Hand in all of them at once: pool.map(primes.count, primes.RANGES, chunksize=1)",
            mistake="M13",
        )
    pieces = sum(len(task.takes) for task in pool.tasks)
    if len(pids) < 2 and (pool.size < 2 or pieces < 2):
        fail(
            "workers that counted: at least 2",
            f"1: {pool} of one worker" if pool.size < 2 else "1: all ranges were handed out in one piece",
            because="One worker alone is no quicker than your notebook.",
            hint="mp.Pool(2), and chunksize=1: one range at a time.",
            mistake="M13",
        )
    expect(
        "workers that were hired",
        pool.size,
        between(2, FEW),
        because="Each costs a start, and your computer has only a few cores.",
        hint="Two are enough: each takes the next range when it is free.",
        mistake="M16",
    )


def has_closed(run, pool):
    """The pool's workers have gone home."""
    if pool.left and still_running(run):  # it may still be closed: no M60 yet
        cannot_tell("Your cell is still running. Check again when it has ended.")
    expect(
        "workers that are still there",
        pool.left,
        none(),
        observed=f"{len(pool.left)} of {pool.size}: "
        + ("nobody waited for their end" if pool.dismissed else "nobody closed it"),
        because="They wait for more work, and hold their memory, for as long as your kernel lives.",
        hint="pool.close() and pool.join(); or make it in a with. An executor: executor.shutdown().",
        mistake="M60",
    )


def numbers(run, name, wanted, *, in_order=True):
    """The learner's list has these numbers."""
    value = run.values.get(name)
    right = (
        value == wanted if in_order else isinstance(value, list) and sorted(map(str, value)) == sorted(map(str, wanted))
    )
    if not right:
        fail(
            f"{name}: {enumerate_all([str(one) for one in wanted], 3)}",
            f"{value}" if isinstance(value, list) and value else f"nothing in {name}",
            hint=f"Keep the results in {name}.",
            mistake=NOT_HOME,
        )


POOL = ("pool", "executor")


def pool_of_two(run):
    return the_pool(
        run,
        POOL,
        "pools of processes with something to do",
        "with mp.Pool(2) as pool: counts = pool.map(primes.count, primes.RANGES, chunksize=1)",
    )


# -- predict-pool -----------------------------------------------------------------------------------


@check("predict-pool")
def working(run):
    """The workers of a pool count all nine ranges"""
    pool = pool_of_two(run)
    came_home(run, pool)
    by = all_counted(run, pool, RANGES)
    several_worked(run, pool, by)
    note(f"{len(set(by.values()))}")
    return pool


@check("predict-pool")
def closed(run, working):
    """You close the pool, and its workers go home"""
    has_closed(run, working)


# -- map ------------------------------------------------------------------------------------------------


@check("map")
def counted(run):
    """The workers of a pool count all nine ranges"""
    pool = pool_of_two(run)
    came_home(run, pool)
    return pool, all_counted(run, pool, RANGES)


@check("map")
def shared(run, counted):
    """A few workers share the work"""
    several_worked(run, *counted)


@check("map")
def closes(run, counted):
    """At the end the pool is gone"""
    has_closed(run, counted[0])


@check("map")
def in_order(run, counted):
    """The nine numbers are in counts, in the order of the ranges"""
    numbers(run, "counts", PRIMES)


# -- unordered ------------------------------------------------------------------------------------------


@check("unordered")
def counts(run):
    """A few workers of a pool count all nine ranges"""
    pool = pool_of_two(run)
    came_home(run, pool)
    several_worked(run, pool, all_counted(run, pool, RANGES))
    return pool


@check("unordered")
def as_they_come(run, counts):
    """You get each number as soon as it is there"""
    order = run.delivered(counts.tasks)
    calls = {task.call for task in counts.tasks}
    at_once = sum(1 for task in counts.tasks for one in task.got[:1]) == 1 and calls <= {"map", "starmap"}
    observed = ""
    if at_once:
        observed = "all at once, when the last was ready"
    elif len(order) < len(RANGES):
        observed = f"{len(order)} of them, for the others you never asked"
    elif list(order) == sorted(order) and not _as_ready(counts, calls):
        observed = "in the order in which you handed them in: you waited for each in turn"
    if observed:
        fail(
            "numbers in the order in which they are ready",
            observed,
            because="The large range takes longest: until it is done, you see no other number.",
            hint="for number in pool.imap_unordered(primes.count, primes.RANGES):",
            mistake="M13",
        )
    earlier = list(order).index(min(order))
    note(f"Numbers that came before that of the range you handed in first: {earlier}.")


def _as_ready(pool, calls):
    """Whether numbers that came in the order of the ranges came as they were ready: a quick worker may do that."""
    come = [one for task in pool.tasks for one in task.arrivals]
    first = min(pool.tasks, key=lambda task: task.at)
    asked = [task for task in pool.tasks if task.asked]
    if "imap_unordered" not in calls:
        if sorted(come, key=lambda one: one.at) != come or pool.one_by_one or not calls <= {"apply", "submit"}:
            return False
        # Nobody waits for a task of which as_completed, wait or ready() has told that it is done.
        gave_up = any(one.error for task in asked for one in task.got)
        if first in asked and first.got and not gave_up:
            return any(task.asked[0] < first.got[0].at for task in asked if task is not first)
    told = [one.at for task in pool.tasks for one in (task.got or task.arrivals * bool(task.listens))]
    if (asked and "imap_unordered" not in calls) or not told or min(told) >= max(one.at for one in come):
        cannot_tell("This time the large range was ready first: its worker was the quickest. Run the cell again.")
    return True


@check("unordered")
def in_arrived(run, counts):
    """arrived has all nine numbers"""
    numbers(run, "arrived", PRIMES, in_order=False)


@check("unordered")
def closes_too(run, counts):
    """At the end the pool is gone"""
    has_closed(run, counts)


# -- initializer ------------------------------------------------------------------------------------------


@check("initializer")
def handed_over(run):
    """Each worker gets the lock and the number when it is hired"""
    pool = the_pool(
        run,
        POOL,
        "pools of processes with something to do",
        "with mp.Pool(3, initializer=clicks.setup, initargs=(lock, total)) as pool: …",
    )
    came_home(run, pool)
    kinds = [{arg.kind for arg in worker.args} for worker in pool.workers]
    without = [found for found in kinds if "number" not in found]
    expect(
        "workers that got the shared number when they were hired",
        len(kinds) - len(without),
        equals(len(kinds)),
        observed=f"{len(kinds) - len(without)} of {len(kinds)}"
        + (f"; {problems(run, pool)}" if problems(run, pool) else ""),
        because="A lock and such a number are handed to a process when it begins. They cannot travel with a job.",
        hint="mp.Pool(3, initializer=clicks.setup, initargs=(lock, total))",
        mistake=(*NOT_HOME, "M58"),
    )
    if not pool.initializer:
        fail("an initializer", "none", hint="mp.Pool(3, initializer=clicks.setup, initargs=(lock, total))")
    return pool


@check("initializer")
def several(run, handed_over):
    """Two or more workers share the twelve jobs"""
    pids = {take.pid for task in handed_over.tasks for take in task.takes}
    more = problems(run, handed_over)
    expect(
        "workers that were hired",
        handed_over.size,
        at_least(2),
        hint="mp.Pool(3, initializer=…, initargs=…)",
    )
    expect("jobs that were taken", len(pids), at_least(1), observed=more or "none", mistake=NOT_HOME)
    # Of an iterator it is not known in advance how many parts there will be.
    if sum(task.parts or len(task.arrivals) or 1 for task in handed_over.tasks) < 2:
        fail("jobs that several can share", "all in one piece", hint="pool.map(clicks.add, [1000] * 12, chunksize=1)")
    return pids


@check("initializer")
def in_turn(run, handed_over, several):
    """Each of them takes one and the same lock to add"""
    given = [{arg.name for arg in worker.args if arg.kind in ("lock", "number")} for worker in handed_over.workers]
    shared = set.intersection(*given) if given else set()
    locks = [lock for lock in run.locks if lock.name in shared]
    took = [{pid for pid in lock.takes if lock.kept(pid)} for lock in locks]
    best = max(took, key=lambda pids: len(pids & several), default=set())
    expect(
        "workers that never took a lock that all were given",
        len(several - best),
        equals(0),
        observed=f"{len(several - best)} of {len(several)}"
        + (f"; {problems(run, handed_over)}" if problems(run, handed_over) else ""),
        because="Reading and writing are two steps: between them another worker may write.",
        hint="with lock: total.value += 1",
        mistake=NOT_HOME if problems(run, handed_over) else ("M41", "M40", "M38"),
    )
    idle = [pid for pid in several if all(hold.changed is False for lock in locks for hold in lock.kept(pid))]
    expect(
        "workers that never changed the number while they held the lock",
        len(idle),
        equals(0),
        observed=f"{len(idle)} of {len(several)}",
        because="A lock protects only what is done while it is held.",
        hint="with lock: total.value += 1",
        mistake="M38",
    )


@check("initializer")
def twelve_thousand(run, handed_over, in_turn):
    """The number is 12,000 at the end"""
    pids = {worker.pid for worker in handed_over.workers}
    numbers = [number for number in run.numbers if pids & set(number.given_to)]
    values = [number.value for number in numbers]
    more = problems(run, handed_over)
    expect(
        "the shared number",
        values[-1] if values else "not to be seen",
        equals(CLICKS),
        observed=f"{values[-1]:,}" + (f"; {more}" if more else "") if values else None,
        because="Twelve jobs add a thousand each.",
        hint="pool.map(clicks.add, [1000] * 12, chunksize=1)",
        mistake=(*NOT_HOME, "M58", "M38"),
    )
    # Each worker reads it before it begins with a job and when it has done one: the first that reads sees it as it was
    # before all of them, the last as it was after all. In which order they tell of that is another matter.
    takes = [take for task in handed_over.tasks for take in task.takes]
    before = [saw for take in takes for saw in take.saw if saw is not None]
    if len(numbers) == 1 and before:
        expect(
            "the shared number before the first job",
            min(before),
            equals(0),
            because="Twelve jobs add a thousand each.",
            hint='total = mp.Value("i", 0, lock=False)',
        )
    dones = [done for task in handed_over.tasks for done in task.dones]
    as_left([(done.at, done.saw) for done in dones], numbers, "the shared number as the workers left it")


@check("initializer")
def home_again(run, handed_over):
    """At the end the pool is gone"""
    has_closed(run, handed_over)


# -- executor ------------------------------------------------------------------------------------------------


@check("executor")
def handed_in(run):
    """An executor of processes gets all nine ranges, before you wait for the first"""
    pool = the_pool(
        run,
        ("executor",),
        "executors of processes with something to do",
        "with ProcessPoolExecutor(2) as executor: futures = [executor.submit(primes.count, part) for …]",
        because="An executor gives you a future for each job.",
    )
    more = problems(run, pool)
    expect(
        "jobs that you handed in",
        len(pool.tasks),
        at_least(len(TYPED_WELL) + BAD),
        observed=f"{len(pool.tasks)}" + (f"; {more}" if more else ""),
        hint="One submit for each of primes.TYPED.",
        mistake=("M13", *NOT_HOME),
    )
    if pool.one_by_one:
        fail(
            "all handed in before you wait for the first",
            "you waited for each before you handed in the next",
            because="Then one worker works, and the other has nothing to do.",
            hint="Keep the futures in a list, and ask them in a second loop.",
            mistake="M13",
        )
    return pool


@check("executor")
def asked(run, handed_in):
    """You ask each future, and are told of both errors"""
    silent = [task for task in handed_in.tasks if not task.got and not task.listens]
    if silent and still_running(run):  # they may still be asked: no M58 yet
        cannot_tell("Your cell is still running. Check again when it has ended.")
    mapped = any(task.call == "map" for task in handed_in.tasks)
    more = f"; your cell ended with {told(run.error)}" if run.error is not None else ""
    if mapped:
        because = "A loop over map() ends at the first error. What lies behind it is dropped."
    elif run.error is not None:
        because = "result() raises the error of its job in your cell, and the loop ends there."
    else:
        because = "A future keeps its error to itself until you ask."
    expect(
        "futures that nobody asked",
        len(silent),
        equals(0),
        observed=f"{len(silent)}{more}",
        because=because,
        hint="Ask for future.exception() first. Where it is None, ask for future.result().",
        mistake=() if mapped else "M58",
    )


@check("executor")
def well_counted(run, handed_in, asked):
    """Its workers count the seven ranges that are right, and fail at the two others"""
    all_counted(run, handed_in, TYPED_WELL)
    expect(
        "jobs that failed",
        sum(len(task.errors) for task in handed_in.tasks),
        at_least(BAD),
        hint="Hand in primes.TYPED as they are: with the two that are wrong.",
    )


@check("executor")
def seven(run, well_counted):
    """counts has seven numbers, and failed two errors"""
    numbers(run, "counts", TYPED_PRIMES, in_order=False)
    if run.types.get("failed") != "list":
        fail("a list failed", run.types.get("failed", "no name failed"), hint="failed.append(error)")
    failed = run.values.get("failed")
    if isinstance(failed, list):
        expect(
            "errors in failed",
            len(failed),
            equals(BAD),
            because="An error that you ask for and do not keep is forgotten again.",
            hint="failed.append(error)",
        )


@check("executor")
def shut(run, handed_in):
    """At the end the executor is gone"""
    has_closed(run, handed_in)


# -- break-lost-error ----------------------------------------------------------------------------------------


def all_errors(tasks):
    """How many errors came back to the notebook, and of how many somebody was told."""
    return sum(len(task.errors) for task in tasks), sum(task.told for task in tasks)


@check("break-lost-error", phase="break")
def lost(run):
    """Jobs fail, your cell is green, and nobody is told"""
    pool = the_pool(run, POOL, "pools of processes with something to do", "Run the cell as it is.")
    if run.running is not None:  # no error yet that anybody was told of: it would seem to be met
        cannot_tell("Your cell is still running. Check again when it has ended.")
    came, told_of = all_errors(pool.tasks)
    expect("jobs that failed", came, at_least(1), hint="Run the cell as it is.")
    expect(
        "errors that you were told of",
        told_of,
        equals(0),
        observed=f"{told_of} of {came}",
        hint="First run the cell as it is.",
    )
    expect("errors of your cell", run.errors, none(), observed=enumerate_all([told(one) for one in run.errors]))
    note(f"{came} jobs failed, all are ready, and none was successful. Your cell is green.")


@check("break-lost-error", phase="repair")
def again(run):
    """A pool or an executor gets the nine ranges once more, the wrong ones, too"""
    pool = the_pool(
        run,
        POOL,
        "pools of processes with something to do",
        "jobs = [pool.apply_async(primes.count, (part,)) for part in primes.TYPED]",
    )
    came_home(run, pool)
    items = sum(task.size or len(task.arrivals) or 1 for task in pool.tasks)
    expect(
        "ranges that you handed in",
        items,
        at_least(len(TYPED_WELL) + BAD),
        because="To leave out what is wrong is no way to hear of it.",
        hint="Hand in primes.TYPED as they are.",
        mistake=NOT_HOME,
    )
    return pool


@check("break-lost-error", phase="repair")
def heard(run, again):
    """You are told of each error"""
    came, told_of = all_errors(again.tasks)
    if told_of < came and still_running(run):  # they may still be asked: no M58 yet
        cannot_tell("Your cell is still running. Check again when it has ended.")
    expect(
        "errors that you were told of",
        told_of,
        at_least(max(came, BAD)),
        observed=f"{told_of} of {max(came, BAD)}"
        + (f"; your cell ended with {told(run.error)}" if run.error is not None else ""),
        because="get() raises the error in your cell, and who does not catch it never comes to the next job."
        if run.error is not None
        else "ready() and successful() say that something went wrong, and not what."
        if not told_of
        else "Each job has an error of its own.",
        hint="Ask each job with get(), inside try and except; or give apply_async an error_callback.",
        mistake="M58",
    )


# -- killed-worker -------------------------------------------------------------------------------------------


@check("killed-worker", phase="break")
def replaced(run):
    """A worker of the pool is killed, another one is hired, and map() waits for ever"""
    pool = the_pool(run, ("pool",), "pools of processes with something to do", "Run the cell as it is.")
    expect(
        "workers that were killed in the middle of a job",
        len(pool.lost),
        at_least(1),
        observed=problems(run, pool) or "none",
        hint="Run the cell as it is, with primes.with_table.",
    )
    if run.running is not None and run.stuck is not True:
        cannot_tell("The other workers still count. Let the cell hang a little longer.")
    if all(task.done for task in pool.tasks):
        fail("a map() that waits", "all jobs came back", hint="Run the cell as it is.")
    if len(pool.workers) <= pool.size:
        cannot_tell("The pool has not hired anybody in its place yet. Let the cell hang a little longer.")
    note("The new one has nothing to do: nobody has the job of the dead one any more.")


@check("killed-worker", phase="repair")
def broken(run):
    """An executor loses a worker, and you are told"""
    pool = the_pool(
        run,
        POOL,
        "executors of processes with something to do",
        "with ProcessPoolExecutor(2) as executor: …",
    )
    # Who goes on with a new executor has lost a worker of an earlier one.
    pool = next((one for one in reversed(run.pools) if one.kind == "executor" and one.killed), pool)
    if pool.kind == "pool":
        fail(
            "an executor of processes",
            f"{pool}" + (f"; {problems(run, pool)}" if problems(run, pool) else ""),
            because="A pool replaces its dead without a word. A time limit tells that it took long, and not why.",
            hint="with ProcessPoolExecutor(2) as executor: …",
            mistake=("M61", "M59"),
        )
    if still_running(run):  # the futures may still be asked: no M58 yet
        cannot_tell("Your cell is still running. Check again when it has ended.")
    expect(
        "workers that were killed",
        len(pool.killed),
        at_least(1),
        observed=problems(run, pool) or "none",
        hint="Let the executor count with primes.with_table.",
        mistake=("M03", "M05"),
    )
    told_of = [task for task in pool.tasks if task.told and task.error.type == "BrokenProcessPool"]
    expect(
        "futures that told you of it",
        len(told_of),
        at_least(1),
        observed="none: nobody asked",
        because="A future keeps its error to itself until you ask.",
        hint="Ask each future for its result().",
        mistake="M58",
    )
    note(f"{told(told_of[0].error)}")
    return pool


@check("killed-worker", phase="repair")
def caught(run, broken):
    """You catch the error, and your cell goes on"""
    last = max(one.at for task in broken.tasks for one in (*task.got, *task.arrivals))
    errors = [cell.error for cell in run.cells if cell.error is not None and cell.ended >= last]
    # What a worker wrote below the cell is no error of the cell.
    errors = [error for error in errors if error.type != "KeyboardInterrupt"]
    expect(
        "errors with which a cell ended",
        errors,
        none(),
        observed=enumerate_all([told(error) for error in errors]),
        because="Who knows what happened can go on: with a new executor, for what is missing.",
        hint="try: … except BrokenProcessPool as error: …",
    )


# -- stretch-interpreters --------------------------------------------------------------------------------------


@check("stretch-interpreters")
def interpreters(run):
    """An executor of interpreters counts the nine ranges"""
    pool = the_pool(
        run,
        ("interpreters",),
        "executors of interpreters with something to do",
        "with InterpreterPoolExecutor(2) as executor: counts = list(executor.map(primes.count, primes.RANGES))",
        because="Its workers need no process: each is a thread with a Python of its own.",
    )
    well = [task for task in pool.tasks if task.done and task.error is None]
    expect(
        "jobs that came back",
        len(well),
        at_least(len(RANGES)),
        observed=f"{len(well)}" + (f"; {problems(run, pool)}" if problems(run, pool) else ""),
        hint="executor.map(primes.count, primes.RANGES)",
    )
    numbers(run, "counts", PRIMES, in_order=False)
    return pool


@check("stretch-interpreters")
def no_process(run, interpreters):
    """No process is started for it"""
    expect("processes", run.processes, none(), observed=f"{len(run.processes)}")
    note("0 processes: each of the workers is a thread with a Python of its own.")


# -- clean-bench -----------------------------------------------------------------------------------------------


@check("clean-bench")
def shops_closed(run):
    """Every pool and executor is closed"""
    left = run.pools_left
    expect(
        "pools that still have workers",
        left,
        none(),
        observed=enumerate_all([f"{pool} with {len(pool.left)}" for pool in left]),
        because="Its workers wait for work that never comes.",
        hint="pool.terminate() and pool.join(); executor.shutdown().",
        mistake="M60",
    )


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended"""
    nothing_left(run)


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)
