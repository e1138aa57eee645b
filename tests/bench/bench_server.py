"""What the server part costs: two real servers side by side, one with Parallab and its kernel, one without.

Budgets: an idle kernel wakes the server no oftener than Jupyter itself does; a check of a kernel
takes 20 ms at p50 and 100 ms at p99; 25 MiB of memory a learner; who looks is told within
200 ms, and costs at most 15 % of a core while a cell makes a thousand events a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
sys.path.insert(0, str(Path(__file__).parent))

import websocket
from jupyter import Jupyter
from jupyter_client import BlockingKernelClient
from ratios import Row, compare, limit, milliseconds, table

LAB, STEP = "L04", "four-at-once"
CHILDREN = (4, 16)
CELL = """
import multiprocessing as mp, time
workers = [mp.Process(target=time.sleep, args=(600,), daemon=True) for _ in range({children})]
for worker in workers: worker.start()
"""
END = "for worker in workers: worker.kill()\nfor worker in workers: worker.join()"
#: About a thousand reports a second.
BUSY = """
import multiprocessing as mp, time
lock, end = mp.Lock(), time.monotonic() + {seconds}
while time.monotonic() < end:
    with lock: pass
    time.sleep(0.0015)
"""
LOOKS = 40
WINDOW = 5.0
REQUESTS = 200
PATIENCE = 60.0


class Bare(Jupyter):
    """The same server without our extension."""

    def _configure(self) -> None:
        super()._configure()
        file = self.home / "config" / "jupyter_server_config.json"
        settings = json.loads(file.read_text())
        settings["ServerApp"]["jpserver_extensions"] = {"parallab": False}
        file.write_text(json.dumps(settings))


class Learner:
    """One kernel of one server."""

    def __init__(self, server: Jupyter, spec: str) -> None:
        self.server = server
        self.id = server.ask("POST", "api/kernels", {"name": spec})["id"]
        self.client = BlockingKernelClient(
            connection_file=str(server.home / "runtime" / f"kernel-{self.id}.json"),
        )
        self.client.load_connection_file()
        self.client.start_channels()
        # wait_for_ready() would take a missed heartbeat, as on a busy machine, for the kernel's death.
        self.client.kernel_info()
        self.client.get_shell_msg(timeout=PATIENCE)

    def run(self, code: str) -> None:
        """Executes a cell as JupyterLab sends it."""
        self.wait(self.send(code))

    def send(self, code: str) -> str:
        """Begins it."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": "one"})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def wait(self, sent: str) -> None:
        """Waits for its end."""
        while self.client.get_shell_msg(timeout=PATIENCE)["parent_header"].get("msg_id") != sent:
            pass

    @contextlib.contextmanager
    def looked_at(self) -> Iterator[websocket.WebSocket]:
        """A page looks."""
        url = self.server.url.replace("http", "ws", 1) + f"parallab/kernels/{self.id}/live"
        page = websocket.create_connection(url, PATIENCE, header=[f"Authorization: token {self.server.token}"])
        try:
            page.send("{}")
            yield page
        finally:
            page.close()

    def check(self) -> tuple[float, float, Any]:
        """Seconds of one request, on the server's side and on ours with a new connection, and its reply."""
        body = {"kernel_id": self.id, "cells": [{"id": "one", "step": STEP}]}
        began = time.perf_counter()
        there, reply = self.server.timed("POST", f"parallab/labs/{LAB}/steps/{STEP}/check", body)
        return there, time.perf_counter() - began, reply


def pid_of(server: Jupyter) -> int:
    """The server's process."""
    (told,) = (server.home / "runtime").glob("jpserver-*.json")
    return int(json.loads(told.read_bytes())["pid"])


def woken(pid: int) -> float:
    """How often its threads gave up a core so far."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        with contextlib.suppress(OSError):
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            total += int(lines["voluntary_ctxt_switches"])
    return float(total)


def worked(pid: int) -> float:
    """CPU seconds so far."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            total += int(status.read_text().split()[0])
    return total / 1e9


def held(pid: int) -> float:
    """Bytes that are its own, with its share of what it has in common with others."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1]) * 1024
    raise RuntimeError("no Pss in smaps_rollup")


def judges(pid: int) -> list[int]:
    """The server's judging processes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = []
    for child in map(int, children):
        with contextlib.suppress(OSError):
            if b"judge_worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def mebibytes(size: float) -> str:
    """For people."""
    return f"{size / 2**20:.1f} MiB"


def quantile(what: str, figures: Sequence[float], share: float, most: float) -> Row:
    """A quantile with the order statistics that enclose it with 95 % confidence."""
    ordered = sorted(figures)
    place, reach = len(ordered) * share, 1.96 * (len(ordered) * share * (1 - share)) ** 0.5
    low, at, high = (
        ordered[min(len(ordered) - 1, max(0, int(number)))] for number in (place - reach, place, place + reach)
    )
    return Row(what, milliseconds(at), f"limit {milliseconds(most)}", at / most, low / most, high / most, 1.0)


def idle(ours: Jupyter, bare: Jupyter) -> Iterator[Row]:
    """Both at the same time, so that nothing on the machine can favour one."""
    pids = [pid_of(ours), pid_of(bare)]
    wakings, seconds = [], []
    for _ in range(8):
        before = [(woken(pid), worked(pid)) for pid in pids]
        time.sleep(WINDOW)
        after = [(woken(pid), worked(pid)) for pid in pids]
        wakings.append(tuple((b[0] - a[0]) / WINDOW for a, b in zip(before, after, strict=True)))
        seconds.append(tuple((b[1] - a[1]) / WINDOW for a, b in zip(before, after, strict=True)))
    # One waking a window more is a matter of where the window begins.
    spare = 1 / WINDOW
    pairs = [(mine, other + spare) for mine, other in wakings]
    yield compare("wakings of the server, kernel idle, beside no Parallab", pairs, 1.0, lambda n: f"{n:.1f} a second")
    yield compare("CPU of the server, kernel idle, beside no Parallab", seconds, None, milliseconds)


def live(server: Jupyter, learner: Learner) -> Iterator[Row]:
    """How late a page is told, and what it costs that somebody looks."""
    late = []
    with learner.looked_at() as page:
        for _ in range(LOOKS):
            while json.loads(page.recv())["state"]["busy"]:
                pass
            began = time.monotonic()
            sent = learner.send("import time; time.sleep(0.4)")
            while not json.loads(page.recv())["state"]["busy"]:
                pass
            late.append(time.monotonic() - began)
            learner.wait(sent)
    yield quantile("from a request to run a cell to the page's message, p50", late, 0.5, 0.2)
    pid = pid_of(server)
    shares = []
    for _ in range(5):
        used = []
        for looked in (False, True):
            with learner.looked_at() if looked else contextlib.nullcontext():
                before = worked(pid)
                learner.run(BUSY.format(seconds=WINDOW))
                used.append((worked(pid) - before) / WINDOW)
        shares.append(used[1] - used[0])
    what = "of a core, for a page that looks at a thousand events a second"
    yield limit(what, shares, 0.15, lambda share: f"{share * 100:.1f} %")


def rows() -> Iterator[Row]:
    """All of them, as they come."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ours, bare = Jupyter(Path(folder) / "ours"), Bare(Path(folder) / "bare")
        try:
            ours.start()
            bare.start()
            learner, other = Learner(ours, "parallab"), Learner(bare, "python3")
            for children in CHILDREN:
                for one in (learner, other):
                    one.run(CELL.format(children=children))
                learner.check()
                replies = [learner.check() for _ in range(REQUESTS)]
                assert all(there and reply["result"]["goals"] for there, _, reply in replies), "nothing was judged"
                what = f"check with {children} children"
                there, here = [one[0] for one in replies], [one[1] for one in replies]
                yield quantile(f"{what}, on the server's side, p50", there, 0.5, 0.02)
                yield quantile(f"{what}, on the server's side, p99", there, 0.99, 0.1)
                yield compare(f"{what}, for who asks, p50", list(zip(here, there, strict=True)), None, milliseconds)
                for one in (learner, other):
                    one.run(END)
            yield from live(ours, learner)
            pid = pid_of(ours)
            learner.check()  # what came before may have taken a minute
            judging = [held(judge) for judge in judges(pid)]
            assert judging, "no process judges"
            more = held(pid) - held(pid_of(bare))
            yield limit("memory of a learner's server, over one without Parallab", [more], 25 * 2**20, mebibytes)
            what = "the same with the judge, for a minute after a check"
            yield limit(what, [more + sum(judging)], 25 * 2**20, mebibytes)
            yield from idle(ours, bare)
        finally:
            ours.stop()
            bare.stop()


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    print(table(rows()))
