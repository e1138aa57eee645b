"""One sandbox: bubblewrap's command line, its start, and orders to the first process in it.

Own user, pid, ipc, net, uts, cgroup and mount namespaces; no capability; a system that can only be read, without
anybody's home, other submissions, labs' solutions or checks; a home, /tmp and /dev/shm of its own, in memory and
bounded. What can be seen from outside, through descriptors that its first process passes out, is its /proc, its root
and its unix sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import parallab_probe
from parallab.grading import inside
from parallab.grading.cgroup import Group
from parallab.grading.facts import Limits
from parallab.guest import probe_folder
from parallab.no_kernel import HeadlessError

HOME = "/home/learner"
WORK = f"{HOME}/work"
FOLDER = "/run/kernel"
"""Where the kernel's connection file and sockets are."""
FIRST = "/run/parallab-first.py"
USER = 1000
START = 30.0
ANSWER = 10.0
DEPTH = 1
"""The sandbox's process numbers are those of a pid namespace one below ours."""
MISSING = (
    "bubblewrap is not there, so submissions cannot be kept apart from this machine: install it (Debian, Ubuntu: "
    "apt install bubblewrap; Fedora: dnf install bubblewrap)"
)


class SandboxError(HeadlessError):
    """There is no sandbox, or it has ended; the text says why and what to do."""


def find() -> str:
    """The path of bubblewrap. :raises SandboxError: it is not installed."""
    path = shutil.which(os.environ.get("PARALLAB_BWRAP") or "bwrap")
    if not path:
        raise SandboxError(MISSING)
    return path


class Sandbox:
    """From :meth:`start` to :meth:`close`. Lives as long as this process does, at most."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, errors: Any, group: Group | None):
        self._process = process
        self._control = control
        self._errors = errors
        self.group = group
        self._handles: list[int] = []
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, files: Sequence[Path], hidden: Iterable[Path], limits: Limits) -> Sandbox:
        """A sandbox with copies of these files in its working folder.

        :raises SandboxError: bubblewrap is not there, or the system does not let it do its work.
        """
        bwrap = find()
        control, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the sandbox
        group = Group.make(limits.memory << 20, limits.processes)
        with contextlib.ExitStack() as opened:
            opened.callback(inner.close)
            given = [(path.name, _open(path, opened)) for path in files]
            command = [
                *(group.entering() if group is not None else ()),
                bwrap,
                *_options(bwrap, given, hidden, limits),
                *(sys.executable, "-I", "-S", FIRST, str(inner.fileno())),
            ]
            process = subprocess.Popen(  # noqa: ASYNC220 - of this thread: the sandbox ends with the thread that started it
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=(inner.fileno(), *(fd for _, fd in given)),
            )
        control.setblocking(False)
        made = cls(process, control, errors, group)
        try:
            text, handles = await made._receive(START)
            if not text or len(handles) != 3:
                raise SandboxError(made._refusal())
        except BaseException:
            await made.close()
            raise
        made._handles = handles
        return made

    @property
    def proc(self) -> str:
        """Its /proc."""
        return f"/proc/self/fd/{self._handles[1]}"

    @property
    def root(self) -> str:
        """Its root folder. Whoever is in there may put links into it, which lead into ours."""
        return f"/proc/self/fd/{self._handles[2]}"

    def diag(self) -> socket.socket:
        """A socket to ask for its unix sockets through (sock_diag(7))."""
        made = socket.socket(fileno=os.dup(self._handles[0]))
        made.settimeout(1.0)
        return made

    async def launch(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        files: Mapping[str, str],
        limits: Limits,
        name: str,
        feed: socket.socket,
    ) -> tuple[int, int]:
        """Ends all that ran in there and starts this program: its pid in there, and a pidfd of it.

        ``files`` are written into :data:`FOLDER`. What the probe says to the abstract address ``name`` is handed
        on to ``feed``.
        """
        order = {
            "argv": list(argv),
            "env": dict(environment),
            "cwd": WORK,
            "folder": FOLDER,
            "files": dict(files),
            "name": name,
            "limits": _rlimits(limits),
        }
        answer, handles = await self._order({"start": order}, [feed.fileno()])
        if not handles:
            raise SandboxError(f"the kernel could not be started in the sandbox: {answer.get('error', 'no answer')}")
        return int(answer["pid"]), handles[0]

    async def signal(self, number: int) -> None:
        """Sends a signal to the kernel's process group."""
        await self._order({"signal": number})

    async def handle(self, pid: int) -> int:
        """A pidfd of the process with this number in there. OSError when there is none."""
        try:
            _, handles = await self._order({"handle": pid})
        except SandboxError:
            handles = []
        if not handles:
            raise ProcessLookupError(pid)
        return handles[0]

    async def close(self) -> None:
        """Ends all that runs in there, and waits until it has ended."""
        self.kill()
        with contextlib.suppress(SandboxError, OSError):
            while (await self._receive(ANSWER))[0]:
                pass
        await asyncio.to_thread(self._process.wait)
        for fd in self._handles:
            os.close(fd)
        self._handles = []
        self._control.close()
        self._errors.close()
        if self.group is not None:
            await asyncio.to_thread(self.group.remove)

    def kill(self) -> None:
        """Ends all that runs in there."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _order(self, order: Mapping[str, Any], handed: Sequence[int] = ()) -> tuple[dict[str, Any], list[int]]:
        async with self._turn:
            try:
                socket.send_fds(self._control, [json.dumps(order).encode()], handed)
                text, handles = await self._receive(ANSWER)
            except OSError as error:
                raise SandboxError(f"the sandbox has ended: {error.strerror}") from None
        if not text:
            raise SandboxError("the sandbox has ended")
        return json.loads(text), handles

    async def _receive(self, limit: float) -> tuple[bytes, list[int]]:
        """One message, b"" at the end. :raises SandboxError: none came in time."""
        loop = asyncio.get_running_loop()
        come = asyncio.Event()
        loop.add_reader(self._control, come.set)
        try:
            await asyncio.wait_for(come.wait(), limit)
        except (TimeoutError, asyncio.TimeoutError):
            raise SandboxError(f"the sandbox did not answer within {limit:g} s") from None
        finally:
            loop.remove_reader(self._control)
        try:
            text, handles, _, _ = socket.recv_fds(self._control, inside.ORDER, 4)
        except ConnectionError:
            return b"", []
        return text, handles

    def _refusal(self) -> str:
        """Why bubblewrap did not start, in its own words, and what can be done."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ANSWER)
        self._errors.seek(0)
        said = self._errors.read(2000).decode("utf-8", "replace").strip() or "it said nothing"
        return (
            f"bubblewrap could not make a sandbox: {said}. If it may not make a namespace, unprivileged user "
            "namespaces must be allowed (docs/grading.md says how)"
        )


def _open(path: Path, opened: contextlib.ExitStack) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    opened.callback(os.close, fd)
    return fd


# -- what is in it ----------------------------------------------------------------------------


def _options(bwrap: str, given: Sequence[tuple[str, int]], hidden: Iterable[Path], limits: Limits) -> Iterator[str]:
    size = str(limits.disk << 20)
    yield from ("--unshare-user", "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv")
    yield from ("--cap-drop", "ALL", "--uid", str(USER), "--gid", str(USER), "--hostname", "sandbox")
    if "--disable-userns" in _known(bwrap):
        yield "--disable-userns"
    yield from _system()
    yield from ("--proc", "/proc", "--dev", "/dev")
    for path in ("/dev/shm", "/tmp", "/home"):  # noqa: S108 - those of the sandbox
        yield from ("--size", size, "--tmpfs", path)
    yield from ("--size", str(1 << 20), "--tmpfs", "/run", "--dir", WORK)
    yield from _python(hidden)  # which may lie in somebody's home, or in /tmp
    yield from ("--ro-bind", inside.__file__, FIRST)
    if (cache := _woven()).is_dir():
        yield from ("--ro-bind", str(cache), f"{HOME}/.cache/parallab/probe")
    for name, fd in given:
        yield from ("--file", str(fd), f"{WORK}/{name}")
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/")


@functools.cache
def _known(bwrap: str) -> str:
    return subprocess.run([bwrap, "--help"], capture_output=True, text=True, check=False).stdout


def _system() -> Iterator[str]:
    """The system's programs and libraries, and the few of its settings that these need."""
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for folder in ("/usr", "/nix/store", "/sys/devices/system/cpu"):
        yield from ("--ro-bind-try", folder, folder)
    for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime"):
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def _python(hidden: Iterable[Path]) -> Iterator[str]:
    """This Python with its packages; of Parallab the probe only, whose folder has the name that it has outside."""
    shown = _prefixes()
    for path in shown:
        yield from ("--ro-bind", str(path), str(path))
    closed = {Path(__file__).resolve().parents[1], *(one.resolve() for one in hidden)}
    for path in sorted(closed):
        # Within another, as the labs of an installed Parallab are in its package, it is gone already, and bubblewrap
        # could not make it anew.
        if closed.isdisjoint(path.parents) and any(path.is_relative_to(one) for one in (*shown, Path("/usr"))):
            yield from ("--size", "4096", "--tmpfs", str(path), "--remount-ro", str(path))
    probe = Path(parallab_probe.__file__).resolve().parent
    yield from ("--ro-bind", str(probe), str(probe_folder() / probe.name))


def _prefixes() -> tuple[Path, ...]:
    """The folders in which this Python and the kernel's packages lie, none inside another or in /usr."""
    spec = find_spec("ipykernel")
    packages = Path(spec.origin).parents[1] if spec is not None and spec.origin else Path(sys.prefix)
    wanted = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, packages)}
    wanted |= {Path(path) for path in (sys.prefix, sys.base_prefix)}  # by the names that they call themselves
    covered = {Path("/usr"), *wanted}
    return tuple(
        sorted(one for one in wanted if one != Path("/") and not any(two in one.parents for two in covered))
        if Path("/usr") not in wanted
        else sorted(one for one in wanted - {Path("/usr")} if not any(two in one.parents for two in covered))
    )


def _woven() -> Path:
    """Where the probe keeps its woven code, as ``parallab_probe.bundle`` says; in there it cannot be written."""
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "parallab" / "probe"


def warm_up() -> None:
    """Weaves the probe's code, if that is still to be done, so that no sandbox needs to."""
    environment = {**os.environ, "PYTHONPATH": str(probe_folder())}
    code = "from parallab_probe import bundle; bundle.find()"
    subprocess.run([sys.executable, "-c", code], env=environment, check=False, capture_output=True, cwd="/")


def environment() -> dict[str, str]:
    """What the kernel's environment holds in there; nothing of ours gets in."""
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return {
        "HOME": HOME,
        "LANG": "C.UTF-8",
        "PATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(probe_folder()),
        "USER": "learner",
    }


def _rlimits(limits: Limits) -> dict[str, tuple[int, int]]:
    """For each process by itself (setrlimit(2)). Processes and threads are counted for all of this sandbox together."""
    memory = limits.memory << 20
    return {
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_DATA": (memory, memory),
        "RLIMIT_NPROC": (limits.processes, limits.processes),
    }
