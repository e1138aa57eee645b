"""What L01 looks for: the kernel's own number, threads that really ran, and processes next to it."""

from parallab.checks import at_least, at_most, check, equals, expect, fail, has, is_true, none, note
from parallab.checks.common import (
    BAD_START,
    at_once,
    ended,
    ended_well,
    hired,
    in_modules,
    no_threads_left,
    nothing_left,
    own_work,
    told,
)
from parallab.checks.threads import (
    NO_THREAD,
    by_thread,
    not_started,
    started,
    threads_at_once,
    threads_ended,
    who,
)

SHARES = ("AAPL", "MSFT", "NVDA")
TICKS = 5
#: The type of what stands in a starter where something is to be written.
DOTS = "ellipsis"
UNFILLED = "Your code belongs there, in place of the dots."


# -- what the goals of several steps look at ------------------------------------------------


def asked(run):
    """Which of the learner's threads asked for which share, and how often: {thread: {share: times}}."""
    found = {}
    for thread, lines in by_thread(run, run.journal).items():
        for line in lines:
            times = found.setdefault(thread, {})
            times[line.item[0]] = times.get(line.item[0], 0) + 1
    return found


def askers(run):
    """Who asked for what, in words."""
    found = {}
    for line in run.journal:
        found.setdefault(who(run, line), {}).setdefault(line.item[0], None)
    return "; ".join(f"{name} asked for {', '.join(shares)}" for name, shares in found.items())


def failures(run):
    """Of the threads that ended by an exception, by which one; at most one is told."""
    return [f"{thread}: {told(thread.error)}" for thread in run.threads if thread.error][:1]


def filled(run, wanted):
    """The book holds as many rows as were asked for."""
    book = run.values.get("book")
    if "book" not in run.types:
        fail(
            f"a list book with {wanted} rows",
            "no name book",
            hint="Keep the line book = [] in your cell, and give the book to each thread.",
        )
    if isinstance(book, list | tuple | dict | set):
        expect(
            "rows in the book",
            len(book),
            at_least(wanted),
            because="All threads of your kernel share its memory. They need not send anything home.",
            hint="run() appends a row to the book after each price.",
        )
        note(f"{len(book)}")


# -- predict-threads ------------------------------------------------------------------------


def is_there(run, said):
    """Whether an entry stands for a thread that the kernel has: the object, its name or a number of it."""
    if isinstance(said, dict):
        return bool({"$type", "$"} & said.keys()) or any(is_there(run, part) for pair in said.items() for part in pair)
    if isinstance(said, list):
        return any(is_there(run, part) for part in said)
    if isinstance(said, str):
        names = {name for names in run.thread_names for name in names} or {"MainThread"}
        return any(name in said for name in names) or said in map(str, run.thread_numbers)
    # Its number at the operating system is known; the one that Python gives it is an address.
    return isinstance(said, int) and (said in run.thread_numbers or said >= 2**32)


def shows_main(run, said):
    """Whether the kernel's main thread is in it: the object, its name or a number of it, in whatever company."""
    if isinstance(said, dict):
        # A plain Thread is another one; into an object of another class, or too far inside, nobody has looked.
        kind = said.get("$type", "$" if "$" in said else "threading.Thread")
        return kind != "threading.Thread" or any(shows_main(run, part) for pair in said.items() for part in pair)
    if isinstance(said, list):
        return any(shows_main(run, part) for part in said)
    if isinstance(said, str):
        return "MainThread" in said or said == str(run.notebook.pid)
    return isinstance(said, int) and (said == run.notebook.pid or said >= 2**32)


def no_name(run, name):
    """That a name is not there, and with which error the cell ended."""
    return f"no name {name}; your cell ended with {told(run.error)}" if run.error else f"no name {name}"


def entries(said):
    """What a list, a table or a set holds, one by one."""
    if isinstance(said, dict):
        return said["$items"] if "$items" in said else [list(pair) for pair in said.items()]
    return list(said)


@check("predict-threads")
def me(run):
    """`me` is the number of your kernel's process"""
    said = run.values.get("me")
    if said == run.notebook.pid:
        return
    if "me" not in run.types:
        fail(
            "me: the pid of your kernel",
            no_name(run, "me"),
            because="Your number is looked for by this name.",
            hint="me = os.getpid()",
        )
    if run.types["me"] == DOTS:
        fail("me: the pid of your kernel", "the three dots", because=UNFILLED, hint="me = os.getpid()")
    fail(
        "me: the pid of your kernel",
        "another number" if isinstance(said, int) else "no number",
        because="That is another process: the one that started your kernel, perhaps."
        if isinstance(said, int)
        else "The function works only when you call it: with brackets.",
        hint="me = os.getpid()",
    )


@check("predict-threads")
def threads(run):
    """`threads` holds your kernel's threads"""
    said = run.values.get("threads")
    number = said if isinstance(said, int) and not isinstance(said, bool) else None
    if isinstance(said, list | tuple | set | dict):
        number = len(entries(said))
    if number is None:
        dots = run.types.get("threads") == DOTS
        fail(
            "threads: a list of your kernel's threads",
            "the three dots" if dots else "no list" if "threads" in run.types else no_name(run, "threads"),
            because=UNFILLED if dots else "",
            hint="threads = threading.enumerate()",
        )
    expect(
        "threads in it",
        number,
        at_least(2),
        because="A kernel always has some: they listen to your browser while your cell works.",
        hint="threads = threading.enumerate()",
    )
    typed = "What you type yourself is a guess. Python knows."
    if isinstance(said, int):
        expect(
            "threads in it",
            number,
            at_most(run.most_threads or number),
            observed=f"{number}: your kernel never had so many",
            because=typed,
            hint="threads = threading.enumerate()",
        )
        # Python counts its own; the operating system counts those of libraries, too.
        counts = {len(names) for names in run.thread_names} or {number}
        expect(
            "threads in it",
            number in counts or len(run.thread_numbers) <= number,
            is_true(" or ".join(map(str, sorted(counts)))),
            observed=f"{number}: not as many as your kernel had",
            because=typed,
            hint="threads = threading.enumerate()",
        )
    else:
        expect(
            "your main thread, the one that runs your cells, among them",
            "there" if shows_main(run, said) else "not there",
            equals("there"),
            because=typed,
            hint="threads = threading.enumerate()",
        )
        main = ({"$type": "threading._MainThread"}, "MainThread", run.notebook.pid)
        often = sum(entry in main for entry in entries(said))
        expect(
            "your main thread among them",
            often,
            at_most(1),
            observed=f"{often} times",
            because="Each thread is there once.",
            hint="threads = threading.enumerate()",
        )
        strange = [entry for entry in entries(said) if not is_there(run, entry)]
        expect(
            "threads in it that your kernel does not have",
            strange,
            none(),
            observed=f"{len(strange)} of {number}",
            because=typed,
            hint="threads = threading.enumerate()",
        )
    note(
        f"{number}. One runs your cells. The others listen to the browser, so that you can interrupt a cell, "
        "for example."
    )


# -- initialised-thread ------------------------------------------------------------------------


@check("initialised-thread")
def own_class(run):
    """Your kernel starts a thread of a class of its own"""
    own = [thread for thread in run.threads if thread.overrides_run]
    idle = [thread for thread in run.threads if thread.cls not in ("", "Thread", "Timer")]
    if idle and not own:
        fail(
            "threads whose class has a run of its own",
            f"{idle[-1]}, of the class {idle[-1].cls}, which has no method run",
            because="The new thread calls run, whatever else your class has.",
            hint="Call the method run, in small letters, and write it inside the class: one level further in.",
        )
    started(
        run,
        own,
        at_least(1),
        what="threads whose class has a run of its own",
        hint=after_error(run) or "Make an object of your class Ticker, and call its start().",
    )
    return own


def after_error(run):
    """What to do about the error with which the cell ended; "" where there was none."""
    if run.error is None:
        return ""
    if run.error.type == "RuntimeError":
        # Of these two, Python says which: the object is there, or it did not set itself up.
        made = bool(run.unstarted_threads)
        return (
            "First ticker.start(), then ticker.join()."
            if made
            else "Read the last line of the error: who did not set itself up?"
        )
    return "Read the last line of the error message, below your cell."


@check("initialised-thread")
def worked(run, own_class):
    """The new thread itself asks for five prices of one share"""
    done = {thread: shares for thread, shares in asked(run).items() if thread in own_class}
    good = [thread for thread, shares in done.items() if any(times >= TICKS for times in shares.values())]
    asks = "threads that asked for one share five times"
    if not good:
        come_to_an_end(run, own_class, asks, hint="Below ticker.start(), wait for its end: ticker.join()")
    expect(
        asks,
        good,
        at_least(1),
        observed="; ".join([*failures(run), askers(run) or "nobody asked the exchange"]),
        because="What run() does is done in the new thread. What you call yourself, you do yourself.",
        hint="In run, call exchange.price(self.symbol, tick) for each tick. Do not call run yourself.",
        mistake=(*NO_THREAD, "M64"),
    )
    return good


def come_to_an_end(run, threads, wanted, hint):
    """None of these is still at work: what they did so far is not what was wanted."""
    busy = [thread for thread in threads if not thread.ended]
    if busy:
        fail(
            wanted,
            f"{busy[-1]} is still at work",
            because="Your cell has come to its end, but the thread has not. Nobody waited for it."
            if run.running is None
            else "It has not come to its end yet.",
            hint=hint,
            about=busy,
        )


@check("initialised-thread")
def named(run, worked):
    """It is called ticker- and its share, as ticker-AAPL"""
    shares = asked(run)
    expect(
        "its name",
        [thread.name for thread in worked if thread.name in [f"ticker-{share}" for share in shares[thread]]],
        at_least(1),
        observed=f"{worked[-1]}",
        because="You will look for your threads by name, in the sidebar and in error messages.",
        hint='super().__init__(name=f"ticker-{symbol}")',
    )


@check("initialised-thread")
def waited(run, worked):
    """It comes to its end, and your kernel waits for that"""
    threads_ended(run, worked[-1:])


@check("initialised-thread")
def book(run, worked, waited):
    """The book has five rows"""
    filled(run, TICKS)


# -- three-at-once --------------------------------------------------------------------------------


@check("three-at-once")
def three(run):
    """Three threads ask for prices, one for each share"""
    if not run.threads:
        started(run, run.threads, at_least(3), hint="A Ticker for each share, and start() for each Ticker.")
    found = {}
    for thread, shares in asked(run).items():
        for share, times in shares.items():
            if times >= TICKS:
                found.setdefault(share, []).append(thread)
    missing = [share for share in SHARES if share not in found]
    if missing:
        late = [thread for thread, shares in asked(run).items() if any(share in missing for share in shares)]
        come_to_an_end(
            run,
            late,
            "threads that asked for one share five times",
            hint="Below your loop, write a second one that waits for each of them: ticker.join()",
        )
    done = [*failures(run), *([askers(run)] if askers(run) else [])]
    expect(
        "shares that no thread asked for five times",
        missing,
        none(),
        observed="; ".join([", ".join(missing), *(done or filter(None, [not_started(run)]))]),
        because="Each share has a thread of its own, which asks for its five prices.",
        hint="A Ticker for each share, and start() for each Ticker.",
        mistake=(*NO_THREAD, "M64"),
    )
    latest = [found[share][-1] for share in SHARES]
    expect(
        "threads at work",
        {thread.ident for thread in latest},
        has(len(SHARES)),
        observed=askers(run),
        because="One that asks for all of them asks for one after the other.",
        hint="Make a Ticker for each share.",
    )
    return latest


@check("three-at-once")
def together(run, three):
    """All three are at work at the same time"""
    threads_at_once(run, three)


@check("three-at-once")
def all_waited(run, three):
    """Your kernel waits for all three"""
    threads_ended(run, three)


@check("three-at-once")
def fifteen(run, all_waited):
    """One book has all 15 rows"""
    filled(run, TICKS * len(SHARES))


# -- same-with-processes -----------------------------------------------------------------------------


@check("same-with-processes")
def children(run):
    """Your kernel starts three child processes"""
    found = hired(
        run,
        has(3),
        hint="A Process for each share, and start() for each Process.",
        last=True,
    )
    idle = [worker for worker in found if "." not in worker.target and not worker.overrides_run]
    quoted = any(worker.target == "str" for worker in idle)
    expect(
        "children that were given nothing to do",
        idle,
        none(),
        because="A name in quotes is a text, and no function."
        if quoted
        else "Brackets call the function at once, in your kernel, and pass on only what it gave back.",
        hint="target=tick.run, without quotes."
        if quoted
        else "target= takes the function itself; its arguments go into args=.",
        mistake="M10",
    )
    own_work(
        found,
        "children that do something else than the lab's work",
        hint='Give them tick.run to do: target=tick.run, args=("AAPL", 5).',
    )
    in_modules(
        found,
        because="A child that is a fresh Python can only import its work. Where the notebook is copied it may work "
        "by luck; from Python 3.14 on it is copied only where you ask for it. “Your own processes” tells more.",
        hint="Use tick.run: the cell with %%writefile made a module of it.",
    )
    return found


@check("same-with-processes")
def at_work(run, children):
    """All three are at work at the same time"""
    at_once(run, children)


@check("same-with-processes")
def all_ended(run, children):
    """Your kernel waits for all three, and they end well"""
    ended(run, children)
    ended_well(children, mistake=BAD_START)
    askers_of = {share: {line.pid for line in run.journal if line.item[0] == share} for share in SHARES}
    pids = {worker.pid for worker in children}
    missing = [share for share in SHARES if not askers_of[share] & pids]
    expect(
        "shares that no child asked for",
        missing,
        none(),
        because="Each child asks for one share.",
        hint='args=("AAPL", 5), args=("MSFT", 5), args=("NVDA", 5)',
    )
    idle = [worker for worker in children if not any(worker.pid in found for found in askers_of.values())]
    expect(
        "children that asked for no price",
        idle,
        none(),
        because="Who does nothing is no help. One that asks for all three asks for one after the other.",
        hint='args=("AAPL", 5), args=("MSFT", 5), args=("NVDA", 5)',
    )


@check("same-with-processes")
def rows(run, all_ended):
    """You see how many rows the book in your kernel has"""
    here = run.values.get("rows")
    if here is None:
        fail(
            "rows: how many rows the book has in your kernel",
            "no name rows",
            hint="Keep the line rows = len(tick.book) at the end of your cell.",
        )
    expect(
        "rows in your kernel's book",
        here,
        equals(0),
        because="What a child appends, it appends to a book of its own.",
        hint="Only the children call tick.run. Did your kernel do so too? Restart it, and run the cells again.",
    )
    note("0. All three wrote, and your kernel has none of it: a puzzle for later.")


# -- break-args ------------------------------------------------------------------------------------------


@check("break-args", phase="break")
def died(run):
    """A thread dies of an exception, and the cell is green"""
    failed = [thread for thread in run.threads if thread.error is not None and thread.error.type == "TypeError"]
    expect(
        "threads that ended by a TypeError",
        failed,
        at_least(1),
        observed=", ".join(f"{thread}: {told(thread.error)}" for thread in run.threads if thread.error)
        or not_started(run)
        or "none",
        hint="Run the cell as it is, before you repair it.",
    )
    expect("errors of the cell itself", run.errors, none(), observed=", ".join(told(error) for error in run.errors))
    note(f"{told(failed[0].error)}. The four letters were taken for four arguments.")


@check("break-args", phase="repair")
def lives(run):
    """A thread asks for the price of AAPL, and your kernel waits for its end"""
    if not run.threads:
        started(run, run.threads, at_least(1), hint="Keep the thread, and repair its args.")
    good = [thread for thread, shares in asked(run).items() if "AAPL" in shares and thread.error is None]
    expect(
        "threads that asked for AAPL and ended well",
        good,
        at_least(1),
        observed="; ".join([*failures(run), *([askers(run)] if askers(run) else [])])
        or "none: nobody asked the exchange",
        because="A thread gives each element of args to its work. A text has its letters for elements.",
        hint='A tuple of one has a comma: ("AAPL",)',
        mistake=(*NO_THREAD, "M64"),
    )
    threads_ended(run, good[-1:])


# -- clean-bench -----------------------------------------------------------------------------------------


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended"""
    nothing_left(run)
