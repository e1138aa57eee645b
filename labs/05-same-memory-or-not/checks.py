"""What L05 looks for: who wrote into which memory, who could run and who took turns, what came home."""

from parallab import model
from parallab.checks import at_least, cannot_tell, check, equals, expect, fail, has, none, note
from parallab.checks.common import (
    BAD_START,
    at_once,
    ended,
    ended_well,
    hired,
    how,
    instead,
    is_pythons,
    no_threads_left,
    not_asked,
    nothing_left,
)

TOTAL = sum(1 + 7 * number % 13 for number in range(200))
#: Runnable for so much of its life: it had to take turns, or did not.
TURNS, FREE = 0.8, 0.9
#: CPU time of a worker, in nanoseconds, below which nothing can be said about that.
ENOUGH_NS = 100_000_000
#: So often a computing thread gives way when others want their turn (every 5 ms, sys.getswitchinterval).
GAVE_WAY = 10
#: A download sleeps so long, and time.sleep() never ends early.
DOWNLOAD_NS = 200_000_000


# -- threads ---------------------------------------------------------------------------------


def hired_threads(run, wanted, hint, *, together=True):
    """The step's threads, if there are so many; ``together``: all were started before one was waited for."""
    threads = run.threads
    more = instead(run) if not threads else ""
    expect(
        "threads",
        threads,
        at_least(wanted),
        observed=f"{len(threads) or 'none'}{f'; {more}' if more else ''}",
        because="Only start() makes a thread that runs beside your own code.",
        hint=hint,
        mistake=("M12", "M11", "M14", "M10", "M09"),
    )
    threads = threads[-wanted:]
    if together and not run.together(threads).yes:
        fail(
            f"all {len(threads)} threads started before you wait for the first",
            "you waited for one before you started the next",
            because="What runs one after the other takes as long as if you did it alone.",
            hint="Start all of them in one loop, and wait for them in a second loop.",
            mistake="M13",
        )
    failed = [thread for thread in threads if thread.error is not None]
    expect(
        "threads that ended by an exception",
        failed,
        none(),
        observed=", ".join(f"{thread.error.type}" for thread in failed[:1]),
        because="An exception in a thread ends that thread only. The cell is green all the same.",
        hint="Read the last line of the error message below your cell.",
        mistake=("M11", "M10", "M64"),
    )
    alive = [thread for thread in threads if not run.waited_for(thread)]
    expect(
        "threads that nobody waited for",
        alive,
        none(),
        observed=f"{len(alive)}",
        because=not_asked(run, alive),
        hint="Call join() on each of your threads, after all have been started.",
    )
    return threads


# -- predict-append ------------------------------------------------------------------------------


def ledger_at_home(run):
    """The lines of the notebook's own list, as each of the step's cells left it."""
    lines = set()
    seen = False
    for memory in [*(model.decoded(cell.values) for cell in run.cells), run.memory]:
        ledger = memory.get("shelf.LEDGER")
        if isinstance(ledger, list):
            seen = True
            lines |= {tuple(line) for line in ledger if isinstance(line, list) and len(line) == 2}
    if not seen:
        fail(
            "lines in the list shelf.LEDGER of your notebook",
            "your cells do not use shelf",
            hint="The work is shelf.add; the list is shelf.LEDGER.",
        )
    return lines


@check("predict-append")
def threads(run):
    """Four threads each add a line, and your notebook has all four lines"""
    four = hired_threads(run, 4, "Run the first cell of this step as it is.", together=False)
    here = {thread for pid, thread in ledger_at_home(run) if pid == run.notebook.pid}
    missing = [thread for thread in four if thread.tid not in here]
    expect(
        "threads whose line is not in the notebook's list",
        missing,
        none(),
        observed=f"{len(missing)} of 4",
        because="Threads live in your notebook's process: they write into your notebook's list.",
        hint="Let each of them do shelf.add, and do not clear the list afterwards.",
        mistake="M10",
    )
    note(str(len({thread.tid for thread in four} & here)))


@check("predict-append")
def processes(run):
    """Four processes each add a line too, and end well"""
    found = hired(run, has(4), what="processes", hint="One Process for each, with target=shelf.add.", last=True)
    ended(run, found)
    ended_well(found)
    idle = [worker for worker in found if not wrote(worker)]
    expect(
        "processes that added no line",
        idle,
        none(),
        observed=", ".join(str(worker) for worker in idle),
        because="Only a process that has written something shows where it went.",
        hint="target=shelf.add, without brackets.",
        mistake=("M10", "M37"),
    )
    return found


def wrote(worker):
    """Whether the worker's own list has a line of the worker's."""
    ledger = worker.memory.get("shelf.LEDGER")
    return isinstance(ledger, list) and any(isinstance(line, list) and line[:1] == [worker.pid] for line in ledger)


@check("predict-append")
def copies(run, processes):
    """Their lines are in their own lists, and none is in the notebook's"""
    lines = ledger_at_home(run)
    strange = [pid for pid, _ in lines if pid in {worker.pid for worker in processes}]
    expect(
        "lines of processes in the notebook's list",
        strange,
        none(),
        observed=f"{len(strange)}, which your notebook must have put there itself",
        because="A process has a memory of its own.",
        hint="Leave the list as it is.",
    )
    note(str(len([1 for pid, _ in lines if pid == run.notebook.pid])))


# -- snapshot ---------------------------------------------------------------------------------------


def sent(run, worker):
    """What this worker put into queues out of which the notebook took something, as values."""
    home = [box for box in run.mailboxes if any(line.pid == run.recording.pid for line in box.gets)]
    return [line.item for box in home for line in box.puts if line.pid == worker.pid]


def holds(item, number):
    """Whether a number is this item, or in it."""
    if isinstance(item, dict):
        return any(holds(part, number) for part in item.values())
    if isinstance(item, list):
        return any(holds(part, number) for part in item)
    return not isinstance(item, bool) and item == number


@check("snapshot")
def forked(run):
    """A forked child begins with a copy of your notebook's memory: it sees 99"""
    found = hired(run, at_least(1), what="children", hint="Run the cell of the first half as it is.")
    by_fork = [worker for worker in found if worker.method == "fork"]
    expect(
        "children that were started by fork",
        by_fork,
        at_least(1),
        observed=f"none; you used {', '.join(dict.fromkeys(worker.method for worker in found))}",
        hint='context = mp.get_context("fork"), and context.Process(…).',
    )
    seen = [worker.memory.get("shelf.RATE") for worker in by_fork]
    if 99 not in seen:
        expect(
            "the price in its memory",
            next((price for price in seen if price is not None), None),
            equals(99),
            because="fork copies your notebook as it is at that moment.",
            hint="Set shelf.RATE = 99 before you start the child.",
            mistake=BAD_START,
        )
    note("99")


@check("snapshot")
def spawned(run):
    """A spawned child begins with a fresh import: it sees 1"""
    found = hired(run, at_least(1), what="children", hint="Run the cell of the first half as it is.")
    fresh = [worker for worker in found if worker.method in ("spawn", "forkserver")]
    expect(
        "children that were started by spawn",
        fresh,
        at_least(1),
        observed=f"none; you used {', '.join(dict.fromkeys(worker.method for worker in found))}",
        hint='context = mp.get_context("spawn"), and context.Process(…).',
        mistake=("M18", "M11"),
    )
    seen = [worker.memory.get("shelf.RATE") for worker in fresh]
    if not any(price is not None for price in seen):
        ended_well(fresh, mistake=("M18", *BAD_START))
    if 1 not in seen:
        expect(
            "the price in its memory",
            next((price for price in seen if price is not None), None),
            equals(1),
            because="A fresh Python reads shelf.py, and there it says 1.",
            hint="Leave RATE = 1 in shelf.py.",
            mistake=("M18", *BAD_START),
        )
    note("1")


@check("snapshot")
def told(run, forked, spawned):
    """Given the price in args, both children answer 99"""
    at_home = run.memory.get("shelf.RATE")
    asked = [worker for worker in run.workers if given_99(worker)]
    methods = {
        worker.method for worker in asked if worker.exit_code == 0 and any(holds(i, 99) for i in sent(run, worker))
    }
    missing = [name for name, one in (("fork", {"fork"}), ("spawn", {"spawn", "forkserver"})) if not methods & one]
    answers = [f"{worker.method}: {charged(worker)}" for worker in run.workers[-2:]]
    expect(
        "ways of starting by which a child that was given the price answers 99",
        missing,
        none(),
        observed=f"missing: {', '.join(missing)} ({'; '.join(answers)})",
        because="What stands in args is handed over, however the child is started.",
        hint="Put shelf.RATE into args, as a second argument, and let the child put what it was given."
        if at_home == 99
        else "shelf.RATE is no longer 99 in your notebook: set it again.",
        mistake=("M18", *BAD_START),
    )


def charged(worker):
    """In words: why a child's answer does not count."""
    if not given_99(worker):
        return "given no price"
    return how(worker) if worker.exit_code else "no 99 came home"


def given_99(worker):
    """Whether 99 was among its arguments; inside containers and objects that is not looked at."""
    plain = [arg for arg in worker.args if arg.kind in ("plain", "other")]
    return any(arg.text == "99" or arg.type not in ("int", "float", "str", "NoneType", "bool") for arg in plain) or (
        worker.overrides_run and worker.cls != "Process"
    )


# -- cpu-bound ------------------------------------------------------------------------------------------


def share(found):
    """The mean of what they could run of their lives."""
    if any(one.runnable is None for one in found):
        cannot_tell("How much of the time they could run was not seen here. Run the cell again.")
    return sum(one.runnable for one in found) / len(found)


@check("cpu-bound")
def turns(run):
    """Four threads compute, and take turns"""
    four = hired_threads(run, 4, "Run the first cell of this step as it is.")
    lazy = [thread for thread in four if thread.cpu_ns < ENOUGH_NS]
    expect(
        "threads that hardly computed",
        lazy,
        none(),
        observed=f"{len(lazy)} of 4",
        because="Work that is over at once, or that only waits, shows nobody taking turns.",
        hint="target=shelf.burn, without brackets.",
        mistake="M10",
    )
    part = share(four)
    if not run.notebook.gil:
        if part < FREE:
            cannot_tell("This Python has no GIL, yet your threads had to wait. Run the cell again.")
        note(f"This Python has no GIL: each thread could run {part:.0%} of the time.")
        return
    # On a very busy machine a thread that wants its turn must wait for a core to ask for it, and seems to be able to
    # run. But who only computes pauses of its own accord for one reason: to give way to another thread.
    if part > TURNS and any(thread.pauses < GAVE_WAY for thread in four):
        cannot_tell(
            "It cannot be told whether they took turns: the machine is too busy, or their work needs no GIL. "
            "Let them do shelf.burn, and run the cell again."
        )
    note("Each of them could run only part of the time: the GIL lets in one at a time.")


@check("cpu-bound")
def free(run):
    """Four processes do the same work, and none waits for another"""
    found = hired(run, has(4), what="processes", hint="mp.Process(target=shelf.burn), four times.", last=True)
    at_once(run, found)
    ended(run, found)
    ended_well(found)
    if any(worker.work_ns <= 0 for worker in found):  # one that computes nothing at all has used a little, too
        cannot_tell("How much of the time they could run was not seen here. Run the cell again.")
    lazy = [worker for worker in found if worker.work_ns < ENOUGH_NS]
    expect(
        "processes that hardly computed",
        lazy,
        none(),
        observed=f"{len(lazy)} of 4",
        because="They must do the same work as the threads to be compared with them.",
        hint="target=shelf.burn, without brackets.",
        mistake="M10",
    )
    part = share(found)
    if TURNS < part < FREE:
        cannot_tell("It cannot be told whether they waited for each other. Run the cell again.")
    if part <= TURNS:
        fail(
            "processes that could run all the time",
            "they waited for much of the time",
            because="Here the work should be nothing but computing.",
            hint="Let them do shelf.burn, and nothing that waits.",
        )
    note("Each of them could run all the time: each has an interpreter and a lock of its own.")


# -- waiting-bound ------------------------------------------------------------------------------------------


@check("waiting-bound")
def twenty(run):
    """Twenty downloads wait at the same time"""
    if len(run.threads) < 20 and len(run.workers) >= 20:
        workers = hired(run, at_least(20), what="downloads", last=True)
        at_once(run, workers)
        ended(run, workers)
        ended_well(workers)
        hasty = [worker for worker in workers if worker.watched_ns < DOWNLOAD_NS]
        note("It works with processes too; but each needs a whole Python of its own, just to wait.")
    else:
        # An executor hires only while nobody is idle: on a busy machine the first is back before the last is needed.
        wide = any(pool.kind == "thread-executor" and pool.size >= 20 and len(pool.tasks) >= 20 for pool in run.pools)
        wanted = min(20, max(2, len(run.threads))) if wide else 20
        workers = hired_threads(run, wanted, "One thread for each download, target=shelf.fetch.")
        hasty = [thread for thread in workers if thread.watched_ns < DOWNLOAD_NS]
    expect(
        "downloads that did not wait for their label",
        hasty,
        none(),
        observed=f"{len(hasty)} of {len(workers)}",
        because="A download takes 0.2 seconds of waiting.",
        hint="target=shelf.fetch, without brackets.",
        mistake="M10",
    )
    # CPU time, and not the runnable part: who waits for a core on a busy machine does not compute.
    if any(used(one) >= ENOUGH_NS for one in workers):
        fail(
            "downloads that only wait",
            "some of them computed all the time",
            because="Here the work is nothing but waiting.",
            hint="Let them do shelf.fetch.",
        )
    if len(run.journal) >= 2 * 20 and most_downloads(run) < 2:
        fail(
            "downloads that wait for their label at the same time",
            "one after the other",
            because="A thread that waits for a lock downloads nothing. So the twenty come one after the other.",
            hint="Let them do shelf.fetch, with nothing around it.",
        )
    begun = [line for line in run.journal if line.item == "begins"]
    expect(
        "labels that were downloaded",
        begun,
        at_least(20),
        observed=f"{len(begun) or 'none'}",
        because="Whoever only sleeps has no label in the end.",
        hint="One thread for each download, target=shelf.fetch.",
    )


def most_downloads(run):
    """How many downloads had begun and not ended at one moment, at the most."""
    waiting = most = 0
    for line in run.journal:
        waiting += {"begins": 1, "ends": -1}.get(line.item, 0)
        most = max(most, waiting)
    return most


def used(one):
    """The CPU time that a thread, or a process at its work, has used."""
    return getattr(one, "work_ns", one.cpu_ns)


# -- too-small -------------------------------------------------------------------------------------------------


def weighed(worker):
    """The parcels that this process weighed itself."""
    lines = worker.memory.get("shelf.WEIGHED")
    return {line[1] for line in lines if line[0] == worker.pid} if isinstance(lines, list) else set()


@check("too-small")
def alone(run):
    """Your notebook weighs all 60 parcels itself"""
    lines = run.memory.get("shelf.WEIGHED")
    mine = {line[1] for line in lines if line[0] == run.notebook.pid} if isinstance(lines, list) else set()
    expect(
        "parcels that your notebook has not weighed",
        set(range(60)) - mine,
        none(),
        observed=f"{len(set(range(60)) - mine)} of 60",
        hint="Run the first cell of this step as it is.",
    )


@check("too-small")
def sixty(run):
    """Sixty processes weigh one parcel each"""
    one_each = [worker for worker in hired(run, at_least(1), what="processes") if len(weighed(worker)) == 1]
    done = set().union(*(weighed(worker) for worker in one_each))
    expect(
        "parcels that got a process of their own",
        len(done & set(range(60))),
        equals(60),
        hint="Run the second cell of this step as it is.",
        mistake=BAD_START,
    )


@check("too-small")
def piles(run, sixty):
    """Then three processes weigh a pile of 20 each"""
    several = [worker for worker in run.workers if len(weighed(worker)) > 1]
    found = next(
        (round_ for round_ in run.attempts if len(round_) == 3 and set(pids(round_)) <= set(pids(several))), None
    )
    last = run.attempts[0]
    if found is None:
        heaps = ", ".join(str(len(weighed(worker))) for worker in last[:4])
        fail(
            "three processes with 20 parcels each",
            f"{len(last)} {'process' if len(last) == 1 else 'processes'} at last, with "
            f"{heaps}{' …' if len(last) > 4 else ''} parcels each"
            if several or len(last) < 20
            else "only processes with one parcel each",
            because="To start a process costs more than to weigh a parcel. So few are hired, with much to do.",
            hint="Write the loop into weigh_all, and start it three times.",
            mistake=("M16", *BAD_START),
        )
    at_once(run, found)
    ended(run, found)
    ended_well(found)
    expect(
        "parcels in each pile",
        sorted(len(weighed(worker)) for worker in found),
        equals([20, 20, 20]),
        because="Equal piles are done at about the same time.",
        hint="range(first, last) ends before last: 0 to 20, 20 to 40, 40 to 60.",
    )
    expect(
        "parcels that nobody weighed",
        set(range(60)) - set().union(*(weighed(worker) for worker in found)),
        none(),
        hint="The piles must not overlap: 0 to 20, 20 to 40, 40 to 60.",
    )
    note("Sixty starts or three starts: the work is the same.")


def pids(workers):
    return [worker.pid for worker in workers]


# -- break-global -----------------------------------------------------------------------------------------------


def summed(memory):
    """Whether the sum stands in this memory's RESULT."""
    return holds(memory.get("shelf.RESULT"), TOTAL)


@check("break-global", phase="break")
def wrong_shelf(run):
    """The child writes the sum into its own memory, and your notebook's stays empty"""
    found = hired(run, at_least(1), what="children", hint="Run both cells as they are.")
    wrote_it = [worker for worker in found if summed(worker.memory)]
    expect(
        "children that wrote the sum into their shelf.RESULT",
        wrote_it,
        at_least(1),
        observed=", ".join(how(worker) for worker in found),
        hint="Run both cells as they are, before you repair them.",
    )
    if summed(run.memory):
        fail(
            "nothing in your notebook's shelf.RESULT",
            "the sum, which your notebook must have written itself",
            hint="Restart the kernel, and run both cells as they are.",
        )
    note("Written in the child, read in your notebook: these are two memories.")


@check("break-global", phase="repair")
def came_home(run):
    """The child adds up, and sends the sum home through a queue"""
    found = hired(run, at_least(1), what="children", hint="The child must still do the adding.")
    home = [worker for worker in found if any(holds(item, TOTAL) for item in sent(run, worker))]
    put = [line for box in run.mailboxes for line in box.puts if line.pid in pids(found)]
    expect(
        "children whose sum your notebook took out of a queue",
        home,
        at_least(1),
        observed="a child put something else into the queue"
        if any(sent(run, worker) for worker in found)
        else "the child put something into a queue, but your notebook did not take it out"
        if put
        else "no child put anything into a queue"
        + ("; your notebook has added up itself" if summed(run.memory) else ""),
        because="The child's memory goes away with it. Only what is sent comes home.",
        hint="The child calls results.put(…); your notebook calls results.get().",
        mistake=("M37", "M15", *BAD_START),
    )
    expect(
        "children that were given the sum",
        [worker for worker in home if any(arg.text == str(TOTAL) for arg in worker.args)],
        none(),
        observed="your notebook has added up, and the child only sent the sum back",
        because="The child is hired for the adding.",
        hint="results.put(sum(shelf.PARCELS)) in the child.",
    )
    ended(run, home)
    ended_well(home)


# -- stretch-fork-lock ----------------------------------------------------------------------------------------------


@check("stretch-fork-lock", phase="break")
def copied_lock(run):
    """A forked child waits for a lock that nobody in it holds"""
    waiting = run.lone_waiters
    expect(
        "forked children that wait for a lock of their own memory",
        waiting,
        at_least(1),
        observed=instead(run) or "none now",
        because="fork copies the lock as it is, but not the thread that would open it.",
        hint="Run the cells as they are, and let the second one hang.",
        mistake="M19",
    )
    note("It has one thread, and that one waits for a lock which only a thread of your notebook could have opened.")


@check("stretch-fork-lock", phase="repair")
def own_lock(run):
    """The thread holds its lock, and the child finds an open one"""
    found = hired(run, at_least(1), what="children", hint="Start the child again, in another way.")
    if run.lone_waiters:
        fail(
            "a child that comes to its end",
            "it waits for a lock that nobody in it holds",
            because="It was forked while a thread held the lock.",
            hint='mp.get_context("spawn") starts a fresh Python, with a lock of its own.',
            mistake="M19",
        )
    holding = [
        worker
        for worker in found
        if any(
            thread.ran and thread.ran < worker.began and not 0 < thread.ended < worker.began for thread in run.threads
        )
    ]
    expect(
        "children that were started while a thread of your notebook ran",
        holding,
        at_least(1),
        because="When nobody holds the lock, there is nothing to be copied.",
        hint="Keep the thread, and held.wait() before the child is started.",
    )
    expect(
        "children that do not look at the lock",
        [worker for worker in holding if is_pythons(worker)],
        none(),
        because="A child that does not want the lock does not wait for it either.",
        hint="target=cache.look_up, as before.",
    )
    ended(run, holding)
    ended_well(holding)


# -- clean-bench ----------------------------------------------------------------------------------------------


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended"""
    nothing_left(run)


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)
