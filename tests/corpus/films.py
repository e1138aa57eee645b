"""Recordings for pictures, and the films that the front end's tests are given: read here, written by ``main``.

``python tests/corpus/films.py`` runs the programs below in real kernels and keeps what was recorded
(``films/*.json.xz``); with ``--reread`` it only makes the films anew, from these recordings and from those of
labs (``extension/src/__tests__/films/*.json``). Nothing in them is written by hand.
"""

from __future__ import annotations

import asyncio
import lzma
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent), str(ROOT / "server")]

import msgspec  # noqa: E402

from corpus import verdicts  # noqa: E402
from kernels import RecordedKernel, until  # noqa: E402
from parallab import model, wire  # noqa: E402
from parallab.film import NEWEST, film  # noqa: E402

FOLDER = HERE / "films"
FILMS = ROOT / "extension" / "src" / "__tests__" / "films"

PROGRAMS = {
    # One of everything that is shared, used by two children; a queue is full for a while.
    "everything": """
import multiprocessing as mp, threading, queue
from multiprocessing.shared_memory import SharedMemory
mp.set_start_method("fork", force=True)
orders, results, tray = mp.Queue(2), mp.JoinableQueue(), queue.Queue(2)
mine, yours = mp.Pipe()
total, row, ready, bell = mp.Value("i", 0), mp.Array("d", 4), mp.Event(), mp.Barrier(2)
lock, two = mp.Lock(), mp.Semaphore(2)
block = SharedMemory(create=True, size=64)
server = mp.Manager()
names = server.dict()
def cook(n):
    bell.wait()
    while True:
        order = orders.get()
        if order is None:
            break
        with two:
            with lock:
                total.value += order
            row[n] = total.value
        names[order] = n
        results.put((n, order))
    ready.wait()
    if n == 0:
        yours.send("done")
        # Nobody will answer: the notebook waits for this process's end.
        yours.recv()
cooks = [mp.Process(target=cook, args=(n,), name=f"cook {n}") for n in range(2)]
for one in cooks:
    one.start()
for order in [3, 5, 8, 13, None, None]:
    orders.put(order)
for _ in range(4):
    results.get()
    results.task_done()
results.join()
def carry():
    while tray.get() is not None:
        tray.task_done()
waiter = threading.Thread(target=carry, name="waiter")
for plate in ("soup", "salad"):
    tray.put(plate)
waiter.start()
tray.put("cake")
tray.put(None)
waiter.join()
ready.set()
word = mine.recv()
cooks[0].join()
""",
    # More lanes than fit on one screen, each with some events; all of them alive at once.
    "crowd": """
import multiprocessing as mp
mp.set_start_method("fork", force=True)
desk, tickets = mp.Lock(), mp.Queue()
meet = mp.Barrier(61)
def visit(n):
    meet.wait()
    for visit in range(4):
        with desk:
            pass
    tickets.put(n)
crowd = [mp.Process(target=visit, args=(n,), name=f"visitor {n}") for n in range(60)]
for one in crowd:
    one.start()
meet.wait()
seen = sorted(tickets.get() for _ in crowd)
for one in crowd:
    one.join()
""",
}

#: Programs that end in a standstill, at which they are recorded.
STUCK = ("everything",)

#: Names of films, and which run of which recording each tells: LAB/METHOD/NAME and a step of a lab's, or a program.
FROM = {
    "deadlock": ("L08/fork/solution", "break-deadlock", "A then B"),
    "four-at-once": ("L04/fork/solution", "four-at-once", ""),
    "one-after-another": ("L04/fork/four-at-once-one-loop", "four-at-once", ""),
    "no-lock": ("L08/fork/one-lock-no-lock", "one-lock", ""),
    "stuck": ("L08/fork/transfers-unsorted", "transfers", ""),
    "pool": ("L04/forkserver/four-at-once-pool", "four-at-once", ""),
    "everything": ("", "", "cook 0"),
    "crowd": ("", "", "visitor 0"),
}


def recorded(name: str) -> model.Recording:
    """The recording of a program of this module."""
    return model.loads(lzma.decompress((FOLDER / f"{name}.json.xz").read_bytes()))


def recording(name: str) -> model.Recording:
    """That of a film."""
    case, step, _ = FROM[name]
    return [one for one in verdicts.load(case) if one.step == step][-1].recording if case else recorded(name)


def made(name: str) -> wire.Film:
    """A film: of the run that started the worker of that name, or else of the newest that started any."""
    told, worker = recording(name), FROM[name][2]
    whole = film(told, title=name)
    run = next((lane.run for lane in whole.lanes if worker and lane.name == worker), NEWEST)
    return film(told, "kernel", name, run)


async def _record(name: str) -> model.Recording:
    with tempfile.TemporaryDirectory(prefix="films-") as folder:
        kernel = await RecordedKernel(Path(folder)).start()
        try:
            sent = kernel.send(PROGRAMS[name])
            if name in STUCK:
                await until(lambda: kernel.recorder.glance().stuck, "its standstill")
            else:
                await kernel.idle(sent)
            return await kernel.recorder.cut()  # type: ignore[no-any-return]
        finally:
            await kernel.end()


def main() -> None:
    """Records, unless only the films are wanted, and writes the films."""
    if sys.argv[1:2] != ["--reread"]:
        FOLDER.mkdir(exist_ok=True)
        for name in sys.argv[1:] or PROGRAMS:
            text = model.dumps(asyncio.run(_record(name)))
            (FOLDER / f"{name}.json.xz").write_bytes(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    FILMS.mkdir(parents=True, exist_ok=True)
    for name in FROM:
        text = msgspec.json.encode(made(name))
        (FILMS / f"{name}.json").write_bytes(text + b"\n")
        print(f"{name}: {len(text):,} bytes", flush=True)


if __name__ == "__main__":
    main()
