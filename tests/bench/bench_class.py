"""A class of 1,000 learners on a real Hub: 100 reports a second to the class service, and its page meanwhile.

On this machine only, by the loopback; as root, as tests/hub. Reports are sent at their times, whether earlier ones were
answered or not: a service that falls behind shows it. At the end every report must be on the service's disk, once.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import msgspec
from ratios import Row, limit, milliseconds, table
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from hub.rig import RealHub, ask, missing

LEARNERS = 1_000
RATE = 100
SECONDS = 30
#: Requests that may be on their way at once.
OPEN = 400

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
    for at in range(0, LEARNERS, 200):
        assert hub.api("POST", "users", {"usernames": names[at : at + 200]}).status == 201
    return [hub.token_of_known(name, f"custom:parallab:report!user={name}") for name in names]


async def post(client: AsyncHTTPClient, url: str, token: str) -> tuple[float, bool]:
    """Seconds to the answer, and whether it was taken."""
    began = time.perf_counter()
    headers = {"Authorization": f"token {token}"}
    request = HTTPRequest(url, "POST", headers, report(), request_timeout=60, connect_timeout=60)
    reply = await client.fetch(request, raise_error=False)
    return time.perf_counter() - began, reply.code == 200


async def storm(url: str, tokens: list[str]) -> tuple[list[float], list[float]]:
    """Once through the class, so that the service knows every token; then :data:`RATE` reports a second."""
    client = AsyncHTTPClient(force_instance=True, max_clients=OPEN)
    cold = []
    for at in range(0, len(tokens), 50):
        cold += await asyncio.gather(*(post(client, url, token) for token in tokens[at : at + 50]))
    assert all(taken for _, taken in cold)
    sent = []
    began = time.perf_counter()
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        sent.append(asyncio.ensure_future(post(client, url, tokens[number * 7 % len(tokens)])))
    warm = await asyncio.gather(*sent)
    assert all(taken for _, taken in warm)
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
            tokens = learners(hub)
            cold, warm = asyncio.run(storm(f"{hub.direct}api/reports", tokens))
            with sqlite3.connect(database) as connection:
                (kept,) = connection.execute("SELECT count(*) FROM reports").fetchone()
            connection.close()
            assert kept == len(cold) + len(warm), f"{kept} reports are kept of {len(cold) + len(warm)}"
            warm.sort()
            what = f"report of one of {LEARNERS:,} learners at {RATE}/s, {len(warm):,} sent, {kept - len(cold):,} kept"
            yield limit(f"{what}, p50", [warm[len(warm) // 2]], 0.02, milliseconds)
            yield limit(f"{what}, p99", [warm[len(warm) * 99 // 100]], 0.5, milliseconds)
            teacher = hub.token_of("teach")
            pages = []
            for _ in range(7):
                began = time.perf_counter()
                reply = ask("GET", f"{hub.direct}class/~everybody/L04", token=teacher)
                pages.append(time.perf_counter() - began)
                assert reply.status == 200
                assert reply.text.count("<tr id=") == LEARNERS
            size = len(reply.body) / 1024
            yield limit(f"the class page of {LEARNERS:,} learners, {size:.0f} KiB", pages[1:], 0.5, milliseconds)


if __name__ == "__main__":
    print(table(rows()))
