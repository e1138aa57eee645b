"""One kernel's recorder: merges what the probe reports with what the operating system shows.

It keeps a bounded log of events, looks at the process tree while a cell runs (rarely enough to
stay under 1 % of a core) and not at all while the kernel is idle, decides when a cell is stuck,
and cuts a :class:`parallab.model.Recording` out of it all on demand, also while a cell hangs.
Everything that reads /proc runs in a thread of its own; everything else on the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from parallab import comings, live, model, story, waits, wire
from parallab.comings import Comings
from parallab.ear import Deliver, Ear
from parallab.ledgers import Book
from parallab.log import Log
from parallab.procfs import everybody, pidfd
from parallab.procfs.read import Reader, Sockets
from parallab.shm_watch import ShmWatch
from parallab.sightings import Sightings

#: Seconds between two looks at the tree, at the least; and how much of a core they may cost.
LOOK = 0.02
SHARE = 0.01
#: Seconds that everything must stand still before a cell can be called stuck (contract: ≥ 250 ms).
STILL = 0.26
#: Seconds between two decisions on a cell that stands still but is not stuck, at the most.
PATIENCE = 2.0
#: Seconds that the kernel gets to answer a question.
ANSWER = 0.5
#: Seconds that it gets to tell its stacks, while nothing moves: without them a standstill has no name.
STACKS = 2.0
#: Processes of one kernel that are looked at; of more that live at once, nothing is concluded.
CROWD = 1000
TOO_MANY = (
    f"Too many processes: more than {CROWD:,} of this kernel's are alive at once, and only those are looked at. "
    "Restart the kernel to end them."
)
THREADS = 500
ADDRESSES = 2000
#: What the lab did for the learner, beside their cells: the last of them.
ACTS = 20

Listener = Callable[[str], None]


class Recorder:
    """Records one kernel through restarts; made on a running event loop.

    ``root`` is the /proc in which the kernel has the numbers that it and its probe use, ``depth`` how many
    pid namespaces that is below ours. A kernel in namespaces of its own needs an ``ear`` that hears into
    them, its namespace's unix ``sockets``, and a ``handle``, which opens a pidfd of a number in there. Of
    what it may leave no ledger is kept, since nothing outlives its namespaces.
    """

    def __init__(
        self,
        kernel_id: str,
        root: Path = Path("/proc"),
        *,
        ear: Callable[[Deliver], Ear] = Ear,
        sockets: Sockets | None = None,
        depth: int = 0,
        handle: Callable[[int], Awaitable[int]] | None = None,
    ) -> None:
        self.kernel_id = kernel_id
        self._make_ear = ear
        self._sockets = sockets
        self._depth = depth
        self._handle = handle
        self.pid = 0
        self.dead = False
        self.last_end: tuple[str, int, int] = ("", 0, 0)
        """Cell, run and moment (monotonic ns) of the cell that ended last."""
        self._loop = asyncio.get_running_loop()
        self._root = root
        self._listeners: list[Listener] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads: ThreadPoolExecutor | None = None
        self._ear: Ear | None = None
        self._pidfd: int | None = None
        self._book: Book | None = None
        self._acts: deque[model.Acted] = deque(maxlen=ACTS)
        self._clear()

    def _clear(self) -> None:
        self._log = Log()
        for act in self._acts:
            self._log.add(act)
        self._comings = Comings()
        self._shm = ShmWatch(self._comings, self._loop)
        self._reader = Reader(self._root, self._sockets, most=CROWD)
        self._blind = ""
        self._death: int | None = None
        self._crowded = False
        self._baseline: model.Snapshot | None = None
        self._machinery: tuple[model.Thread, ...] = ()
        self._hello: model.Hello | None = None
        self._sightings = Sightings()
        self._living: dict[int, model.ThreadRun] = {}
        self._returned = asyncio.Event()
        self._running: tuple[str, int] | None = None
        self._newest: tuple[str, int] = ("", 0)
        self._stuck: bool | None = False
        self._happened = self._moved = time.monotonic()
        self._watch: asyncio.Task[None] | None = None
        self._changed: asyncio.TimerHandle | None = None
        self._looks: tuple[model.Snapshot, ...] = ()
        self._looked = 0.0
        self._named: tuple[model.Named, ...] = ()
        self._cost = 0.0
        self._decision: asyncio.Task[None] | None = None

    # -- life of the kernel ----------------------------------------------------------

    def environment(self, notebook: str = "") -> dict[str, str]:
        """A new life begins: what the kernel's environment needs for its probe to find us, and its tags.

        ``notebook`` is remembered with what this life may leave.
        """
        self._end_life()
        self._clear()
        self.pid, self.dead = 0, False
        if self._threads is None:
            self._threads = ThreadPoolExecutor(1, thread_name_prefix="parallab-look")
        self._ear = self._make_ear(self._deliver)
        environment = {"PARALLAB_KERNEL_ID": self.kernel_id, **self._ear.environment()}
        if not self._depth:
            self._book = Book(self.kernel_id, notebook, root=self._root)
            environment |= self._book.environment()
        return environment

    def attach(self, pid: int, handle: int | None = None) -> None:
        """The kernel was launched as this process; ``handle`` is a pidfd of it, which is then ours."""
        self.pid = self._log.kernel = pid
        if self._book is not None:
            self._book.begin(pid)
        self._reader.begin(pid)
        self._shm.open(self._root, pid, foreign=bool(self._depth))
        if handle is None and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                handle = os.pidfd_open(pid)
        if handle is not None:
            self._pidfd = handle
            self._loop.add_reader(handle, self._died)

    def detach(self, restart: bool) -> None:
        """The kernel was shut down; what was recorded can still be cut unless it restarts."""
        self._died()
        self._end_life()
        if restart:
            self._tell("restarted")
        elif self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    def _died(self) -> None:
        if not self.dead:
            self.dead = True
            if self._pidfd is not None:
                self._death = pidfd.exit_code(self._pidfd, self.pid, str(self._root), self._depth)
            self._running = None
            self._forget_pidfd()
            self._tell("dead")
        self._forget_pidfd()

    def _end_life(self) -> None:
        self._forget_pidfd()
        for task in tuple(self._tasks):
            task.cancel()
        if self._changed is not None:
            self._changed.cancel()
            self._changed = None
        self._shm.close()
        if self._ear is not None:
            self._ear.close()
            self._ear = None

    def _forget_pidfd(self) -> None:
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    # -- listening ----------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Calls back with cell-begin, cell-end, changed, stuck, restarted or dead."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Ends what :meth:`listen` began."""
        with contextlib.suppress(ValueError):
            self._listeners.remove(listener)

    def _tell(self, what: str) -> None:
        for listener in tuple(self._listeners):
            listener(what)

    def _deliver(self, events: list[model.AnyEvent]) -> None:
        """Called in the ear's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(self._hear, self._ear, events)

    def _hear(self, ear: Ear | None, events: Iterable[model.AnyEvent]) -> None:
        if ear is not self._ear:
            return
        for event in events:
            if isinstance(event, model.Answer):
                event = msgspec.structs.replace(event, cell=self._newest[0], run=self._newest[1])
            else:
                self._happen(event)
            self._log.add(event)
            self._comings.hear(event)
            if event.pid not in (0, self.pid):
                self._sightings.credit(event)
            elif isinstance(event, model.ThreadRun) and len(self._living) < THREADS:
                self._living[event.ident] = event
            elif isinstance(event, model.ThreadEnd):
                self._living.pop(event.ident, None)
                self._returned.set()
            if isinstance(event, model.ForkMade | model.ProcessStart | model.ProgramStart) and event.seen:
                self._sightings.confirm(event)
            match event:
                case model.ProcessGone():
                    self._sightings.bury(event)
                # The kernel greets once, before its first cell; whoever does it later is a program that lies.
                case model.Hello() if self._hello is None and (not self.pid or event.pid in (0, self.pid)):
                    self._hello = event
                    self._spawn(self._take_baseline())
                case model.CellBegin():
                    self._begin(event)
                case model.CellEnd():
                    self._end(event)
                case _:
                    pass
        self._note_change()

    def _happen(self, event: model.AnyEvent) -> None:
        """What counts is when it happened: a process keeps some reports back until it is asked."""
        at = min(event.at / 1e9, time.monotonic())
        self._happened = max(self._happened, at)
        if at >= self._looked:
            self._unstick()

    def note(self, event: model.Acted) -> None:
        """What the lab itself did for the learner goes into the recording.

        What concerns no cell of this life stays through a restart.
        """
        if not event.cell:
            self._acts.append(event)
        self._log.add(event)
        self._note_change()

    def _note_change(self) -> None:
        if self._changed is None and self._listeners:
            self._changed = self._loop.call_later(0.05, self._tell_change)

    def _tell_change(self) -> None:
        self._changed = None
        self._tell("changed")

    def _begin(self, event: model.CellBegin) -> None:
        if self._newest == ("", 0):
            self._spawn(self._take_baseline())
        self._running = self._newest = (event.cell, event.run)
        self._shm.wake()
        if self._watch is None or self._watch.done():
            self._watch = self._spawn(self._watch_cell())
        self._tell("cell-begin")

    def _end(self, event: model.CellEnd) -> None:
        self._running = None
        self.last_end = (event.cell, event.run, event.at)
        self._spawn(self._keep_book())
        self._tell("cell-end")

    # -- looking ---------------------------------------------------------------------------

    async def _look(self) -> tuple[model.Process, ...]:
        """The tree as it is now; sightings are brought up to date."""
        began = time.monotonic_ns()
        with self._eyes():
            tree, self._cost = await self._loop.run_in_executor(self._threads, self._read_tree, self._book)
            self._sight(tree, began)
        return tree

    @contextlib.contextmanager
    def _eyes(self) -> Iterator[None]:
        """What keeps this server from looking is remembered until a look succeeds."""
        try:
            yield
        except OSError as error:
            self._blind = _cannot_look(error)
            self._note_change()
            raise
        if self._blind:
            self._blind = ""
            self._note_change()

    def _read_tree(self, book: Book | None) -> tuple[tuple[model.Process, ...], float]:
        """The tree, and the CPU seconds it took: on a busy machine far less than the time that passed."""
        began = time.thread_time()
        tree = self._reader.tree(self.pid)
        if book is not None:
            book.note_tree(tree)
        return tree, time.thread_time() - began

    async def processes(self) -> tuple[model.Process, ...]:
        """The kernel and its living descendants, now; those too whose parent has died."""
        return await self._look() if self.pid and not self.dead else ()

    async def handle(self, process: model.Process) -> int | None:
        """A pidfd of this process and no other, for the caller to close; None when it has ended."""
        try:
            fd = await self._handle(process.pid) if self._handle is not None else os.pidfd_open(process.pid)
        except OSError:
            return None
        # Asked after the descriptor was opened: another may have got the number since the last look.
        if everybody.process_started(process.pid, self._root) == process.started:
            return fd
        os.close(fd)
        return None

    async def _keep_book(self) -> None:
        """A cell has ended: what it made is remembered before the kernel comes to rest."""
        with contextlib.suppress(OSError, RuntimeError):
            snapshot = await self._snapshot()
            if self._running is None and len(snapshot.processes) <= 1:
                self._shm.rest()

    def _sight(self, processes: Iterable[model.Process], began: int) -> None:
        """Brings sightings up to date with a look that ``began`` at that monotonic time (ns)."""
        present = [process for process in processes if process.pid != self.pid]
        crowded = len(present) + 1 >= CROWD
        now = time.monotonic_ns()
        slept = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - now
        tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        news = self._sightings.look(
            present, began, now, all_seen=not crowded, since=lambda ticks: max(0, ticks * tick - slept)
        )
        if news or crowded != self._crowded:
            self._note_change()
        self._crowded = crowded

    def _addresses(self) -> list[tuple[int, int]]:
        """Where this life's SemLockObjects lie: a forked child has its parent's at the same place."""
        known: dict[int, set[int]] = {}
        parents: dict[int, int] = {}
        for event in self._log.events():
            if isinstance(event, model.LockMade) and event.address:
                known.setdefault(event.pid, set()).add(event.address)
            elif isinstance(event, model.ProcessBorn) and event.method in ("fork", "os.fork"):
                parents[event.pid] = event.ppid
        found: list[tuple[int, int]] = []
        for pid in [self.pid, *self._sightings.living()]:
            mine = set(known.get(pid, ()))
            ancestor, seen = parents.get(pid), {pid}
            while ancestor is not None and ancestor not in seen:  # a forged report may make a circle
                seen.add(ancestor)
                mine |= known.get(ancestor, set())
                ancestor = parents.get(ancestor)
            found += [(pid, address) for address in mine]
        return found[:ADDRESSES]

    async def _snapshot(self) -> model.Snapshot:
        addresses = self._addresses()
        named = frozenset(one.inode for one in self._comings.lives() if one.inode is not None and not one.deleted)
        began = time.monotonic_ns()
        with self._eyes():
            snapshot, held = await self._loop.run_in_executor(self._threads, self._read, self._book, addresses, named)
            self._comings.hold(held)
            self._sight(snapshot.processes, began)
        return snapshot

    def _read(
        self, book: Book | None, addresses: list[tuple[int, int]], named: frozenset[model.Inode]
    ) -> tuple[model.Snapshot, tuple[comings.Held, ...]]:
        """A snapshot, and what of /dev/shm is held in it; the ledger learns of it, and of the CPU seconds it took."""
        began = time.thread_time()
        snapshot = self._reader.snapshot(self.pid, sem_locks=addresses)
        # Of a crowd it is not read what they hold: that is no reason to forget it.
        if book is not None and len(snapshot.processes) < CROWD:
            book.note(snapshot, time.thread_time() - began, named)
        return snapshot, comings.held(snapshot, book.before if book is not None else frozenset())

    async def _take_baseline(self) -> None:
        """What was there before the learner; the kernel's own threads may come a little later.

        So it is taken when the probe reports, and the kernel's threads again when the first cell
        begins; those that cells start in the meantime are known by their reports. Of a look that
        came too late, the kernel itself is all that is believed.
        """
        try:
            snapshot = await self._snapshot()
        except OSError:
            return  # said by what is blind; what this kernel began with is then not known
        if self._baseline is None and self._newest == ("", 0):
            self._baseline = snapshot
        elif (kernel := snapshot.process(self.pid)) is not None:
            self._machinery = kernel.threads
            if self._baseline is None:
                self._baseline = msgspec.structs.replace(snapshot, processes=(kernel,))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that is kept until it is done, and ended with this life."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _before_the_learner(self) -> model.Snapshot | None:
        """The baseline with all of the kernel's own threads and none of the learner's."""
        kernel = self._baseline.process(self.pid) if self._baseline is not None else None
        if self._baseline is None or kernel is None or not self._machinery:
            return self._baseline
        learners = {
            event.tid for event in self._log.events() if isinstance(event, model.ThreadRun) and event.pid == self.pid
        }
        threads = tuple(thread for thread in self._machinery if thread.tid not in learners)
        others = tuple(process for process in self._baseline.processes if process is not kernel)
        return msgspec.structs.replace(
            self._baseline, processes=(msgspec.structs.replace(kernel, threads=threads), *others)
        )

    def _with_strangers(self, snapshots: Iterable[model.Snapshot]) -> model.Snapshot | None:
        """The baseline; of the shared memory that these snapshots show, what was there before the kernel."""
        before = self._before_the_learner()
        if before is None:
            return None
        found = dict.fromkeys(
            segment for snapshot in snapshots for segment in self._reader.strangers(snapshot.segments)
        )
        return msgspec.structs.replace(before, segments=tuple(found))

    async def _watch_cell(self) -> None:
        """While a cell runs: sparse looks at the tree, and a decision when nothing moves."""
        before: tuple[tuple[int, str, int], ...] = ()
        still = self._moved = time.monotonic()
        patience = STILL
        while self._running is not None and not self.dead:
            try:
                tree = await self._look()
            except OSError:
                await asyncio.sleep(1)  # what it is, is said; it may pass
                continue
            now = time.monotonic()
            moving = self._signature(tree)
            if moving != before or self._happened > still:
                before, still, patience = moving, now, STILL
                self._moved = now
                self._unstick()
            elif now - still >= patience:
                with contextlib.suppress(OSError):
                    await self._decide()
                patience = min(patience * 2, PATIENCE) if not self._stuck else PATIENCE
                before, still = self._signature(tree), time.monotonic()
            if self._book is not None and self._book.wants(tree):
                with contextlib.suppress(OSError):
                    await self._snapshot()
            await asyncio.sleep(max(LOOK, self._cost / SHARE, LOOK if now - still < 1 else 0.1))

    def _signature(self, tree: Iterable[model.Process]) -> tuple[tuple[int, str, int], ...]:
        """What changes when something moves.

        The CPU of a stuck kernel does not count: it answers our questions, beside the cell.
        """
        return tuple(
            (process.pid, process.state, 0 if self._stuck and process.pid == self.pid else process.cpu_ticks)
            for process in tree
        )

    def _unstick(self) -> None:
        if self._stuck is not False:
            self._stuck = False
        self._looks = ()

    async def _decide(self) -> None:
        """Two snapshots far enough apart, and what they say; concurrent callers share one decision."""
        if self._decision is None or self._decision.done():
            self._decision = self._spawn(self._decide_once())
        await asyncio.shield(self._decision)

    async def _decide_once(self) -> None:
        asked = time.monotonic()
        first = await self._snapshot()
        began = time.monotonic()
        stacks = await self._stacks() if self._asks(first) else ()
        if self._asks(first) or len(first.processes) > 1:
            await self._ask_names()
        await asyncio.sleep(max(0.0, began + STILL - time.monotonic()))
        second = msgspec.structs.replace(await self._snapshot(), stacks=stacks)
        if self._happened >= asked or self._running is None:
            return
        # Of a crowd not all were read: somebody else might go on.
        stuck = waits.stuck(first, second, self._before_the_learner()) if not self._crowded else None
        self._looks, self._looked = (first, second), asked
        if stuck is True and self._stuck is not True:
            self._stuck = True
            self._tell("stuck")
        self._stuck = stuck
        self._note_change()

    # -- telling -----------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a cell is running, as the probe says."""
        return self._running is not None

    @property
    def running_cell(self) -> str | None:
        """The id of the cell that is running, or None."""
        return self._running[0] if self._running else None

    @property
    def stuck(self) -> bool | None:
        """Whether the running cell can never go on, as last decided."""
        return self._stuck if self._running is not None else False

    @property
    def moved(self) -> float:
        """When anything last moved that the running cell may be waiting for (monotonic seconds)."""
        return max(self._moved, self._happened)

    @property
    def hello(self) -> model.Hello | None:
        """What the kernel's probe said of itself, None while there is none."""
        return self._hello

    async def cut(self, until: int = 0) -> model.Recording:
        """All that was recorded, with the state now; changes nothing, and works while a cell hangs.

        ``until`` (monotonic ns) leaves out events after that moment.
        """
        snapshots: tuple[model.Snapshot, ...] = ()
        if self.pid and not self.dead:
            await self._threads_returned()
            await self._ask()
            with contextlib.suppress(OSError):
                if self._running is not None and self._stands_still():
                    await self._decide()
                if self._running is not None and self._stuck and self._looks:
                    snapshots = self._looks
                else:
                    snapshots = (await self._snapshot(),)
        return self._recording(until, snapshots)

    async def _threads_returned(self) -> None:
        """A cell has just ended, and threads of its may be about to: each gets the time that it takes to return."""
        end = (self.last_end[2] + story.RETURNS_NS) / 1e9
        while self._running is None and self._living and (left := end - time.monotonic()) > 0:
            self._returned.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._returned.wait(), left)

    def _stands_still(self) -> bool:
        return time.monotonic() - self._happened >= STILL / 2 and not self._looks

    def _asks(self, first: model.Snapshot) -> bool:
        """Whether threads of the kernel that are not its own machinery wait for one another."""
        seen = waits.picture(first, self._before_the_learner())
        return any(
            wait.pid == self.pid and wait.kind == "thread-lock" and (wait.pid, wait.tid) not in seen.machinery
            for wait in seen.waits
        )

    async def _stacks(self) -> tuple[model.Stack, ...]:
        """The kernel's threads, as Python sees them; () where it does not answer."""
        if self._ear is None or self._hello is None:
            return ()
        with contextlib.suppress(asyncio.TimeoutError):
            future = self._ear.ask("stacks", timeout=STACKS)
            answer = await asyncio.wait_for(asyncio.wrap_future(future), STACKS + ANSWER)
            if answer is not None:
                return answer.stacks
        return ()

    async def _ask_names(self) -> None:
        """What the learner calls the objects that can be waited for; kept where it is not what is known."""
        if self._ear is not None and self._hello is not None:
            future = self._ear.ask("named", timeout=ANSWER)
            with contextlib.suppress(asyncio.TimeoutError):
                answer = await asyncio.wait_for(asyncio.wrap_future(future), ANSWER * 2)
                if answer is not None and answer.named != self._named:
                    self._named = answer.named
                    self._hear(self._ear, [answer])

    async def _ask(self) -> None:
        """Asks the kernel for its names and numbers; all that was reported before is in by then."""
        if self._ear is not None and self._hello is not None:
            future = self._ear.ask(timeout=ANSWER)
            with contextlib.suppress(asyncio.TimeoutError):
                answer = await asyncio.wait_for(asyncio.wrap_future(future), ANSWER * 2)
                if answer is not None:
                    self._hear(self._ear, [answer])

    async def dismiss(self, threads: Iterable[int]) -> tuple[model.Dismissal, ...] | None:
        """Asks the kernel to end these threads of its own, where they wait; None when it does not answer."""
        if self._ear is None or self._hello is None:
            return None
        answer = await asyncio.wrap_future(self._ear.ask("dismiss", [str(one) for one in threads], timeout=ANSWER * 4))
        if answer is None:
            return None
        for one in answer.dismissed:
            if one.outcome == "gone":  # the report of its end did not arrive
                self._living.pop(one.ident, None)
        return answer.dismissed

    @property
    def living(self) -> Mapping[int, model.ThreadRun]:
        """The kernel's own threads that its cells started and that have not ended, by their numbers."""
        return self._living

    def _recording(self, until: int, snapshots: tuple[model.Snapshot, ...]) -> model.Recording:
        self._shm.read()
        if self._ear is not None:
            self._log.malformed = self._ear.malformed
        return model.Recording(
            model.SCHEMA,
            self.kernel_id,
            self.pid,
            probe=self._hello is not None,
            baseline=self._with_strangers(snapshots),
            snapshots=snapshots,
            sightings=self._sightings.all(),
            events=self._log.events(until),
            shm=self._comings.lives(),
            not_recorded=self._not_recorded(),
            lost=self._log.lost,
            blind=self._cannot_see(),
            busy_cell=self._running[0] if self._running else "",
            stuck=self.stuck,
            dead=self.dead,
            death=self._death,
            living=tuple(self._living.values()),
            silent=self._ear is not None and self._ear.deaf and not self.dead,
        )

    def _cannot_see(self) -> str:
        if self._crowded:
            return TOO_MANY
        return self._blind

    def _not_recorded(self) -> tuple[str, ...]:
        sentences = list(self._log.not_recorded())
        if self._comings.left_out:
            sentences.append(f"{self._comings.left_out:,} objects in shared memory were counted but not kept")
        if self._shm.unwatched:
            sentences.append(f"shared memory that came and went between two looks: {self._shm.unwatched}")
        return tuple(sentences)

    def state(self, kernel_id: str) -> wire.KernelState:
        """The live picture, from what is already known."""
        return live.picture(self.glance(), kernel_id)

    def glance(self) -> model.Recording:
        """As :meth:`cut`, but with what is already known: no look, no question."""
        return self._recording(0, self._looks)


def _cannot_look(error: OSError) -> str:
    """Why this server cannot look at processes now."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return (
            "The Jupyter server has too many files open to look at your processes. Shut down kernels that "
            "you do not need, then check again."
        )
    if error.errno in (errno.ENOMEM, errno.EAGAIN):
        return "The machine has no memory left to look at your processes. Shut down kernels that you do not need."
    return f"The system refuses a look at your processes: {error.strerror or error}."
