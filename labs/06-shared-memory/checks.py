"""What L06 looks for: which memory all of them shared, who changed it under which lock, and who took it down."""

from functools import lru_cache

from parallab import model
from parallab.checks import at_least, cannot_tell, check, equals, expect, fail, has, none, note
from parallab.checks.common import (
    BAD_START,
    at_once,
    ended,
    ended_well,
    hired,
    instead,
    no_memory_left,
    no_threads_left,
    nothing_left,
    written_by_workers,
)

WIDTH = HEIGHT = 128
SIZE = WIDTH * HEIGHT
STARS = b"a sky full of very small stars"
UNPROTECTED = ("M41", "M40", "M51", "M38")
WORK = "Every painter computes its rows with mandel.row(y)."


# -- the lab's own picture --------------------------------------------------------------------


@lru_cache
def picture():
    """What the picture must be, computed here, one row after the other."""
    return b"".join(
        bytes(shade(-2.2 + 3.0 * x / WIDTH, -1.5 + 3.0 * y / HEIGHT) for x in range(WIDTH)) for y in range(HEIGHT)
    )


def shade(a, b):
    real = imaginary = 0.0
    for step in range(1, 31):
        if real * real + imaginary * imaginary > 4.0:
            return 8 * step
        real, imaginary = real * real - imaginary * imaginary + a, 2.0 * real * imaginary + b
    return 248


# -- what several steps look at ------------------------------------------------------------------


def painters_at_work(run):
    """Four painters that were there at once and came to their end."""
    found = hired(run, has(4), what="painters", hint="One Process for each tile, and start() for each.", last=True)
    at_once(run, found)
    ended(run, found)
    return found


def rows_of(worker):
    """The rows that this process computed itself, as often as it did."""
    lines = worker.memory.get("mandel.ROWS")
    return [line[1] for line in lines if line[0] == worker.pid] if isinstance(lines, list) else []


def all_rows(workers):
    """Each row was computed by one of them, and by one only."""
    done = [y for worker in workers for y in rows_of(worker)]
    missing = sorted(set(range(HEIGHT)) - set(done))
    expect(
        "rows that no painter computed",
        len(missing),
        equals(0),
        because="A painter that computes nothing is no painter.",
        hint=WORK,
        mistake=("M10",),
    )
    twice = {y for y in done if done.count(y) > 1}
    expect(
        "rows that were computed more than once",
        len(twice),
        equals(0),
        because="Each row belongs to one tile, and each tile to one painter.",
        hint="The tiles are 0 to 32, 32 to 64, 64 to 96 and 96 to 128: range(first, last) ends before last.",
    )


def shared_number(run, workers, *, array):
    """The Value or Array that all of them were given."""
    what = 'mp.Array("i", 256)' if array else 'mp.Value("i", 0)'
    given = [
        number
        for number in run.numbers
        if set(number.given_to) >= {worker.pid for worker in workers} and (number.length > 1) == array
    ]
    if not given:
        fail(
            "a shared array that all of them were given" if array else "a shared number that all of them were given",
            f"no {'Array' if array else 'Value'}",
            because="What is passed in args is copied, unless it lies in shared memory.",
            hint=f"Make it once, by {what}, and pass it to every painter in args.",
            mistake=("M37",),
        )
    return given[-1]


def locked_by_all(run, number, workers):
    """A lock that each of them held while it changed the number."""
    its_own = next((lock for lock in run.locks if lock.name == number.lock), None) if number.locked else None
    used = [lock for lock in run.locks if any(lock.kept(worker.pid) for worker in workers)]
    if its_own is not None and not used and not any(its_own.takes.get(worker.pid) for worker in workers):
        fail(
            "painters that count",
            "none of them has ever read or written it",
            because="Each painter counts what it has done itself.",
            hint="Give it to each painter in args, and count there.",
        )
    shared = [lock for lock in used if all(lock.kept(worker.pid) for worker in workers)]
    if not shared:
        own = [lock for lock in used if lock.made_by in {worker.pid for worker in workers}]
        fail(
            "a lock that all four painters take",
            f"{len(own)} locks, each made by a painter for itself"
            if own
            else "one lock, which not all of them take"
            if used
            else "no lock was ever taken"
            + ("" if number.locked else ": it was made with lock=False, so that it has none"),
            because="To count up is to read and to write. It may go well by luck; the next time it may not.",
            hint="with done.get_lock(): lets in one at a time."
            if number.length == 1
            else "with hist.get_lock(): lets in one at a time.",
            mistake=UNPROTECTED,
        )
    idle = [
        worker
        for worker in workers
        if not any(hold.changed is not False for lock in shared for hold in lock.kept(worker.pid))
    ]
    expect(
        "painters that change the number outside the lock",
        idle,
        none(),
        observed=", ".join(str(worker) for worker in idle),
        because="A lock protects only what is done while it is held.",
        hint="Put done.value += 1 inside the with block.",
        mistake=UNPROTECTED,
    )


def counted_inside(run, number, workers):
    """Each of them read and wrote the number in the with block, and nobody has written it afterwards."""
    own = next((lock for lock in run.locks if lock.name == number.lock), None) if number.locked else None
    outside = [worker for worker in workers if own is not None and half_outside(own, worker)]
    expect(
        "painters that read or write it outside the with block",
        outside,
        none(),
        observed=", ".join(str(worker) for worker in outside),
        because="Between reading and writing, another painter may come, and one of the two is not counted.",
        hint="Read and write inside the same with block, as done.value += 1 does."
        if number.length == 1
        else "Read and write inside the same with block, as hist[shade] += 1 does.",
        mistake=UNPROTECTED,
    )
    begun = min(worker.began for worker in workers)
    by_hand = [
        hold
        for hold in (own.holds if own is not None else ())
        if hold.pid == run.recording.pid and hold.writes and hold.taken > begun
    ]
    expect(
        "times that your notebook wrote it while the painters were at work, or after that",
        by_hand,
        none(),
        observed=f"{len(by_hand)}",
        because="The painters count what they have done. Nobody else knows it.",
        hint="Leave the counting to the painters.",
    )
    if number.length == 1:
        written_by_workers(workers, [number], "the number as the painters left it")


def half_outside(own, worker):
    """Whether a painter wrote without the lock in its hand, or wrote what it had read without it."""
    mine = [hold for hold in own.holds if hold.pid == worker.pid]
    access = [hold for hold in mine if hold.library]
    if any(hold.writes and hold.depth == 1 for hold in access) and own.kept(worker.pid):
        return True
    for hold in own.kept(worker.pid):
        inside = [one for one in access if hold.taken <= one.taken <= hold.given] if hold.whole else []
        if any(one.writes for one in inside) and all(one.writes for one in inside):
            return True
    return False


def block(run, workers):
    """The segment that the notebook made and that all of them had in their memory."""
    made = [segment for segment in run.segments if segment.made_by == run.recording.pid and segment.owner != "list"]
    pids = {worker.pid for worker in workers}
    by_painters = [segment for segment in run.segments if segment.made_by in pids]
    expect(
        "blocks that your notebook made",
        made,
        at_least(1),
        observed=f"none; {len(by_painters)} made by painters" if by_painters else instead(run) or "none",
        because="Somebody must make the block before it can be opened by its name.",
        hint="memory = SharedMemory(create=True, size=128 * 128)",
    )
    known = sorted(made, key=lambda segment: len(pids & segment.mapped_by))
    found = known[-1]
    expect(
        "bytes of the block",
        found.size,
        at_least(SIZE),
        hint="size=128 * 128",
    )
    outside = [worker for worker in workers if worker.pid not in found.mapped_by]
    expect(
        "painters that never had the block in their memory",
        outside,
        none(),
        observed=f"{len(outside)} of {len(workers)}"
        + (f"; but {len(by_painters)} blocks were made by painters" if by_painters else ""),
        because="Bytes in args are copied. Only a process that opens the block by its name has the same memory.",
        hint="Pass memory.name in args, and open it in the painter: SharedMemory(name=name).",
        mistake=("M48", "M37", *BAD_START),
    )
    return found


def held(found):
    """What the block held."""
    if found.content is None:
        cannot_tell("What the block held was not seen. Close it in your notebook by close(), and run the cell again.")
    return found.content


# -- predict-list -----------------------------------------------------------------------------------


@check("predict-list")
def four(run):
    """Four painters compute all rows of the picture"""
    found = painters_at_work(run)
    ended_well(found)
    all_rows(found)
    return found


@check("predict-list")
def lists(run, four):
    """Each painted a list of its own; your notebook's list is as it was"""
    without = [worker for worker in four if not any(arg.type in ("list", "bytearray") for arg in worker.args)]
    expect(
        "painters that were given no list",
        without,
        none(),
        observed=f"{len(without)} of 4",
        hint="args=(picture, first, last)",
    )
    mine = run.values.get("picture")
    painted = sum(1 for one in mine if one) if isinstance(mine, list) else 0
    expect(
        "painted rows in your notebook's list",
        painted,
        equals(0),
        because="It was not the painters who painted these.",
        hint="Leave the list to the painters.",
    )
    note("0")


# -- one-number -----------------------------------------------------------------------------------


@check("one-number")
def crew(run):
    """Four painters compute the rows, all at the same time"""
    found = painters_at_work(run)
    ended_well(found)
    all_rows(found)
    return found


@check("one-number")
def number(run, crew):
    """All four were given one and the same number"""
    return shared_number(run, crew, array=False)


@check("one-number")
def counted(run, crew, number):
    """They count one at a time, and come to 128"""
    if number.value is None:
        cannot_tell("The number could not be read. Run the cell again.")
    locked_by_all(run, number, crew)
    counted_inside(run, number, crew)
    expect(
        "rows that were counted",
        number.value,
        equals(HEIGHT),
        because="Each painter counts each of its 32 rows once.",
        hint="done.value += 1 for each row, inside the lock; and begin with a new Value of type “i”.",
        mistake=UNPROTECTED,
    )


# -- array ---------------------------------------------------------------------------------------------


@check("array")
def counters(run):
    """Four painters count the shades of their tiles, all at the same time"""
    found = painters_at_work(run)
    ended_well(found, mistake=("M51", *BAD_START))
    all_rows(found)
    return found


@check("array")
def hist(run, counters):
    """All four were given one and the same array of 256 counters"""
    found = shared_number(run, counters, array=True)
    expect("counters in the array", found.length, at_least(256), hint='mp.Array("i", 256)')
    return found


@check("array")
def total(run, counters, hist):
    """They count one at a time, and every shade is counted right"""
    if not hist.items:
        cannot_tell("The array could not be read. Run the cell again.")
    locked_by_all(run, hist, counters)
    counted_inside(run, hist, counters)
    wanted = [picture().count(bytes([shade])) for shade in range(256)]
    expect(
        "points that were counted",
        sum(one or 0 for one in hist.items[:256]),
        equals(SIZE),
        because="The picture has 128 times 128 points.",
        hint="hist[shade] += 1 for each point, inside the lock; and begin with a new Array of type “i”.",
        mistake=UNPROTECTED,
    )
    wrong = [shade for shade in range(256) if hist.items[shade] != wanted[shade]]
    expect(
        "shades with a wrong count",
        len(wrong),
        equals(0),
        hint="The shade of a point is its byte in the row: for shade in mandel.row(y).",
    )


# -- named-segment -----------------------------------------------------------------------------------


@check("named-segment")
def signers(run):
    """Four painters come, all at the same time"""
    return painters_at_work(run)


@check("named-segment")
def one_block(run, signers):
    """All four and your notebook have one and the same block in their memory"""
    found = block(run, signers)
    ended_well(signers, mistake=("M48", *BAD_START))
    return found


@check("named-segment")
def signed(run, signers, one_block):
    """Each painter has signed its tile"""
    content = held(one_block)
    unsigned = [first for first in range(0, HEIGHT, 32) if content[first * WIDTH] != 255]
    expect(
        "tiles without a signature",
        len(unsigned),
        equals(0),
        because="What a painter writes into the block is seen by everyone.",
        hint="memory.buf[first * 128] = 255",
    )
    # Whoever closes the block has signed, and a signature stays: whoever signed in place n closes a block with n of
    # them. What each left is ordered by that, and not by when it told of it: another may overtake in between.
    left = [seen for worker in signers if (seen := one_block.content_left_by(worker.pid)) is not None]
    counts = sorted(sum(seen[first * WIDTH] == 255 for first in range(0, HEIGHT, 32)) for seen in left)
    for place, signs in enumerate(counts, 1):
        expect(
            f"signatures, when {place} of the painters had closed the block",
            signs,
            at_least(place),
            observed=f"{signs}",
            because="Each painter signs its tile itself, and closes the block after that.",
            hint="In sign: memory.buf[first * 128] = 255, and then memory.close().",
        )


# -- paint ---------------------------------------------------------------------------------------------


@check("paint")
def four_painters(run):
    """Four painters compute the rows, each its own"""
    found = painters_at_work(run)
    ended_well(found, mistake=("M48", *BAD_START))
    all_rows(found)
    return found


@check("paint")
def wall(run, four_painters):
    """All four paint on one and the same block"""
    return block(run, four_painters)


@check("paint")
def painted(run, four_painters, wall):
    """The picture in the block is right, byte for byte"""
    right_picture(wall)
    painted_themselves(wall, four_painters)


def row_of(content, y):
    return content[y * WIDTH : (y + 1) * WIDTH]


def painted_themselves(found, workers):
    """Who closed the block had painted its rows by then."""
    late = [
        worker
        for worker in workers
        if (content := found.content_left_by(worker.pid)) is not None
        and any(row_of(content, y) != row_of(picture(), y) for y in rows_of(worker))
    ]
    expect(
        "painters whose rows were not in the block when they closed it",
        late,
        none(),
        observed=", ".join(str(worker) for worker in late),
        because="Each painter writes its rows itself. Then nothing has to be sent home.",
        hint="memory.buf[y * 128 : (y + 1) * 128] = mandel.row(y), and memory.close() after the last row.",
    )


def right_picture(found):
    content = held(found)
    wanted = picture()
    wrong = [y for y in range(HEIGHT) if row_of(content, y) != row_of(wanted, y)]
    black = [y for y in wrong if not any(row_of(content, y))]
    expect(
        "rows that are wrong",
        len(wrong),
        equals(0),
        observed=f"{len(wrong)}, of which {len(black)} are still empty",
        because="Row y lies in the bytes from y · 128 up to (y + 1) · 128.",
        hint="memory.buf[y * 128 : (y + 1) * 128] = mandel.row(y)",
    )


# -- clean-up -------------------------------------------------------------------------------------------


@check("clean-up")
def again(run):
    """Four painters paint the picture on one block"""
    found = painters_at_work(run)
    ended_well(found, mistake=("M48", *BAD_START))
    all_rows(found)
    wall = block(run, found)
    right_picture(wall)
    painted_themselves(wall, found)
    return found, wall


@check("clean-up")
def windows(run, again):
    """Each painter closes its window"""
    workers, wall = again
    left = [worker for worker in workers if worker.pid not in wall.did("close")]
    expect(
        "painters that do not close the block",
        left,
        none(),
        observed=", ".join(str(worker) for worker in left),
        because="Whoever leaves the window open relies on somebody else to close it.",
        hint="memory.close(), in finally.",
    )


@check("clean-up")
def house(run, again):
    """Your notebook closes its own window, and tears the house down, once"""
    _, wall = again
    home = run.recording.pid
    by_manager = [use for use in wall.uses if use.act == "unlink" and use.owner == "manager" and use.error is None]
    strange = [pid for pid in wall.did("unlink") if pid not in (home, *(use.pid for use in by_manager))]
    expect(
        "painters that tear the house down",
        strange,
        none(),
        observed=f"{len(strange)}",
        because="The others may still want to open it.",
        hint="Only the notebook calls unlink(), after the last join().",
        mistake="M48",
    )
    if home not in wall.did("unlink") and not by_manager:
        fail(
            "an unlink() by your notebook",
            "none: the block is still there" if wall.name in {one.name for one in run.segments_left} else "none",
            because="Closing or forgetting your window does not tear down the house.",
            hint="memory.close(), then memory.unlink().",
            mistake="M47",
        )
    if home not in wall.did("close", by_hand=not by_manager):
        fail(
            "a close() by your notebook",
            "none: your notebook still has the block in its memory",
            because="The house goes away for good when the last window is closed.",
            hint="memory.close() before memory.unlink().",
        )
    twice = wall.failed("unlink")
    expect(
        "further attempts to tear it down",
        twice,
        none(),
        observed=f"{len(twice)}, with a {twice[0].error.type}" if twice else "",
        because="What is torn down cannot be torn down again.",
        hint="unlink() once, in your notebook.",
        mistake="M48",
    )


# -- break-leak ----------------------------------------------------------------------------------------


@check("break-leak", phase="break")
def forgotten(run):
    """A block is left behind, and nobody has it open any more"""
    mine = {segment.name for segment in run.segments if segment.size >= SIZE}
    left = [segment for segment in run.segments_left if segment.name in mine]
    closed = {segment.name for segment in run.segments if segment.did("close", by_hand=False)}
    lost = [segment for segment in left if segment.name in closed]
    expect(
        "blocks that are closed, and still there",
        lost,
        at_least(1),
        observed="none now",
        because="Closing your window does not tear down the house.",
        hint="Run the first cell as it is.",
    )
    note(f"A block of {lost[0].size:,} bytes, in nobody's memory.")


@check("break-leak", phase="break")
def view(run):
    """A window cannot be closed while a view looks through it"""
    stuck = [use for segment in run.segments for use in segment.failed("close") if use.error.type == "BufferError"]
    expect(
        "close() calls that ended with a BufferError",
        stuck,
        at_least(1),
        observed="none",
        hint="Run the second cell as it is.",
    )
    note("BufferError: somebody still points into the block.")


@check("break-leak", phase="repair")
def released(run):
    """The view is let go, and the window closed"""
    uses = run.events(model.SegmentUse)
    refused = [use for use in uses if use.act == "close" and use.error is not None]
    closed = [use for use in uses if use.act == "close" and use.error is None and use.size >= SIZE]
    expect(
        "close() calls that went well",
        closed,
        at_least(1),
        observed="it ended with a BufferError again" if refused else "none",
        because="A view is an open window of its own.",
        hint="view.release(), then memory.close().",
        mistake="M50",
    )


@check("break-leak", phase="repair")
def torn_down(run):
    """Both houses are torn down, by code"""
    no_memory_left(run)
    gone = [use for use in run.events(model.SegmentUse) if use.act == "unlink" and use.error is None]
    expect(
        "unlink() calls that went well",
        gone,
        at_least(1),
        because="A restart lets Python clean up behind you. Your program will not be restarted for that.",
        hint="memory.unlink() and forgotten.unlink()",
    )


# -- stretch-list ---------------------------------------------------------------------------------------


@check("stretch-list", phase="break")
def too_long(run):
    """A longer text does not fit into the room of a shorter one"""
    lists = [segment for segment in run.segments if segment.owner == "list" and segment.made_by]
    expect("lists in shared memory", lists, at_least(1), observed="none", hint="Run the first cell as it is.")
    errors = [error for error in run.errors if error.type == "ValueError"]
    expect(
        "cells that ended with a ValueError", errors, at_least(1), observed="none", hint="Run the first cell as it is."
    )
    note("How much room a text has is settled when the list is made.")


@check("stretch-list", phase="repair")
def room(run):
    """A list with enough room holds the long text"""
    made = [segment for segment in run.segments if segment.owner == "list" and segment.made_by]
    expect("new lists in shared memory", made, at_least(1), observed="none", hint='ShareableList([" " * 40, 3])')
    good = [segment for segment in made if segment.content is not None and STARS in segment.content]
    expect(
        "lists that hold the long text",
        good,
        at_least(1),
        observed="your cell ended with a ValueError again" if run.errors else "none",
        because="Spaces take up room as well.",
        hint='Make the list with " " * 40 in the first place, then write the text over it.',
    )


@check("stretch-list", phase="repair")
def lists_gone(run, room):
    """The blocks of both lists are torn down"""
    no_memory_left(run)


# -- clean-bench -----------------------------------------------------------------------------------------


@check("clean-bench")
def no_processes(run):
    """Every process that you started has ended"""
    nothing_left(run)


@check("clean-bench")
def no_threads(run):
    """Every thread that you started has ended"""
    no_threads_left(run)


@check("clean-bench")
def no_memory(run):
    """Every block of shared memory is torn down"""
    no_memory_left(run)
