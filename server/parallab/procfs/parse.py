"""The text of one /proc file -> a value; one function a file, named after it.

Everything here is pure: text or bytes in, values out. Formats are those of proc(5) and its
pages (proc_pid_stat(5), proc_pid_maps(5) …). A line that does not fit raises ParseError, which
quotes it; what the kernel may leave out is given a default.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Literal, NamedTuple

from parallab.model import FileLock, Inode, Mapping

SHARED_MAPPINGS = 4096
"""More shared mappings than this of one process are left out."""


class ParseError(ValueError):
    """A /proc text that is not as proc(5) describes it."""

    def __init__(self, file: str, text: bytes | str) -> None:
        shown = text[:200] if isinstance(text, str) else text[:200].decode("utf-8", "replace")
        super().__init__(f"/proc/…/{file} is not as proc(5) describes it: {shown!r}")


class Stat(NamedTuple):
    """What is used of proc_pid_stat(5); times in clock ticks, ``started`` since boot."""

    pid: int
    comm: str
    state: str
    ppid: int
    pgid: int
    sid: int
    cpu_ticks: int
    threads: int
    started: int
    image: tuple[int, ...]
    """startcode, startstack, arg_start, arg_end: another program after execve(2) has others."""
    exit_status: int
    caught: int = 0
    """Signals with a handler: bit n−1 for signal n."""
    flags: int = 0
    """The kernel's own, PF_… of include/linux/sched.h; 0 where it tells none."""
    collected: bool = False
    """Whether it waited for a child that had ended: every child had page faults, which are added then."""

    @property
    def forked(self) -> bool | None:
        """Whether it began by fork(2) and has not called execve(2) since, true of zombies too; None: not told."""
        return bool(self.flags & _FORKED) if self.flags else None

    @property
    def placed(self) -> tuple[int, ...]:
        """Its image, where chance decided the addresses: another process has the same by fork(2) alone; else ()."""
        return self.image if self.flags & _RANDOM and all(self.image[:3]) else ()


_FORKED, _RANDOM = 0x40, 0x400000
"""PF_FORKNOEXEC and PF_RANDOMIZE."""


class Schedstat(NamedTuple):
    """proc_pid_schedstat: nanoseconds on a CPU, nanoseconds queued, number of turns."""

    cpu_ns: int
    queued_ns: int
    turns: int


class Region(NamedTuple):
    """A private, writable, anonymous mapping or the heap, in bytes: where Python's objects lie."""

    start: int
    end: int


def text(data: bytes, limit: int = 512) -> str:
    """Bytes from the kernel as bounded text; what is no UTF-8 becomes U+FFFD (JSON has no bytes)."""
    return data[:limit].decode("utf-8", "replace")


def stat(data: bytes) -> Stat:
    """``/proc/PID/stat`` or ``/proc/PID/task/TID/stat``, proc_pid_stat(5).

    comm stands in brackets and may hold brackets, blanks and line ends itself: the last ``)`` ends it.
    """
    opening, closing = data.find(b"("), data.rfind(b")")
    fields = data[closing + 2 :].split()
    if opening < 2 or closing < opening or len(fields) < 22:
        raise ParseError("stat", data)
    try:
        wide = len(fields) >= 50
        return Stat(
            pid=int(data[: opening - 1]),
            comm=text(data[opening + 1 : closing], 64),
            state=fields[0].decode("ascii"),
            ppid=int(fields[1]),
            pgid=int(fields[2]),
            sid=int(fields[3]),
            cpu_ticks=int(fields[11]) + int(fields[12]),
            threads=int(fields[17]),
            started=int(fields[19]),
            image=(int(fields[23]), int(fields[25]), int(fields[45]), int(fields[46])) if wide else (),
            exit_status=int(fields[49]) if wide else 0,
            caught=int(fields[31]) if wide else 0,
            flags=int(fields[6]),
            collected=int(fields[8]) > 0,
        )
    except ValueError:
        raise ParseError("stat", data) from None


def exit_code(status: int) -> int:
    """A wait status (wait(2)) as ``multiprocessing`` counts it: the exit code, or −n for signal n."""
    signal = status & 0x7F
    return -signal if signal else (status >> 8) & 0xFF


def children(data: bytes) -> tuple[int, ...]:
    """``/proc/PID/task/TID/children``: pids parted by blanks, proc_pid_task(5)."""
    try:
        return tuple(map(int, data.split()))
    except ValueError:
        raise ParseError("children", data) from None


def cmdline(data: bytes, limit: int = 64) -> tuple[str, ...]:
    """``/proc/PID/cmdline``: arguments each ended by NUL, proc_pid_cmdline(5); at most ``limit``."""
    if not data:
        return ()
    parts = data.removesuffix(b"\0").split(b"\0", limit)
    return tuple(text(part) for part in parts[:limit])


def schedstat(data: bytes) -> Schedstat:
    """``/proc/PID/task/TID/schedstat``, Documentation/scheduler/sched-stats.rst of Linux."""
    try:
        cpu, queued, turns = data.split()
        return Schedstat(int(cpu), int(queued), int(turns))
    except ValueError:
        raise ParseError("schedstat", data) from None


def syscall(data: bytes) -> tuple[int | None, tuple[int, ...]]:
    """``/proc/PID/task/TID/syscall``, proc_pid_syscall(5): (number, its six arguments).

    The number is None for ``running`` and −1 for a thread that is blocked but in no system call.
    """
    if data.startswith(b"running"):
        return None, ()
    fields = data.split()
    try:
        number = int(fields[0])
        if number < 0:
            return -1, ()
        first, second, third, fourth, fifth, sixth = (int(field, 16) for field in fields[1:7])
    except (ValueError, IndexError):
        raise ParseError("syscall", data) from None
    return number, (first, second, third, fourth, fifth, sixth)


class Status(NamedTuple):
    """What is used of proc_pid_status(5); everybody may read it, unless /proc hides the process."""

    uid: int
    """The real user: a process that may not be dumped (prctl(2)) belongs to root otherwise."""
    euid: int
    resident: int
    """Bytes of memory, VmRSS."""
    kernel: bool
    """A thread of the kernel's: it has no memory of its own."""
    seccomp: int
    """0 none, 1 strict, 2 a filter; −1 where the kernel does not say."""
    capabilities: int
    """The effective ones, a bit each, capabilities(7)."""
    pid_namespaces: int
    """How many pid namespaces from ours inwards it is in (NSpid)."""


# address          perms offset  dev   inode   pathname
# Numbers have no more digits than the kernel's own types: 64 bits, 32 bits.
_MAPPING = re.compile(
    rb"([0-9a-f]{1,16})-([0-9a-f]{1,16}) [r-][w-][x-]s [0-9a-f]+ ([0-9a-f]{1,8}):([0-9a-f]{1,8}) (\d{1,19})[ \t]*(.*)"
)
_PRIVATE = re.compile(
    rb"^([0-9a-f]{1,16})-([0-9a-f]{1,16}) rw[x-]p [0-9a-f]+ 00:00 0[ \t]*(\[heap\]|\[anon:.*\])?$", re.MULTILINE
)
_DATA = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) rw[x-]p [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ [1-9]\d*[ \t]+(.*)$", re.MULTILINE)
_LINE = re.compile(rb"(?:[0-9a-f]+-[0-9a-f]+ [r-][w-][x-][sp] [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+(?: .*)?\n)*")


def device(major: int, minor: int) -> int:
    """The number that stat(2) gives as ``st_dev`` for this device, makedev(3) of glibc."""
    return (minor & 0xFF) | ((major & 0xFFF) << 8) | ((minor & ~0xFF) << 12) | ((major & ~0xFFF) << 32)


def shared_maps(data: bytes) -> tuple[Mapping, ...]:
    """The shared mappings of ``/proc/PID/maps``, proc_pid_maps(5)."""
    if data and not _looks_like_maps(data):
        raise ParseError("maps", data)
    found: list[Mapping] = []
    for permission in (b"-s ", b"xs "):
        # Of hundreds of lines a handful are shared: look for those instead of reading all.
        position = data.find(permission)
        while position >= 0 and len(found) < SHARED_MAPPINGS:
            begin, end = data.rfind(b"\n", 0, position) + 1, data.find(b"\n", position)
            match = _MAPPING.fullmatch(data, begin, end if end >= 0 else len(data))
            if match is not None:  # else a path that holds these letters
                start, stop, major, minor, inode, path = match.groups()
                number = device(int(major, 16), int(minor, 16))
                found.append(mapping(int(start, 16), int(stop, 16), number, int(inode), path))
            if end < 0:
                break
            position = data.find(permission, max(position + 3, end))
    return tuple(sorted(found, key=lambda one: one.start))


def mapping(start: int, end: int, device_number: int, inode: int, path: bytes) -> Mapping:
    """A shared mapping; the kernel says ``(deleted)`` behind the path of an unlinked file."""
    deleted = path.endswith(b" (deleted)")
    name = text(path.removesuffix(b" (deleted)"), 4096)
    return Mapping(start, end, Inode(device_number, inode), name, deleted)


def private_maps(data: bytes) -> tuple[Region, ...]:
    """The heap and the private, writable, anonymous mappings of ``/proc/PID/maps``."""
    if data and not _looks_like_maps(data):
        raise ParseError("maps", data)
    return tuple(Region(int(match[1], 16), int(match[2], 16)) for match in _PRIVATE.finditer(data))


def data_maps(data: bytes, named: bytes) -> tuple[Region, ...]:
    """The private, writable mappings in ``/proc/PID/maps`` of files whose path's last part has ``named`` in it.

    And those of the program itself, whatever it is called: it lies first.
    """
    if data and not _looks_like_maps(data):
        raise ParseError("maps", data)
    line = data[: data.find(b"\n")].split(None, 5)
    program = line[5] if len(line) > 5 and line[5].startswith(b"/") else None
    found = (match for match in _DATA.finditer(data) if named in match[3].rpartition(b"/")[2] or match[3] == program)
    return tuple(Region(int(match[1], 16), int(match[2], 16)) for match in found)


def _looks_like_maps(data: bytes) -> bool:
    """Whether its first line is one of maps; the rest is the kernel's and read by its own patterns."""
    line = data[: data.find(b"\n") + 1] or data + b"\n"
    return bool(_LINE.fullmatch(line))


_MAPPED = re.compile(
    rb"^[0-9a-f]+-[0-9a-f]+ [r-][w-][x-][sp] [0-9a-f]+ ([0-9a-f]{1,8}):([0-9a-f]{1,8}) ([1-9]\d{0,18})(?: +(.*))?$",
    re.MULTILINE,
)


def mapped_files(data: bytes) -> dict[Inode, str]:
    """Every file of ``/proc/PID/maps``, mapped shared or private, with its path, proc_pid_maps(5)."""
    if data and not _looks_like_maps(data):
        raise ParseError("maps", data)
    found: dict[Inode, str] = {}
    for match in _MAPPED.finditer(data):
        inode = Inode(device(int(match[1], 16), int(match[2], 16)), int(match[3]))
        if inode not in found:
            found[inode] = text((match[4] or b"").removesuffix(b" (deleted)"), 4096)
    return found


# 1: -> POSIX  ADVISORY  WRITE 3568 fd:00:2531452 0 EOF
# Who stands behind another that waits is set in once more: 1:  -> POSIX …
_LOCK = re.compile(
    rb"^\d+: ( *-> )?(FLOCK|POSIX|OFDLCK) +\w+ +(READ|WRITE|RW) +(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+)"
    rb" (\d{1,19}) (\d{1,19}|EOF)$",
    re.MULTILINE,
)
_LOCKS: dict[bytes, Literal["flock", "posix", "ofd"]] = {b"FLOCK": "flock", b"POSIX": "posix", b"OFDLCK": "ofd"}


def locks(data: bytes) -> tuple[FileLock, ...]:
    """``/proc/locks``, proc_locks(5); leases are left out."""
    return tuple(
        FileLock(
            Inode(device(int(match[5], 16), int(match[6], 16)), int(match[7])),
            _LOCKS[match[2]],
            int(match[4]),
            match[3] != b"READ",
            bool(match[1]),
            int(match[8]),
            int(match[9]) if match[9] != b"EOF" else None,
        )
        for match in _LOCK.finditer(data)
    )


def status(data: bytes) -> Status:
    """``/proc/PID/status``, proc_pid_status(5)."""
    fields = dict(line.split(b":", 1) for line in data.splitlines() if b":" in line)
    try:
        uids = fields[b"Uid"].split()
        return Status(
            uid=int(uids[0]),
            euid=int(uids[1]),
            resident=int(fields.get(b"VmRSS", b"0").split()[0]) * 1024,
            kernel=b"VmSize" not in fields,
            seccomp=int(fields.get(b"Seccomp", b"-1")),
            capabilities=int(fields.get(b"CapEff", b"0"), 16),
            pid_namespaces=len(fields.get(b"NSpid", b"1").split()),
        )
    except (KeyError, ValueError, IndexError):
        raise ParseError("status", data) from None


_NUMBERS = re.compile(rb"^NSpid:((?:[ \t]+\d{1,9})+)$", re.MULTILINE)


def namespace_pids(data: bytes) -> tuple[int, ...]:
    """``NSpid`` of ``/proc/PID/status``: the number in each pid namespace inwards; () where it does not stand."""
    match = _NUMBERS.search(data)
    return tuple(map(int, match[1].split())) if match else ()


def environ(data: bytes, names: Container[str]) -> dict[str, str]:
    """Those of ``/proc/PID/environ`` with these names, as the program was started with, proc_pid_environ(5)."""
    found: dict[str, str] = {}
    for entry in data.split(b"\0"):
        name, _, value = entry.partition(b"=")
        key = name.decode("utf-8", "surrogateescape")
        if key in names and key not in found:
            found[key] = value[:4096].decode("utf-8", "surrogateescape")
    return found


def boot_time(data: bytes) -> int:
    """``/proc/stat``'s btime: when the machine booted, in Unix seconds, proc_stat(5)."""
    match = re.search(rb"^btime (\d{1,18})$", data, re.MULTILINE)
    if match is None:
        raise ParseError("stat", data)
    return int(match[1])


def epoll_fds(data: bytes) -> tuple[int, ...]:
    """The descriptors an epoll watches: ``tfd`` lines of ``/proc/PID/fdinfo/FD``, proc_pid_fdinfo(5)."""
    return tuple(int(match) for match in re.findall(rb"^tfd:\s*(\d{1,9})\b", data, re.MULTILINE)[:1024])


def pidfd_pid(data: bytes) -> int | None:
    """The process of a pidfd: the ``Pid`` line of its fdinfo, pidfd_open(2)."""
    match = re.search(rb"^Pid:\s*(-?\d{1,9})$", data, re.MULTILINE)
    return int(match[1]) if match else None


_CLOEXEC = 0o2000000
"""O_CLOEXEC of Linux, on every architecture that Python runs on but alpha, parisc and sparc."""


def closes_on_exec(data: bytes) -> bool:
    """Whether execve(2) closes a descriptor: O_CLOEXEC in the ``flags`` of its fdinfo, proc_pid_fdinfo(5)."""
    match = re.search(rb"^flags:\s*([0-7]{1,22})$", data, re.MULTILINE)
    if match is None:
        raise ParseError("fdinfo", data)
    return bool(int(match[1], 8) & _CLOEXEC)


def pipe_or_socket(target: str) -> tuple[str, int] | None:
    """``pipe:[123]`` or ``socket:[123]`` of ``/proc/PID/fd/N`` -> (kind, inode), proc_pid_fd(5)."""
    kind, _, rest = target.partition(":[")
    number = rest[:-1]
    if kind in ("pipe", "socket") and rest.endswith("]") and number.isascii() and number.isdigit() and len(number) < 20:
        return kind, int(number)
    return None
