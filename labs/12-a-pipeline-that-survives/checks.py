"""What L12 looks for: who read, parsed and counted what, by which queue, and what came of it when one was killed."""

from parallab.checks import at_least, at_most, between, cannot_tell, check, equals, expect, fail, has, none, note
from parallab.checks.common import (
    BAD_START,
    NO_START,
    at_once,
    ended,
    ended_well,
    instead,
    no_threads_left,
    nothing_left,
    told,
    written_by_workers,
)
from parallab.checks.matchers import enumerate_all

LINES = 240
LIMIT = 20
#: How often each page occurs in the first 240 lines of the log: counted once, since the log is always the same.
TOTALS = {"/basket": 48, "/": 47, "/search": 46, "/login": 45, "/tea/green": 30, "/tea/black": 24}
#: Why a queue stands still; each is told only if the evidence shows it.
STUCK = ("M36", "M35", "M29", "M26", "M23", "M28", "M22", "M31")


# -- what several steps look at --------------------------------------------------------------------


def still_running(run):
    """Whether the step's cell runs on, and may yet do what is asked."""
    return run.running is not None and run.stuck is not True


#: How a cell stands still, by the kind of what was diagnosed, most telling first.
STANDS = {
    "holder-gone": "the others wait for a lock whose holder is dead",
    "lost-task": "your notebook waits for a pool's result, and nobody has the job any more",
    "waits-for-itself": "somebody waits for a pipe whose other end it holds itself",
    "queue-full": "somebody waits to put into a full queue, and nobody is left to take from it",
    "nobody-writes": "somebody waits for something that nobody is left to send",
}


def seen(run, text=""):
    """What was seen, and how the step's cell came to stand still, or ended."""
    found = [text] if text else []
    kinds = {one.kind for one in run.diagnoses}
    if run.running is not None and run.stuck is True:
        words = [words for kind, words in STANDS.items() if kind in kinds]
        found.append(words[0] if words else "your cell waits, and nobody is left who could end that")
    if run.error is not None:
        found.append(f"your cell ended with {told(run.error)}")
    return "; ".join(found)


def wait_for_end(run):
    """Refuses to judge what is not over: end marks, and the ends of workers, may still come. No M22, no M23 yet."""
    if still_running(run):
        cannot_tell("Your cell is still running. Check again when it has ended.")


def is_line(line):
    """Whether what went through a queue is a line of the log, bare or in company."""
    return _says(line.item, '"GET ')


def _says(item, words):
    if isinstance(item, str):
        return words in item
    if isinstance(item, list):
        return any(_says(part, words) for part in item)
    return isinstance(item, dict) and any(_says(part, words) for part in item.values())


def parsed_by(run, pids):
    """Which of these processes parsed which line: by line, the pids."""
    found = {}
    for line in run.journal:
        if line.pid in pids and isinstance(line.item, str):
            found.setdefault(line.item, []).append(line.pid)
    return found


def pids(workers):
    return {worker.pid for worker in workers}


def as_totals(value):
    """A table page → how often, from what a name holds; None if it is none."""
    if not isinstance(value, dict):
        return None
    pairs = value.get("$items", list(value.items()))
    return {str(key): count for key, count in pairs if count}


def right_totals(run, mistake=()):
    """totals says how often each page was asked for."""
    value = as_totals(run.values.get("totals"))
    if value is None:
        fail(
            "totals: how often each page was asked for",
            seen(run, "no name totals" if "totals" not in run.types else f"totals is a {run.types['totals']}"),
            hint="Keep the result in totals: a dict or a Counter, page → how often.",
            mistake=mistake,
        )
    expect(
        "lines counted in totals",
        sum(count for count in value.values() if isinstance(count, int)),
        equals(LINES),
        observed=seen(run, f"{sum(count for count in value.values() if isinstance(count, int))}"),
        because="Each line is counted once.",
        hint="Count a page when it comes home, and count it only once.",
        mistake=mistake,
    )
    expect(
        "the most popular page in totals",
        value,
        equals(TOTALS),
        observed=", ".join(f"{page}: {count}" for page, count in sorted(value.items())),
        hint="weblog.parse(line) gives the page.",
        mistake=mistake,
    )


# -- predict-window --------------------------------------------------------------------------------------


@check("predict-window")
def waits(run):
    """The reader puts in as many lines as there is room for"""
    boxes = [box for box in run.mailboxes if any(line.pid != run.recording.pid and is_line(line) for line in box.puts)]
    expect(
        "a queue that a reader fills",
        boxes,
        at_least(1),
        observed=instead(run) or "none",
        hint="Run the cell as it is.",
        mistake=(*NO_START, *BAD_START),
    )
    box = boxes[-1]
    first = min((line.at for line in box.gets), default=2**63)
    early = [line for line in box.puts if line.at < first]
    # As the first is taken out, there is room for one more before that is told. And who sees that the queue is full may
    # take the first out before the reader has come to tell of its tenth.
    near = {9, 10, 11} if box.maxsize == 10 else {10, 11}
    expect(
        "lines in the queue before you took any out",
        10 if len(early) in near else len(early),
        equals(10),
        observed=f"{len(early)}",
        because="The limit is the number that you give.",
        hint="Run the cell as it is: mp.Queue(maxsize=10).",
    )
    note("10")
    return box


@check("predict-window")
def all_taken(run, waits):
    """You take all thirty lines out"""
    taken = [line for line in waits.gets if is_line(line)]
    if len(taken) < 30:
        wait_for_end(run)
    expect(
        "lines that were taken out",
        taken,
        at_least(30),
        observed=seen(run, f"{len(taken)}"),
        because="As long as the queue is full, the reader cannot end, and who waits for its end waits, too."
        if run.stuck is True
        else "The reader waits until there is room for its last line.",
        hint="for _ in range(30): inq.get(), and after that reader.join()",
        mistake=STUCK,
    )


@check("predict-window")
def goes_home(run, all_taken):
    """Then the reader ends"""
    ended(run, run.workers)
    ended_well(run.workers)


# -- pipeline --------------------------------------------------------------------------------------------


def parsers_of(run):
    """The step's own processes that parsed lines, of the latest attempt that has any."""
    for crew in run.attempts:
        by = {pid for found in parsed_by(run, pids(crew)).values() for pid in found}
        # One that came when all was done has parsed nothing, but has the same work.
        works = {worker.target for worker in crew if worker.pid in by}
        found = [worker for worker in crew if worker.pid in by or (worker.target and worker.target in works)]
        if found:
            return found
    return []


def taken_from(run, workers):
    """The queue from which these workers take lines."""
    mine = pids(workers)
    boxes = [box for box in run.mailboxes if any(line.pid in mine and is_line(line) for line in box.gets)]
    return boxes[-1] if boxes else None


@check("pipeline")
def parsers(run):
    """Three parsers work at the same time"""
    found = parsers_of(run)
    at_home = any(line.pid == run.recording.pid for line in run.journal)
    if len(found) < 3:
        wait_for_end(run)
    expect(
        "processes that parse lines",
        found,
        at_least(3),
        observed=seen(
            run,
            f"{len(found)}"
            + ("; your notebook parsed itself" if at_home else "")
            + (f"; {instead(run)}" if instead(run) and not at_home else ""),
        ),
        because="Only processes that you start work beside your notebook.",
        hint="Three times mp.Process(target=pipeline.parse, …), and start() for each.",
        mistake=(*NO_START, *BAD_START, *STUCK),
    )
    at_once(run, found)
    return found


@check("pipeline")
def limited(run, parsers):
    """They take their lines from a queue that never holds more than 20"""
    box = taken_from(run, parsers)
    if box is None:
        fail(
            "a queue from which the parsers take lines",
            seen(run, "none"),
            because="A queue lets each parser take the next line when it is free.",
            hint="inq = mp.Queue(maxsize=20), and inq.get() in the parsers.",
            mistake=STUCK,
        )
    if box.served:
        # How large a Manager's queue may become is not seen, but how large it became; what a parser has just been
        # handed seems to be in it until its answer has come.
        expect(
            "lines in that queue at once",
            box.most,
            at_most(LIMIT + len(parsers)),
            because="Without a limit, a fast reader fills the memory.",
            hint="inq = manager.Queue(20)",
        )
        return box
    expect(
        "the limit of that queue",
        box.maxsize,
        between(1, LIMIT),
        observed=f"{box.maxsize or 'none'}",
        because="Without a limit, a fast reader fills the memory.",
        hint="inq = mp.Queue(maxsize=20)",
    )
    return box


@check("pipeline")
def read(run, parsers, limited):
    """A reader, a process of its own, puts 240 lines into it"""
    puts = [line for line in limited.puts if is_line(line)]
    if len(puts) < LINES:
        wait_for_end(run)
    expect(
        "lines that were put in",
        len(puts),
        at_least(LINES),
        observed=seen(run, f"{len(puts)}"),
        hint="Put each line of weblog.make_log(240) into inq.",
        mistake=STUCK,
    )
    own = [line for line in puts if line.pid == run.recording.pid]
    expect(
        "lines that your notebook put in itself",
        own,
        none(),
        observed=seen(run, f"{len(own)}"),
        because="While it waits for room, your notebook can do nothing else.",
        hint='mp.Process(target=pipeline.read, args=(inq, 240), name="reader")',
        mistake=STUCK,
    )


@check("pipeline")
def all_parsed(run, parsers, read):
    """All 240 lines are parsed, each once"""
    by = parsed_by(run, pids(parsers))
    if len(by) < LINES:
        wait_for_end(run)
    expect(
        "lines that the parsers parsed",
        len(by),
        equals(LINES),
        observed=seen(run, f"{len(by)}"),
        because="A parser that goes home too early leaves lines behind.",
        hint="Let each parser take lines until it takes None. One None for each, after the last line.",
        mistake=STUCK,
    )
    twice = [line for line, found in by.items() if len(found) > 1]
    expect("lines that were parsed twice", twice, none(), observed=f"{len(twice)}")


@check("pipeline")
def counted(run, parsers, all_parsed):
    """An aggregator, a process of its own, counts what comes out of a second queue"""
    mine = pids(parsers)
    boxes = [box for box in run.mailboxes if any(line.pid in mine and not line.mark for line in box.puts)]
    if not boxes:
        fail(
            "a queue into which the parsers put pages",
            seen(run, "none"),
            because="What a parser finds out stays in it until it is sent.",
            hint="outq = mp.Queue(), and outq.put(page) in the parsers.",
            mistake=("M53", *STUCK),
        )
    takers = {line.pid for line in boxes[-1].gets if not line.mark}
    others = sorted(run.role(pid) for pid in takers - mine)
    expect(
        "who takes pages out of it",
        others,
        has(1),
        observed=seen(run, enumerate_all(others) if others else "nobody"),
        because="One alone counts: so nobody comes in between.",
        hint='mp.Process(target=pipeline.count, args=(outq, ranking), name="aggregator")',
        mistake=STUCK,
    )
    expect(
        "who counts",
        run.recording.pid in takers,
        equals(False),
        observed="your notebook",
        because="The last one in the row is a process, too.",
        hint='mp.Process(target=pipeline.count, args=(outq, ranking), name="aggregator")',
    )
    return takers - mine


@check("pipeline")
def ranked(run, counted):
    """It counts in a Manager's dict, and the totals are right"""
    writes = [
        call
        for call in run.calls
        if call.type == "dict" and call.method in ("__setitem__", "update") and call.pid in counted
    ]
    expect(
        "what the aggregator wrote into a Manager's dict",
        writes,
        at_least(1),
        observed=seen(run, "nothing"),
        because="A plain dict in a process is that process's own.",
        hint="ranking = manager.dict() in your notebook; pass it to the aggregator as it is.",
        mistake=("M54", "M37", "M52"),
    )
    wait_for_end(run)
    right_totals(run, ("M54", "M52", "M53", *STUCK))
    kept = last_written(writes)
    expect(
        "what the aggregator wrote into a Manager's dict at last",
        TOTALS if kept is None else kept,
        equals(TOTALS),
        observed=", ".join(f"{page}: {count}" for page, count in sorted((kept or {}).items())),
        because="totals is what the aggregator has counted. What you type yourself is a guess.",
        hint="totals = dict(ranking), and count every page in ranking.",
    )


def last_written(calls):
    """What these calls left in a dictionary, page → how often; None where not all of them can be read."""
    found = {}
    for call in calls:
        pairs = call.args
        if call.method == "update":
            pairs = list(call.args[0].items()) if call.args and isinstance(call.args[0], dict) else None
        elif pairs is not None:
            pairs = [tuple(pairs)] if len(pairs) == 2 else None
        if pairs is None or any(not isinstance(page, str) or not isinstance(count, int) for page, count in pairs):
            return None
        found.update(pairs)
    return found


@check("pipeline")
def progress(run, parsers, all_parsed):
    """A shared Value says 240 at the end, and nobody added to it without its lock"""
    numbers = [number for number in run.numbers if number.given_to]
    expect(
        "shared numbers that your processes were given",
        numbers,
        at_least(1),
        observed="none",
        hint='done = mp.Value("i", 0), and pass it in args.',
    )
    writers = set(numbers[-1].given_to)
    keepers = [{pid for pid in lock.takes if lock.kept(pid)} for lock in run.locks]
    held = max(keepers, key=lambda those: len(those & writers), default=set())
    idle = {worker.pid for worker in parsers} - {
        pid for found in parsed_by(run, pids(parsers)).values() for pid in found
    }
    free = writers - held - idle
    if len(writers) > 1:
        apart = free & set().union(*keepers)
        expect(
            "processes that added without the lock of the others" if apart else "processes that added without a lock",
            len(free),
            equals(0),
            observed=f"{len(free)} of {len(writers)}",
            because="Reading and writing are two steps. It may go well today.",
            hint="with done.get_lock(): done.value += 1",
            mistake=("M40", "M38"),
        )
    wait_for_end(run)
    values = [number.value for number in numbers]
    expect(
        "the shared number",
        LINES if LINES in values else values[-1],
        equals(LINES),
        because="It goes up by one for each line.",
        hint="Add 1 after each line, and look at it after the last join.",
        mistake=("M38", *STUCK),
    )
    done = next(number for number in numbers if number.value == LINES)
    adders = [worker for worker in run.workers if worker.pid in done.given_to]
    if adders:
        written_by_workers(adders, [done], "the shared number as the parsers left it")


@check("pipeline")
def all_home(run, parsers):
    """Everybody goes home, with exit code 0"""
    wait_for_end(run)
    if run.running is not None:
        fail(
            "a pipeline that comes to its end",
            seen(run),
            because="Who waits for a line does not know that none will come.",
            hint="One None for each parser, after the last line; one for the aggregator, after the last page.",
            mistake=STUCK,
        )
    ended(run, run.workers)
    ended_well(run.workers, mistake=("M54", *BAD_START))
    left = [server for server in run.managers if server.alive]
    expect(
        "Managers that are still there", left, none(), observed=f"{len(left)}", hint="with mp.Manager() as manager: …"
    )


# -- break-killed-parser -------------------------------------------------------------------------------------


@check("break-killed-parser", phase="break")
def killed(run):
    """The lab kills a parser that waits for a line"""
    struck = [(act, run.struck(act)) for act in run.acts if act.what == "kill-worker"]
    dead = [worker for _, worker in struck if worker is not None]
    expect(
        "parsers that the lab killed",
        dead,
        at_least(1),
        observed=instead(run) or "none",
        hint="Run the cell as it is, and press “Kill a parser that waits” while it runs.",
    )
    return dead


@check("break-killed-parser", phase="break")
def microphone(run, killed):
    """It died with the queue's read lock, and nobody else can read any more"""
    if still_running(run):
        cannot_tell("Your cell still goes on. Let it hang a little longer.")
    gone = [one for one in run.diagnoses if one.kind == "holder-gone"]
    expect(
        "a lock that is waited for, and whose holder is dead",
        gone,
        at_least(1),
        observed=seen(run, "none"),
        hint="Run the cell as it is, and let it hang.",
    )


def crews(run):
    """The processes of the repair that may parse: one's own, and those of pools and executors."""
    return [worker for worker in run.processes if worker.role in ("", "pool", "executor")]


@check("break-killed-parser", phase="repair")
def killed_again(run):
    """The lab kills a parser again, while your program runs"""
    crew = crews(run)
    if not crew:
        fail(
            "parsers, in processes",
            seen(run, "your notebook parsed itself" if run.journal else instead(run) or "none"),
            because="Then there is nobody who could be killed, and nobody who works beside you.",
            hint="Three processes with a pipe each, or ProcessPoolExecutor(3).",
            mistake=NO_START,
        )
    dead = [run.struck(act) for act in run.acts if act.what == "kill-worker"]
    expect(
        "parsers that the lab killed",
        [worker for worker in dead if worker is not None],
        at_least(1),
        observed="none",
        because="That your program survives can only be seen when somebody dies.",
        hint="Run your cell, and press “Kill a parser at work” while it runs.",
    )
    return crew


@check("break-killed-parser", phase="repair")
def all_again(run, killed_again):
    """Parsers parse all 240 lines all the same"""
    by = parsed_by(run, pids(killed_again))
    lost = LINES - len(by)
    if lost:
        wait_for_end(run)
    at_home = any(line.pid == run.recording.pid for line in run.journal)
    pools = [pool for pool in run.pools if pool.kind == "pool" and pool.lost]
    expect(
        "lines that the parsers parsed",
        len(by),
        equals(LINES),
        observed=seen(
            run,
            f"{len(by)}"
            + ("; the rest your notebook parsed itself" if at_home else "")
            + ("; a worker of a pool was killed in the middle of a line" if pools else ""),
        ),
        because="What the dead parser had was never done."
        if run.running is None
        else "Nobody is left who could bring what is missing.",
        hint="Remember which line you gave to whom. When a parser dies, give its line to another.",
        mistake=("M61", "M36"),
    )
    expect(
        "parsers that were there at the same time",
        most_at_once(killed_again),
        at_least(3),
        because="One parser alone is no quicker than your notebook.",
        hint="Three processes with a pipe each, or ProcessPoolExecutor(3).",
    )


def most_at_once(workers):
    """How many of them lived at one moment, at the most."""
    return max(
        sum(other.began <= worker.began and not 0 < other.ended < worker.began for other in workers)
        for worker in workers
    )


@check("break-killed-parser", phase="repair")
def survives(run, all_again, killed_again):
    """Your program comes to its end, and the totals are right"""
    wait_for_end(run)
    if run.running is not None:
        fail(
            "a program that comes to its end",
            seen(run),
            because="Somebody waits for one who is dead.",
            hint="recv() raises EOFError when the other side is gone, if you have closed your own copy of its end.",
            mistake=("M61", "M36", "M56"),
        )
    expect(
        "errors of your cell",
        run.errors[-1:] if run.cells and run.cells[-1].error is not None else (),
        none(),
        observed=told(run.errors[-1]) if run.errors else None,
        hint="Catch it: try … except BrokenProcessPool, or except EOFError.",
    )
    expect(
        "ways by which pages came home from the parsers",
        came_by(run, pids(killed_again)),
        at_least(1),
        observed="none",
        because="What a parser finds out stays in it until it is sent. What you type yourself is a guess.",
        hint="Let each parser send the page of each line, and count what you receive.",
    )
    right_totals(run, ("M61",))


def came_by(run, workers):
    """By what something came from these processes to the notebook."""
    home = run.recording.pid
    tasks = [task for task in run.tasks if any(one.error is None for one in task.arrivals)]
    boxes = [box for box in run.mailboxes if any(line.pid == home for line in box.gets)]
    pipes = [pipe for pipe in run.pipes if any(word.pid == home for word in pipe.recvs)]
    calls = [call for call in run.calls if call.pid in workers]
    shared = [number for number in run.numbers if workers & set(number.given_to)]
    blocks = [segment for segment in run.segments if workers & segment.mapped_by]
    return [*tasks, *boxes, *pipes, *calls, *shared, *blocks]


# -- clean-bench -----------------------------------------------------------------------------------------------


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended"""
    nothing_left(run)


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)
