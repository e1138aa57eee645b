"""What L02 looks for: which kind of queue, what went in and came out, and who waited at it."""

from parallab.checks import at_least, cannot_tell, check, equals, expect, fail, has, none, note
from parallab.checks.common import no_threads_left, nothing_left, told
from parallab.checks.threads import NO_THREAD, not_started, started, threads_ended, threads_well, who

#: How each call of the priority step is known, in the order in which they should come out.
CALLS = ("server", "printer", "wifi", "mouse")
#: How each kind of queue is told, whole, so that it can be told in another language.
KINDS = {"Queue": "a Queue", "LifoQueue": "a LifoQueue", "PriorityQueue": "a PriorityQueue"}


# -- what the goals of several steps look at ------------------------------------------------


def seen(run):
    """What the step's cells did where a queue was expected, in words."""
    found = [KINDS.get(queue.cls, f"a {queue.cls}") for queue in run.queues if queue.puts]
    found += [f"a {cls} of multiprocessing" for cls in run.process_queues]
    if "_queue.SimpleQueue" in run.types.values():
        found.append("a SimpleQueue")
    if "asyncio.queues.Queue" in run.types.values():
        found.append("a Queue of asyncio")
    found = found or containers(run)
    if any(run.is_main(tid) for queue in run.queues for tid in queue.waiting("get")):
        found.append("your notebook waits in get(), and the queue is empty")
    if run.errors:
        found.append(f"your cell ended with {told(run.errors[-1])}")
    return "; ".join(found) or "no queue that anything was put into"


def containers(run):
    """What is a list or a deque where the lab's text has a queue, in words."""
    return [
        f"{name} is a list" if kind == "list" else f"{name} is a deque"
        for name, kind in run.types.items()
        if kind in ("list", "collections.deque") and name in ("inbox", "undo", "urgent", "window", "night", "jobs")
    ]


def of_kind(run, cls, wanted, because):
    """The latest queue of this class into which as many were put as are wanted."""
    mine = [queue for queue in run.queues if queue.cls == cls and queue.puts]
    if not mine:
        fail(
            f"a queue.{cls} into which something is put",
            seen(run),
            because=because,
            hint=f"Make one with queue.{cls}(), and use its method put.",
            mistake="M33" if containers(run) else (),
        )
    whole = [queue for queue in mine if len(queue.puts) >= wanted]
    if not whole:
        waiting = [name for queue in mine for name in waiting_to_put(run, queue)]
        fail(
            f"items put into it: {wanted}",
            f"{len(mine[-1].puts)}{f'; {waiting[-1]} waits for room' if waiting else ''}",
            because="Nobody takes anything out, so that there is never room again." if waiting else "",
            hint="Call put once for each of them.",
            mistake=("M28", "M32"),
        )
    return known(whole[-1])


def known(queue):
    """The queue, if its ledger is whole."""
    if not queue.whole:
        cannot_tell("Not all that went in and out was seen. Run the step's cells again, from the first.")
    return queue


def waiting_to_put(run, queue):
    """The names of those who wait for room in it now."""
    last = {line.tid: line for line in queue.lines}
    return [who(run, last[tid]) for tid in queue.waiting("put")]


def text(item):
    """All that an item says, as one text."""
    if isinstance(item, dict):
        return " ".join(text(part) for name, part in item.items() if name != "$type")
    if isinstance(item, list):
        return " ".join(text(part) for part in item)
    return "" if item is None else str(item)


def longest_text(item):
    """Of all that an item says, what is most likely to be read; a number says itself."""
    if isinstance(item, list | dict):
        inside = item if isinstance(item, list) else [part for name, part in item.items() if name != "$type"]
        texts = [longest_text(part) for part in inside if isinstance(part, str | list | dict)]
        return max(texts, key=len, default="") or text(item)
    return text(item)


def parts(item):
    """The parts of an item: of a tuple in order, those of tuples in it too; of an object its attributes; else none.

    How the attributes of an object are compared is its class's affair, so its numbers come first.
    """
    if isinstance(item, list):
        return [inner for part in item for inner in (parts(part) if isinstance(part, list) else [part])]
    if isinstance(item, dict):
        found = [part for name, part in item.items() if name != "$type"]
        return sorted(found, key=lambda part: not isinstance(part, int | float))
    return []


def written_down(run, name, taken, what, hint):
    """The learner's list holds what was taken out, in that order; in whatever company, and in a list of any sort."""
    if name not in run.types:
        fail(f"a list {name}", f"no name {name}", hint=f"Keep the line {name} = [] in your cell.")
    value = run.values.get(name)
    items = value.get("$items") if isinstance(value, dict) else value
    if not isinstance(items, list):
        return  # it cannot be looked into
    wanted = [longest_text(line.item) for line in taken]
    found = [text(item) for item in items]
    # Into an object of the learner's own class nobody looks.
    closed = [isinstance(item, dict) and {"$type", "$"} >= item.keys() for item in items]
    right = len(found) >= len(wanted) and all(
        hidden or said in one for hidden, one, said in zip(closed, found, wanted, strict=False)
    )
    expect(
        what,
        "the same" if right else "not the same",
        equals("the same"),
        observed=f"{len(found)} of {len(wanted)} are in it" if len(found) < len(wanted) else "it holds something else",
        because="What you take out is gone from the queue. If you do not keep it, nobody has it any more.",
        hint=hint,
    )


# -- fifo --------------------------------------------------------------------------------------


@check("fifo")
def inbox(run):
    """All five tickets go into a queue.Queue"""
    return of_kind(run, "Queue", 5, "A Queue gives out what came in first. Several threads may use it at once.")


@check("fifo")
def two(run, inbox):
    """Two are taken out: those that came first"""
    expect(
        "tickets taken out",
        inbox.gets,
        at_least(2),
        observed=f"{len(inbox.gets) or 'none'}",
        because="Each get() takes out one ticket: the one that came first."
        if inbox.gets
        else "To look at a queue is not to take something out: then the same ticket is served twice.",
        hint="inbox.get() takes one out, and gives it to you.",
        mistake="M33",
    )
    expect("tickets taken out", inbox.gets, has(2), observed=f"{len(inbox.gets)}", hint="Call get twice, not more.")
    written_down(run, "done", inbox.gets, "what is in done, and what you took out", "done.append(inbox.get())")


@check("fifo")
def left(run, inbox, two):
    """Three are still waiting"""
    expect("tickets in the inbox", inbox.size, equals(3), observed=f"{inbox.size}", hint="Five in, two out.")


# -- stack ---------------------------------------------------------------------------------------


@check("stack")
def pile(run):
    """Three actions go into a queue.LifoQueue"""
    return of_kind(run, "LifoQueue", 3, "A LifoQueue gives out what came in last: it turns the order round itself.")


@check("stack")
def undone(run, pile):
    """All three come out, the last one first"""
    expect(
        "actions taken out",
        pile.gets,
        at_least(3),
        observed=f"{len(pile.gets) or 'none'}",
        hint="Call undo.get() three times.",
    )
    first = [line.n for line in pile.puts][:3]
    early = [line for line in pile.gets if line.n < first[-1]]
    expect(
        "actions taken out before all three were in",
        early,
        none(),
        observed=f"{len(early)}",
        because="Who takes each one out at once never sees the order turn round.",
        hint="First put all three in, then take all three out.",
    )
    last = [line for line in pile.gets if line.n > first[-1]][:3]
    written_down(run, "undone", last, "what is in undone, and what you took out", "undone.append(undo.get())")
    note("The last one came out first.")


# -- priority ------------------------------------------------------------------------------------------


@check("priority")
def urgent(run):
    """Four calls go into a queue.PriorityQueue"""
    return of_kind(run, "PriorityQueue", 4, "A PriorityQueue gives out the smallest item, whenever it came in.")


@check("priority")
def numbered(run, urgent):
    """Each carries its severity, a running number and the text"""
    items = [line.item for line in urgent.puts]
    texts = [item for item in items if parts(item) and isinstance(parts(item)[0], str)]
    expect(
        "items whose severity is a text",
        texts,
        none(),
        observed=f"{len(texts)}",
        because="Texts are compared letter by letter: “10” comes before “9”.",
        hint="Keep the severity a number, and put it first.",
    )
    if any(isinstance(item, dict) and len(item) == 1 for item in items):
        cannot_tell("What is in these items cannot be seen. Use a tuple, or an ordinary dataclass.")
    counted = all(len(parts(item)) >= 3 for item in items) and _rising(items)
    expect(
        "items with a running number between severity and text",
        items if counted else [],
        at_least(4),
        observed=f"{_shape(items)}",
        because="Where two severities are equal, the next part decides. Without a number, that is the text.",
        hint="urgent.put((severity, next(number), ticket))",
    )


def _rising(items):
    """Whether the part after the severity tells those of equal severity apart, by a number."""
    seconds = {}
    for item in items:
        first, second, *_ = parts(item)
        if isinstance(second, bool) or not isinstance(second, int | float):
            return False
        seconds.setdefault(str(first), []).append(second)
    return all(len(set(found)) == len(found) for found in seconds.values())


def _shape(items):
    shapes = sorted({len(parts(item)) for item in items})
    if shapes and shapes[0] < 2:
        return "items of one part"
    if shapes and shapes[0] == 2:
        return "items of two parts"
    return "items whose second part is no running number"


@check("priority")
def order(run, urgent, numbered):
    """They come out by severity, and by arrival where severities are equal"""
    out = [next((call for call in CALLS if call in text(line.item)), "?") for line in urgent.gets]
    early = [line for line in urgent.gets if line.n < urgent.puts[3].n]
    expect("calls taken out", out, at_least(4), observed=f"{len(out) or 'none'}", hint="Call urgent.get() four times.")
    expect(
        "calls taken out before all four were in",
        early,
        none(),
        observed=f"{len(early)}",
        hint="First put all four in, then take all four out.",
    )
    if out[:4] != list(CALLS):
        fail(
            f"in this order: {', '.join(CALLS)}",
            ", ".join(out[:4]),
            because="The smallest comes out first: 1 is the worst, and a smaller running number came earlier.",
            hint="Put in the severity as it is, and the running number in the order of arrival.",
        )
    written_down(
        run,
        "served",
        urgent.gets[:4],
        "what is in served, and what you took out",
        "served.append(ticket), with the text of each call that you take out.",
    )
    note(f"{', '.join(out[:4])}")


# -- bounded ---------------------------------------------------------------------------------------------


@check("bounded")
def window(run):
    """The window has room for three slips"""
    used = [queue for queue in run.queues if queue.puts]
    if not used:
        fail(
            "a queue into which slips are put",
            not_started(run) or seen(run),
            hint="Start the printer: printer.start()",
            mistake=(*NO_THREAD, "M33") if containers(run) else NO_THREAD,
        )
    three = [queue for queue in used if queue.maxsize == 3]
    expect(
        "queues with room for three",
        three,
        at_least(1),
        observed=f"one without a limit: {used[-1].most} were in it at once"
        if not used[-1].maxsize
        else f"one with room for {used[-1].maxsize}",
        because="Without a limit, put never waits. A fast thread then fills the memory.",
        hint="window = queue.Queue(maxsize=3)",
    )
    return known(three[-1])


@check("bounded")
def waits(run, window):
    """The printer waits for room, when three slips are inside"""
    waited = [line for line in window.all("wait-put") if line.size == 3]
    mine = [line for line in waited if not run.is_main(line.tid)]
    own = [line for line in waited if run.is_main(line.tid)]
    expect(
        "threads that waited for room",
        mine,
        at_least(1),
        observed="your notebook itself waits for room" if own else f"none; {len(window.puts)} slips were put",
        because="Nobody is left who could take a slip out."
        if own
        else "Who takes the slips out at once never lets the window fill up.",
        hint="Let a thread do it: threading.Thread(target=print_slips)"
        if own
        else "Start the printer, and give it half a second before you take the first slip.",
        mistake=("M28", *NO_THREAD),
    )
    note("Three slips in the window, and the printer waiting with the fourth in its hand.")
    return mine


@check("bounded")
def taken(run, window, waits):
    """All five slips come out, and you wait for the printer's end"""
    expect(
        "slips taken out",
        window.gets,
        at_least(5),
        observed=f"{len(window.gets) or 'none'}; {waiting_to_put(run, window)[0]} waits for room"
        if waiting_to_put(run, window)
        else f"{len(window.gets)}",
        because="Each slip that is taken makes room for one more.",
        hint="Call window.get() five times.",
        mistake="M28",
    )
    printers = [run.thread(line.tid, line.at) for line in waits]
    threads_ended(run, [thread for thread in dict.fromkeys(printers) if thread is not None])


# -- not-forever ----------------------------------------------------------------------------------------


def instead_of_get(run):
    """What was done where get was expected, in words."""
    looked = any(queue.all("look") for queue in run.queues)
    return "you only looked whether it is empty()" if looked else "nobody asked the queue for an item"


@check("not-forever")
def gives_up(run):
    """You ask an empty queue, and get gives up: queue.Empty"""
    empties = [line for queue in run.queues for line in queue.all("empty")]
    if not empties and "_queue.SimpleQueue" in run.types.values():
        cannot_tell("A SimpleQueue cannot be watched. Use a queue.Queue here.")
    forever = [queue for queue in run.queues if any(run.is_main(tid) for tid in queue.waiting("get"))]
    asked = any(queue.gets for queue in run.queues)
    expect(
        "times that get gave up",
        empties,
        at_least(1),
        observed="your notebook waits in get() without a limit"
        if forever
        else f"none; {'something was there to be taken' if asked else instead_of_get(run)}",
        because="Nobody will put anything in, so that nothing ever ends this wait."
        if forever
        else "To ask whether a queue is empty is not enough: it may be empty a moment later.",
        hint="night.get(timeout=0.2), or night.get_nowait()",
    )


@check("not-forever")
def caught(run, gives_up):
    """You catch the exception: your cell is green"""
    if run.running is not None:  # no error yet: it would seem to be met
        cannot_tell("Your cell is still running. Check again when it has ended.")
    last = max(line.at for queue in run.queues for line in queue.all("empty"))
    errors = [cell.error for cell in run.cells if cell.error is not None and cell.ended >= last]
    expect(
        "errors of your cell",
        errors,
        none(),
        observed=", ".join(told(error) for error in errors),
        because="Nothing has gone wrong: nobody called, and that is what you wanted to know.",
        hint="try: … except queue.Empty: …",
    )
    threads_well([thread for thread in run.threads if thread.ended >= last])
    if run.values.get("calm") is False:
        fail(
            "calm: True",
            "calm is still False",
            because="The exception says that nobody called. So it is calm.",
            hint="Below except queue.Empty: write calm = True.",
        )


# -- break-tie --------------------------------------------------------------------------------------------


@check("break-tie", phase="break")
def died(run):
    """A producer dies because two items cannot be compared, and the cell is green"""
    dead = [
        thread
        for thread in run.threads
        if thread.error is not None and thread.error.type == "TypeError" and "'<'" in thread.error.message
    ]
    expect(
        "threads that ended by a TypeError of “<”",
        dead,
        at_least(1),
        observed=", ".join(f"{thread}: {told(thread.error)}" for thread in run.threads if thread.error)
        or not_started(run)
        or "none",
        hint="Run the cell as it is, before you repair it.",
    )
    expect("errors of the cell itself", run.errors, none(), observed=", ".join(told(error) for error in run.errors))
    note(told(dead[0].error))


@check("break-tie", phase="repair")
def three_jobs(run):
    """A producer puts all three jobs, and comes to its end"""
    if not run.threads:
        started(run, run.threads, at_least(1), hint="Keep the producer a thread.")
    threads_well([thread for thread in run.threads if thread is run.threads[-1]])
    jobs = of_kind(run, "PriorityQueue", 3, "The jobs still have priorities, and others may come that are more urgent.")
    lines = [line for line in jobs.puts if run.thread(line.tid, line.at) is not None]
    expect(
        "jobs put by a thread",
        lines,
        at_least(3),
        observed=f"{len(lines) or 'none'}; {len(jobs.puts) - len(lines)} by your notebook itself",
        hint="Let the producer put them, as before.",
    )
    return [line.item for line in lines]


def has_dictionary(item):
    """Whether an item is a dictionary, of whatever class, or has one in it."""
    if isinstance(item, list):
        return any(has_dictionary(part) for part in item)
    if not isinstance(item, dict):
        return False
    return item.get("$type") not in ("tuple", "list", "set", "frozenset") or any(map(has_dictionary, item.values()))


@check("break-tie", phase="repair")
def dictionaries(run, three_jobs):
    """The jobs are still dictionaries"""
    bare = [item for item in three_jobs if not has_dictionary(item)]
    expect(
        "jobs that are dictionaries no more",
        bare,
        none(),
        observed=f"{len(bare)} of {len(three_jobs)}",
        because="Real jobs carry more than can be compared. The queue must make do with that.",
        hint='Keep {"job": i} as the last part of the tuple.',
    )
    firsts = [parts(item)[0] for item in three_jobs if parts(item) and not isinstance(parts(item)[0], dict)]
    if len(firsts) == len(three_jobs) and len(set(map(str, firsts))) == len(firsts):
        note(
            "You gave each a priority of its own. That avoids the tie, but now the order is fixed by you. A counter "
            "after the priority would break ties as they come."
        )


# -- clean-bench -----------------------------------------------------------------------------------------


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended"""
    nothing_left(run)
