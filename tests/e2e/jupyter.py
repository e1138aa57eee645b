"""A real JupyterLab, started as ``parallab lab`` starts it, in a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

#: Seconds for a server to answer, on a machine with other work to do.
PATIENCE = 120
#: What of our own environment would reach into the server and its kernels.
FOREIGN = ("JUPYTER", "JPY_", "IPYTHON", "PYTHON", "PARALLAB_", "XDG_", "VIRTUAL_ENV", "PYTEST_")

#: The header of our handlers that says how long a request took, in milliseconds (W3C Server Timing).
TOOK = re.compile(r"parallab;dur=([\d.]+)")

SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/codemirror-extension/plugin": {"defaultConfig": {"cursorBlinkRate": 0}},
}


class Jupyter:
    """One server. ``root`` is what it serves; everything else it writes is below ``home`` too. ``base`` is its path."""

    def __init__(self, home: Path, base: str = "/") -> None:
        self.home = home
        self.base = base
        self.root = home / "work"
        self.log = home / "server.log"
        self.token = secrets.token_hex(16)
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.root.mkdir(parents=True)

    @property
    def url(self) -> str:
        """Ends with a slash."""
        return f"http://localhost:{self.port}{self.base}"

    # -- its life ---------------------------------------------------------------------

    def start(self) -> None:
        """Starts it, on the port it had before if it had one, and waits until it answers."""
        self._configure()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "parallab.cli", "lab", str(self.root), "--no-browser"],
                env=self._environment(),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        told = self.home / "runtime" / f"jpserver-{self._process.pid}.json"
        self._until(lambda: told.exists() and bool(told.read_bytes()), "write its port")
        self.port = json.loads(told.read_bytes())["port"]
        self._until(self._answers, "answer")

    def stop(self) -> None:
        """Ends it and its kernels."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def forget(self) -> None:
        """A new learner: no kernels, notebooks, progress, settings or workspaces of an earlier one."""
        for session in self.ask("GET", "api/sessions"):
            self.ask("DELETE", f"api/sessions/{session['id']}")
        for kernel in self.ask("GET", "api/kernels"):
            self.ask("DELETE", f"api/kernels/{kernel['id']}")
        left = [one["id"] for one in self.ask("GET", "parallab/leftovers")["found"]]
        self.ask("POST", "parallab/leftovers/clean", {"ids": left})
        _empty(self.root)
        _empty(self.home / "workspaces")
        _empty(self.home / "settings")
        for file in (self.home / "data" / "parallab").glob("progress.sqlite*"):
            file.unlink(missing_ok=True)
        for plugin, values in SETTINGS.items():
            file = self.home / "settings" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))

    def remembers(self, name: str) -> None:
        """Waits until a ledger knows of something in /dev/shm with such a name."""
        ledgers = self.home / "runtime" / "parallab" / "ledgers"

        def known() -> bool:
            for file in ledgers.glob("*.json"):
                # Those of kernels that left nothing go meanwhile.
                with contextlib.suppress(FileNotFoundError):
                    if name in file.read_text():
                        return True
            return False

        self._until(known, f"remember {name}")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request to its REST; the reply's JSON, None if it is empty."""
        return self.timed(method, path, body)[1]

    def timed(self, method: str, path: str, body: Any = None) -> tuple[float, Any]:
        """The same, with the seconds that a handler of ours says it took; those are 0 of other handlers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            text = reply.read()
            took = TOOK.fullmatch(reply.headers.get("Server-Timing", ""))
        return float(took[1]) / 1000 if took else 0.0, json.loads(text) if text else None

    # -- within -----------------------------------------------------------------------

    def _answers(self) -> bool:
        try:
            self.ask("GET", "api/status")
        except (URLError, ConnectionError):
            return False
        return True

    def _until(self, done: Any, what: str) -> None:
        assert self._process is not None
        for _ in range(PATIENCE * 20):
            if done():
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
                break
        code = self._process.poll()
        fate = "did not" if code is None else f"ended with code {code} and did not"
        raise RuntimeError(f"JupyterLab {fate} {what}:\n{self.tail()}")

    def tail(self, lines: int = 60) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def _configure(self) -> None:
        for name in ("config", "data", "runtime", "settings", "workspaces", "ipython"):
            (self.home / name).mkdir(exist_ok=True)
        (self.home / "config" / "jupyter_server_config.json").write_text(
            json.dumps(
                {
                    "ServerApp": {"port": self.port, "port_retries": 0, "base_url": self.base},
                    "IdentityProvider": {"token": self.token},
                    "JupyterNotebookApp": {"expose_app_in_browser": True},
                    "LabApp": {
                        "expose_app_in_browser": True,
                        "news_url": None,
                        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
                    },
                }
            )
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return {
            **kept,
            "HOME": str(self.home),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
            "IPYTHONDIR": str(self.home / "ipython"),
        }


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
