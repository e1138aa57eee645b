"""Writes the corpus: ``python tests/corpus/record.py`` runs every subject, and records it. Linux, with unshare(1).

    record.py [-k SUBJECT …] [-m METHOD …] [-p PYTHON …] [-j JOBS]
    record.py --reread

The second reads the recorded trees again, for a Reader that makes something else of the same files.


Every subject runs alone in namespaces of its own (processes, mounts, network, IPC), without
address randomisation: pids, inodes of /dev/shm and addresses are small, the same each time, and
nothing of this machine is in sight. PYTHON is an installation's folder (default: those of pyenv,
3.10 and later, else this one); it is seen as /mnt/python.

It waits for the program's own marks, then until no thread has run for a quarter of a second; then
it takes two looks with the real Reader, noting what the kernel answered to each of its calls. What
is kept is what was read, and it is read back: the Reader must make the same of it.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import os
import re
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "server")]

import msgspec  # noqa: E402

from corpus import replay, subjects  # noqa: E402
from corpus.truth import METHODS, Truth  # noqa: E402
from parallab import netlink  # noqa: E402
from parallab.model import Snapshot  # noqa: E402
from parallab.procfs.read import Reader  # noqa: E402

DEADLINE = 60.0
STILL = 0.26
"""Seconds in which nothing may have run: what ``waits`` asks for between two looks."""
PAGE = 4096
"""Memory is read in pieces smaller than this where something is known to lie, and searched in whole pages."""
HEAD = 16
MNT = Path("/mnt")


# -- outside: one namespace a subject -------------------------------------------------------------


def main() -> None:
    """Records what is asked for, and writes a file a subject."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-k", dest="names", action="append", metavar="SUBJECT")
    parser.add_argument("-m", dest="methods", action="append", choices=METHODS)
    parser.add_argument("-p", dest="pythons", action="append", metavar="PYTHON", type=Path)
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count(), metavar="JOBS")
    parser.add_argument("--reread", action="store_true", help="run nothing: only read the recorded trees again")
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        _inside(*options.inside)
        return
    known = subjects.every()
    if options.reread:
        for path in replay.paths():
            trees = replay.load(path)
            for tree in trees:
                tree.snapshot = replay.snapshots(tree, again=known[tree.subject].pushed)[1]
            replay.save(path, trees)
        return
    unknown = set(options.names or ()) - set(known)
    if unknown:
        parser.error(f"there is no subject {', '.join(sorted(unknown))}: see primitives.py and hangs.py")
    pythons = {_version(python): python for python in options.pythons or _pythons()}
    replay.TREES.mkdir(exist_ok=True)
    failed: list[str] = []
    with ThreadPoolExecutor(options.jobs) as jobs:
        for name in options.names or known:
            path = replay.TREES / f"{name}.json"
            whole = not options.methods and not options.pythons
            kept = {str(tree): tree for tree in replay.load(path)} if path.exists() and not whole else {}
            wanted = [
                (name, method, python, folder)
                for python, folder in pythons.items()
                for method in known[name].methods
                if method in (options.methods or METHODS)
            ]
            for one, tree in zip(wanted, jobs.map(_record, *zip(*wanted, strict=True)), strict=True):
                if tree is None:
                    failed.append("-".join(one[:3]))
                else:
                    kept[str(tree)] = tree
            if kept:
                replay.save(path, sorted(kept.values(), key=_order))
            print(f"{name}: {len(kept)}", flush=True)
    if failed:
        sys.exit(f"not recorded: {', '.join(failed)}")


def _order(tree: replay.Tree) -> tuple[int, int]:
    return int(tree.python.partition(".")[2]), METHODS.index(tree.method)


def _pythons() -> list[Path]:
    found = [path.parents[1] for path in sorted(Path.home().glob(".pyenv/versions/3.1[0-9].*/bin/python3"))]
    return found or [Path(sys.base_prefix)]


def _version(folder: Path) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run(
        [folder / "bin/python3", "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def _record(name: str, method: str, python: str, folder: Path) -> replay.Tree | None:
    """One subject in a namespace of its own; None, and its complaint printed, when it did not come to rest."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = (
        "mount -t tmpfs none /dev/shm && mount -t tmpfs none /mnt && mkdir /mnt/python "
        '&& mount --bind "$1" /mnt/python && shift && exec "$@"'
    )
    ran = subprocess.run(
        [
            *("unshare", *user, "--pid", "--fork", "--mount", "--mount-proc", "--net", "--ipc"),
            *("sh", "-c", script, "sh", str(folder)),
            *(sys.executable, __file__, "--inside", name, method),
        ],
        capture_output=True,
        check=False,
    )
    if ran.returncode:
        print(f"{name} ({method}, {python}): {ran.stderr.decode(errors='replace')}", file=sys.stderr, flush=True)
        return None
    tree = msgspec.json.decode(ran.stdout, type=replay.Tree)
    tree.python = python
    return tree


# -- inside: process 1 of the namespace -----------------------------------------------------------


def _inside(name: str, method: str) -> None:
    """Runs the subject, looks twice, and writes the tree to standard output; its end is that of the namespace."""
    truth = subjects.every()[name]
    _loopback()
    command = _command(name, method)
    with (MNT / "complaints").open("w+") as complaints:
        program = subprocess.Popen(
            ["setarch", "-R", "/mnt/python/bin/python3", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=MNT,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
        )
        try:
            assert program.stdout is not None
            tree = _tree(name, method, program.pid, program.stdout.fileno(), truth)
        except TimeoutError as error:
            complaints.seek(0)
            sys.exit(f"{error}\n{complaints.read()}")
    sys.stdout.buffer.write(msgspec.json.encode(tree))
    sys.stdout.buffer.flush()
    os._exit(0)  # the kernel ends all others of this namespace


def _command(name: str, method: str) -> list[str]:
    if name in subjects.primitives():
        (MNT / "corpus").mkdir()
        for module in ("primitives.py", "truth.py"):
            shutil.copy(HERE / module, MNT / "corpus")
        return ["-m", "corpus.primitives", name, method]
    shutil.copy(HERE.parent / "proc" / "subjects.py", MNT)
    return ["/mnt/subjects.py", name, method]


def _loopback() -> None:
    """Brings ``lo`` up, netdevice(7): a new network namespace has it down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up, siocsifflags = 0x1, 0x8914
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh14x", b"lo", up))


def _tree(name: str, method: str, pid: int, output: int, truth: Truth) -> replay.Tree:
    end = time.monotonic() + DEADLINE
    marks = 1 if truth.marks is None else truth.marks  # without marks: the line with its pid
    said = b""
    while (said.count(b"\n") if truth.marks is None else said.count(b".")) < marks:
        if not select.select([output], [], [], max(0.0, end - time.monotonic()))[0]:
            raise TimeoutError(f"{said!r} was all it said")
        data = os.read(output, 4096)
        if not data:
            raise TimeoutError("it ended")
        said += data
    reader = Reader()
    _settled(end)
    first, _ = _look(pid, reader)
    if truth.pushed:
        os.kill(pid, signal.SIGUSR1)
    _settled(end)
    second, seen = _look(pid, reader, first)
    tree = replay.Tree(name, method, "", os.uname().machine, pid, (first, second.since(first)), seen)
    tree = _canonical(tree)
    tree.snapshot = replay.snapshots(tree, again=truth.pushed)[1]
    if _outline(tree.snapshot) != _outline(seen):
        sys.exit(f"read back, it is another:\n{_outline(seen)}\n{_outline(tree.snapshot)}")
    return tree


def _settled(end: float) -> None:
    """Waits until no thread of this namespace has run for so long."""
    before: object = None
    while True:
        now = _threads()
        if now is not None and now == before:
            return
        before = now
        if time.monotonic() > end:
            raise TimeoutError(f"it did not come to rest: {now}")
        time.sleep(STILL)


def _threads() -> object:
    """Each thread with its turns on a CPU and what it waits in; None when one runs or is about to."""
    found = []
    for task in sorted(Path("/proc").glob("[0-9]*/task/[0-9]*")):
        if task.parts[2] == str(os.getpid()):
            continue
        try:
            state = (task / "stat").read_bytes().rpartition(b")")[2].split()[0]
            if state not in (b"S", b"Z"):
                return None
            texts = (task / "schedstat").read_bytes(), (task / "syscall").read_bytes()
        except OSError:
            return None  # it ended meanwhile
        found.append((str(task), *texts))
    return found


def _outline(snapshot: Snapshot) -> object:
    """What must be the same of a snapshot, though its names and numbers were made canonical."""
    return (
        [
            (
                one.pid,
                one.ppid,
                one.state,
                one.exit_code,
                [(thread.tid, thread.state, thread.blocked and thread.blocked.call) for thread in one.threads],
                [(file.fd, file.kind, file.mode) for file in one.files],
                [(mapping.start, mapping.inode.ino) for mapping in one.mappings],
            )
            for one in snapshot.processes
        ],
        [(one.inode.ino, one.value, one.waiters) for one in snapshot.semaphores],
        [
            (one.pid, one.inode.ino, one.address, one.count, one.maxvalue, one.kind, one.tid)
            for one in snapshot.sem_locks
        ],
        sorted(one.queued or 0 for one in snapshot.pipes),
        [(one.inode.ino, one.size) for one in snapshot.segments],
        [(one.listening, one.queued) for one in snapshot.sockets],
        snapshot.missing,
    )


# -- looking, with notes --------------------------------------------------------------------------


class _Noting:
    """``os`` and ``fcntl`` at once: the real ones, whose answers are noted in a Look."""

    def __init__(self, look: replay.Look) -> None:
        self._look = look
        self._paths: dict[int, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: str, flags: int, **more: Any) -> int:
        fd = os.open(path, flags, **more)
        self._paths[fd] = path.removeprefix("/proc/")
        self._look.files.pop(self._paths[fd], None)
        return fd

    def close(self, fd: int) -> None:
        self._paths.pop(fd, None)
        os.close(fd)

    def read(self, fd: int, size: int) -> bytes:
        data = os.read(fd, size)
        path = self._paths[fd]
        self._look.files[path] = self._look.files.get(path, "") + data.decode("utf-8", "surrogateescape")
        return data

    def pread(self, fd: int, size: int, address: int) -> bytes:
        data = os.pread(fd, size, address)
        path = self._paths[fd]
        if path.endswith("/mem") and size < PAGE:
            # With the head of a Python object before it: a search finds objects by that.
            before = min(HEAD, address % PAGE)
            noted = os.pread(fd, before, address - before) + data
            self._look.memory.setdefault(path[:-4], {})[f"{address - before:x}"] = noted.hex()
        return data

    def readlink(self, name: str, *, dir_fd: int | None = None) -> str:
        target = os.readlink(name, dir_fd=dir_fd)
        if dir_fd is not None:
            owner = os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode
            mode = next(text for text, bits in replay.MODES.items() if bits == owner & (stat.S_IRUSR | stat.S_IWUSR))
            leads = os.stat(name, dir_fd=dir_fd)
            kind = next((kind for kind, bits in replay.KINDS.items() if bits == stat.S_IFMT(leads.st_mode)), "a")
            links = self._look.links.setdefault(self._paths[dir_fd].partition("/")[0], {})
            links[name] = replay.Link(mode, target, kind, leads.st_dev, leads.st_ino)
        return target

    @contextlib.contextmanager
    def scandir(self, path: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        with os.scandir(path) as found:
            entries = list(found)
        noted = []
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            noted.append(replay.Entry(entry.name, status.st_ino, status.st_size, status.st_uid))
        self._look.shm = (Path(path).stat().st_dev, tuple(sorted(noted, key=lambda one: one.ino)))
        yield iter(sorted(entries, key=lambda entry: entry.inode()))

    def ioctl(self, fd: Any, request: int, argument: Any = 0, *rest: Any) -> Any:
        if request != termios.FIONREAD:
            raise OSError(errno.ENOTTY, "the text is what is to be recorded")
        answer = fcntl.ioctl(fd, request, argument, *rest)
        self._look.queued[str(os.fstat(fd).st_ino)] = argument[0]
        return answer


def _look(pid: int, reader: Reader, before: replay.Look | None = None) -> tuple[replay.Look, Snapshot]:
    """One look by this Reader, and by one that knows nothing yet, so that all is noted."""
    look = replay.Look(time.monotonic_ns(), time.time())

    def sockets() -> dict[int, Any]:
        found = netlink.unix_sockets()
        look.sockets = tuple(found[number] for number in sorted(found))
        return found

    noting = _Noting(look)
    reader._sockets = sockets
    with replay.instead(noting, noting):
        seen = reader.snapshot(pid, scan=True)
        Reader(Path("/proc"), sockets).snapshot(pid, scan=True)
    # Who lost its parent is seen by the Reader that knew it, from its last look: what is still there stays.
    if before is not None:
        for path, text in before.files.items():
            if path not in look.files and Path("/proc", path).exists():
                look.files[path] = _now(path, text)
        for each, known in ((look.links, before.links), (look.memory, before.memory)):
            for process, facts in known.items():
                if process not in each and f"{process}/stat" in look.files:
                    each[process] = facts  # type: ignore[assignment]
    for path in [path for path in look.files if path.endswith("/maps")]:
        look.files[path] = _kept(look.files[path], look.memory.get(path.partition("/")[0], {}))
    return look, seen


def _now(path: str, text: str) -> str:
    """A file as it is now; of maps what was kept."""
    return text if path.endswith("/maps") else Path("/proc", path).read_bytes().decode("utf-8", "surrogateescape")


def _kept(maps: str, memory: dict[str, str]) -> str:
    """The lines of shared mappings, and of private ones the pages in which something was read."""
    kept = []
    places = sorted(
        {int(place, 16) & ~0xFFF for place in memory}
        | {(int(place, 16) + len(words) // 2 - 1) & ~0xFFF for place, words in memory.items() if words}
    )
    for line in maps.splitlines():
        bounds, permissions, rest = line.split(" ", 2)
        start, end = (int(bound, 16) for bound in bounds.split("-"))
        inside = [place for place in places if start <= place < end]
        if permissions.endswith("s"):
            kept.append(line)
        elif inside:
            # One piece from the first to the last page: an object may lie across two.
            runs: list[list[int]] = []
            for place in inside:
                if runs and place == runs[-1][1]:
                    runs[-1][1] = place + 0x1000
                else:
                    runs.append([place, place + 0x1000])
            kept += [f"{low:x}-{high:x} {permissions} {rest}" for low, high in runs]
    return "".join(f"{line}\n" for line in kept)


# -- canonical numbers and names ------------------------------------------------------------------

STARTED = 1000
BOOTED = 1_700_000_000
SHM = 0x20
"""The device of /dev/shm; that of /mnt is the next."""
_NAME = re.compile(
    r"(sem\.mp-|/mp-|sem\.|psm_|pymp-|pym-\d+-|listener-\d+-\d+-?|listener-)([A-Za-z0-9_]{6,8})(?![A-Za-z0-9_])"
)


def _canonical(tree: replay.Tree) -> replay.Tree:
    """The same tree with times from one moment on, and small numbers and plain names for random ones."""
    first, second = tree.looks
    looks = (first, second)
    inode = _inodes(first, second)
    name = _Names()
    device = {second.shm[0]: SHM, MNT.stat().st_dev: SHM + 1}
    least = min(int(_fields(text)[19]) for look in looks for path, text in look.files.items() if path.endswith("/stat"))
    monotonic, unix = first.monotonic - 10**12, first.unix - BOOTED - 1000
    for look in looks:
        look.monotonic -= monotonic
        look.unix = round(look.unix - unix, 3)
        look.files = {
            path: name(
                _restarted(text, least)
                if path.rpartition("/")[2] == "stat"
                else _elsewhere(text, device)
                if path.endswith("/maps") or path == "locks"
                else text
            )
            for path, text in sorted(look.files.items(), key=_in_order)
        }
        look.links = {
            pid: {
                fd: link._replace(
                    target=_renumbered(name(link.target), inode),
                    dev=device.get(link.dev, link.dev),
                    ino=_new(link, inode),
                )
                for fd, link in sorted(links.items(), key=lambda one: int(one[0]))
            }
            for pid, links in sorted(look.links.items(), key=lambda one: int(one[0]))
        }
        look.memory = {
            pid: {place: name.in_memory(words) for place, words in sorted(found.items())}
            for pid, found in sorted(look.memory.items(), key=lambda one: int(one[0]))
        }
        look.queued = {
            str(number): count
            for number, count in sorted((inode.get(int(n), int(n)), c) for n, c in look.queued.items())
        }
        look.sockets = tuple(
            msgspec.structs.replace(
                one, inode=inode.get(one.inode, one.inode), peer=inode.get(one.peer, one.peer), path=name(one.path)
            )
            for one in look.sockets
        )
        look.shm = (SHM, tuple(entry._replace(name=name(entry.name)) for entry in look.shm[1]))
    return tree


def _in_order(item: tuple[str, str]) -> tuple[tuple[int, str], ...]:
    return tuple((int(part) if part.isdigit() else 0, part) for part in item[0].split("/"))


class _Names:
    """Random names of semaphores, segments and folders, each replaced by one that counts, as long as it was."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        return _NAME.sub(self._one, text)

    def _one(self, match: re.Match[str]) -> str:
        old = match[2]
        if old not in self._known:
            self._known[old] = str(len(self._known) + 1).zfill(len(old))
        return match[1] + self._known[old]

    def in_memory(self, words: str) -> str:
        data = bytes.fromhex(words)
        if data[HEAD : HEAD + 4] == b"/mp-":
            end = data.find(b"\0", HEAD)
            data = bytes(HEAD) + data[HEAD:end].ljust(len(data) - HEAD, b"\0")  # what lies around a name is chance
        return self(data.decode("latin-1")).encode("latin-1").hex()


def _inodes(*looks: replay.Look) -> dict[int, int]:
    """New numbers for pipes and sockets, in the old order; neighbours stay neighbours."""
    old: set[int] = set()
    for look in looks:
        old |= {link.ino for links in look.links.values() for link in links.values() if _is_numbered(link)}
        old |= {number for one in look.sockets for number in (one.inode, one.peer) if number}
    new: dict[int, int] = {}
    last = number = 0
    for one in sorted(old):
        number += min(one - last, 10)
        new[one], last = number, one
    return new


def _is_numbered(link: replay.Link) -> bool:
    return link.target.startswith(("pipe:[", "socket:["))


def _new(link: replay.Link, inode: dict[int, int]) -> int:
    return inode[link.ino] if _is_numbered(link) else link.ino


def _renumbered(target: str, inode: dict[int, int]) -> str:
    return re.sub(r"^(pipe|socket):\[(\d+)\]$", lambda match: f"{match[1]}:[{inode[int(match[2])]}]", target)


def _elsewhere(maps: str, device: dict[int, int]) -> str:
    """Maps, or locks, with other devices; all of tmpfs have the major number 0, and small minor ones."""
    for old, new in device.items():
        maps = maps.replace(f" 00:{old:02x} ", f" 00:{new:02x} ").replace(f" 00:{old:02x}:", f" 00:{new:02x}:")
    return maps


def _fields(text: str) -> list[str]:
    """Of a stat, from the state on: started is the 20th; of /proc/stat, none but a late one."""
    return text[text.rfind(")") + 2 :].split() if ")" in text else ["0"] * 19 + [str(2**63)]


def _restarted(text: str, least: int) -> str:
    if ")" not in text:
        return f"btime {BOOTED}\n"
    fields = _fields(text)
    fields[19] = str(int(fields[19]) - least + STARTED)
    return f"{text[: text.rfind(')') + 2]}{' '.join(fields)}\n"


if __name__ == "__main__":
    main()
