"""What L09 looks for: who put or sent what, who took it out, in which order, and who closed which end."""

from collections import Counter

from parallab.checks import at_least, cannot_tell, check, equals, expect, fail, has, none, note
from parallab.checks.common import (
    at_once,
    ended,
    ended_well,
    hired,
    instead,
    no_threads_left,
    nothing_left,
    told,
)
from parallab.checks.matchers import enumerate_all

#: How often each status occurs in the first 20, and in the first 400 lines: counted once, the log is always the same.
TOTALS = {20: {"200": 12, "304": 1, "404": 4, "500": 3}, 400: {"200": 236, "304": 35, "404": 87, "500": 42}}
PRICES = {"AAPL": 187, "MSFT": 402, "NVDA": 722}
ROWS = list(range(50))
WRITERS, EACH, LONG = 4, 150, 9_000
#: What keeps a queue or a pipe from doing its work; each is told only if the evidence shows it.
STUCK = ("M31", "M55", "M56", "M29", "M36", "M35", "M26", "M21", "M23", "M22", "M15")


# -- what the goals of several steps look at ------------------------------------------------


def waiting(run):
    """Who waits for whom, if the cell can never go on."""
    if run.running is not None and run.stuck is not True:  # what is missing may still come: no M22, no M21 yet
        cannot_tell("Your cell is still running. Check again when it has ended.")
    return "; ".join(f"{one[0].lower()}{one[1:].rstrip('.')}" for one in run.hanging)


def seen(run, text):
    """What was seen, with why it does not go on."""
    more = waiting(run) or (f"your cell ended with {told(run.error)}" if run.error is not None else "")
    return f"{text}; {more}" if more else text


def texts(item):
    """The texts in an item, in whatever company."""
    if isinstance(item, list | dict):
        return [text for part in (item if isinstance(item, list) else item.values()) for text in texts(part)]
    return [item] if isinstance(item, str) else []


def numbers(item):
    """The whole numbers in an item, in whatever company."""
    if isinstance(item, list | dict):
        return [number for part in (item if isinstance(item, list) else item.values()) for number in numbers(part)]
    return [item] if isinstance(item, int) and not isinstance(item, bool) else []


def readable(line):
    """Whether what was put or taken could be looked at: a long list cannot."""
    return line.item is not None or line.mark


def is_home(run, line):
    """Whether the notebook took it out."""
    return line.pid == run.recording.pid


def mailbox_from(run, workers, what):
    """The latest queue into which one of these workers put, and out of which the notebook took."""
    pids = {worker.pid for worker in workers}
    boxes = [box for box in run.mailboxes if any(line.pid in pids for line in box.puts)]
    if not boxes:
        fail(
            f"{what}, put into a queue by a worker",
            seen(run, "no worker put anything into a queue between processes"),
            because="What is printed, returned or kept in a list stays in the worker.",
            hint="Make out = mp.Queue() in your notebook, pass it in args, and let the worker call out.put(…).",
            mistake=STUCK,
        )
    home = [box for box in boxes if any(is_home(run, line) for line in box.gets)]
    box = (home or boxes)[-1]
    expect(
        "what a worker put and its queue could not pack",
        box.unsent,
        none(),
        observed=enumerate_all([f"a {line.kind}" for line in box.unsent], most=2),
        because="put() only hands it over. A thread of the queue packs it later, and could not.",
        hint="Send plain data: numbers, texts, lists, dicts.",
        mistake="M29",
    )
    return box


def parsed_by_workers(run, workers, wanted):
    """Every line was parsed, and by these workers."""
    pids = {worker.pid for worker in workers}
    mine = [line for line in run.journal if line.pid in pids]
    own = [line for line in run.journal if line.pid == run.recording.pid]
    expect(
        "lines that your notebook parsed itself",
        own,
        none(),
        observed=f"{len(own)}",
        because="Then nothing is done beside your notebook.",
        hint="Let the workers call weblog.parse(line), and only them.",
        mistake=("M09", "M10"),
    )
    expect(
        "lines that the workers parsed",
        len({text for line in mine for text in texts(line.item)}),
        at_least(wanted),
        observed=seen(run, f"{len({text for line in mine for text in texts(line.item)})}"),
        hint="Each line is parsed once, by whichever worker has it.",
        mistake=STUCK,
    )


def statuses_in(items, wanted):
    """The statuses among these, each a number alone, or in company: its line's number may stand beside it.

    That number may look like a status, too; but then it stands where others do not.
    """
    known = {int(status) for status in TOTALS[wanted]}
    rows = [numbers(item) for item in items]
    wide = {len(row) for row in rows if row}
    if wide == {1}:
        return [row[0] for row in rows if row]
    if len(wide) == 1 and any(one not in known for row in rows for one in row):
        for place in range(max(wide)):
            if all(row[place] in known for row in rows if row):
                return [row[place] for row in rows if row]
    return [one for row in rows for one in row if one in known]


def came_home(run, box, name, wanted):
    """The list of that name holds the status of every line, and it came out of this queue."""
    mine = [line for line in box.gets if is_home(run, line)]
    brought = [number for line in mine for number in numbers(line.item)]
    whole = all(readable(line) for line in mine)
    carried = Counter(map(str, statuses_in([line.item for line in mine], wanted)))
    if run.running is not None and whole and carried == TOTALS[wanted]:
        return mine  # it is not here that it hangs
    if run.running is not None or run.error is not None:
        fail(
            f"{wanted} results, taken out of the queue",
            seen(run, f"{len(brought) if whole else len(mine)}"),
            because="A get() on an empty queue waits for as long as it takes.",
            hint="Each result that you take must be one that a worker has put.",
            mistake=STUCK,
        )
    if name not in run.types:
        fail(f"{name}: the status of every line", f"no name {name}", hint=f"Keep the results in a list {name}.")
    value = run.values.get(name)
    if value is None:
        cannot_tell(f"What is in {name} cannot be seen. Make it a list of numbers.")
    if not isinstance(value, list):
        fail(f"{name}: a list of {wanted} results", f"{type(value).__name__}", hint=f"Make {name} a list.")
    found = Counter(map(str, statuses_in(value, wanted)))
    expect(
        name,
        dict(found),
        equals(TOTALS[wanted]),
        observed=", ".join(f"{status}: {found[status]}" for status in sorted(found)) or "nothing",
        because="Each line has one status, and it must come home.",
        hint="Take as many results out of the queue as there are lines.",
        mistake=STUCK,
    )
    strange = whole and carried != found
    expect(
        f"results in {name} that came out of the queue",
        "not all" if strange or not mine else "all",
        equals("all"),
        because="Nobody else can bring home what a worker has found out.",
        hint="Put the status of each line into the queue, and take it out in your notebook.",
    )
    return mine


def kept(run, name, wanted):
    """The learner's list of that name holds these numbers, in order, in whatever company."""
    if name not in run.types:
        fail(f"{name}: what you received", f"no name {name}", hint=f"Keep what you receive in a list {name}.")
    value = run.values.get(name)
    if value is None:
        cannot_tell(f"What is in {name} cannot be seen. Make it a list of numbers.")
    found = [number for number in numbers(value) if number in wanted]
    expect(
        f"{name}: what you received",
        found,
        equals(list(wanted)),
        observed=f"{len(found)} of {len(wanted)}" if len(found) != len(wanted) else "in another order",
        because="What was received once does not come again.",
        hint=f"{name}.append(…), with each that you receive.",
    )


def first_join(run, workers):
    """When the notebook first waited for one of them to end."""
    pids = {worker.pid for worker in workers}
    return min((wait.began for wait in run.waits if wait.child in pids and wait.call == "join"), default=None)


def home_by_themselves(run, workers, hint="After the last line, put a None into the queue for each worker."):
    """All of them came to their end by themselves, and were waited for."""
    if run.running is not None and run.stuck is True:
        left = [worker for worker in workers if worker.alive]
        fail(
            "every worker comes to its end, and you wait for it",
            seen(run, f"{len(left)} of {len(workers)} still there" if left else "your cell does not come to its end"),
            because="A worker that waits for more never ends." if left else "",
            hint=hint if left else "",
            mistake=STUCK,
        )
    ended(run, workers)
    ended_well(workers, mistake=("M31", "M55", "M11", "M10", "M04", "M01", "M23", "M22", "M35"))


# -- predict-copy -------------------------------------------------------------------------------


@check("predict-copy")
def there_and_back(run):
    """The basket goes to a worker, and comes back"""
    workers = hired(run, at_least(1), what="workers", hint="p.start()", last=True)
    box = mailbox_from(run, workers, "a basket")
    expect(
        "baskets that came back",
        [line for line in box.gets if is_home(run, line)],
        at_least(1),
        observed=seen(run, "none"),
        hint="theirs = back.get()",
        mistake=STUCK,
    )
    pids = {worker.pid for worker in workers}
    expect(
        "baskets that a worker took out",
        [line for other in run.mailboxes for line in other.gets if line.pid in pids],
        at_least(1),
        observed=seen(run, "none"),
        hint="there.put(basket) in your notebook, there.get() in the worker.",
        mistake=STUCK,
    )
    return workers


@check("predict-copy")
def basket(run, there_and_back):
    """You have both baskets: your own, and the one that came back"""
    mine, theirs = run.values.get("basket"), run.values.get("theirs")
    if not isinstance(mine, list) or not isinstance(theirs, list):
        fail(
            "two lists: basket and theirs",
            f"basket: {type(mine).__name__}, theirs: {type(theirs).__name__}",
            hint="Keep both names: basket for yours, and theirs = back.get().",
        )
    expect(
        "things in theirs",
        len(theirs),
        equals(len(mine) + 1),
        observed=f"{len(theirs)}; and {len(mine)} in yours",
        because="The worker adds one thing to what it was sent.",
        hint="Do not change either list in your notebook.",
    )
    note(f"{len(mine)}")


@check("predict-copy")
def copier_ends(run, there_and_back):
    """The worker comes to its end"""
    home_by_themselves(run, there_and_back)


# -- results-home -------------------------------------------------------------------------------


@check("results-home")
def worker_parses(run):
    """A worker process parses the 20 lines"""
    workers = hired(run, at_least(1), what="workers", hint="mp.Process(…), and start().", last=True)
    parsed_by_workers(run, workers, 20)
    return workers


@check("results-home")
def puts(run, worker_parses):
    """It puts its results into a queue between processes"""
    return mailbox_from(run, worker_parses, "20 results")


@check("results-home")
def home(run, worker_parses, puts):
    """Your notebook takes all 20 results out"""
    mine = came_home(run, puts, "results", 20)
    joined = first_join(run, worker_parses)
    if joined is not None and mine and joined < mine[-1].at:
        note("You joined before you took everything out. With big results that hangs: take them out first.")


@check("results-home")
def worker_ends(run, worker_parses, home):
    """The worker comes to its end"""
    home_by_themselves(run, worker_parses)


# -- two-parsers --------------------------------------------------------------------------------


@check("two-parsers")
def two(run):
    """Two workers are at work at the same time"""
    workers = hired(run, has(2), what="workers", hint="Two Process objects, and start() for each.", last=True)
    at_once(run, workers)
    return workers


@check("two-parsers")
def shared(run, two):
    """Both take lines out of one queue"""
    pids = {worker.pid for worker in two}
    boxes = [box for box in run.mailboxes if any(line.pid in pids for line in box.gets)]
    given = [box for box in run.mailboxes if box.given_to >= pids and any(is_home(run, line) for line in box.puts)]
    box = (boxes or given or [None])[-1]
    takers = {line.pid for line in box.gets if line.pid in pids} if box is not None else set()
    expect(
        "workers that take out of the queue that your notebook fills",
        takers,
        has(2),
        observed=seen(run, f"{len(takers)} of 2"),
        because="One queue for all: whoever is free takes the next line.",
        hint="Pass the same inq to both, and let each loop over inq.get() until it takes None.",
        mistake=STUCK,
    )
    return box


@check("two-parsers")
def all_home(run, two, shared):
    """All 400 statuses come home"""
    parsed_by_workers(run, two, 400)
    came_home(run, mailbox_from(run, two, "400 statuses"), "statuses", 400)


@check("two-parsers")
def both_go_home(run, two, shared):
    """Both are told to go home, and come to their end"""
    home_by_themselves(run, two)


# -- two-way ------------------------------------------------------------------------------------


def line_between(run, worker, *, one_way):
    """The latest pipe of this sort that the worker was given, or used."""
    kind = "one-way" if one_way else "two-way"
    pipes = [pipe for pipe in run.pipes if len(pipe.ends) == (1 if one_way else 2)]
    mine = [pipe for pipe in pipes if worker.pid in {word.pid for word in pipe.words} | {pid for pid, *_ in pipe.given}]
    if not mine:
        other = [pipe for pipe in run.pipes if pipe not in pipes]
        box = any(worker.pid in {line.pid for line in box.lines} for box in run.mailboxes)
        fail(
            f"a {kind} pipe between your notebook and a worker",
            seen(
                run,
                "a queue"
                if box
                else f"a pipe, but no {kind} one"
                if other
                else instead(run) or "no pipe that both know",
            ),
            hint="r, w = mp.Pipe(duplex=False), and both in args."
            if one_way
            else "me, theirs = mp.Pipe(), and theirs in args.",
            mistake=STUCK,
        )
    return mine[-1]


@check("two-way")
def serves(run):
    """The price service is a process of its own"""
    workers = hired(
        run, at_least(1), what="services", hint="mp.Process(target=service.serve, args=(theirs,))", last=True
    )
    return workers[-1]


@check("two-way")
def one_end_each(run, serves):
    """A pipe with one end in each of the two processes"""
    pipe = line_between(run, serves, one_way=False)
    users = {end: pipe.users(end) for end in pipe.ends}
    kernel = [end for end in pipe.ends if run.recording.pid in users[end]]
    theirs = [end for end in pipe.ends if serves.pid in users[end]]
    expect(
        "ends in use: one by your notebook, the other by the service",
        [*kernel, *theirs] if kernel != theirs else [],
        has(2),
        observed=seen(run, _use(kernel, theirs or [end for pid, end, _ in pipe.given if pid == serves.pid])),
        because="What one end sends comes out at the other. Nobody hears what nobody listens to.",
        hint="The service gets theirs in args, and uses only that; you use only me.",
        mistake=STUCK,
    )
    return pipe


def _use(kernel, theirs):
    if not theirs:
        return "the service has none"
    if not kernel:
        return "your notebook has sent and received nothing"
    if len(kernel) > 1 or len(theirs) > 1:
        return "somebody uses both ends"
    return "both use the same end" if kernel == theirs else "the service has sent and received nothing"


@check("two-way")
def answers(run, serves, one_end_each):
    """Three questions, three answers"""
    asked = [text for word in one_end_each.sends if word.pid == run.recording.pid for text in texts(word.item)]
    looked = [text for line in run.journal if line.pid == serves.pid for text in texts(line.item)]
    expect(
        "who looked the prices up",
        Counter(line.pid for line in run.journal if line.pid == run.recording.pid),
        none(),
        observed="your notebook itself",
        because="Then nobody needs a service.",
        hint="Only the service calls prices.price(symbol).",
        mistake=("M09", "M10"),
    )
    expect(
        "symbols that the service looked up",
        {symbol for symbol in looked if symbol in PRICES},
        has(3),
        observed=seen(run, enumerate_all(sorted(set(looked)))),
        because="The service answers what it is asked." if asked else "Nothing was asked.",
        hint='me.send("AAPL"), then answers.append(me.recv()), for each symbol.',
        mistake=STUCK,
    )
    got = [number for word in one_end_each.recvs if word.pid == run.recording.pid for number in numbers(word.item)]
    wanted = [PRICES[symbol] for symbol in asked if symbol in PRICES]
    expect(
        "answers that came over the pipe, in order",
        [number for number in got if number in PRICES.values()],
        equals(wanted),
        observed=seen(run, enumerate_all([str(number) for number in got])),
        because="Over one line, answers come in the order of the questions.",
        hint="Receive one answer for each question.",
        mistake=STUCK,
    )
    if run.running is None and run.error is None:
        kept(run, "answers", wanted)


@check("two-way")
def hangs_up(run, serves):
    """The service is told that it is over, and comes to its end"""
    home_by_themselves(run, [serves], hint="Send it None after the last question: me.send(None).")


# -- one-way ------------------------------------------------------------------------------------


@check("one-way")
def sends(run):
    """A worker process sends over a one-way pipe"""
    workers = hired(
        run, at_least(1), what="workers", hint="mp.Process(target=sender.send_rows, args=(r, w))", last=True
    )
    pipe = line_between(run, workers[-1], one_way=True)
    mine = [word for word in pipe.sends if word.pid == workers[-1].pid]
    right = [number for word in mine for number in numbers(word.item) if number in ROWS]
    if len(right) < len(ROWS) <= len(mine) and any(word.kind == "bytes" for word in mine):
        cannot_tell("What stands in bytes cannot be seen. Send the numbers themselves: w.send(number).")
    expect(
        "rows that the worker sent",
        right,
        at_least(len(ROWS)),
        observed=seen(run, f"{len(right)}{_failed(pipe, workers[-1])}"),
        because="r only receives, and w only sends." if _failed(pipe, workers[-1]) else "",
        hint="for number in range(50): w.send(number)",
        mistake=STUCK,
    )
    return workers[-1], pipe


def _failed(pipe, worker):
    errors = [word.error for word in pipe.fails if word.pid == worker.pid and word.error is not None]
    return f"; it met {told(errors[-1])}" if errors else ""


@check("one-way")
def fifty(run, sends):
    """Your notebook receives all 50, in order"""
    _, pipe = sends
    got = [number for word in pipe.recvs if word.pid == run.recording.pid for number in numbers(word.item)]
    expect(
        "rows that came over the pipe",
        [number for number in got if number in ROWS],
        equals(ROWS),
        observed=seen(run, f"{len(got)}"),
        hint="rows.append(r.recv()) in a loop.",
        mistake=STUCK,
    )
    if run.running is None and run.error is None:
        kept(run, "rows", ROWS)


@check("one-way")
def eof(run, sends):
    """The loop ends by EOFError: nobody is left who could send"""
    _, pipe = sends
    mine = [word for word in pipe.eofs if word.pid == run.recording.pid]
    own = run.recording.pid == pipe.made_by and pipe.closed(run.recording.pid, "w") is None
    expect(
        "times that recv() met the end of the line",
        mine,
        at_least(1),
        observed=seen(run, "none; your notebook has a sending end itself, still open" if own else "none"),
        because="The end comes when every copy of the sending end is closed: yours, too.",
        hint="w.close() in your notebook, right after the start; and receive until EOFError.",
        mistake=STUCK,
    )
    worker, _ = sends
    if pipe.closed(worker.pid, "r") is None:
        note("The worker kept its copy of r. That went well, but it would never learn that you have hung up.")


@check("one-way")
def sender_ends(run, sends):
    """The worker comes to its end"""
    home_by_themselves(run, [sends[0]])


# -- break-join -----------------------------------------------------------------------------------


@check("break-join", phase="break")
def circle(run):
    """Your notebook waits for the worker's end, and the worker for your notebook to take its parcel"""
    found = [one for one in run.diagnoses if one.kind == "join-before-drain"]
    expect(
        "a join that waits for a worker which waits for you",
        found,
        at_least(1),
        observed="; ".join(run.hanging) or instead(run) or "nothing hangs now",
        hint="Run the cell with a million letters as it is, and let it hang.",
    )
    note(found[0].sentence)


@check("break-join", phase="repair")
def report_home(run):
    """A report of a million letters comes home"""
    workers = hired(run, at_least(1), what="workers", last=True)
    box = mailbox_from(run, workers, "a report")
    mine = [line for line in box.gets if is_home(run, line)]
    expect(
        "letters that came home",
        sum(line.length for line in mine),
        at_least(1_000_000),
        observed=seen(run, f"{sum(line.length or sum(map(len, texts(line.item))) for line in mine):,}"),
        because="With a small report, the trap does not close.",
        hint="Keep the million letters. Change only the order.",
        mistake=STUCK,
    )
    return workers, mine


@check("break-join", phase="repair")
def taken_first(run, report_home):
    """You take it out before you wait for the worker's end"""
    workers, mine = report_home
    first = first_join(run, workers)
    expect(
        "joins that began before the report was out",
        "one" if first is not None and first < mine[-1].at else "",
        none(),
        because="A join with a time limit comes back, and nothing has changed: the worker still cannot end.",
        hint="First out.get(), then p.join().",
        mistake="M21",
    )


@check("break-join", phase="repair")
def writer_ends(run, report_home):
    """The worker comes to its end"""
    home_by_themselves(run, report_home[0])


# -- stretch-writers --------------------------------------------------------------------------------


@check("stretch-writers", phase="break")
def mixed_up(run):
    """Several processes talk into one end, and what comes out makes no sense"""
    torn = [
        (pipe, word)
        for pipe in run.pipes
        for word in pipe.fails
        if word.pid == run.recording.pid and any(len(pipe_senders(pipe, end)) > 1 for end in pipe.ends)
    ]
    expect(
        "rows that could not be read",
        torn,
        at_least(1),
        observed="none: this time, all went well" if run.pipes else instead(run) or "none",
        hint="Run both cells as they are; again, if you were lucky.",
    )
    pipe, _ = torn[-1]
    note(f"After {len(pipe.recvs)} rows, what came out could not be read.")


def pipe_senders(pipe, end):
    """The processes that sent at this end, or could not any more: who was cut off has sent a part."""
    words = [word for word in pipe.words if word.end == end and "w" in word.mode]
    return {word.pid for word in words if word.act in ("send", "fail")}


@check("stretch-writers", phase="repair")
def four_writers(run):
    """Four processes write at the same time"""
    workers = hired(run, has(WRITERS), what="writers", last=True)
    at_once(run, workers)
    return workers


@check("stretch-writers", phase="repair")
def whole_rows(run, four_writers):
    """All 600 rows come home, whole"""
    pids = {worker.pid for worker in four_writers}
    boxes = [box for box in run.mailboxes if any(line.pid in pids for line in box.puts)]
    pipes = [pipe for pipe in run.pipes if any(word.pid in pids for word in pipe.sends)]
    got = [line for box in boxes for line in box.gets if is_home(run, line)]
    got += [word for pipe in pipes for word in pipe.recvs if word.pid == run.recording.pid]
    if len(got) >= WRITERS * EACH and not all(map(readable, got)):
        cannot_tell("Rows as long as these cannot be looked at in a Manager's queue. Use mp.Queue().")
    whole = [one for one in got if one.length >= LONG and any(len(set(text[:200])) == 1 for text in texts(one.item))]
    expect(
        "rows of 9,000 letters that came home",
        len(whole),
        at_least(WRITERS * EACH),
        observed=seen(run, f"{len(whole)}"),
        because="Short rows only make it rarer: they happen to be written in one piece.",
        hint="Use a queue: it lets one writer after the other write. Take out 600 rows, then join.",
        mistake=("M57", *STUCK),
    )
    torn = [word for pipe in pipes for word in pipe.fails if word.pid == run.recording.pid]
    expect(
        "rows that could not be read",
        torn,
        none(),
        observed=f"{len(torn)}",
        hint="Use a queue: it lets one writer after the other write.",
        mistake="M57",
    )
    shared = [
        pipe
        for pipe in pipes
        for end in pipe.ends
        if len(pipe_senders(pipe, end)) > 1 and not [lock for lock in run.locks if pids <= set(lock.takes)]
    ]
    expect(
        "pipe ends into which several write, without a lock",
        shared,
        none(),
        observed=f"{len(shared)}: this time, all went well",
        because="Two long rows can be mixed up at any time.",
        hint="Use a queue: it has a lock for its writers inside.",
        mistake="M57",
    )


@check("stretch-writers", phase="repair")
def writers_end(run, four_writers):
    """All four come to their end"""
    home_by_themselves(run, four_writers)


# -- clean-bench ------------------------------------------------------------------------------------


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended"""
    nothing_left(run)


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)
