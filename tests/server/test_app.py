"""The extension in a server process of its own: found by its package, stopped cleanly, two side by side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError

from parallab.app import ParallabApp

#: Seconds that a server gets to start: on a busy machine it takes a minute.
PATIENCE = 240
ANSWER = 100


class Server:
    """``python -m jupyter_server`` with the extension, on a port of its own."""

    def __init__(self, home: Path, database: Path, labs: Path, name: str) -> None:
        root, self.runtime = home / f"root-{name}", home / f"runtime-{name}"
        for folder in (root, self.runtime):
            folder.mkdir(parents=True)
        environment = os.environ | {
            "HOME": str(home),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_PLATFORM_DIRS": "1",
        }
        self.log = (home / f"{name}.log").open("w+")
        options = {
            "ServerApp.port": 0,
            "ServerApp.open_browser": False,
            "ServerApp.root_dir": root,
            "IdentityProvider.token": "secret",
            "ServerApp.jpserver_extensions": "parallab=True",
            "ParallabApp.store_url": f"sqlite:///{database}",
            "ParallabApp.lab_folders": labs,
        }
        arguments = [f"--{key}={value}" for key, value in options.items()]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--allow-root", *arguments],
            env=environment,
            cwd=root,
            stdout=self.log,
            stderr=self.log,
        )
        self.url = self._wait()

    def _wait(self) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self.told()
            for file in self.runtime.glob("jpserver-*.json"):
                try:
                    url = json.loads(file.read_text())["url"]
                    urllib.request.urlopen(f"{url}api/status?token=secret").close()
                except (OSError, json.JSONDecodeError):  # it is being written
                    break
                return str(url)
            time.sleep(0.05)
        raise AssertionError(self.told())

    def call(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}parallab/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": "token secret"},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)
        except TimeoutError:
            raise AssertionError(f"no answer to {path} within {ANSWER} s; the server says:\n{self.told()}") from None

    def told(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(30)
        self.log.close()


@pytest.fixture
def serve(tmp_path: Path, labs: Path, database: Path):
    servers: list[Server] = []

    def go(name: str) -> Server:
        servers.append(Server(tmp_path / "home", database, labs, name))
        return servers[-1]

    yield go
    for server in servers:
        server.end(signal.SIGKILL)


HINT = "labs/L90/steps/start/hint"


@pytest.mark.timeout(900)
def test_two_servers_one_killed(serve) -> None:
    one, other = serve("one"), serve("other")
    assert one.call(HINT, {"level": 1})["progress"]["hints_shown"] != []
    assert len(other.call(HINT, {"level": 2})["progress"]["hints_shown"]) == 2
    assert one.call("labs/L90/steps/quiz/answer", {"answers": {"which": ["a"]}})["progress"]["verdict"] == "passed"
    one.end(signal.SIGKILL)
    assert other.call("labs")["labs"][0]["passed"] == 1
    again = serve("again")
    assert len(again.call("progress")["labs"]["L90"][0]["hints_shown"]) == 2


def test_a_server_stops_cleanly(serve, database: Path) -> None:
    server = serve("one")
    server.call(HINT, {"level": 1})
    server.end()
    assert "Traceback" not in Path(server.log.name).read_text()
    # SQLite takes its journal away when the last one closes the database.
    assert [path.name for path in database.parent.iterdir()] == ["progress.sqlite"]


def test_traits_say_what_is_wrong() -> None:
    with pytest.raises(TraitError, match="must be sqlite:///PATH"):
        ParallabApp(store_url="postgresql://somewhere")
    with pytest.raises(TraitError, match="below the server's root"):
        ParallabApp(folder="../elsewhere")
    assert ParallabApp(folder="/course/labs/").folder == "course/labs"
    assert all(trait.help for trait in ParallabApp.class_own_traits(config=True).values())
