"""What L08 looks for: one number, who changed it, which locks were held, and who waits for whom."""

from parallab.checks import at_least, cannot_tell, check, equals, expect, fail, has, none, note
from parallab.checks.common import (
    at_once,
    ended,
    ended_well,
    hired,
    how,
    instead,
    no_threads_left,
    nothing_left,
    written_by_workers,
)

DEPOSITS = 200
LEFT = "the book as the cashiers left it"
WANTED = 4 * DEPOSITS
#: How long a stamp is at least, in nanoseconds: time.sleep() never ends early.
STAMP_NS = 100_000
#: And how long a client asks.
QUESTION_NS = 200_000_000
#: A stamp is a sleep, and each sleep a pause that the system counts; now and then one is so short that it is not.
STAMPED = DEPOSITS * 9 // 10
UNPROTECTED = ("M41", "M40", "M38")


# -- what the goals of several steps look at ------------------------------------------------


def account(run, workers):
    """The shared number that all these workers were given."""
    numbers = run.numbers
    given = [number for number in numbers if set(number.given_to) >= {worker.pid for worker in workers}]
    # A forked child may have it without being given it: then it is the one that the notebook names.
    found = given or [number for number in numbers if number.names and not number.given_to]
    if not found:
        own = [number for number in numbers if number.given_to]
        fail(
            "one shared number that all of them change",
            f"{len(own)} Values, none of them given to all" if own else "no Value that all of them were given",
            because="What each has for itself, the others do not change."
            if own
            else "An ordinary number is copied into each child. Only a Value lies in memory that all share.",
            hint='Make balance = mp.Value("i", 0, …) once, and pass it to each process in args.',
        )
    number = found[-1]
    if number.value is None:
        cannot_tell("What the account holds could not be read. Run the cell again.")
    return number


def stamped(workers, times=STAMPED):
    """Each of them made its deposits, with a pause between reading and writing."""
    few = [worker for worker in workers if worker.exit_code == 0 and worker.pauses < times]
    expect(
        "workers that left out the stamp, or made fewer deposits",
        few,
        none(),
        because="The stamp gives the others time to come in between. Without it you would be right by luck.",
        hint=f"Each worker makes {DEPOSITS} deposits, and calls bank.stamp() between reading and writing.",
    )


def stamps_outside(lock, workers, times):
    """Those that did not hold it from reading to writing.

    A stamp takes its time, so a hold without one is short; and what was not written while the lock
    was held is the same at its end as at its beginning.
    """
    outside = []
    for worker in workers:
        holds = lock.kept(worker.pid)
        whole = [hold for hold in holds if hold.length >= STAMP_NS and hold.changed is not False]
        if not whole or len(whole) < min(len(holds), times) * 0.8:
            outside.append(worker)
    return outside


def stamped_inside(locks, workers, times, *, wanted=1):
    """So many of these locks are held from reading to writing."""
    outside = sorted((stamps_outside(lock, workers, times) for lock in locks), key=len)[:wanted]
    expect(
        "workers that read, stamp or write outside the lock",
        {worker for found in outside for worker in found},
        none(),
        observed=", ".join(f"{worker}" for worker in workers if any(worker in found for found in outside)),
        because="A lock protects only what is done while it is held. Between reading and writing, another may come.",
        hint="Put reading, stamping and writing inside the same with block.",
        mistake=UNPROTECTED,
    )


def taken_by_all(run, workers):
    """The locks that every one of these workers took."""
    return [lock for lock in run.locks if all(lock.takes.get(worker.pid) for worker in workers)]


def locks_taken(run, workers):
    """The locks that any of these workers took."""
    pids = {worker.pid for worker in workers}
    return [lock for lock in run.locks if not pids.isdisjoint(lock.takes)]


def locks_used(run, workers):
    """In words: which locks these workers took."""
    pids = {worker.pid for worker in workers}
    own = [lock for lock in run.locks if lock.made_by in pids]
    if own:
        return f"{len(own)} locks, each made by a worker for itself"
    used = locks_taken(run, workers)
    if not used:
        return "no lock between processes was ever taken"
    if len(used) == 1:
        return "one lock, which not all of them take"
    return f"{len(used)} locks, none of them taken by all"


def cashiers_at_work(run):
    """The four workers of a deposit step."""
    return hired(
        run, has(4), what="cashiers", hint="One Process for each cashier, and start() for each Process.", last=True
    )


def one_at_a_time(run, cashiers):
    """The lock that all of them share, and that lets in one at a time."""
    shared = taken_by_all(run, cashiers)
    expect(
        "a lock that all four cashiers take",
        shared,
        at_least(1),
        observed=locks_used(run, cashiers),
        because="A lock keeps apart only those who use the same lock.",
        hint="Make it once, in your notebook, and pass it to every cashier in args.",
        mistake=UNPROTECTED,
    )
    single = [lock for lock in shared if lock.maxvalue == 1 or lock.peak <= 1]
    expect(
        "of these, a lock that lets in one at a time",
        single,
        at_least(1),
        observed=f"a semaphore, and {max(lock.peak for lock in shared)} were inside at one moment",
        hint="mp.Lock() has one key.",
    )
    return single


def all_there(run, cashiers, locks, wanted):
    """Nothing was lost, though everyone paused in the middle."""
    number = account(run, cashiers)
    expect(
        "dollars in the book",
        number.value,
        equals(wanted),
        because="Whoever reads while another one is between reading and writing reads a balance that is out of date.",
        hint="Put reading, stamping and writing inside the same with block, and begin with a new book.",
        mistake=UNPROTECTED,
    )
    written_by_workers(cashiers, [number], LEFT)
    stamped(cashiers)
    stamped_inside(locks, cashiers, DEPOSITS)
    whole = [lock for lock in locks if all(lock.takes.get(worker.pid, 0) <= 2 for worker in cashiers)]
    if whole and len(whole) == len(locks):
        note(
            "Correct, yet sequential: each cashier keeps the lock for its whole work, so the others only wait. "
            "Hold it for one deposit at a time."
        )


# -- lose-money --------------------------------------------------------------------------------


@check("lose-money")
def cashiers(run):
    """Four cashiers are processes of their own"""
    return cashiers_at_work(run)


@check("lose-money")
def together(run, cashiers):
    """All four are at work at the same time"""
    at_once(run, cashiers)
    ended(run, cashiers)
    ended_well(cashiers)


@check("lose-money")
def same_book(run, cashiers, together):
    """All four make 200 deposits in the same book"""
    number = account(run, cashiers)
    written_by_workers(cashiers, [number], LEFT)
    stamped(cashiers)
    return number


@check("lose-money")
def book(run, same_book):
    """Money is lost: the book says less than 800"""
    value = same_book.value
    workers = cashiers_at_work(run)
    if value == WANTED and not locks_taken(run, workers):
        # When each began and ended is known, but not when it was at the book: a busy machine may let one in at a time.
        cannot_tell("This time nobody came in between, and nothing was lost. Run the cell again.")
    if not 0 < value < WANTED:
        fail(
            "between 1 and 799 dollars in the book",
            f"{value}",
            because="Four at once, and no lock: they overwrite what the others wrote.",
            hint='Take no lock yet. Begin with a new book: balance = mp.Value("i", 0, lock=False).',
        )
    locks = [lock for lock in taken_by_all(run, workers) if not stamps_outside(lock, workers, DEPOSITS)]
    expect(
        "locks that keep the four cashiers apart",
        locks,
        none(),
        observed=f"{len(locks)}",
        because="Cashiers that take turns lose nothing: it was not your cashiers who lost this money.",
        hint="Take no lock yet.",
    )
    note(f"{value}")


# -- one-lock ---------------------------------------------------------------------------------------


@check("one-lock")
def four(run):
    """Four cashiers work at the same time"""
    found = cashiers_at_work(run)
    at_once(run, found)
    ended(run, found)
    return found


@check("one-lock")
def lock(run, four):
    """One and the same lock keeps them apart"""
    ended_well(four, mistake=("M18", "M40", "M62", "M11", "M10", "M04", "M01"))
    return one_at_a_time(run, four)


@check("one-lock")
def balance(run, four, lock):
    """No dollar is lost: the book says 800"""
    all_there(run, four, lock, WANTED)


# -- own-lock ---------------------------------------------------------------------------------------


@check("own-lock")
def crew(run):
    """Four cashiers work at the same time, and come to their end"""
    found = cashiers_at_work(run)
    at_once(run, found)
    ended(run, found)
    ended_well(found)
    return found


@check("own-lock")
def its_own(run, crew):
    """They use the lock that comes with the account"""
    number = account(run, crew)
    mine = [lock for lock in taken_by_all(run, crew) if lock.owner == "number" or lock.name == number.lock]
    expect(
        "the account's own lock, taken by all four",
        mine,
        at_least(1),
        observed="the account was made with lock=False, so that it has none"
        if not number.locked
        else locks_used(run, crew),
        because="What belongs together is best kept together: the number and its lock.",
        hint='mp.Value("i", 0) brings a lock along; balance.get_lock() gives it to you.',
        mistake=UNPROTECTED,
    )
    return mine


@check("own-lock")
def nested(run, crew, its_own):
    """One that holds it takes it again, and does not wait for itself"""
    expect(
        "times that one cashier held it at once",
        2 if any(lock.takes_within(worker.pid) for lock in its_own for worker in crew) else 1,
        at_least(2),
        because="An RLock knows who holds it. The same owner may take it again.",
        hint="Call bonus inside the with block of deposit; bonus takes the same lock.",
    )


@check("own-lock")
def eighty(run, crew, its_own):
    """No dollar is lost: the book says 880"""
    all_there(run, crew, its_own, WANTED + WANTED // 10)


# -- transfers ---------------------------------------------------------------------------------------


@check("transfers")
def two(run):
    """Two cashiers move money at the same time, and come to their end"""
    found = hired(run, has(2), what="cashiers", hint="One for Ann to Bob, one for Bob to Ann.", last=True)
    at_once(run, found)
    ended(run, found)
    ended_well(found)
    return found


@check("transfers")
def locked(run, two):
    """Each transfer holds the locks of both accounts"""
    used = taken_by_all(run, two)
    expect(
        "locks that both cashiers take",
        used,
        at_least(1),
        observed=locks_used(run, two),
        because="A transfer changes two accounts. Nobody else may see it half done.",
        hint="with first.get_lock(): and inside it, with second.get_lock():",
        mistake=UNPROTECTED,
    )
    alone = [worker for worker in two if len(used) > 1 and not run.nested(worker)]
    expect(
        "cashiers that never held both locks at once",
        alone,
        none(),
        observed=", ".join(str(worker) for worker in alone),
        because="Between the two locks the money is on neither account.",
        hint="Take the second lock inside the with block of the first, and write both balances there.",
    )
    stamped_inside(used, two, 100, wanted=2)
    if len(used) == 1:
        note(
            "One lock for everything is right too. But then nobody can move money between two other accounts meanwhile."
        )
    return used


@check("transfers")
def order(run, two, locked):
    """Both cashiers take the locks in the same order"""
    in_order(run, two)


@check("transfers")
def all_the_money(run, two, locked):
    """Ann has 800, Bob has 1,200, and not a dollar is lost"""
    pids = {worker.pid for worker in two}
    given = [number for number in run.numbers if set(number.given_to) >= pids and number.value is not None]
    given = given or [number for number in run.numbers if number.names and number.value is not None]
    held = sorted(number.value for number in given)
    expect(
        "dollars on the two accounts",
        held,
        equals([800, 1200]),
        because="Read both, stamp, write both: with both locks held from the first to the last.",
        hint="100 times 3 dollars from Ann to Bob, 100 times 1 dollar from Bob to Ann; both begin with 1,000.",
        mistake=UNPROTECTED,
    )
    written_by_workers(two, given, "the accounts as the cashiers left them")
    stamped(two, times=90)


# -- break-deadlock -----------------------------------------------------------------------------------


@check("break-deadlock", phase="break")
def deadlock(run):
    """Each of two processes waits for a lock that the other one holds"""
    circle = run.standstill.cycle
    expect(
        "processes that wait for each other",
        [wait.waiter for wait in circle],
        at_least(2),
        observed="; ".join(run.standstill.lines) or instead(run) or "nobody waits for a lock now",
        hint="Run the cell as it is, and let it hang.",
    )
    note("; ".join(run.standstill.lines))


@check("break-deadlock", phase="repair")
def new_locks(run):
    """Two processes take two locks, and the locks are new"""
    workers = hired(run, at_least(2), what="processes", last=True)
    pids = {worker.pid for worker in workers}
    used = [lock for lock in run.locks if len(pids & (set(lock.takes) | set(lock.wants) | set(lock.waiting))) > 1]
    fresh = {(cell.cell, cell.run) for cell in run.cells}
    old = [lock for lock in used if lock.made_in not in fresh]
    expect(
        "locks left over from the deadlock",
        old,
        none(),
        observed=f"{len(old)}",
        because="A lock that was held when its holder was ended stays locked for ever.",
        hint="Make new locks in the same cell: lock_a, lock_b = mp.Lock(), mp.Lock()",
        mistake="M45",
    )
    expect(
        "locks that both processes take",
        used,
        at_least(2),
        observed=f"{len(used)}" + "".join(f"; {line}" for line in run.standstill.lines),
        because="The task needs both: what is changed belongs to two accounts.",
        hint="Keep both locks. Change only the order.",
        mistake=("M43", "M44", "M46"),
    )
    return used


@check("break-deadlock", phase="repair")
def both_end(run):
    """Both come to their end: exit codes 0 and 0"""
    workers = hired(run, at_least(2), what="processes", last=True)
    ended(run, workers)
    ended_well(workers)
    return workers


@check("break-deadlock", phase="repair")
def same_order(run, new_locks, both_end):
    """Both take the locks in the same order"""
    in_order(run, both_end)
    alone = [
        worker
        for worker in both_end
        if any(lock.takes.get(worker.pid) for lock in new_locks) and not run.nested(worker)
    ]
    expect(
        "processes that never held both at once",
        alone,
        none(),
        because="Whoever gives the first back before it takes the second lets others see the work half done.",
        hint="Take the second lock inside the with block of the first.",
    )


def in_order(run, workers):
    """Nobody takes two locks in another order than somebody else, one inside the other."""
    orders = {pair for worker in workers for pair in run.nested(worker)}
    against = {(first, second) for first, second in orders if (second, first) in orders}
    expect(
        "pairs of locks that are taken in two orders",
        len(against) // 2,
        none(),
        because="With two orders it may go well today. Each may wait for the other one tomorrow.",
        hint="The order of the locks must not depend on where the money goes. Sort by name, for example.",
        mistake="M43",
    )


# -- break-exception -----------------------------------------------------------------------------------


@check("break-exception", phase="break")
def died_with_it(run):
    """A process dies of an exception while it holds the lock, and the next one waits for ever"""
    dead = {worker.pid: worker for worker in run.workers if worker.exit_code == 1}
    kept = [lock for lock in run.locks if any(hold.pid in dead and not hold.given for hold in lock.holds)]
    expect(
        "locks that a process held when its exception ended it",
        kept,
        at_least(1),
        observed=instead(run) or "none",
        hint="Run the cells as they are, and let the second one hang.",
    )
    waiting = [wait for wait in run.standstill.waits if wait.lock in kept and not wait.holders]
    expect(
        "processes that wait for this lock",
        waiting,
        at_least(1),
        observed="none now",
        hint="Let the cell hang, and look at the sidebar before you interrupt.",
    )
    note("; ".join(run.standstill.lines))


@check("break-exception", phase="repair")
def given_back(run):
    """The first still dies of its bad slip, but gives the lock back"""
    # Where the first is kept out by the old lock, there is no second yet: so this is looked at first.
    pids = {worker.pid for worker in (run.attempts[0] if run.attempts else ())}
    touched = [lock for lock in run.locks if pids & {*lock.takes, *lock.wants, *lock.waiting}]
    fresh = {(cell.cell, cell.run) for cell in run.cells}
    expect(
        "locks that were made before",
        [lock for lock in touched if lock.made_in not in fresh],
        none(),
        observed="the old lock, which the dead one still holds",
        because="Nobody is left who could give the old lock back.",
        hint="Make a new lock in the same cell.",
        mistake="M45",
    )
    workers = hired(run, at_least(2), what="processes", last=True)
    pids = {worker.pid for worker in workers}
    used = [lock for lock in run.locks if pids & set(lock.takes)]
    expect(
        "locks that the processes take",
        used,
        at_least(1),
        because="Without a lock, nobody waits; but nobody is kept from the book either.",
        hint="Keep the lock, and use it by with.",
    )
    kept = [lock for lock in used if any(hold.pid in pids and not hold.given for hold in lock.holds)]
    expect(
        "locks that were never given back",
        kept,
        none(),
        observed=f"{len(kept)}: {'; '.join(run.standstill.lines) or 'its holder has ended'}",
        because="The exception jumps over release(). What stands in finally, or at the end of with, is always done.",
        hint="with lock: gives it back, by whichever way you leave the block.",
        mistake=("M42", "M44"),
    )
    failed = [worker for worker in workers if worker.exit_code == 1]
    expect(
        "processes that die of the bad slip",
        failed,
        at_least(1),
        observed=", ".join(f"{worker}: {how(worker)}" for worker in workers),
        because="An error that is hushed up is still an error, and now nobody hears of it.",
        hint='Let int("twelve") raise. Only the lock must not stay behind.',
    )
    return used


@check("break-exception", phase="repair")
def next_turn(run, given_back):
    """The next one gets its turn and ends with exit code 0"""
    workers = hired(run, at_least(2), what="processes", last=True)
    ended(run, workers)
    good = [
        worker for worker in workers if worker.exit_code == 0 and any(lock.takes.get(worker.pid) for lock in given_back)
    ]
    expect(
        "processes that took the lock and ended with exit code 0",
        good,
        at_least(1),
        observed=", ".join(f"{worker}: {how(worker)}" for worker in workers),
        hint="Start a second process with a good slip, after the first.",
        mistake=("M42", "M04", "M01"),
    )


# -- stretch-semaphore -------------------------------------------------------------------------------------


@check("stretch-semaphore")
def five(run):
    """Five clients are there at the same time, and come to their end"""
    found = hired(run, has(5), what="clients", last=True)
    at_once(run, found)
    ended(run, found)
    ended_well(found)
    return found


def alone(run, clients, semaphore):
    """Whether these take no lock beside it that could keep them apart."""
    return all(lock is semaphore for lock in locks_taken(run, clients))


@check("stretch-semaphore")
def two_inside(run, five):
    """Two at a time are inside, and never three"""
    shared = taken_by_all(run, five)
    expect(
        "a semaphore that all five take",
        shared,
        at_least(1),
        observed=locks_used(run, five),
        hint="Make it once with mp.Semaphore(2), pass it to all five, and use it by with.",
        mistake=("M41", "M40"),
    )
    two = [lock for lock in shared if lock.maxvalue != 1 or lock.cls in ("Semaphore", "BoundedSemaphore")]
    expect(
        "of these, a semaphore",
        two,
        at_least(1),
        observed="a lock, which lets in one at a time",
        hint="mp.Semaphore(2) has two keys.",
    )
    hasty = [worker for worker in five if not any(hold.length >= QUESTION_NS for hold in two[0].kept(worker.pid))]
    met = two[0].peak >= 2 or two[0].wants or not alone(run, five, two[0])
    if not met and not hasty:
        cannot_tell("Your clients never met: each had gone before the next one came. Run the cell again.")
    if met:
        expect(
            "clients inside at one moment, at the most",
            two[0].peak,
            equals(2),
            because="A semaphore has as many keys as the number that you give it.",
            hint="mp.Semaphore(2), and time.sleep(0.2) inside the with block.",
        )
    expect(
        "clients that ask outside",
        hasty,
        none(),
        observed=", ".join(str(worker) for worker in hasty),
        because="Whoever gives the key back before it asks is no longer counted.",
        hint="time.sleep(0.2) belongs inside the with block.",
    )
    return two[0]


@check("stretch-semaphore")
def keys_back(run, two_inside):
    """Both keys are back at the end"""
    if two_inside.value is not None and not two_inside.holds:
        cannot_tell("The use of the semaphore was not seen. Run the cell again.")
    kept = [hold for hold in two_inside.holds if not hold.given]
    expect(
        "keys that never came back",
        kept,
        none(),
        observed=f"{len(kept)}",
        because="A key that is not given back is lost for everyone.",
        hint="with semaphore: gives it back, whatever happens.",
        mistake=("M42", "M45"),
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
