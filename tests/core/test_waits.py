"""Who waits for whom, on snapshots written by hand: rules that real programs show only by luck."""

from __future__ import annotations

import msgspec

from parallab import ipc, waits
from parallab.model import (
    Blocked,
    Inode,
    Mapping,
    OpenFile,
    Outside,
    PipeState,
    Process,
    SemaphoreState,
    SemLock,
    Snapshot,
    Socket,
    Thread,
)

SECOND = 1_000_000_000
LOCK = Inode(27, 1)
OTHER = Inode(27, 2)
PIPE = Inode(15, 77)

ON_LOCK = Blocked("futex", inode=LOCK)
ON_OTHER = Blocked("futex", inode=OTHER)
INSIDE = Blocked("futex")
RUNNING = Blocked("running")
SLEEP = Blocked("clock_nanosleep", timed=True)


def child(pid: int) -> Blocked:
    return Blocked("wait4", pid=pid)


def mapped(inode: Inode) -> Mapping:
    return Mapping(inode.ino * 0x1000, inode.ino * 0x1000 + 0x1000, inode, f"/dev/shm/sem.{inode.ino}", True)


def process(pid: int, *blocked: Blocked, ppid: int = 1, files: str = "", state: str = "S") -> Process:
    """``files``: ``r``, ``w`` and ``rw`` ends of PIPE, at descriptors 3 and 4; always descriptor 0."""
    ends = [OpenFile(3 + k, "pipe", mode, "pipe:[77]", PIPE) for k, mode in enumerate(files)]
    return Process(
        pid=pid,
        started=pid,
        ppid=ppid,
        comm="python",
        state=state,
        cmdline=("python", "x.py") if ppid == 1 else ("python", "-c", "…", "--multiprocessing-fork"),
        threads=tuple(Thread(pid + k, "python", "R" if one is RUNNING else "S", one) for k, one in enumerate(blocked)),
        files=(OpenFile(0, "other", "r", "/dev/null", Inode(6, 4)), *ends),
        mappings=(mapped(LOCK), mapped(OTHER)),
    )


def snapshot(*processes: Process, held: dict[int, Inode] | None = None, value: int = 0, told: bool = True) -> Snapshot:
    """The first process is the root; ``held`` says who holds which lock."""
    held = held or {}
    return Snapshot(
        monotonic=SECOND,
        unix=1.0,
        root=processes[0].pid,
        processes=processes,
        semaphores=tuple(SemaphoreState(inode, value, 1) for inode in (LOCK, OTHER)),
        sem_locks=tuple(
            SemLock(one.pid, inode, int(held.get(one.pid) == inode), 1, 1)
            for one in processes
            for inode in (LOCK, OTHER)
            if told
        ),
        pipes=(PipeState(PIPE, 0),),
    )


def later(seen: Snapshot) -> Snapshot:
    return msgspec.structs.replace(seen, monotonic=seen.monotonic + SECOND)


def stuck(seen: Snapshot, baseline: Snapshot | None = None) -> bool | None:
    return waits.stuck(seen, later(seen), baseline)


def kinds(seen: Snapshot, baseline: Snapshot | None = None) -> list[str]:
    return [one.kind for one in waits.diagnose(seen, later(seen), baseline)]


def test_a_circle_of_locks():
    seen = snapshot(
        process(10, child(20)),
        process(20, ON_LOCK, ppid=10),
        process(30, ON_OTHER, ppid=10),
        held={20: OTHER, 30: LOCK},
    )

    assert stuck(seen) is True
    (found,) = waits.diagnose(seen, later(seen))
    assert (found.kind, found.mistake, found.pids) == ("lock-cycle", "M43", (20, 30))
    assert found.sentence == (
        "Worker 1 of 2 and worker 2 of 2 wait for each other: each holds the lock that the next one wants."
    )
    assert found.evidence == (
        "worker 1 of 2 waits for lock 1b:1 (futex), held by worker 2 of 2",
        "worker 2 of 2 waits for lock 1b:2 (futex), held by worker 1 of 2",
    )
    (cycle,) = waits.cycles(waits.picture(seen), waits.picture(seen).lost())
    assert cycle.pids == (20, 30)


def test_the_oldest_is_named_first_though_its_number_is_the_highest():
    """Where the system had no higher numbers left, it begins with low ones anew."""
    notebook = process(30, ON_LOCK)
    worker = msgspec.structs.replace(process(20, ON_OTHER, ppid=30), started=40)
    seen = snapshot(notebook, worker, held={30: OTHER, 20: LOCK})

    (found,) = waits.diagnose(seen, later(seen))
    assert found.sentence.startswith("The main program and the worker wait for each other")


def test_a_circle_stays_one_while_a_third_computes():
    seen = snapshot(
        process(10, child(20)),
        process(20, ON_LOCK, ppid=10),
        process(30, ON_OTHER, ppid=10),
        process(40, RUNNING, ppid=10),
        held={20: OTHER, 30: LOCK},
    )

    assert stuck(seen) is True
    assert kinds(seen) == ["lock-cycle"]


def test_a_deadlock_of_workers_is_told_though_the_notebook_rests():
    seen = snapshot(
        process(10, Blocked("epoll_wait", fds=(0,))),
        process(20, ON_LOCK, ppid=10),
        process(30, ON_OTHER, ppid=10),
        held={20: OTHER, 30: LOCK},
    )

    assert stuck(seen) is False
    assert kinds(seen) == ["lock-cycle"]


def test_who_waits_for_its_own_lock_may_be_let_go_by_anyone_else_who_has_it():
    """multiprocessing lets any process release any lock: a binary signal looks just so."""
    alone = snapshot(process(10, child(20)), process(20, ON_LOCK, ppid=10), held={20: LOCK})
    accompanied = snapshot(
        process(10, child(20)), process(20, ON_LOCK, ppid=10), process(30, SLEEP, ppid=10), held={20: LOCK}
    )

    assert (stuck(alone), kinds(alone)) == (True, ["same-lock-twice"])
    assert (stuck(accompanied), kinds(accompanied)) == (None, [])


def test_who_moves_has_not_the_lock_that_it_waits_for():
    """It was read as it waited, and once more, for what it has, when it had the lock."""
    seen = snapshot(process(10, child(20)), process(20, ON_LOCK, ppid=10), process(30, SLEEP, ppid=10), held={20: LOCK})
    worker = seen.processes[1]
    moved = msgspec.structs.replace(
        worker, threads=tuple(msgspec.structs.replace(one, cpu_ns=one.cpu_ns + 1) for one in worker.threads)
    )
    after = msgspec.structs.replace(later(seen), processes=(seen.processes[0], moved, seen.processes[2]))

    assert waits.stuck(seen, later(seen)) is None
    assert waits.stuck(seen, after) is False


def test_a_lock_given_back_is_about_to_be_taken():
    seen = snapshot(process(10, child(20)), process(20, ON_LOCK, ppid=10), value=1)

    assert stuck(seen) is False


def test_without_records_of_the_holder_everyone_who_has_it_may_hold_it():
    everyone_waits = snapshot(process(10, child(20)), process(20, ON_LOCK, ppid=10), told=False)
    one_computes = snapshot(
        process(10, child(20)), process(20, ON_LOCK, ppid=10), process(30, RUNNING, ppid=10), told=False
    )

    assert stuck(everyone_waits) is True
    assert stuck(one_computes) is False
    waiting = next(wait for wait in waits.picture(one_computes).waits if wait.pid == 20)
    assert waiting.held_by is None


def test_what_cannot_be_read_is_not_claimed():
    blind = process(20, Blocked("read", fds=(3,)), ppid=10)
    seen = snapshot(process(10, child(20)), msgspec.structs.replace(blind, files=()))
    denied = snapshot(process(10, child(20)), msgspec.structs.replace(blind, threads=(Thread(20, "python", "S"),)))

    assert stuck(seen) is None
    assert stuck(denied) is None
    assert kinds(seen) == kinds(denied) == []


def test_cpu_used_between_the_looks_is_life():
    seen = snapshot(process(10, child(20)), process(20, ON_LOCK, ppid=10), held={20: LOCK})
    worker = seen.processes[1]
    ran = msgspec.structs.replace(worker, threads=(msgspec.structs.replace(worker.threads[0], cpu_ns=1),))
    moved = msgspec.structs.replace(later(seen), processes=(seen.processes[0], ran))

    assert waits.stuck(seen, moved) is False
    assert waits.diagnose(seen, moved) == ()


def test_a_pid_given_to_another_process_is_another_process():
    seen = snapshot(process(10, child(20)), process(20, ON_LOCK, ppid=10), held={20: LOCK})
    other = msgspec.structs.replace(seen.processes[1], started=99)
    moved = msgspec.structs.replace(later(seen), processes=(seen.processes[0], other))

    assert waits.stuck(seen, moved) is False


def test_a_zombie_is_about_to_be_collected():
    zombie = msgspec.structs.replace(process(20, ppid=10, state="Z"), files=(), exit_code=0)
    seen = snapshot(process(10, child(20)), zombie)

    assert stuck(seen) is False


def test_a_stopped_process_may_be_continued_by_anybody():
    stopped = process(20, ON_LOCK, ppid=10)
    stopped = msgspec.structs.replace(stopped, threads=(Thread(20, "python", "T", ON_LOCK),))

    assert stuck(snapshot(process(10, child(20)), stopped)) is None


def test_a_pipe_whose_only_writer_reads_it():
    seen = snapshot(process(10, Blocked("read", fds=(3,)), files="rw"))

    assert stuck(seen) is True
    assert kinds(seen) == ["waits-for-itself"]


def test_a_pipe_held_open_by_someone_unseen_cannot_be_told():
    assert stuck(snapshot(process(10, Blocked("read", fds=(3,)), files="r"))) is None


def test_a_pipe_with_something_in_it_is_about_to_be_read():
    seen = snapshot(process(10, Blocked("read", fds=(3,)), files="rw"))

    assert stuck(msgspec.structs.replace(seen, pipes=(PipeState(PIPE, 5),))) is False


def test_threads_of_the_baseline_are_nobodys_hope():
    machinery = snapshot(process(10, Blocked("epoll_wait", fds=(0,)), SLEEP))
    seen = snapshot(process(10, INSIDE, SLEEP))
    with_a_thread_of_its_own = snapshot(process(10, INSIDE, SLEEP, SLEEP))

    assert stuck(seen) is None  # its other thread may be the one, or have nothing to do with it
    assert stuck(seen, machinery) is True
    assert stuck(with_a_thread_of_its_own, machinery) is None


def test_a_notebook_without_baseline_is_not_called_idle_for_its_own_threads():
    kernel = msgspec.structs.replace(process(10, INSIDE, SLEEP), cmdline=("python", "-m", "ipykernel_launcher"))
    early = msgspec.structs.replace(
        kernel, threads=(kernel.threads[0], msgspec.structs.replace(kernel.threads[1], started=110))
    )

    assert stuck(snapshot(kernel)) is None
    assert stuck(snapshot(early)) is None  # it may be that of a cell that ran at once
    waiting = msgspec.structs.replace(early.threads[1], blocked=Blocked("poll", fds=(0,)))
    assert stuck(snapshot(msgspec.structs.replace(early, threads=(early.threads[0], waiting)))) is True


def test_both_ends_of_a_socket_pair_read():
    here, there = Inode(9, 1), Inode(9, 2)
    one = process(10, Blocked("read", fds=(7,)))
    two = process(20, Blocked("recvfrom", fds=(8,)), ppid=10)
    seen = snapshot(
        msgspec.structs.replace(one, files=(*one.files, OpenFile(7, "socket", "rw", "socket:[1]", here))),
        msgspec.structs.replace(two, files=(*two.files, OpenFile(8, "socket", "rw", "socket:[2]", there))),
    )
    sockets = (Socket(1, peer=2), Socket(2, peer=1))
    quiet = msgspec.structs.replace(seen, sockets=sockets)
    loud = msgspec.structs.replace(seen, sockets=(Socket(1, peer=2, queued=3), sockets[1]))

    assert (stuck(quiet), kinds(quiet)) == (True, ["both-read"])
    assert stuck(loud) is False


def test_a_worker_that_is_still_starting_may_be_given_any_semaphore():
    handle = OpenFile(9, "pipe", "r", "pipe:[8]", Inode(15, 8))
    root, worker = process(10, ON_LOCK), process(20, RUNNING, ppid=10)
    begun = msgspec.structs.replace(
        worker,
        cmdline=("python", "-c", "spawn_main(tracker_fd=5, pipe_handle=9)", "--multiprocessing-fork"),
        mappings=(),
    )
    starting = msgspec.structs.replace(begun, files=(*begun.files, handle))
    telling = msgspec.structs.replace(root, files=(*root.files, OpenFile(7, "pipe", "w", "pipe:[8]", Inode(15, 8))))

    assert stuck(snapshot(telling, starting, told=False)) is False
    assert stuck(snapshot(telling, begun, told=False)) is True
    assert stuck(snapshot(root, starting, told=False)) is True  # the number is that of another pipe by now


def forked_server(*pairs: tuple[int, int], polls: int) -> Snapshot:
    """A program that joins by forkserver the worker of which its descriptor ``polls`` tells; see ``pipes``.

    Of each worker ``pairs`` has the inodes of its two pipes, in the order in which they were made: the one that
    tells of its end, and the one that tells it of the program's. The first worker runs, the others wait for LOCK.
    """
    line = ("python", "-c", "from multiprocessing.forkserver import main; main(…)")
    ends = [
        (
            OpenFile(10 + 2 * n, "pipe", "r", f"pipe:[{home}]", Inode(15, home)),
            OpenFile(11 + 2 * n, "pipe", "w", f"pipe:[{out}]", Inode(15, out)),
        )
        for n, (home, out) in enumerate(pairs)
    ]
    root = process(10, Blocked("poll", fds=(polls,)))
    root = msgspec.structs.replace(root, files=(*root.files, *(one for pair in ends for one in pair)))
    server = msgspec.structs.replace(process(20, SLEEP, ppid=10), cmdline=line, mappings=(), forked=False)
    writes = [OpenFile(one.fd, "pipe", "w", one.target, one.inode) for one, _ in ends]
    server = msgspec.structs.replace(server, files=(*server.files, *writes))
    workers = [
        msgspec.structs.replace(
            process(30 + n, ON_LOCK if n else RUNNING, ppid=20),
            cmdline=line,
            forked=True,
            files=(OpenFile(3, "pipe", "r", out.target, out.inode),),
        )
        for n, (_, out) in enumerate(ends)
    ]
    return snapshot(root, server, *workers)


def test_whom_a_poll_joins_under_forkserver_is_told_by_the_pair_of_pipes_of_each():
    def joined(*pairs: tuple[int, int], polls: int) -> tuple[int, ...] | None:
        seen = waits.picture(forked_server(*pairs, polls=polls))
        wait = seen.wait(seen.main)
        assert wait is not None
        return wait.held_by if wait.kind == "child" else None

    assert joined((100, 101), (102, 103), polls=12) == (31,)
    # Other programs make pipes meanwhile.
    assert joined((100, 105), (107, 190), polls=12) == (31,)
    assert joined((100, 105), (107, 190), polls=10) == (30,)
    # The second of a pair may be made on another processor, which numbers otherwise.
    assert joined((100, 40), polls=10) == (30,)
    assert joined((100, 40), (102, 103), polls=10) is None
    assert joined((100, 40), (102, 103), polls=12) == (31,)
    assert joined((100, 101), (102, 40), polls=12) is None


def test_who_is_joined_by_pipes_that_do_not_tell_it_is_not_called_stuck():
    assert stuck(forked_server((100, 40), (102, 103), polls=10)) is not True
    assert stuck(forked_server((100, 101), (102, 40), polls=12)) is not True


def loop(other: Process, *, writes: bool = False, **pidfd: int) -> Snapshot:
    """An event loop that watches its own wake-up pair and a pidfd, beside a child that may write into a pipe of its."""
    pair = (
        OpenFile(7, "socket", "rw", "socket:[1]", Inode(9, 1)),
        OpenFile(8, "socket", "rw", "socket:[2]", Inode(9, 2)),
    )
    root = process(10, Blocked("epoll_wait", fds=(7, 9)), files="r")
    watched = OpenFile(9, "anon", "rw", "pidfd:[5]", **pidfd)
    child = process(other.pid, other.threads[0].blocked, ppid=10, files="w") if writes else other
    seen = snapshot(msgspec.structs.replace(root, files=(*root.files, *pair, watched)), child)
    return msgspec.structs.replace(seen, sockets=(Socket(1, peer=2), Socket(2, peer=1)))


def test_an_event_loop_waits_for_the_child_whose_pidfd_it_watches():
    full = loop(process(20, Blocked("write", fds=(3,))), writes=True, pid=20)

    assert (stuck(full), kinds(full)) == (True, ["join-before-drain"])
    assert stuck(loop(process(20, SLEEP, ppid=10), pid=20)) is False
    assert stuck(loop(process(20, None, ppid=10, state="Z"), pid=20)) is False
    # Of whom the descriptor tells is not known: then it may be anything.
    assert stuck(loop(process(20, Blocked("write", fds=(3,))), writes=True)) is False


def test_an_event_loop_that_only_its_own_threads_could_wake():
    pair = (
        OpenFile(7, "socket", "rw", "socket:[1]", Inode(9, 1)),
        OpenFile(8, "socket", "rw", "socket:[2]", Inode(9, 2)),
    )
    root = process(10, Blocked("epoll_wait", fds=(7,)))
    alone = snapshot(msgspec.structs.replace(root, files=(*root.files, *pair)))
    alone = msgspec.structs.replace(alone, sockets=(Socket(1, peer=2), Socket(2, peer=1)))

    assert (stuck(alone), kinds(alone)) == (True, ["loop-asleep"])


def test_who_joins_while_holding_the_lock_that_the_child_wants():
    seen = snapshot(process(10, child(20)), process(20, ON_LOCK, ppid=10), held={10: LOCK})

    assert (stuck(seen), kinds(seen)) == (True, ["join-holding-lock"])


# -- the grammar of semaphores ------------------------------------------------------------------


def words(letters: str, pipes: int = 0) -> list[str]:
    """The composites read from files made in this order, by a process with so many pipes.

    A dot is another program's file, A an arena of its own; the letters are the grammar's.
    """
    limits = {"L": (1, 1), "R": (1, 0), "S": (ipc.grammar.SEM_VALUE_MAX, 1), "B": (5, 1)}
    semaphores, memory = {}, {}
    for number, letter in enumerate(letters, 1):
        inode = Inode(27, number)
        if letter == "A":
            memory[inode] = ipc.SharedMemory("arena", inode, "", 4096, (ipc.End(10, 5, "rw"),))
        if letter not in limits:
            continue
        maxvalue, kind = limits[letter]
        record = SemLock(10, inode, 0, maxvalue, kind)
        semaphores[inode] = ipc.Semaphore(inode, 1, 0, frozenset((10,)), (record,))
    ends = (ipc.End(10, 3, "r"), ipc.End(10, 4, "w"))
    pipe_objects = {Inode(15, k): ipc.Pipe(Inode(15, k), ends) for k in range(pipes)}
    found = ipc.Objects(semaphores=semaphores, pipes=pipe_objects, memory=memory)
    return [one.kind for one in ipc.composites(found)]


def test_words_of_semaphores():
    assert words("L") == []
    assert words("LLS", pipes=1) == ["queue"]
    assert words("LLB", pipes=1) == ["queue"]
    assert words("LLS") == []
    assert words("LL", pipes=1) == ["simple-queue"]
    assert words("LLSSRSSS", pipes=1) == ["joinable-queue"]
    assert words("RSSS") == ["condition"]
    assert words("LSSSS") == ["event"]
    assert words("LLLS", pipes=1) == ["queue"]
    assert words("LLSSSS", pipes=1) == ["event"]
    assert words("LLSLLS", pipes=2) == ["queue", "queue"]
    assert words("RLSSSSRSSS") == ["event", "condition"]
    assert words("SSSS") == []
    assert words("ARSSS") == ["barrier"]


def test_programs_beside_it_make_their_semaphores_at_the_same_time():
    assert words("L.L.S.S.R...S.S.S", pipes=1) == ["joinable-queue"]
    assert words("LLSS..RSSS", pipes=1) == ["joinable-queue"]
    assert words("A..RSS.S") == ["barrier"]
    assert words("L....SSSS") == ["event"]


def test_what_was_made_between_or_long_after_is_another_object():
    assert words("LLASSRSSS", pipes=1) == ["simple-queue", "condition"]
    assert words("LSARSSS") == ["barrier"]
    assert words("LASSSS") == []
    assert words("LL" + "." * ipc.grammar.NEAR + "SSRSSS", pipes=1) == ["simple-queue", "condition"]
    assert words("ALRSSS") == ["condition"]


# -- a baseline subtracted --------------------------------------------------------------------------


def test_without_the_baseline_only_what_is_new_is_left():
    before = snapshot(process(10, INSIDE, SLEEP, files="rw"))
    now = snapshot(process(10, INSIDE, SLEEP, RUNNING, files="rw"), process(20, SLEEP, ppid=10, files="rw"))

    left = ipc.without(now, before)

    assert [one.pid for one in left.processes] == [10, 20]
    assert [thread.tid for thread in left.processes[0].threads] == [10, 12]
    assert (left.processes[1].files, left.pipes, left.semaphores) == ((), (), ())
    assert ipc.without(now, None) == now


def test_an_alarm_may_end_any_wait_and_another_handler_one_for_its_own_process():
    locked = process(10, ON_LOCK)
    inside = process(10, INSIDE)
    alarm, term = 1 << 13, 1 << 14

    def caught(one: Process, signals: int) -> Snapshot:
        return snapshot(msgspec.structs.replace(one, caught=signals), held={10: LOCK})

    assert [stuck(caught(one, alarm)) for one in (locked, inside)] == [None, None]
    assert [stuck(caught(one, term)) for one in (locked, inside)] == [True, None]
    assert [stuck(caught(one, 0b10)) for one in (locked, inside)] == [True, True]  # SIGINT: every Python has that


def test_what_a_process_beyond_holds_may_be_ended_by_it():
    pipe = snapshot(process(10, Blocked("read", fds=(3,)), files="rw"))
    lock = snapshot(process(10, ON_LOCK), held={10: LOCK})

    def beyond(seen: Snapshot, inode: Inode, mode: str) -> Snapshot:
        return msgspec.structs.replace(seen, outside=(Outside(inode, 99, mode),))

    assert (stuck(pipe), stuck(beyond(pipe, PIPE, "w")), stuck(beyond(pipe, PIPE, "r"))) == (True, None, True)
    assert (stuck(lock), stuck(beyond(lock, LOCK, "map"))) == (True, None)


def test_anyone_may_open_a_fifo_by_its_name():
    seen = snapshot(process(10, Blocked("read", fds=(3,)), files="rw"))
    (one,) = seen.processes
    named = tuple(msgspec.structs.replace(file, target="/tmp/fifo") for file in one.files)

    assert stuck(seen) is True
    assert stuck(msgspec.structs.replace(seen, processes=(msgspec.structs.replace(one, files=named),))) is None
