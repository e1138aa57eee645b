"""A real JupyterHub with its proxy and our class service, in a folder and on ports of its own."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import psutil

ROOT = Path(__file__).resolve().parents[2]
PROXY = ROOT / "node_modules" / ".bin" / "configurable-http-proxy"
#: The Python of the Hub, of its services and of learners' servers: that of another environment with another JupyterHub.
PYTHON = os.environ.get("PARALLAB_HUB_PYTHON", sys.executable)
#: Seconds for anything to happen, on a machine with other work to do.
PATIENCE = 180
#: What of our own environment would reach into the Hub and its servers.
FOREIGN = ("JUPYTER", "JPY_", "IPYTHON", "PYTHON", "PARALLAB_", "XDG_", "VIRTUAL_ENV", "PYTEST_", "CONFIGPROXY")


def missing() -> str:
    """Why no Hub can run here, "" when one can."""
    if os.geteuid() != 0:
        return "a real Hub with users of its own needs root"
    if shutil.which("useradd") is None or shutil.which("unshare") is None:
        return "a real Hub with users of its own needs useradd and unshare"
    if not PROXY.exists():
        return "configurable-http-proxy is not in node_modules: run `make setup`"
    try:
        import jupyterhub  # noqa: F401
    except ImportError:
        return "jupyterhub is not installed: run `make setup`"
    return ""


class Reply:
    """What came back."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def ask(method: str, url: str, *, token: str = "", body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    """One request; an object is sent as JSON, errors and redirects come back as replies."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    at = urlsplit(url)
    request = urllib.request.Request(url, data, dict(headers or {}), method=method)
    if (at.hostname or "").endswith(".localhost"):
        # As browsers do; not every resolver knows these names.
        request = urllib.request.Request(
            at._replace(netloc=f"127.0.0.1:{at.port}").geturl(),
            data,
            {"Host": at.netloc, **(headers or {})},
            method=method,
        )
    if token:
        request.add_header("Authorization", f"token {token}")
    try:
        answer: HTTPResponse = _opener.open(request, timeout=PATIENCE)
    except HTTPError as error:
        return Reply(error.code, error.headers, error.read())
    with answer:
        return Reply(answer.status, answer.headers, answer.read())


def until(done: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Waits for a state of something outside, which nobody would tell us of. Who does not answer is not there yet."""
    end = time.monotonic() + patience
    while True:
        with contextlib.suppress(URLError, ConnectionError):
            found = done()
            if found:
                return found
        if time.monotonic() > end:
            raise AssertionError(f"this did not happen within {patience} s: {what}")
        time.sleep(0.05)


#: Locks of the ports that this process has handed out: they are its own until it ends.
_PORTS: list[IO[bytes]] = []


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses, and that nobody gets before whoever is to listen there does.

    They lie below those that the system gives to whoever connects or does not mind which, and other processes of
    tests at once find them locked.
    """
    most = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: list[int] = []
    for port in random.SystemRandom().sample(range(10_000, most), most - 10_000):
        if len(found) == count:
            break
        lock = (Path(tempfile.gettempdir()) / f"parallab-test-port-{port}").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:  # somebody has it
            lock.close()
            continue
        _PORTS.append(lock)
        found.append(port)
    assert len(found) == count, "no port is free"
    return found


class RealHub:
    """One Hub. ``config`` is what its administrator writes after our settings of ports and folders.

    ``subdomains``: each learner's server, and each service, has a name of its own below hub.localhost.
    """

    def __init__(
        self, folder: Path, config: str, *, python: str = PYTHON, external: bool = False, subdomains: bool = False
    ) -> None:
        self.folder = folder
        self.external = external
        self.subdomains = subdomains
        self.python = python
        self.log = folder / "hub.log"
        self.port, self._hub_port, self._api_port, self.service_port = free_ports(4)
        self.token = secrets.token_hex(16)
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)

    @property
    def api_url(self) -> str:
        """The Hub's REST, as services know it."""
        return f"http://127.0.0.1:{self._hub_port}/hub/api"

    @property
    def url(self) -> str:
        """As a browser knows it, with a slash at the end."""
        return f"http://{'hub.localhost' if self.subdomains else '127.0.0.1'}:{self.port}/"

    @property
    def direct(self) -> str:
        """The class service as learners' servers know it."""
        return f"http://127.0.0.1:{self.service_port}/services/parallab/"

    @property
    def page(self) -> str:
        """The class service as a browser knows it."""
        return f"{self.below('parallab--service')}services/parallab/"

    def below(self, name: str) -> str:
        """The address of a service, or of a user's server; the Hub's own unless there are subdomains."""
        return f"http://{name}.hub.localhost:{self.port}/" if self.subdomains else self.url

    # -- its life ---------------------------------------------------------------------

    def start(self) -> None:
        """Starts it, and waits until it and the class service answer."""
        (self.folder / "jupyterhub_config.py").write_text(self._written())
        command = [self.python, "-m", "jupyterhub", "--config", str(self.folder / "jupyterhub_config.py")]
        prefix = Path(self.python).resolve().parents[1]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(Path(__file__).parent / "everybody_can_read.sh"), str(prefix), str(ROOT), "--", *command],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._until(lambda: self.api("GET", "services").status == 200, "start")
        if not self.external:
            # By the proxy: the Hub adds the service's route only when it has seen the service answer.
            self._until(lambda: ask("GET", f"{self.page}health").status == 200, "start the class service")

    def stop(self) -> None:
        """Ends it and all that it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        # Proxy, service and servers are in sessions of their own: a Hub that does not end cleanly would leave them.
        below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for one in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(below, PATIENCE)

    def service_pid(self) -> int:
        """The class service's process."""
        return int(self.api("GET", "services/parallab").json["pid"])

    def _until(self, done: Callable[[], bool], what: str) -> None:
        process = self._process
        assert process is not None

        def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"the Hub ended with code {process.returncode}:\n{self.tail()}")
            return done()

        try:
            until(ready, what)
        except AssertionError as error:
            raise RuntimeError(f"the Hub did not {what}:\n{self.tail()}") from error

    def tail(self, lines: int = 80) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    # -- its REST -----------------------------------------------------------------------

    def api(self, method: str, path: str, body: Any = None, token: str = "") -> Reply:
        """A request to the Hub's REST, as the tests' own administrator unless a token is given."""
        return ask(method, f"{self.api_url}/{path}", token=token or self.token, body=body)

    def token_of(self, user: str, *scopes: str) -> str:
        """A token of this user's with these scopes, or with all that the user has."""
        self.api("POST", f"users/{user}")
        return self.token_of_known(user, *scopes)

    def token_of_known(self, user: str, *scopes: str) -> str:
        """As :meth:`token_of`, of a user that the Hub has already."""
        reply = self.api("POST", f"users/{user}/tokens", {"scopes": list(scopes)} if scopes else {})
        assert reply.status in (200, 201), reply.text
        token: str = reply.json["token"]
        return token

    def spawn(self, user: str) -> str:
        """Starts a user's server; its address."""
        reply = self.api("POST", f"users/{user}/server", {})
        assert reply.status in (201, 202), f"{reply.status} {reply.text}"
        until(lambda: self.api("GET", f"users/{user}").json["servers"].get("", {}).get("ready"), f"{user}'s server")
        return f"{self.below(user)}user/{user}/"

    def halt(self, user: str) -> None:
        """Ends a user's server."""
        self.api("DELETE", f"users/{user}/server")
        until(lambda: not self.api("GET", f"users/{user}").json["servers"], f"the end of {user}'s server")

    @contextlib.contextmanager
    def running(self) -> Iterator[RealHub]:
        """The Hub, for as long as the block lasts."""
        try:
            self.start()
            yield self
        finally:
            self.stop()

    # -- within -------------------------------------------------------------------------

    def _written(self) -> str:
        ours = f"""
c = get_config()  # noqa
c.JupyterHub.bind_url = "http://127.0.0.1:{self.port}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{self._hub_port}/hub/"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{self._api_port}"
c.ConfigurableHTTPProxy.command = [{str(PROXY)!r}]
c.JupyterHub.db_url = "sqlite:///{self.folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{self.folder}/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = "{self.folder}/proxy.pid"
c.JupyterHub.cleanup_servers = True
c.Authenticator.allow_all = True
c.Spawner.cmd = [{str(Path(self.python).parent / "jupyterhub-singleuser")!r}]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = {PATIENCE}
c.Spawner.http_timeout = {PATIENCE}
c.JupyterHub.services = [{{"name": "tests", "api_token": {self.token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "tests", "services": ["tests"], "scopes": [
        "admin:users", "admin:groups", "admin:servers", "proxy", "tokens", "read:hub", "read:services", "list:services",
        "custom:parallab:report", "custom:parallab:read", "custom:parallab:teach", "access:services", "self",
    ]}},
]
SERVICE_URL = "http://127.0.0.1:{self.service_port}"
"""
        if self.subdomains:
            ours += f"c.JupyterHub.subdomain_host = {self.url.rstrip('/')!r}\n"
        return ours + self._config

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {**kept, "HOME": str(home), "PATH": f"{Path(self.python).parent}:{os.environ['PATH']}"}
