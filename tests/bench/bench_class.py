"""A class of 1,000 learners on a real Hub: 100 reports a second to the class service, and its page meanwhile.

On this machine only, by the loopback; as root, as tests/hub. Reports are sent at their times, whether earlier ones were
answered or not: a service that falls behind shows it. With every tenth comes the replay of a run, as with a check. A
teacher reads the page all the while. At the end every report
must be on the service's disk, once. Beside that stands what the disk can do: how long it takes to write 4 KiB so that a
power cut does not take them (fsync(2)), which is what a report waits for at the least.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import msgspec
import psutil
from ratios import Row, compare, limit, milliseconds, table
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from corpus import films
from hub.rig import RealHub, missing
from parallab.clips import Clip, pack

LEARNERS = 1_000
RATE = 100
SECONDS = 30
#: Reports to one replay.
CHECKS = 10
#: Requests that may be on their way at once; and so many when as much is sent as is taken.
OPEN = 400
CROWD = 100
#: Seconds for which as much is sent as is taken; and writes that say what the disk can do.
FULL = 10
WRITES = 400

CONFIG = """
from parallab.hub import configure
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.load_groups = {{"teachers": {{"users": ["teach"]}}}}
c.JupyterHub.log_level = "WARN"
configure(c, instructors=["teachers"], url=SERVICE_URL, database={database!r})
"""


def report() -> bytes:
    """One verdict, as a learner's server sends it."""
    mistake = {"id": "M11", "sentence": "wait for each before hiring the next"}
    one = {
        "id": secrets.token_hex(16),
        "age": 0.0,
        "lab": "L04",
        "step": "four-at-once",
        "version": 1,
        "kind": "judged",
    }
    one |= {"verdict": "failed", "mistakes": [mistake], "message": "All four at once: one after the other"}
    return msgspec.json.encode({"schema": 1, "reports": [one]})


def learners(hub: RealHub) -> list[str]:
    """Their servers' tokens."""
    names = [f"learner{number:04d}" for number in range(LEARNERS)]
    for at in range(0, LEARNERS, 50):
        assert hub.api("POST", "users", {"usernames": names[at : at + 50]}).status == 201
    return [hub.token_of_known(name, f"custom:parallab:report!user={name}") for name in names]


async def post(client: AsyncHTTPClient, url: str, token: str) -> tuple[float, bool]:
    """Seconds to the answer, and whether it was taken."""
    began = time.perf_counter()
    headers = {"Authorization": f"token {token}"}
    request = HTTPRequest(url, "POST", headers, report(), request_timeout=60, connect_timeout=60)
    reply = await client.fetch(request, raise_error=False)
    return time.perf_counter() - began, reply.code == 200


def fsyncs(folder: Path) -> list[float]:
    """Seconds that each of some writes takes until it is on the disk."""
    taken = []
    with (folder / "disk").open("wb", buffering=0) as file:
        for _ in range(WRITES):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return sorted(taken)


class Page(NamedTuple):
    """The class page: seconds to its first byte and its last, its bytes, and whether all learners are in it."""

    first: float
    last: float
    size: int
    complete: bool


def page(hub: RealHub, token: str) -> Page:
    """The class page now."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.service_port, timeout=60)
    began = time.perf_counter()
    connection.request("GET", "/services/parallab/class/~everybody/L04", headers={"Authorization": f"token {token}"})
    reply = connection.getresponse()
    body = reply.read(1)
    first = time.perf_counter() - began
    body += reply.read()
    last = time.perf_counter() - began
    connection.close()
    assert reply.status == 200
    return Page(first, last, len(body), body.count(b"<tr id=") == LEARNERS)


async def reading(hub: RealHub, token: str, over: asyncio.Event) -> list[Page]:
    """The page, again and again, a second after it was there."""
    found: list[Page] = []
    while not over.is_set():
        found.append(await asyncio.to_thread(page, hub, token))
        try:
            await asyncio.wait_for(over.wait(), 1.0)
        except asyncio.TimeoutError:
            continue
    return found


async def crowd(url: str, tokens: list[str]) -> tuple[int, float]:
    """As many reports as are taken: how many, in how many seconds."""
    client = AsyncHTTPClient(force_instance=True, max_clients=CROWD)
    began = time.perf_counter()
    sent = 0

    async def one(number: int) -> None:
        nonlocal sent
        while time.perf_counter() - began < FULL:
            number = (number + CROWD) % len(tokens)
            _, taken = await post(client, url, tokens[number])
            assert taken
            sent += 1

    await asyncio.gather(*(one(number) for number in range(CROWD)))
    taken = time.perf_counter() - began
    client.close()
    return sent, taken


def replays() -> list[Clip]:
    """Replays of a real run, no two the same."""
    film = films.made("four-at-once")
    made = [pack(msgspec.structs.replace(film, unix=float(number))) for number in range(RATE * SECONDS // CHECKS)]
    return [clip for clip in made if clip is not None]


async def send(client: AsyncHTTPClient, base: str, token: str, clip: Clip) -> bool:
    """Whether a replay was taken."""
    headers = {"Authorization": f"token {token}"}
    url = f"{base}api/clips/{clip.name}"
    reply = await client.fetch(HTTPRequest(url, "POST", headers, clip.data, request_timeout=60), raise_error=False)
    return reply.code == 200


async def storm(base: str, tokens: list[str]) -> tuple[list[float], list[float]]:
    """Once through the class, so that the service knows every token; then :data:`RATE` reports a second."""
    url = f"{base}api/reports"
    clips = replays()
    shown = []
    client = AsyncHTTPClient(force_instance=True, max_clients=OPEN)
    cold = []
    for at in range(0, len(tokens), 50):
        cold += await asyncio.gather(*(post(client, url, token) for token in tokens[at : at + 50]))
    assert all(taken for _, taken in cold)
    sent = []
    began = time.perf_counter()
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        token = tokens[number * 7 % len(tokens)]
        sent.append(asyncio.ensure_future(post(client, url, token)))
        if number % CHECKS == 0:
            shown.append(asyncio.ensure_future(send(client, base, token, clips[number // CHECKS])))
    warm = await asyncio.gather(*sent)
    assert all(taken for _, taken in warm)
    assert all(await asyncio.gather(*shown))
    client.close()
    return [seconds for seconds, _ in cold], [seconds for seconds, _ in warm]


def rows() -> Iterator[Row]:
    """What ``make bench`` shows."""
    if why := missing():
        raise RuntimeError(why)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        database = Path(folder) / "class.sqlite"
        hub = RealHub(Path(folder) / "hub", CONFIG.format(database=f"sqlite:///{database}"))
        with hub.running():
            yield from measured(hub, database)


async def load(hub: RealHub, tokens: list[str], teacher: str) -> tuple[list[float], list[float], list[Page]]:
    """The storm, with somebody who reads the page meanwhile."""
    over = asyncio.Event()
    reader = asyncio.ensure_future(reading(hub, teacher, over))
    cold, warm = await storm(hub.direct, tokens)
    over.set()
    return cold, sorted(warm), await reader


def measured(hub: RealHub, database: Path) -> Iterator[Row]:
    """The rows, of a Hub that runs."""
    tokens, teacher = learners(hub), hub.token_of("teach")
    disk = fsyncs(database.parent)
    cold, warm, pages = asyncio.run(load(hub, tokens, teacher))
    service = psutil.Process(hub.service_pid())
    before = used(service)
    sent, seconds = asyncio.run(crowd(f"{hub.direct}api/reports", tokens))
    each = (used(service) - before) / sent
    disk = sorted(disk + fsyncs(database.parent))
    with sqlite3.connect(database) as connection:
        (kept,) = connection.execute("SELECT count(*) FROM reports").fetchone()
        (shown,) = connection.execute("SELECT count(*) FROM clips").fetchone()
    connection.close()
    total = len(cold) + len(warm) + sent
    assert kept == total, f"{kept} reports are kept of {total}"
    assert shown == RATE * SECONDS // CHECKS, f"{shown} replays are kept"
    what = f"report of one of {LEARNERS:,} learners at {RATE}/s"
    yield limit(f"{what}, p50", [middle_of(warm)], 0.1, milliseconds)
    yield limit(f"{what}, p99", [warm[len(warm) * 99 // 100]], 0.5, milliseconds)
    lost = total - kept
    yield Row(f"reports lost, of {total:,}", str(lost), "none", float(lost), float(lost), float(lost), 0.0)
    yield compare(f"{what}, p50, beside one fsync", [(middle_of(warm), middle_of(disk))], None, milliseconds)
    yield compare(
        f"reports a second when {CROWD} are always on their way, beside fsyncs a second",
        [(sent / seconds, 1 / middle_of(disk))],
        None,
        lambda rate: f"{rate:.0f}/s",
    )
    # Of all these figures only this one does not depend on what else the machine does.
    yield limit(f"of a core, for {RATE} reports a second", [each * RATE], 0.5, lambda share: f"{share:.1%}")
    # The Hub takes seconds to say who there is, and a page does not wait so long: the first ones are of fewer learners.
    # Whoever was there once stays.
    full = [page.complete for page in pages]
    assert full[-1], "no page has all learners"
    assert full == sorted(full), f"pages with all learners: {full}"
    size = pages[-1].size / 1024
    name = f"the class page of {LEARNERS:,} learners meanwhile, {size:.0f} KiB"
    yield limit(f"{name}, first byte", [page.first for page in pages], 1.0, milliseconds)
    yield limit(f"{name}, complete", [page.last for page in pages], 1.0, milliseconds)
    yield limit(f"{name}, complete, slowest of {len(pages)}", [max(page.last for page in pages)], 1.0, milliseconds)


def used(process: psutil.Process) -> float:
    """CPU seconds of a process until now."""
    times = process.cpu_times()
    return times.user + times.system


def middle_of(figures: list[float]) -> float:
    """The median of figures in their order."""
    return figures[len(figures) // 2]


if __name__ == "__main__":
    print(table(rows()))
