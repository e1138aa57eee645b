"""What L03 looks for: who put what, who took it, who said that it was done, and who still waits."""

from collections import Counter

from parallab.checks import at_least, at_most, cannot_tell, check, equals, expect, fail, none, note
from parallab.checks.common import no_threads_left, nothing_left, told
from parallab.checks.matchers import enumerate_all
from parallab.checks.threads import (
    NO_THREAD,
    by_thread,
    not_started,
    threads_at_once,
    threads_ended,
    threads_well,
    who,
)

LINES = 200
#: How often each status occurs in the first 200 lines: counted once, since the log is always the same.
TOTALS = {"200": 120, "304": 14, "404": 41, "500": 25}
#: Why a consumer never comes to its end.
NEVER_TOLD = ("M34", "M25", "M24", "M23", "M28", "M27", "M22")


# -- what the goals of several steps look at ------------------------------------------------


def is_line(line):
    """Whether what was put or taken is a line of the log, bare or in company; else it is a sign."""
    return _says(line.item, '"GET ')


def _says(item, words):
    if isinstance(item, str):
        return words in item
    if isinstance(item, list):
        return any(_says(part, words) for part in item)
    return isinstance(item, dict) and any(_says(part, words) for part in item.values())


def put_lines(queue):
    """The lines of the log that were put into it."""
    return [line for line in queue.puts if is_line(line)]


def got_lines(queue):
    """The lines of the log that were taken out of it."""
    return [line for line in queue.gets if is_line(line)]


def belt(run, wanted=LINES):
    """The latest queue into which so many lines were put."""
    queues = [queue for queue in run.queues if queue.puts]
    if not queues:
        died = [f"{thread}: {told(thread.error)}" for thread in run.threads if thread.error is not None][:1]
        fail(
            "a queue into which lines are put",
            enumerate_all(died) or not_started(run) or "nothing was put into a queue.Queue",
            because="An exception in a thread ends that thread only. Your cell is green all the same." if died else "",
            hint="Read the last line of the thread's error message, below your cell."
            if died
            else "Start the producer: it puts the lines into q.",
            mistake=(*NO_THREAD, "M64"),
        )
    loaded = [queue for queue in queues if len(put_lines(queue)) >= wanted]
    if not loaded:
        fullest = max(queues, key=lambda queue: len(put_lines(queue)))
        stays = names(run, fullest, "put")
        if run.running is not None and run.stuck is not True:  # who waits for room now may get it: no M28 yet
            cannot_tell("Your cell is still running. Check again when it has ended.")
        fail(
            f"lines put into the queue: {wanted}",
            f"{len(put_lines(fullest))}"
            + (f"; {enumerate_all(stays)} waits for room" if stays else "")
            + (f"; your cell ended with {told(run.error)}" if run.error else ""),
            because="The queue is full, and nobody takes anything out." if stays else "",
            hint="Let a thread put the lines in, and start the consumers before you wait for it."
            if stays
            else f"Put each line of weblog.make_log({wanted}) into the queue.",
            mistake=("M28", *NO_THREAD),
        )
    queue = loaded[-1]
    if not queue.whole:
        cannot_tell("Not all that went in and out was seen. Run the step's cells again, from the first.")
    return queue


def names(run, queue, act):
    """The names of those who wait in such a call of this queue now."""
    last = {line.tid: line for line in queue.lines}
    return sorted(who(run, last[tid]) for tid in queue.waiting(act))


def trusted_empty(queue, thread):
    """Whether a thread left because empty() said yes, and was not told by an end mark."""
    lines = [line for line in queue.lines if line.tid == thread.tid]
    return bool(thread.ended) and lines[-1].act == "look" and not any(line.mark for line in lines)


def consumers_of(run, queue):
    """The learner's threads that took from it, or wait to; who puts lines back takes no part.

    A producer that is done, and then takes lines too, is one of them: an executor's thread may be both.
    """
    lines = queue.all("get", "wait-get")
    last_put = {line.tid: line.n for line in put_lines(queue)}
    return [thread for thread, mine in by_thread(run, lines).items() if last_put.get(thread.tid, 0) <= mine[0].n]


def taken_by_threads(run, queue, wanted=LINES):
    """All lines were taken out, and by threads."""
    own = [line for line in got_lines(queue) if run.is_main(line.tid)]
    expect(
        "lines that your notebook took out itself",
        own,
        none(),
        observed=f"{len(own)}",
        because="Then nothing is done beside your notebook: it waits for itself.",
        hint="Let a thread do it: threading.Thread(target=consume), and start().",
        mistake=NO_THREAD,
    )
    taken = got_lines(queue)
    if len(taken) < wanted:
        if run.running is not None and run.stuck is not True:  # end marks may still come: no M22, no M23 yet
            cannot_tell("Your cell is still running. Check again when it has ended.")
        failed = [f"{thread}: {told(thread.error)}" for thread in run.threads if thread.error is not None][:1]
        marks = [line for line in queue.gets if line.mark]
        early = bool(marks) and any(line.n < put_lines(queue)[-1].n for line in queue.puts if line.mark)
        fail(
            f"lines taken out: {wanted}",
            "; ".join([f"{len(taken)}, so that {len(put_lines(queue)) - len(taken)} are left over", *failed]),
            because="An end mark came before the last line: who took it left, and did not see what lay behind."
            if early
            else "What nobody takes is never done.",
            hint="Wait for the producer's end, and put the end marks in after that."
            if early
            else "Each consumer takes lines until it is told that nothing more will come.",
            mistake=("M27", "M11", "M64", *NEVER_TOLD),
        )


def come_to_their_end(run, queue, threads):
    """None of these threads waits at the queue any more."""
    waiting = [thread for thread in threads if thread.tid in queue.waiting("get") and not thread.ended]
    expect(
        "consumers that still wait in get()",
        waiting,
        none(),
        observed=f"{len(waiting)} of {len(threads)}; in the queue: {queue.size or 'nothing'}",
        because="An empty queue may be filled again. A consumer cannot know that nothing more will come.",
        hint="Put one end mark for each consumer into the queue, after the last line.",
        mistake=NEVER_TOLD,
    )
    threads_ended(run, threads, mistake=NEVER_TOLD)


def tally(value):
    """How often each status occurs, from a list of statuses or a table of them; None if it is neither."""
    if isinstance(value, dict):
        pairs = value.get("$items", list(value.items()))
        return {str(key): count for key, count in pairs if count}
    if isinstance(value, list) and all(isinstance(one, int | str) for one in value):
        return dict(Counter(map(str, value)))
    return None


def parsed_by_threads(run, queue):
    """Every line was parsed, and by threads."""
    began = queue.lines[0].at
    work = [line for line in run.journal if line.at >= began]
    by_threads = {line.item for line in work if not run.is_main(line.tid)}
    at_home = any(run.is_main(line.tid) for line in work)
    expect(
        "lines that your threads parsed",
        len(by_threads),
        at_least(LINES),
        observed=f"{len(by_threads)}; your notebook parsed lines itself" if at_home else f"{len(by_threads)}",
        because="Nobody has read a line that was taken but not parsed.",
        hint="Let each consumer call weblog.parse(line) for each line that it takes.",
    )


def counted_right(run, queue, name, wanted):
    """The learner's table says how often each status occurs, and the lines were parsed for it."""
    if name not in run.types:
        fail(
            f"{name}: how often each status occurs", f"no name {name}", hint=f"Keep the line with {name} in your cell."
        )
    value = run.values.get(name)
    seen = tally(value)
    if seen is None:
        cannot_tell(f"What is in {name} cannot be seen. Make it a list, a dict or a Counter.")
    expect(
        f"{name}",
        seen,
        equals(wanted),
        observed=", ".join(f"{status}: {seen[status]}" for status in sorted(seen)) or "nothing",
        because="Each line is counted once: by whoever took it.",
        hint="Parse each line, and count its status. Look at them only after all consumers have ended.",
    )
    parsed_by_threads(run, queue)


def say_done(run, queue, wanted=LINES):
    """As many times as there are lines somebody said that one is done."""
    said = queue.all("done")
    if len(said) < wanted and run.running is not None and run.stuck is not True:  # somebody may be at work: no M24 yet
        cannot_tell("Your cell is still running. Check again when it has ended.")
    expect(
        "calls of task_done()",
        said,
        at_least(wanted),
        observed=f"{len(said) or 'none'}",
        because="The queue can only count what it is told.",
        hint="Call q.task_done() once for each line, after the work.",
        mistake="M24",
    )


def done_after_work(run, queue):
    """Nobody said done before the work on a line was done."""
    began = queue.lines[0].at
    work = [line for line in run.journal if line.at >= began]
    early = queue.done_ahead(work)
    hands = {line.tid for line in (*queue.gets, *work)}
    others = [line for line in queue.all("done") if line.tid not in hands]
    expect(
        "calls of task_done() that came before the work"
        if early or not others
        else "calls of task_done() by somebody who took nothing",
        early or others,
        none(),
        observed=f"{len(early or others)}",
        because="Then q.join() may return while somebody still works.",
        hint="Whoever took a line calls q.task_done(), and only after weblog.parse(line).",
        mistake="M25",
    )


def joined_when_done(run, queue, wanted=LINES):
    """q.join() returned, and all was done then."""
    joins, returned = queue.all("join"), queue.all("joined")
    stuck = names(run, queue, "join")
    errors = [error for error in (*run.errors, *(thread.error for thread in run.threads)) if error is not None]
    too_many = [error for error in errors if error.type == "ValueError" and "task_done" in error.message]
    expect(
        "calls of task_done() that were one too many",
        too_many,
        none(),
        observed=told(too_many[0]) if too_many else None,
        because="Each task can be done only once.",
        hint="Call it once for each get().",
        mistake="M25",
    )
    if stuck:
        if run.running is not None and run.stuck is not True:  # somebody may be at work on the last: no M24 yet
            cannot_tell("Your cell is still running. Check again when it has ended.")
        items = f"{queue.size} items in the queue" if queue.size else "no items in the queue"
        fail(
            "q.join() comes back",
            f"{enumerate_all(stuck)} waits in q.join(): {items}, {queue.unfinished} tasks unfinished",
            because="q.join() waits until task_done() was called as often as put().",
            hint="Let each consumer call q.task_done() after the work on an item, also after the None.",
            mistake=("M24", "M25", "M64"),
        )
    expect(
        "times that q.join() came back",
        returned,
        at_least(1),
        observed="none; it was interrupted" if joins else "none: nobody called q.join()",
        because="Only q.join() knows when the last line is done, and not only taken.",
        hint="Call q.join() after the last line was put in.",
    )
    before = [line for line in queue.puts if line.n < returned[-1].n and is_line(line)]
    expect(
        "lines that were in when q.join() came back",
        len(before),
        at_least(wanted),
        observed=f"{len(before)}",
        because="It waits for what was put in so far. The producer was not ready yet.",
        hint="Join the producer first, then the queue.",
    )


# -- predict-end ---------------------------------------------------------------------------------


@check("predict-end")
def waits(run):
    """You see what the consumer does after the third line"""
    queue = belt(run, 3)
    taken_by_threads(run, queue, 3)
    third = got_lines(queue)[2]
    waited = [line for line in queue.all("wait-get") if line.n > third.n]
    expect(
        "times that it waited after the third line",
        waited,
        at_least(1),
        observed="none: it was told at once" if any(line.mark for line in queue.gets) else "none",
        because="To see it wait, you must let it.",
        hint="Run the cell as it is, and tell it in the next cell.",
    )
    note("It waits for a fourth line: an empty queue may be filled again, and nobody has told it otherwise.")
    return queue


@check("predict-end")
def home(run, waits):
    """You tell it that nothing more will come, and wait for its end"""
    come_to_their_end(run, waits, consumers_of(run, waits))


# -- one-of-each ----------------------------------------------------------------------------------


@check("one-of-each")
def puts(run):
    """A thread “producer” puts 200 lines into the queue"""
    queue = belt(run)
    by = {who(run, line) for line in put_lines(queue)}
    expect(
        "who puts lines in",
        sorted(by),
        equals(["“producer”"]),
        observed=enumerate_all(sorted(by)),
        because="You will look for your threads by name, in the sidebar and in error messages.",
        hint='threading.Thread(target=produce, name="producer"), and start().',
        mistake=NO_THREAD,
    )
    return queue


@check("one-of-each")
def takes(run, puts):
    """A thread “consumer-0” takes all 200 out"""
    taken_by_threads(run, puts)
    by = {who(run, line) for line in got_lines(puts)}
    expect(
        "who takes lines out",
        sorted(by),
        equals(["“consumer-0”"]),
        observed=enumerate_all(sorted(by)),
        hint='threading.Thread(target=consume, name="consumer-0")',
    )
    return [*dict.fromkeys(run.thread(line.tid, line.at) for line in (put_lines(puts)[-1], got_lines(puts)[-1]))]


@check("one-of-each")
def together(run, puts, takes):
    """Both are at work at the same time"""
    threads_at_once(run, takes, hint="Start both, then join both. The consumer waits when the queue is empty.")


@check("one-of-each")
def both_end(run, puts, takes):
    """Both come to their end, and you wait for that"""
    come_to_their_end(run, puts, takes)


@check("one-of-each")
def statuses(run, both_end, puts):
    """Each line was parsed: 200 statuses"""
    counted_right(run, puts, "statuses", TOTALS)


# -- three-consumers -------------------------------------------------------------------------------


@check("three-consumers")
def three(run):
    """Three consumers take lines from one queue"""
    queue = belt(run)
    consumers = consumers_of(run, queue)
    expect(
        "threads that take from the queue",
        consumers,
        at_least(3),
        observed=enumerate_all([str(thread) for thread in consumers]) if consumers else (not_started(run) or "none"),
        because="They share the work: whoever is free takes the next line.",
        hint="Make three threads with target=consume, and start each of them.",
        mistake=("M27", *NO_THREAD),
    )
    busy = [thread for thread in consumers if any(line.tid == thread.tid for line in got_lines(queue))]
    idle = [thread for thread in consumers if thread not in busy]
    if idle and len(busy) < 3:
        found = run.together(consumers)
        work = {(thread.target, thread.cls) for thread in busy}
        if found.yes and all((thread.target, thread.cls) in work for thread in idle):
            return queue  # they would have taken lines, too: the others were quicker
        if found.yes:
            cannot_tell(f"{idle[0]} never got a line: the others were quicker. Run the cell again.")
        fail(
            "consumers that got a line: 3",
            f"{len(busy)}; {found.observed}",
            because="Who comes when all is done has nothing to do.",
            hint="Start all three before you wait for one of them.",
            mistake="M13",
            about=found,
        )
    return queue


@check("three-consumers")
def all_lines(run, three):
    """All 200 lines are taken out"""
    taken_by_threads(run, three)


@check("three-consumers")
def told_so(run, three, all_lines):
    """Each consumer is told that nothing more will come, and you wait for its end"""
    consumers = consumers_of(run, three)
    come_to_their_end(run, three, consumers)
    photographs = [thread for thread in consumers if trusted_empty(three, thread)]
    expect(
        "consumers that left because empty() said so",
        photographs,
        none(),
        observed=f"{len(photographs)} of {len(consumers)}",
        because="The answer is true now. A moment later the producer may put in one more line.",
        hint="Take lines until there is a None.",
        mistake="M27",
    )
    if three.size:
        note(f"Left in the queue: {three.size}. It does no harm here, but it is more than was needed.")


@check("three-consumers")
def totals(run, told_so, three):
    """The totals are right"""
    counted_right(run, three, "totals", TOTALS)


# -- task-done --------------------------------------------------------------------------------------


@check("task-done")
def crew(run):
    """Consumers in threads take all 200 lines"""
    queue = belt(run)
    if not (queue.waiting("join") and not got_lines(queue)):
        taken_by_threads(run, queue)
    expect(
        "threads that take from the queue",
        consumers_of(run, queue),
        at_least(1),
        observed=not_started(run) or "none",
        hint="Start the consumers before you call q.join().",
        mistake=NO_THREAD,
    )
    return queue


@check("task-done")
def after_work(run, crew):
    """They say of each line that it is done, after the work"""
    say_done(run, crew)
    done_after_work(run, crew)
    if not crew.waiting("join"):
        parsed_by_threads(run, crew)


@check("task-done")
def unfinished(run, crew):
    """q.join() comes back when the last task is done"""
    joined_when_done(run, crew)
    note(f"From {LINES} unfinished tasks to 0.")


# -- back-pressure ----------------------------------------------------------------------------------


@check("back-pressure")
def limit(run):
    """The queue never holds more than ten lines"""
    queue = belt(run)
    expect(
        "lines in the queue at once, at the most",
        queue.most,
        at_most(10),
        because="Without a limit, put never waits. A fast producer then fills the memory."
        if not queue.maxsize
        else "The limit is the number that you give.",
        hint="q = queue.Queue(maxsize=10)",
    )
    expect(
        "a limit that the queue itself keeps",
        queue.maxsize,
        equals(10),
        observed=f"{queue.maxsize or 'none'}",
        hint="q = queue.Queue(maxsize=10)",
    )
    return queue


@check("back-pressure")
def held_back(run, limit):
    """The producer, a thread, had to wait for room"""
    own = [line for line in put_lines(limit) if run.is_main(line.tid)]
    expect(
        "lines that your notebook put in itself",
        own,
        none(),
        observed=f"{len(own)}",
        hint="Let a thread do it: threading.Thread(target=produce)",
        mistake=("M28", *NO_THREAD),
    )
    expect(
        "times that it waited for room",
        limit.all("wait-put"),
        at_least(1),
        because="Then it was never faster than the consumer, and there was no need for a limit.",
        hint="Let the producer put as fast as it can, and the consumer parse each line.",
    )
    note(f"It waited {len(limit.all('wait-put'))} times.")


@check("back-pressure")
def through(run, limit, held_back):
    """All 200 lines come through, and you wait for the end of both threads"""
    taken_by_threads(run, limit)
    threads = [*by_thread(run, put_lines(limit)), *consumers_of(run, limit)]
    come_to_their_end(run, limit, [*dict.fromkeys(threads)])


# -- break-task-done --------------------------------------------------------------------------------


@check("break-task-done", phase="break")
def hangs(run):
    """All is taken, nothing is done, and q.join() waits for ever"""
    queues = [queue for queue in run.queues if put_lines(queue)]
    hanging = [queue for queue in queues if queue.waiting("join") and queue.unfinished and not queue.size]
    if not hanging and any(queue.waiting("join") for queue in queues):
        cannot_tell("The consumers still work. Let the cell hang a little longer.")
    expect(
        "queues whose join() never comes back",
        hanging,
        at_least(1),
        observed="none: q.join() came back"
        if any(queue.all("joined") for queue in queues)
        else not_started(run) or "none",
        hint="Run the cell as it is, and let it hang.",
    )
    queue = hanging[-1]
    idle = names(run, queue, "get")
    note(
        f"{enumerate_all(names(run, queue, 'join'))} waits in q.join(): nothing in the queue, {queue.unfinished} tasks "
        f"unfinished; {enumerate_all(idle)} wait in get()."
    )


@check("break-task-done", phase="repair")
def dismissed(run):
    """The consumers of the run that hung have gone home"""
    mine = {(cell.cell, cell.run) for cell in run.cells}
    left = [
        thread
        for thread in run.threads_alive
        if (thread.cell, thread.run) not in mine and thread.began >= run.since - 1
    ]
    expect(
        "consumers of the earlier run that are still there",
        left,
        none(),
        observed=enumerate_all(sorted(str(thread) for thread in left)),
        because="An interrupt frees your notebook only. They wait at the old queue, and take what is put into it.",
        hint="Put a None for each of them into the old queue, before you make a new one. If you have made a new one "
        "already, restart the kernel, and run the set-up cell and your repaired cell.",
        mistake="M34",
    )


@check("break-task-done", phase="repair")
def crew_again(run):
    """New consumers take all 200 lines, and say after the work that each is done"""
    queue = belt(run)
    if not (queue.waiting("join") and not got_lines(queue)):
        taken_by_threads(run, queue)
    say_done(run, queue)
    done_after_work(run, queue)
    threads_well(consumers_of(run, queue))
    if not queue.waiting("join"):
        parsed_by_threads(run, queue)
    return queue


@check("break-task-done", phase="repair")
def comes_back(run, crew_again):
    """q.join() comes back: no task is unfinished"""
    joined_when_done(run, crew_again)


# -- stretch-empty ----------------------------------------------------------------------------------


@check("stretch-empty", phase="break")
def photograph(run):
    """A consumer leaves because the queue is empty just then, or waits for what another one took"""
    left, waiting = [], []
    for queue in run.queues:
        lookers = dict.fromkeys(by_thread(run, queue.all("look")))
        left += [thread for thread in lookers if trusted_empty(queue, thread)]
        waiting += [thread for thread in lookers if thread.tid in queue.waiting("get")]
    expect(
        "consumers that trusted empty()",
        left + waiting,
        at_least(1),
        observed=not_started(run) or "none",
        hint="Run the cell as it is, before you repair it.",
    )
    note(f"{len(left)} left because the queue was empty just then; {len(waiting)} wait for what another one took.")


@check("stretch-empty", phase="repair")
def four(run):
    """Four consumers take all the lines"""
    queue = belt(run, 40)
    taken_by_threads(run, queue, 40)
    consumers = consumers_of(run, queue)
    expect(
        "threads that take from the queue",
        consumers,
        at_least(4),
        observed=enumerate_all([str(thread) for thread in consumers]),
        mistake="M27",
    )
    return queue


@check("stretch-empty", phase="repair")
def all_told(run, four):
    """All four end because they are told, not by guessing, and you wait for that"""
    consumers = consumers_of(run, four)
    come_to_their_end(run, four, consumers)
    lookers = [thread for thread in consumers if trusted_empty(four, thread)]
    expect(
        "consumers that still trust empty()",
        lookers,
        none(),
        observed=f"{len(lookers)} of {len(consumers)}",
        because="It may go well today, when the producer is quick.",
        hint="Take lines until there is a None.",
        mistake="M27",
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
