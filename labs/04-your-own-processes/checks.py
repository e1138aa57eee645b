"""What L04 looks for: processes that were really started, how each ended, and whose child it was."""

import re

from parallab.checks import at_least, cannot_tell, check, expect, fail, has, none, note
from parallab.checks.common import (
    BAD_START,
    at_once,
    ended,
    ended_well,
    hired,
    how,
    in_modules,
    instead,
    no_threads_left,
    nothing_left,
    own_work,
)
from parallab.checks.matchers import enumerate_all

FRESH = ("spawn", "forkserver")


def in_notebook(worker):
    return worker.target.startswith("__main__.")


def without_work(workers):
    """Those that were given a result, or nothing, where a function was meant."""
    return [worker for worker in workers if "." not in worker.target and not worker.overrides_run]


def importable(workers):
    """Any child finds what these do, however it is started."""
    in_modules(
        workers,
        because="A child that is a fresh Python can only import its work. Where the notebook is copied it may work "
        "by luck; from Python 3.14 on it is not copied by default.",
        hint="Move it into a cell that begins with %%writefile, and import that module.",
    )


# -- define-and-execute -----------------------------------------------------------------


@check("define-and-execute")
def child(run):
    """Your notebook starts a child process"""
    return hired(run, at_least(1), hint="The Process object is only a plan. Which of its methods carries it out?")


@check("define-and-execute")
def work(run, child):
    """The child is the one who does the work"""
    quoted = any(worker.target == "str" for worker in child)
    expect(
        "children that were given nothing to do",
        without_work(child),
        none(),
        because="A name in quotes is a text, and no function."
        if quoted
        else "Brackets call the function at once, in your notebook, and pass on only what it gave back.",
        hint="target=tally.work, without quotes."
        if quoted
        else "target= takes the function itself; its arguments go into args=.",
        mistake="M10",
    )
    own_work(
        child,
        "children that do something else than the lab's work",
        because="Primes are found by trying each number, and that is what the worker is hired for.",
        hint="Give it tally.work to do: target=tally.work, args=(0, 45_000).",
    )
    importable(child)


@check("define-and-execute")
def waited(run, child):
    """Your notebook waits until the child has ended"""
    ended(run, child)


@check("define-and-execute")
def ends_well(run, child, work, waited):
    """The child ends well, with exit code 0"""
    ended_well(child)


# -- initialise ---------------------------------------------------------------------------


@check("initialise")
def own_class(run):
    """Your notebook starts a worker of a class of its own"""
    lacks = "Read the last line of the error: what does your object lack? Who would have made it?"
    hired(run, at_least(1), hint=lacks if run.errors else "Make an object of your class, and call its start().")
    own = [worker for worker in run.workers if worker.overrides_run]
    expect(
        "workers whose class has a run of its own",
        own,
        at_least(1),
        observed="none: " + ", ".join(f"“{worker.name}” was given a target" for worker in run.workers),
        because="Here the class brings its work with it, so that it needs no target.",
        hint="Write class PrimeWorker(mp.Process) with a method run, and start an object of it.",
    )
    importable(own)
    return own


@check("initialise")
def named(run, own_class):
    """It got a name of its own when it was initialised"""
    plain = [worker for worker in own_class if worker.name.startswith(f"{worker.cls.rsplit('.', 1)[-1]}-")]
    expect(
        "workers that still have the name which Python gave them",
        plain,
        none(),
        observed=", ".join(f"“{worker.name}”" for worker in plain),
        because="You will look for your workers by name, in the sidebar and in error messages.",
        hint="After super().__init__(), set self.name; or pass it: super().__init__(name=…).",
    )
    if any(len(re.findall(r"\d+", worker.name)) < 2 for worker in own_class):
        note("Two workers of one name cannot be told apart: put the range into the name.")


@check("initialise")
def ran(run, own_class):
    """Its run was executed in the child, to the end"""
    ended(run, own_class)
    ended_well(own_class)
    note(
        "What the worker counted stayed in the worker: your notebook's own copy of the object still says 0. "
        "The next lab shows how a result comes home."
    )


# -- four-at-once ---------------------------------------------------------------------------

#: The poster's numbers end before this one.
END = 180_000


@check("four-at-once")
def four(run):
    """Your notebook starts four workers"""
    workers = hired(
        run, has(4), what="workers", hint="A Process for each range, and start() for each Process.", last=True
    )
    own_work(
        workers,
        "workers that do something else than the lab's work",
        hint="Give each of them tally.work to do, and its range in args.",
    )
    importable(workers)
    # Which numbers each counts may be handed over in many ways: it is looked at where all were given two numbers.
    given = [numbers for worker in workers if len(numbers := plain_numbers(worker)) == 2]
    if len(given) == len(workers):
        expect(
            "workers that have nothing to count",
            [worker for worker, (low, high) in zip(workers, given, strict=True) if low == high],
            none(),
            because="A worker that has nothing to do is no help.",
            hint="Each worker gets one of the four ranges.",
        )
        missing = uncounted(given)
        expect(
            "numbers that nobody counts",
            missing,
            none(),
            observed=", ".join(f"{low:,} to {high:,}" for low, high in missing),
            because="The poster is to show all primes below 180,000.",
            hint="Each worker gets one of the four ranges.",
        )
    return workers


def uncounted(given):
    """The stretches below END that none of these ranges covers; whether an end belongs to its range is left open."""
    found, reached = [], 0
    for low, high in sorted(given):
        if low > reached + 1:
            found.append((reached, low))
        reached = max(reached, high)
    return found if reached >= END - 1 else [*found, (reached, END)]


def plain_numbers(worker):
    """The whole numbers among what it was given, the smaller one first."""
    return tuple(sorted(int(arg.text) for arg in worker.given("plain") if arg.type == "int" and arg.text))


@check("four-at-once")
def together(run, four):
    """All four are at work at the same time"""
    at_once(run, four)


@check("four-at-once")
def all_waited(run, four):
    """Your notebook waits for all four"""
    ended(run, four)


@check("four-at-once")
def all_well(run, four):
    """All four end well: exit codes 0, 0, 0 and 0"""
    idle = [worker for worker in four if not worker.target and not worker.overrides_run]
    expect(
        "workers that were given nothing to do", idle, none(), mistake="M10", hint="Drop the brackets after target=."
    )
    ended_well(four)


# -- life-and-death -----------------------------------------------------------------------------


def one_that(workers, fits, expected, because, hint):
    """The worker that ended as expected; told is how the others ended."""
    found = [worker for worker in workers if fits(worker)]
    if not found:
        fail(expected, [how(worker) for worker in workers], because=because, hint=hint, mistake=BAD_START)
    note(f"exit code {found[0].exit_code}".replace("-", "−"))
    return found[0]


@check("life-and-death")
def workers(run):
    """Your notebook starts four workers"""
    started = hired(run, at_least(4), what="workers", hint="One Process for each function of fates.")
    unknown = [worker for worker in started if not worker.alive and worker.exit_code is None]
    if unknown:
        cannot_tell("Not every exit code was seen. Run the cell again.")
    return started


@check("life-and-death")
def ok(run, workers):
    """One comes back from its work"""
    one_that(
        workers,
        lambda worker: worker.exit_code == 0,
        "a worker with exit code 0",
        "A worker that comes back without an exception leaves a 0.",
        "Start fates.ok, and give it the time to end.",
    )


@check("life-and-death")
def bad(run, workers):
    """One dies of an exception"""
    one_that(
        workers,
        lambda worker: (
            worker.exit_code == 1
            and worker.error is not None
            and worker.error.type not in ("SystemExit", "KeyboardInterrupt")
            and not (in_notebook(worker) and worker.method != "fork")
        ),
        "a worker with exit code 1, ended by an exception of its own",
        "The exception ends the child only. Your notebook learns of it by the exit code.",
        "Start fates.bad, and let its exception happen.",
    )


@check("life-and-death")
def quit3(run, workers):
    """One quits with a code of its own, 3"""
    one_that(
        workers,
        lambda worker: worker.exit_code == 3,
        "a worker with exit code 3",
        "sys.exit(n) ends a process with exit code n.",
        "Start fates.quit3.",
    )


def not_joined_for_ever(run, workers):
    """Refuses to judge while the notebook waits for the one that never ends, and says so."""
    begun = {(wait.child, wait.began) for wait in run.waits if wait.call == "join" and not wait.done}
    over = {(wait.child, wait.began) for wait in run.waits if wait.call == "join" and wait.done}
    waited = {child for child, _ in begun - over}
    if run.running is not None and any(
        worker.pid in waited and worker.alive and worker.target == "fates.forever" for worker in workers
    ):
        cannot_tell(
            "Your notebook waits in join() for “forever”, which never ends by itself. Interrupt the cell. "
            "Then call terminate() on that worker before you join it."
        )


@check("life-and-death")
def forever(run, workers):
    """One would live for ever, and you terminate it"""
    not_joined_for_ever(run, workers)
    alive = [worker for worker in workers if worker.alive]
    interrupted = [
        worker for worker in workers if worker.error is not None and worker.error.type == "KeyboardInterrupt"
    ]
    one_that(
        workers,
        lambda worker: worker.exit_code == -15,
        "a worker with exit code −15",
        "terminate() sends signal 15, and the exit code is minus the signal's number."
        if not interrupted
        else "Interrupt reaches every worker as a KeyboardInterrupt, which is an exception: exit code 1.",
        "Call terminate() on it before you wait for it, then join it."
        if alive or interrupted
        else "End it with its method terminate(), not with another.",
    )


@check("life-and-death")
def read(run, workers):
    """You read each exit code after the worker had ended"""
    not_joined_for_ever(run, workers)
    asked = {}
    for wait in run.waits:
        if wait.call == "exitcode":
            asked.setdefault(wait.child, set()).add(wait.exit_code)
    too_early = [worker for worker in workers if asked.get(worker.pid) == {None}]
    unread = [worker for worker in workers if worker.pid not in asked]
    expect(
        "workers whose exit code was read too early",
        too_early,
        none(),
        because="As long as a worker runs, its exitcode is None.",
        hint="First join, then read.",
    )
    expect(
        "workers whose exit code was not read",
        unread,
        none(),
        because="What you type yourself is a guess. The process knows.",
        hint="p.exitcode is the number. join() only waits and gives back None.",
        mistake="M15",
    )


# -- whose-parent ----------------------------------------------------------------------------------


@check("whose-parent")
def three_ways(run):
    """The same worker runs by fork, by forkserver and by spawn"""
    found = hired(run, at_least(1), what="workers")
    methods = {worker.method: worker for worker in found if worker.exit_code == 0}
    missing = [method for method in ("fork", "forkserver", "spawn") if method not in methods]
    failed = [f"{worker.method}: {how(worker)}" for worker in found if worker.method in missing]
    expect(
        "ways of starting that are missing",
        missing,
        none(),
        observed=f"{', '.join(missing)}; {enumerate_all(failed, most=2)}"
        if failed
        else f"{', '.join(missing)}; you used {', '.join(f'{worker.method}' for worker in found)}",
        because="Exit code 0 means that the child came back from its work without an exception."
        if failed
        else "mp.Process uses the default way, whichever that is where you are.",
        hint="Read the last line of the child's error message, below your cell."
        if failed
        else "context = mp.get_context(method), and then context.Process(…).",
        mistake=BAD_START,
    )
    return methods


@check("whose-parent")
def parents(run, three_ways):
    """Two are children of your notebook, one is a child of the server"""
    seen = {method: worker.os_parent for method, worker in three_ways.items()}
    if not all(seen.values()):
        cannot_tell("The parents were not all seen. Run the cell again.")
    home = run.notebook.pid
    if seen["fork"] != home or seen["spawn"] != home or seen["forkserver"] == home:
        cannot_tell("This system starts processes in an unusual way, so the parents are not those of the text.")
    note("fork and spawn: your notebook; forkserver: the server, which is your notebook's child.")


@check("whose-parent")
def table(run, three_ways):
    """Your table says so too"""
    parent_of = run.values.get("parent_of")
    if not isinstance(parent_of, dict):
        fail(
            "a table parent_of",
            "no dictionary of that name",
            hint='parent_of = {"fork": …, "forkserver": …, "spawn": …}',
        )
    wrong = [
        method for method in ("fork", "forkserver", "spawn") if not says(parent_of.get(method), method, run, three_ways)
    ]
    expect(
        "rows that are not right yet",
        wrong,
        none(),
        because="The parent is whoever made the process: it gets the exit code, and it collects the child.",
        hint="Compare each parent's number with the number of your notebook.",
    )


def says(said, method, run, three_ways):
    """Whether a row of the table is right: told in words, or by the parent's number."""
    if isinstance(said, int):
        return said == three_ways[method].os_parent
    word = str(said).lower()
    home = "notebook" in word or "kernel" in word
    return "server" in word if method == "forkserver" else home and "server" not in word


# -- break-spawn --------------------------------------------------------------------------------------


@check("break-spawn", phase="break")
def cannot_find_it(run):
    """A fresh child looks for a function of your notebook, and dies of not finding it"""
    fresh = [worker for worker in run.workers if worker.method in FRESH and in_notebook(worker)]
    expect(
        "children started by spawn with a function of the notebook",
        fresh,
        at_least(1),
        observed=instead(run) or "none",
        hint="Run the cell as it is, before you repair it.",
    )
    died = [worker for worker in fresh if worker.exit_code == 1]
    expect("such children with exit code 1", died, at_least(1), observed=", ".join(how(worker) for worker in fresh))
    note("Exit code 1, and a green cell: the child is a fresh Python and can only run what it can import.")


@check("break-spawn", phase="repair")
def found_it(run):
    """The same work in a module: a spawned child runs it and ends with exit code 0"""
    workers = hired(run, at_least(1), what="children")
    fresh = [worker for worker in workers if worker.method == "spawn"]
    methods = {worker.method for worker in workers}
    expect(
        "children started by spawn",
        fresh,
        at_least(1),
        observed=f"none; you used {', '.join(worker.method for worker in workers)}",
        because="fork copies your notebook into the child and so hides the mistake."
        if "fork" in methods
        else "To see that the repair helps, change nothing but the place of the function.",
        hint='Keep mp.get_context("spawn").',
    )
    ended(run, fresh)
    own_work(
        fresh,
        "children that do something else than the lab's work",
        because="Python's own functions are always found. Yours is not, as long as it stands in a cell.",
        hint="Write the function into a module with %%writefile, import the module, and use target=module.function.",
    )
    good = [worker for worker in fresh if worker.exit_code == 0 and (worker.target or worker.overrides_run)]
    expect(
        "spawned children that ended with exit code 0",
        good,
        at_least(1),
        observed=", ".join(f"{worker}: {how(worker)}" for worker in fresh),
        because="The child imports its work by the module's name. It never sees your cells.",
        hint="Write the function into a module with %%writefile, import the module, and use target=module.function.",
        mistake=BAD_START,
    )


# -- stretch-zombies -----------------------------------------------------------------------------------


@check("stretch-zombies", phase="break")
def zombies(run):
    """Three ended children wait to be collected: state Z"""
    forked = [worker for worker in hired(run, at_least(3), what="workers") if worker.method == "fork"]
    expect(
        "workers started by fork",
        forked,
        at_least(3),
        observed=f"{len(forked)} of {len(run.workers)}",
        because="A fork server collects its children itself, so that no zombie is ever seen.",
        hint='mp.get_context("fork").Process(…)',
    )
    dead = {worker.pid for worker in run.zombies}
    expect(
        "workers of these in state Z when the cell ended",
        [worker for worker in forked if worker.pid in dead],
        at_least(3),
        because="join(), is_alive(), exitcode and the next start() all collect what has ended.",
        hint="Start all three, let your notebook sleep, and do not ask them anything.",
    )


@check("stretch-zombies", phase="repair")
def collected(run):
    """Then you collected them"""
    expect(
        "zombies",
        run.zombies,
        none(),
        because="An ended child keeps its number until its parent collects it.",
        hint="Call mp.active_children() in a second cell, or join each of them.",
        mistake="M63",
    )


# -- clean-bench -----------------------------------------------------------------------------------------


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended"""
    nothing_left(run)


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)
