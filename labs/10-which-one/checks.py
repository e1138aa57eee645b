"""What L10 looks for: which channel carried what, and three frozen programs that were diagnosed and healed."""

from parallab.checks import at_least, cannot_tell, check, equals, expect, fail, none, not_tried
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

#: What the letters of the diagnosis stand for, as the catalogue numbers them.
LETTERS = {"a": "M43", "b": "M22", "c": "M21", "d": "M45", "e": "M56"}
STUCK = ("M31", "M55", "M56", "M29", "M26", "M21", "M23", "M22")


def seen(run, text):
    """What was seen, with why it does not go on."""
    if run.running is not None and run.stuck is not True:  # what is missing may still come: no M22, no M21 yet
        cannot_tell("Your cell is still running. Check again when it has ended.")
    more = "; ".join(f"{one[0].lower()}{one[1:].rstrip('.')}" for one in run.hanging)
    more = more or (f"your cell ended with {told(run.error)}" if run.error is not None else "")
    return f"{text}; {more}" if more else text


def all_end(run, workers):
    """They came to their end by themselves, and were waited for."""
    if run.running is not None and run.stuck is True:
        left = [worker for worker in workers if worker.alive]
        fail(
            "every worker comes to its end, and you wait for it",
            seen(run, f"{len(left)} of {len(workers)} still there" if left else "your cell does not come to its end"),
            hint="Look who waits for whom.",
            mistake=("M43", *STUCK),
        )
    ended(run, workers)
    ended_well(workers, mistake=("M31", "M55", "M11", "M10", "M04", "M01"))


# -- without-queue ------------------------------------------------------------------------------


@check("without-queue")
def caller(run):
    """A worker process sends at least three messages over a pipe"""
    workers = hired(run, at_least(1), what="workers", hint="mp.Process(target=caller.call, args=(theirs,))", last=True)
    pids = {worker.pid for worker in workers}
    pipes = [pipe for pipe in run.pipes if any(word.pid in pids for word in pipe.sends)]
    boxes = [box for box in run.mailboxes if any(line.pid in pids for line in box.lines)]
    expect(
        "queues in use",
        boxes,
        none(),
        observed=f"{len(boxes)}",
        because="A queue works, but it has a thread, a buffer and locks that two processes do not need.",
        hint="mine, theirs = mp.Pipe()",
        mistake=STUCK,
    )
    sent = [word for pipe in pipes for word in pipe.sends if word.pid in pids]
    expect(
        "messages that the worker sent over a pipe",
        sent,
        at_least(3),
        observed=seen(run, f"{len(sent)}"),
        hint="The worker calls theirs.send(…) three times.",
        mistake=STUCK,
    )
    return workers, pipes[-1]


@check("without-queue")
def heard(run, caller):
    """Your notebook receives all of them"""
    workers, pipe = caller
    pids = {worker.pid for worker in workers}
    sent = [word for word in pipe.sends if word.pid in pids]
    # Who called by an address has an end of its own: that nobody made shows that the other end is the notebook's.
    ours = [pipe] if pipe.made_by else [one for one in run.pipes if not one.made_by]
    got = [word for one in ours for word in one.recvs if word.pid == run.recording.pid]
    expect(
        "messages that your notebook received",
        len(got),
        at_least(len(sent)),
        observed=seen(run, f"{len(got)} of {len(sent)}"),
        because="What nobody receives is lost when the pipe is closed.",
        hint="mine.recv(), once for each message.",
        mistake=STUCK,
    )


@check("without-queue")
def caller_ends(run, caller):
    """The worker comes to its end"""
    all_end(run, caller[0])


# -- three-writers ------------------------------------------------------------------------------


@check("three-writers")
def team(run):
    """Three workers write at the same time"""
    workers = hired(run, at_least(3), what="workers", hint="Three Process objects, and start() for each.", last=True)
    # Who is there for something else need not write.
    wrote = {line.pid for box in run.mailboxes for line in box.puts}
    wrote |= {word.pid for pipe in run.pipes for word in pipe.sends}
    writers = [worker for worker in workers if worker.pid in wrote]
    if len(writers) >= 3:
        workers = writers
    at_once(run, workers)
    return workers


@check("three-writers")
def one_queue(run, team):
    """All three put at least five messages into one queue"""
    pids = {worker.pid for worker in team}
    shared = [box for box in run.mailboxes if {line.pid for line in box.puts} >= pids]
    pipes = [pipe for pipe in run.pipes if pids & {word.pid for word in pipe.sends}]
    expect(
        "a queue into which all three put something",
        shared,
        at_least(1),
        observed=seen(run, f"{len(pipes)} {'pipe' if len(pipes) == 1 else 'pipes'}" if pipes else "none"),
        because="A pipe is a telephone for two." if pipes else "What is printed or returned stays in the worker.",
        hint="out = mp.Queue() in your notebook, and out in the args of all three.",
        mistake="M57" if pipes and run.running is None else ("M57", *STUCK),
    )
    box = shared[-1]
    few = [worker for worker in team if sum(line.pid == worker.pid for line in box.puts) < 5]
    expect(
        "workers that put fewer than five messages into it",
        few,
        none(),
        observed=enumerate_all([str(worker) for worker in few]),
        hint="for number in range(5): out.put(…)",
    )
    return box


@check("three-writers")
def all_taken(run, team, one_queue):
    """Your notebook takes all of them out"""
    pids = {worker.pid for worker in team}
    put = [line for line in one_queue.puts if line.pid in pids]
    got = [line for line in one_queue.gets if line.pid == run.recording.pid]
    expect(
        "messages that your notebook took out",
        len(got),
        at_least(len(put)),
        observed=seen(run, f"{len(got)} of {len(put)}"),
        hint="out.get(), once for each message, and before the joins.",
        mistake=STUCK,
    )


@check("three-writers")
def team_ends(run, team):
    """All three come to their end"""
    all_end(run, team)


# -- doctors-round ------------------------------------------------------------------------------


@check("doctors-round")
def patients(run):
    """Three frozen programs were brought in"""
    acts = [act for act in run.acts if act.what == "frozen-kernels"]
    if not acts:
        not_tried("press “Bring in the three patients” in the sidebar.")
    found = {one.name: one.mistake for one in acts[-1].found}
    unknown = [name for name, mistake in found.items() if mistake not in LETTERS.values()]
    if unknown:
        cannot_tell(f"Of patient {' and '.join(unknown)} it could not be seen why. Bring them in again.")
    return found


@check("doctors-round")
def diagnoses(run, patients):
    """You have found out why all three froze"""
    written = run.values.get("diagnosis")
    if not isinstance(written, dict):
        fail(
            "diagnosis: a letter for A, B and C",
            "no such name",
            hint="Fill in the cell with diagnosis = …, and run it.",
        )
    letters = {
        name: letter
        for name in patients
        if isinstance(said := written.get(name), str) and (letter := said.strip().lower()) in LETTERS
    }
    missing = [name for name in patients if name not in letters]
    expect(
        "patients without a diagnosis",
        missing,
        none(),
        observed=enumerate_all(missing),
        hint="Write one of the letters a to e for each, and run the cell.",
    )
    wrong = [name for name in patients if LETTERS[letters[name]] != patients[name]]
    expect(
        "patients with a wrong diagnosis",
        wrong,
        none(),
        observed=enumerate_all(wrong),
        because="Look again at who waits for what in that kernel.",
        hint="Follow the arrows: from the one who waits to the one it waits for.",
    )


def healed(run, name, names, hint):
    """The patient's processes, of the latest attempt: they came to their end."""
    crews = [crew for crew in run.attempts if {worker.name for worker in crew} & names]
    mine = next(
        (
            [worker for worker in crew if worker.name in names]
            for crew in crews
            if names <= {worker.name for worker in crew}
        ),
        [],
    )
    expect(
        f"patient {name}'s processes, by name",
        sorted(worker.name for worker in mine),
        equals(sorted(names)),
        observed=enumerate_all(sorted({f"“{worker.name}”" for worker in run.workers})) or instead(run),
        hint=f"Run patient {name}'s cell, and leave the names as they are.",
    )
    left = [worker for worker in mine if worker.alive or worker.exit_code != 0]
    expect(
        f"of patient {name}, processes that did not come to their end by themselves",
        left,
        none(),
        observed=seen(run, enumerate_all([f"“{worker.name}”" for worker in left])),
        because="Frozen is frozen: one line must change.",
        hint=hint,
        mistake=("M43", *STUCK),
    )
    return mine


def home(run, workers):
    """What the notebook took out of queues into which these workers put."""
    pids = {worker.pid for worker in workers}
    boxes = [box for box in run.mailboxes if any(line.pid in pids for line in box.puts)]
    return [line for box in boxes for line in box.gets if line.pid == run.recording.pid]


@check("doctors-round")
def patient_a(run):
    """Patient A is healed: the million letters come home"""
    workers = healed(run, "A", {"reporter"}, "Take the text out before you wait for the reporter's end.")
    expect(
        "letters that came home",
        sum(line.length for line in home(run, workers)),
        at_least(1_000_000),
        because="With a small report, the trap is still there.",
        hint="Keep the million letters. Change the order.",
    )
    out = max(line.at for line in home(run, workers))
    pids = {worker.pid for worker in workers}
    expect(
        "joins that began before the text was out",
        "one" if any(wait.child in pids and wait.call == "join" and wait.began < out for wait in run.waits) else "",
        none(),
        because="A join with a time limit comes back, and nothing has changed: the reporter still cannot end.",
        hint="Take the text out before you wait for the reporter's end.",
        mistake="M21",
    )


@check("doctors-round")
def patient_b(run):
    """Patient B is healed: Ann and Bob take both locks in the same order"""
    workers = healed(run, "B", {"Ann", "Bob"}, "Both must take the locks in the same order.")
    orders = {worker.name: run.nested(worker) for worker in workers}
    expect(
        "those who never held both locks at once",
        [name for name, pairs in orders.items() if not pairs],
        none(),
        hint="Keep both locks for both. Change only the order.",
    )
    expect(
        "the order of the locks",
        "the same" if orders["Ann"] == orders["Bob"] else "two different ones",
        equals("the same"),
        because="This time it went well. With two orders, it need not.",
        hint="args=(lock_1, lock_2, meet) for both.",
        mistake="M43",
    )


@check("doctors-round")
def patient_c(run):
    """Patient C is healed: the adder goes home, and the sum is 16"""
    workers = healed(run, "C", {"adder"}, "inq.put(None) after the last amount.")
    expect(
        "sums that came home",
        [line.item for line in home(run, workers)],
        equals([16]),
        because="3, 5 and 8 make 16.",
        hint="Put the three amounts in, and then the end mark.",
    )


# -- clean-bench ------------------------------------------------------------------------------------


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended"""
    nothing_left(run)


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)
