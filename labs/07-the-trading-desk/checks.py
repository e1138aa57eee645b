"""What L07 looks for: one server, who called it for what, what it answered, and who ended first."""

from dataclasses import replace

from parallab.checks import at_least, cannot_tell, check, equals, expect, fail, has, none, note
from parallab.checks.common import (
    BAD_START,
    at_once,
    ended,
    ended_well,
    hired,
    how,
    instead,
    no_threads_left,
    nothing_left,
)

SHARES = ("AAPL", "MSFT", "NVDA")
ROUNDS = 100
ORDERS = 60
#: So many prices each share has.
TRADES = 10
#: A server that is dismissed gets a second to end (multiprocessing.managers); the clocks of two processes tell of it.
DISMISSAL_NS = 900_000_000
LOCKS = frozenset({"Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition"})
READS = frozenset({"__getitem__", "get", "copy", "items", "values", "setdefault", "pop"})
WRITES = frozenset({"__setitem__", "update", "setdefault", "append", "extend", "insert", "__iadd__"})
GONE = frozenset(
    {"FileNotFoundError", "ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError", "EOFError", "OSError"}
)


# -- what several steps look at --------------------------------------------------------------------


def traders_at_work(run, wanted=3):
    """So many traders, all at the same time, to their end."""
    found = hired(run, has(wanted), what="traders", hint="One Process for each share, and start() for each.", last=True)
    at_once(run, found)
    ended(run, found)
    return found


def pids(workers):
    return {worker.pid for worker in workers}


def one_server(run, workers):
    """The one server that your notebook hired for them."""
    mine = [server for server in run.managers if server.parent == run.recording.pid]
    theirs = len(run.managers) - len(mine)
    expect(
        "Manager servers that your notebook hired",
        mine,
        at_least(1),
        observed=f"none; but {theirs} that the traders hired, one each" if theirs else instead(run) or "none",
        because="Somebody must keep what is shared: the server.",
        hint="with mp.Manager() as manager: … in your notebook.",
        mistake=("M37",),
    )
    expect(
        "servers that traders hired for themselves",
        theirs,
        equals(0),
        because="What one server keeps, the others do not know.",
        hint="Make the Manager once, in your notebook, and pass the proxies in args.",
    )
    return mine


def used_by_all(run, workers, methods, kind=""):
    """The shared objects on which every one of these workers called one of the methods."""
    callers = {}
    for call in run.calls:
        if call.method in methods and call.error is None and (not kind or call.type == kind):
            callers.setdefault(call.object, set()).add(call.pid)
    return [name for name, found in callers.items() if found >= pids(workers)]


# -- shared-dict --------------------------------------------------------------------------------------


@check("shared-dict")
def traders(run):
    """Three traders work at the same time, and end well"""
    found = traders_at_work(run)
    ended_well(found, mistake=("M54", *BAD_START))
    return found


@check("shared-dict")
def server(run, traders):
    """One server keeps the dictionary and the list, in a process of its own"""
    return one_server(run, traders)


@check("shared-dict")
def shared(run, traders, server):
    """All three write into the same dictionary and the same list"""
    for kind, name in (("dict", "dictionary"), ("list", "list")):
        used = [
            call.pid for call in run.calls if call.type == kind and call.method in WRITES and call.pid in pids(traders)
        ]
        expect(
            f"a shared {name} that all three write into",
            used_by_all(run, traders, WRITES, kind),
            at_least(1),
            observed=f"{len(set(used))} of 3 traders wrote into a shared {name}",
            because="A copy, even one of a shared thing, is not shared.",
            hint=f"manager.{kind}() in your notebook; pass it to each trader as it is.",
            mistake=("M52", "M37"),
        )
    few = [trader for trader in traders if written_by(run, trader) < TRADES]
    expect(
        f"traders that wrote fewer than {TRADES} trades into the list",
        few,
        none(),
        observed=f"{few[0]}: {written_by(run, few[0])}" if few else "",
        because="Each share has ten prices, and each of them is a trade.",
        hint="events.append((share, price)), inside the loop.",
    )
    traded = {trader: shares_of(run, trader) for trader in traders}
    missing = [share for share in SHARES if all(share not in shares for shares in traded.values())]
    if all(traded.values()):  # what could be looked into
        expect(
            "shares that nobody traded",
            missing,
            none(),
            observed=", ".join(missing),
            because="Each trader goes through the prices of a share of its own.",
            hint="args=(share, stats, events), for each share of SHARES.",
        )


def shares_of(run, worker):
    """The shares in what this worker has added to shared lists."""
    calls = [call for call in run.calls if call.pid == worker.pid and call.type == "list" and call.method in WRITES]
    said = "\n".join(str(call.args) for call in calls)
    return {share for share in SHARES if share in said}


def written_by(run, worker):
    """How many entries this worker has added to shared lists; of what cannot be looked into, as many as are needed."""
    calls = [
        call
        for call in run.calls
        if call.pid == worker.pid and call.type == "list" and call.method in WRITES and call.error is None
    ]
    return sum(entries(call) for call in calls)


def entries(call):
    if call.method in ("append", "insert"):
        return 1
    several = call.args[-1] if call.args else None
    return len(several) if isinstance(several, list) else TRADES


@check("shared-dict")
def dismissed(run, traders, server):
    """The server ends last, and with exit code 0"""
    for one in server[-1:]:
        if one.alive:
            fail("a server that has ended", "it is still there", hint="with … as manager: dismisses it at the end.")
        if one.exit_code is None:
            cannot_tell("Nobody saw how the server ended. Run the cell again.")
        if terminated_by_python(run, one):
            continue
        expect("the server's exit code", one.exit_code, equals(0), hint="Let the with block end by itself.")


def terminated_by_python(run, server):
    """Whether it was dismissed, but did not get to its end in time, as on a busy machine: then Python terminates it."""
    told = run.dismissed_at(server)
    return server.exit_code == -15 and bool(told) and server.ended - told >= DISMISSAL_NS


# -- where ---------------------------------------------------------------------------------------------


def own_types(run):
    """The managers of the step that serve a type of the learner's own; those defined in the notebook do not count."""
    uses = [use for use in run.services if use.service == "manager" and use.act in ("begin", "fail")]
    in_cell = [name for use in uses for name in (use.cls, *use.kinds) if name.startswith("__main__.")]
    expect(
        "classes that stand in the notebook instead of a module",
        dict.fromkeys(name.removeprefix("__main__.") for name in in_cell),
        none(),
        observed=", ".join(dict.fromkeys(name.removeprefix("__main__.") for name in in_cell)),
        because="The server is a process of its own. A fresh Python can only import your class. Where the "
        "notebook is copied it may work by luck; from Python 3.14 on it is not copied by default.",
        hint="Move both classes into a cell that begins with %%writefile, and import that module.",
        mistake=("M04", "M01"),
    )
    failed = [use for use in uses if use.act == "fail"]
    own = [use for use in uses if use.act == "begin" and use.kinds]
    expect(
        "managers that serve a class of your own",
        own,
        at_least(1),
        observed="its server died at once"
        if failed
        else f"{instead(run) or 'none'}" + ("; your manager has nothing registered" if uses else ""),
        because="A manager makes only what was registered with it.",
        hint='Desk.register("OrderBook", OrderBook), below both classes; then with orders.Desk() as desk: …',
        mistake=("M04", "M01"),
    )
    return own


@check("where")
def registered(run):
    """A manager of your own serves a class of your own"""
    return own_types(run)


@check("where")
def lives(run, registered):
    """The order book says itself that it lives in the server"""
    servers = {use.child for use in registered}
    mine = [call for call in run.calls if call.server in servers and call.pid == run.recording.pid]
    said = [call for call in mine if call.result in servers and call.result == call.server]
    expect(
        "answers of the book that are the server's number",
        said,
        at_least(1),
        observed=f"{len(mine)} calls, and none with that answer",
        because="What is called through a proxy is executed by the server.",
        hint="book = desk.OrderBook(), then book.where().",
    )
    note("Not in your notebook: in the server.")


# -- nested ----------------------------------------------------------------------------------------------


def by_key(run):
    """The calls on dictionaries in your notebook, by dictionary and key: what update() writes, key by key."""
    found = {}
    for call in run.calls:
        if call.type == "dict" and call.args and call.error is None:
            pairs = call.args[-1].items() if call.method == "update" and isinstance(call.args[-1], dict) else ()
            written = [replace(call, args=[key, value], given=("str", type(value).__name__)) for key, value in pairs]
            for one in written or [call]:
                found.setdefault((one.object, str(one.args[0])), []).append(one)
    return found


@check("nested")
def copied(run):
    """The list in the dictionary stays empty: it was a copy that you changed"""
    twice = [
        calls
        for calls in by_key(run).values()
        if len([call for call in calls if call.method in READS and call.result == []]) > 1
    ]
    expect(
        "lists that were read twice from the server, and were empty both times",
        twice,
        at_least(1),
        observed=instead(run) or "none",
        because="What the server sends is a copy. What you do with it, the server never hears of.",
        hint="Run the first cell of this step as it is.",
    )
    note("0")


@check("nested")
def put_back(run):
    """Put back: the changed list is assigned again, and the server has it"""
    back = [
        calls
        for calls in by_key(run).values()
        if any(one.method in ("__setitem__", "update") and holds_list(one) and reads_later(run, one) for one in calls)
    ]
    expect(
        "lists that were put back, and were then read from the server",
        back,
        at_least(1),
        observed="none",
        because="The server hears of an assignment to the proxy.",
        hint='copy = stats["AAPL"]; copy.append(10); stats["AAPL"] = copy; and then print(stats["AAPL"]).',
        mistake="M52",
    )


def holds_list(call):
    return any(isinstance(arg, list) and arg for arg in call.args[1:]) and "list" in call.given


def reads_later(run, written):
    """Whether a list that was put back was read from the server afterwards: alone, or with all that lies beside it."""
    wanted = next(arg for arg in written.args[1:] if isinstance(arg, list))
    later = [call for call in run.calls if call.object == written.object and call.began >= written.at]
    return any(
        shows(call.result, wanted) if call.method in READS else call.method == "__repr__" and str(wanted) in call.result
        for call in later
        if call.error is None and call.result is not None
    )


def shows(result, wanted):
    """Whether this list is the result, or lies in it."""
    parts = result.values() if isinstance(result, dict) else result if isinstance(result, list) else ()
    return result == wanted or any(shows(part, wanted) for part in parts)


@check("nested")
def kept_there(run):
    """Nested: a list that the server keeps is changed in place"""
    inside = [
        call
        for call in run.calls
        if call.method in ("__setitem__", "update", "setdefault") and "ListProxy" in call.given
    ]
    read = [call for call in run.calls if call.type == "dict" and call.result_type == "ListProxy"]
    changed = [
        call
        for call in run.calls
        if call.type == "list"
        and call.method in WRITES
        and call.error is None
        and any(one.at <= call.began for one in read)
    ]
    expect(
        "lists of the server's that lie in its dictionary",
        [*inside, *read],
        at_least(1),
        because="Then the dictionary holds a proxy, and no copy is made.",
        hint='stats["MSFT"] = manager.list()',
    )
    expect(
        "changes of such a list, by way of the dictionary",
        changed,
        at_least(1),
        hint='stats["MSFT"].append(10)',
    )


# -- any-type -----------------------------------------------------------------------------------------------


@check("any-type")
def brokers(run):
    """Three traders place orders at the same time, and end well"""
    found = traders_at_work(run)
    ended_well(found, mistake=("M54", *BAD_START))
    return found


@check("any-type")
def one_book(run, brokers):
    """All three use one and the same book, in the server"""
    own = own_types(run)
    one_server(run, brokers)
    servers = {use.child for use in own}
    callers = {}
    for call in run.calls:
        if call.server in servers and call.error is None:
            callers.setdefault(call.object, set()).add(call.pid)
    books = [name for name, found in callers.items() if found >= pids(brokers)]
    seen = {pid for found in callers.values() for pid in found} & pids(brokers)
    expect(
        "a book in the server that all three call",
        books,
        at_least(1),
        observed=f"{len(seen)} of 3 traders called one" if seen or not callers else "only your notebook called one",
        because="What a trader keeps to itself, the book does not know.",
        hint="Make the book once, by desk.OrderBook(), and pass it to each trader in args.",
        mistake=("M37",),
    )
    return books[-1]


@check("any-type")
def sixty(run, brokers, one_book):
    """The book knows all 60 orders"""
    answers = [
        call.result
        for call in run.calls
        if call.object == one_book and call.pid == run.recording.pid and isinstance(call.result, int)
    ]
    # Who only asks the book for something hands nothing over.
    placed = [call for call in run.calls if call.object == one_book and call.pid in pids(brokers) and call.args]
    expect(
        "orders that the book has counted",
        answers[-1] if answers else "nobody asked it",
        equals(ORDERS),
        because="Three traders place 20 orders each.",
        hint="book.count(), in your notebook, after the last join and inside the with.",
    )
    if len(placed) < ORDERS and not any(isinstance(arg, list) for call in placed for arg in call.args or []):
        fail(
            "60 orders placed by the traders",
            f"{len(placed)}",
            because="The rest was placed by somebody else.",
            hint="Each trader calls book.place 20 times.",
        )


# -- not-atomic ----------------------------------------------------------------------------------------------


def counts(run, workers):
    """The dictionaries in which every one of these workers wrote numbers: by name, how far they came.

    What was written last tells it. Who only reads may tell of it when others have gone on writing; who writes with the
    lock in its hand may not.
    """
    found = {}
    for name in used_by_all(run, workers, WRITES, "dict"):
        calls = [
            call
            for call in run.calls
            if call.object == name and call.type == "dict" and call.error is None and call.pid in pids(workers)
        ]
        numbers = [(call.at, number) for call in calls if call.method in WRITES for number in number_in(call)]
        numbers = numbers or [(call.at, number) for call in calls for number in number_in(call)]
        if numbers:
            found[name] = max(numbers)[1]
    return found


def number_in(call):
    """What a call says that the count is."""
    if call.method in ("__setitem__", "update") and call.args:
        return whole_numbers(call.args[-1])
    return whole_numbers(call.result) if call.method in READS else []


def whole_numbers(value):
    """A number, or those of a copied dictionary."""
    parts = value.values() if isinstance(value, dict) else [value]
    return [part for part in parts if isinstance(part, int)]


@check("not-atomic", phase="break")
def lost(run):
    """Three traders count without a lock, and counts are lost"""
    found = traders_at_work(run)
    ended_well(found)
    totals = counts(run, found)
    expect(
        "a shared dictionary in which all three count",
        list(totals),
        at_least(1),
        observed="none",
        hint="Run both cells as they are.",
    )
    total = list(totals.values())[-1]
    expect(
        "locks that the traders take",
        holds(run, found),
        none(),
        observed=f"{len(holds(run, found))}",
        because="Traders that take turns lose nothing.",
        hint="Run both cells as they are, without a lock.",
    )
    if total == 3 * ROUNDS:
        cannot_tell("This time nobody came in between. Run the cell again.")
    if total > 3 * ROUNDS:
        fail("less than 300", f"{total}", hint="Run both cells as they are.")
    note("Reading and writing are two calls: between them, others have called.")


def holds(run, workers):
    """When each lock was held by whom: of the manager's locks and of multiprocessing's, by lock."""
    found = {}
    taken = {}
    for call in run.calls:
        if call.type not in LOCKS or call.pid not in pids(workers):
            continue
        if call.method == "acquire" and call.result is not False:
            taken.setdefault((call.object, call.pid), call.at)
        elif call.method == "release" and (call.object, call.pid) in taken:
            found.setdefault(call.object, []).append((call.pid, taken.pop((call.object, call.pid)), call.began))
    for lock in run.locks:
        mine = [
            (hold.pid, hold.taken, hold.given or 2**63)
            for hold in lock.holds
            if hold.pid in pids(workers) and not hold.library
        ]
        if mine:
            found[lock.name] = mine
    return found


def pairs_outside(run, workers, name, held):
    """The workers that read or wrote this dictionary while they did not hold the lock, or gave it back in between."""
    outside = []
    for worker in workers:
        mine = sorted((begin, end) for pid, begin, end in held if pid == worker.pid)
        calls = [call for call in run.calls if call.object == name and call.pid == worker.pid]
        reads = [call for call in calls if call.method in READS]
        inside = [(begin, end) for begin, end in mine if any(begin <= call.began and call.at <= end for call in reads)]
        writes = [call for call in calls if call.method in ("__setitem__", "update")]
        free = [call for call in writes if not any(begin <= call.began and call.at <= end for begin, end in inside)]
        if len(free) > len(writes) // 10:
            outside.append(worker)
    return outside


@check("not-atomic", phase="repair")
def together(run):
    """Three traders count at the same time, and end well"""
    found = traders_at_work(run)
    ended_well(found, mistake=("M41", "M54", "M18", *BAD_START))
    return found


@check("not-atomic", phase="repair")
def locked(run, together):
    """One lock, which all three take, holds from reading to writing"""
    totals = counts(run, together)
    expect(
        "a shared dictionary in which all three count",
        list(totals),
        at_least(1),
        observed="none",
        hint="Count in the manager's dictionary, as before.",
        mistake=("M37",),
    )
    name = list(totals)[-1]
    locks = holds(run, together)
    shared = [held for held in locks.values() if {pid for pid, _, _ in held} >= pids(together)]
    expect(
        "a lock that all three take",
        shared,
        at_least(1),
        observed=f"{len(locks)} locks, none of them taken by all" if locks else "no shared lock was ever taken",
        because="A lock keeps apart only those who use the same lock.",
        hint="lock = manager.Lock() in your notebook, passed to each trader in args.",
        mistake=("M41", "M40", "M53"),
    )
    outside = min((pairs_outside(run, together, name, held) for held in shared), key=len)
    expect(
        "traders that read or write outside the lock",
        outside,
        none(),
        observed=", ".join(str(worker) for worker in outside),
        because="Each call is safe. Only the lock makes one thing of two.",
        hint="Reading, thinking and writing belong in the same with block.",
        mistake="M53",
    )
    return totals[name]


@check("not-atomic", phase="repair")
def all_there(run, together, locked):
    """Nothing is lost: they come to 300"""
    expect(
        "what they counted together",
        locked,
        equals(3 * ROUNDS),
        hint="Begin with a new dictionary, n=0, and let each trader count 100 times.",
        mistake="M53",
    )


# -- break-leave ---------------------------------------------------------------------------------------------


def too_late(run, workers):
    """The workers that died of a server that was gone."""
    return [
        worker for worker in workers if worker.exit_code == 1 and worker.error is not None and worker.error.type in GONE
    ]


@check("break-leave", phase="break")
def closed_early(run):
    """The server ends before the trader, and the trader dies of it"""
    found = hired(run, at_least(1), what="traders", hint="Run both cells as they are.")
    late = too_late(run, found)
    expect(
        "traders that found no server any more",
        late,
        at_least(1),
        observed=", ".join(how(worker) for worker in found),
        hint="Run both cells as they are.",
    )
    first = [server for server in run.managers if run.ended_before(server, late[0])]
    expect("servers that ended before the trader", first, at_least(1), observed="none")
    note("The trader called a server that was gone: exit code 1.")


@check("break-leave", phase="repair")
def in_time(run):
    """The trader is done before the server ends"""
    found = hired(run, at_least(1), what="traders", hint="Start the trader again, and wait for it in time.", last=True)
    ended(run, found)
    ended_well(found, hint="Wait for it inside the with block.", mistake=("M54", *BAD_START))
    servers = one_server(run, found)
    early = [worker for worker in found if any(run.ended_before(one, worker) for one in servers[-1:])]
    expect(
        "traders that ended after the server",
        early,
        none(),
        observed=f"{len(early)}; this time it did not matter",
        because="A server that is gone answers nobody.",
        hint="p.join() inside the with block.",
        mistake="M54",
    )
    wrote = {call.pid for call in run.calls if call.method in WRITES and call.error is None}
    expect(
        "traders that wrote nothing into the dictionary",
        [worker for worker in found if worker.pid not in wrote],
        none(),
        because="The trader is to do what it could not do before.",
        hint="Keep late.trade, and pass it stats.",
    )


# -- clean-bench ----------------------------------------------------------------------------------------------


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended, the servers too"""
    nothing_left(run)


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)
