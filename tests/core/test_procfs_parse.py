"""Parsers of /proc, on recorded text and on text that is none."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallab.model import FileLock, Inode
from parallab.procfs import parse, structs, syscalls

STAT = (
    b"11898 (python (x) y) S 11897 11890 11890 0 -1 4194368 300 0 0 0 12 34 0 0 20 0 3 0 4711 30000000 2500 "
    b"18446744073709551615 94000000 94001000 140726308511356 0 0 0 0 16781312 2 0 0 0 17 1 0 0 0 0 0 "
    b"94002000 94003000 94400000 140726308513000 140726308513100 140726308513100 140726308519000 9\n"
)

MAPS = b"""\
562b9e4c1000-562b9e4c3000 r--p 00000000 fe:00 260131                     /usr/bin/cat
562b9e6c1000-562b9e6e3000 rw-p 00000000 00:00 0                          [heap]
7f039fc70000-7f039fc71000 rw-p 00000000 00:00 0 
7f039fc71000-7f039fc72000 rw-s 00000000 00:1b 2                          /dev/shm/sem.rgwFyg (deleted)
7f039fc72000-7f039fc79000 r--s 00000000 fe:00 338846                     /usr/lib/gconv/gconv-modules.cache
7f039fd00000-7f039fd40000 rw-s 00000000 00:01 21                         /dev/zero (deleted)
7ffc0a1b2000-7ffc0a1d3000 rw-p 00000000 00:00 0                          [stack]
"""  # noqa: W291


def test_stat_finds_the_end_of_a_name_with_brackets():
    seen = parse.stat(STAT)

    assert (seen.pid, seen.comm, seen.state, seen.ppid) == (11898, "python (x) y", "S", 11897)
    assert (seen.pgid, seen.sid, seen.cpu_ticks, seen.threads, seen.started) == (11890, 11890, 46, 3, 4711)
    assert seen.exit_status == 9


def test_stat_tells_a_fork_from_another_program_and_whether_a_child_was_collected():
    fields = STAT.rpartition(b") ")[2].split()

    def stat(flags: int, faults: int) -> parse.Stat:
        return parse.stat(b"7 (x) " + b" ".join([*fields[:6], b"%d" % flags, fields[7], b"%d" % faults, *fields[9:]]))

    assert [stat(flags, 0).forked for flags in (0x40, 0x400000, 0x400040, 0)] == [True, False, True, None]
    assert [stat(0, faults).collected for faults in (0, 7)] == [False, True]
    assert [bool(stat(flags, 0).placed) for flags in (0x40, 0x400000)] == [False, True]


def test_numbers_in_each_pid_namespace():
    assert parse.namespace_pids(b"Name:\tx\nNSpid:\t4711\t12\t1\nNSpgid:\t4711\t0\n") == (4711, 12, 1)
    assert parse.namespace_pids(b"Name:\tNSpid:\t7\n") == ()


def test_stat_gives_what_a_learner_may_have_named_in_other_letters():
    assert parse.stat(STAT.replace(b"python", b"\xff\xe4")).comm == "\ufffd\ufffd (x) y"


@pytest.mark.parametrize(("status", "code"), [(0, 0), (256, 1), (7 << 8, 7), (9, -9), (15, -15), (0x8B, -11)])
def test_exit_codes_are_counted_as_multiprocessing_does(status, code):
    assert parse.exit_code(status) == code


def test_children():
    assert parse.children(b"12 13 14 ") == (12, 13, 14)
    assert parse.children(b"") == ()


def test_cmdline_keeps_empty_arguments():
    assert parse.cmdline(b"python\0-c\0\0x\0") == ("python", "-c", "", "x")
    assert parse.cmdline(b"") == ()
    assert len(parse.cmdline(b"x\0" * 1000)) == 64


def test_schedstat():
    assert parse.schedstat(b"77439285 298946 12\n") == (77439285, 298946, 12)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"running\n", (None, ())),
        (b"-1 0x7ffe 0x7f87\n", (-1, ())),
        (b"0 0x3 0x7f 0x20 0x0 0xffffffff 0x0 0x7ffe 0x7f87\n", (0, (3, 0x7F, 0x20, 0, 0xFFFFFFFF, 0))),
    ],
)
def test_syscall(text, value):
    assert parse.syscall(text) == value


def test_shared_maps_are_the_shared_ones_with_their_device_as_stat_has_it():
    found = parse.shared_maps(MAPS)

    assert [(one.path, one.deleted) for one in found] == [
        ("/dev/shm/sem.rgwFyg", True),
        ("/usr/lib/gconv/gconv-modules.cache", False),
        ("/dev/zero", True),
    ]
    assert found[0].inode == Inode(0x1B, 2)
    assert found[0].start == 0x7F039FC71000
    assert found[1].inode.dev == parse.device(0xFE, 0)


def test_private_maps_are_where_objects_lie():
    assert parse.private_maps(MAPS) == (
        (0x562B9E6C1000, 0x562B9E6E3000),
        (0x7F039FC70000, 0x7F039FC71000),
    )


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        (parse.stat, b"nothing"),
        (parse.stat, b"1 (x) S 1"),
        (parse.children, b"1 x"),
        (parse.schedstat, b"1 2"),
        (parse.syscall, b""),
        (parse.syscall, b"0 0x3"),
        (parse.shared_maps, b"not maps at all\n"),
        (parse.boot_time, b"cpu 1 2 3\n"),
    ],
)
def test_a_malformed_text_is_quoted(parser, text):
    with pytest.raises(parse.ParseError) as caught:
        parser(text)

    assert repr(text.decode()) in str(caught.value)


def test_fdinfo():
    epoll = b"pos:\t0\nflags:\t02\ntfd:        7 events:       19 data: 7\ntfd:       12 events: 1 data: c\n"
    assert parse.epoll_fds(epoll) == (7, 12)
    assert parse.pidfd_pid(b"pos:\t0\nPid:\t4711\nNSpid:\t4711\n") == 4711
    assert parse.pidfd_pid(b"pos:\t0\n") is None
    assert parse.closes_on_exec(b"pos:\t0\nflags:\t02000001\n")
    assert not parse.closes_on_exec(b"pos:\t0\nflags:\t01\n")


def test_targets_of_descriptors():
    assert parse.pipe_or_socket("pipe:[123]") == ("pipe", 123)
    assert parse.pipe_or_socket("socket:[9]") == ("socket", 9)
    assert parse.pipe_or_socket("anon_inode:[eventpoll]") is None
    assert parse.pipe_or_socket("/tmp/pipe:[x]") is None


PARSERS = (
    parse.stat,
    parse.children,
    parse.cmdline,
    parse.schedstat,
    parse.syscall,
    parse.shared_maps,
    parse.private_maps,
    parse.boot_time,
    parse.epoll_fds,
    parse.pidfd_pid,
    parse.closes_on_exec,
)


@given(st.sampled_from(PARSERS), st.binary(max_size=300))
def test_no_text_does_more_harm_than_a_parse_error(parser, text):
    with contextlib.suppress(parse.ParseError):
        parser(text)


@given(st.sampled_from(PARSERS), st.sampled_from((STAT, MAPS)), st.integers(0, 900), st.binary(max_size=9))
def test_nor_does_a_mangled_one(parser, text, at, put):
    with contextlib.suppress(parse.ParseError):
        parser(text[:at] + put + text[at + len(put) :])


# -- system calls ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "args", "call"),
    [
        (202, (64, 265, 0, 0, 0, 0), syscalls.Call("futex", look="futex")),
        (202, (64, 0x189, 0, 0, 0, 0), syscalls.Call("futex")),
        (202, (64, 265, 0, 5, 0, 0), syscalls.Call("futex", timed=True, look="futex")),
        (202, (64, 129, 0, 5, 0, 0), syscalls.Call("futex")),
        (0, (3, 1, 2, 0, 0, 0), syscalls.Call("read", fds=(3,))),
        (61, (4711, 1, 0, 0, 0, 0), syscalls.Call("wait4", pid=4711)),
        (61, (0xFFFFFFFFFFFFFFFF, 1, 0, 0, 0, 0), syscalls.Call("wait4", pid=-1)),
        (61, (0, 1, 0, 0, 0, 0), syscalls.Call("wait4", pid=-1, group=0)),
        (61, (0xFFFFFFFFFFFFED99, 1, 0, 0, 0, 0), syscalls.Call("wait4", pid=-1, group=4711)),
        (247, (0, 0, 0, 4, 0, 0), syscalls.Call("waitid", pid=-1)),
        (247, (2, 4711, 0, 4, 0, 0), syscalls.Call("waitid", pid=-1, group=4711)),
        (247, (1, 4711, 0, 0, 0, 0), syscalls.Call("waitid", pid=4711)),
        (247, (3, 9, 0, 0, 0, 0), syscalls.Call("waitid", fds=(9,), look="pidfd")),
        (7, (64, 1, 0xFFFFFFFF, 0, 0, 0), syscalls.Call("poll", look="poll")),
        (7, (64, 1, 100, 0, 0, 0), syscalls.Call("poll", timed=True, look="poll")),
        (232, (5, 64, 3, 0xFFFFFFFF, 0, 0), syscalls.Call("epoll_wait", look="epoll")),
        (230, (0, 0, 64, 0, 0, 0), syscalls.Call("clock_nanosleep", timed=True)),
        (9999, (0,) * 6, syscalls.Call("syscall-9999")),
    ],
)
def test_what_a_call_waits_for(number, args, call):
    assert syscalls.call(number, args, "x86_64") == call


def test_aarch64_has_numbers_of_its_own():
    assert syscalls.call(98, (64, 265, 0, 0, 0, 0), "aarch64") == syscalls.Call("futex", look="futex")
    assert syscalls.name(202, "aarch64") == "accept"
    assert syscalls.name(202, "riscv64") == "syscall-202"


# -- structures in memory ------------------------------------------------------------------


def test_pollfds_leave_out_negative_descriptors():
    assert structs.pollfds(struct.pack("<ihhihhihh", 7, 1, 0, -1, 1, 0, 9, 4, 0)) == (7, 9)


def test_fd_set():
    assert structs.fd_set(bytes((0b1001, 0, 0b10)), 18) == (0, 3, 17)
    assert structs.fd_set(bytes((0b1001, 0, 0b10)), 17) == (0, 3)


def test_sem_t():
    assert structs.sem_t(struct.pack("<II", 3, 2)) == (3, 2)
    assert structs.sem_t(b"") is None


@pytest.mark.parametrize("head", [structs.HEAD, structs.HEAD_FREE_THREADED])
def test_semlock_is_known_by_its_handle_whichever_head_it_has(head):
    data = bytes(head) + struct.pack("<QQiiiiQ", 0x7F0000001000, 0x7F0000003040, 1, 1, 1, 0, 0) + bytes(40)

    assert structs.semlock(data, {0x7F0000001000}) == (0x7F0000001000, 0x7F0000003040, 1, 1, 1, 0)
    assert structs.semlock(data, {0x7F0000002000}) is None
    assert structs.semlock(data[:40], {0x7F0000001000}) is None


@pytest.mark.parametrize(
    ("last_tid", "count", "maxvalue", "kind"),
    [(5, 1, 1, 1), (16, -1, 1, 0), (16, 1, 2, 0), (16, 0, 0, 1), (16, 1, 1, 2)],
)
def test_a_handle_among_what_no_semlock_holds_is_no_semlock(last_tid, count, maxvalue, kind):
    data = bytes(structs.HEAD) + struct.pack("<QQiiiiQ", 0x7F0000001000, last_tid, count, maxvalue, kind, 0, 0)

    assert structs.semlock(data + bytes(40), {0x7F0000001000}) is None


def test_locks_of_files():
    text = (
        b"1: POSIX  ADVISORY  WRITE 2749 fe:00:2148947 0 EOF\n"
        b"1: -> POSIX  ADVISORY  READ 2829 fe:00:2148947 0 EOF\n"
        b"1:  -> POSIX  ADVISORY  WRITE 2830 fe:00:2148947 0 EOF\n"
        b"2: FLOCK  ADVISORY  WRITE 2656 00:1b:17 0 EOF\n"
        b"3: OFDLCK ADVISORY  READ  -1 fe:00:5 0 127\n"
        b"4: LEASE  ACTIVE    READ  77 fe:00:6 0 EOF\n"
        b"5: POSIX  ADVISORY  WRITE 12 fe:00:7 10 19\n"
    )

    assert parse.locks(text) == (
        FileLock(Inode(0xFE00, 2148947), "posix", 2749),
        FileLock(Inode(0xFE00, 2148947), "posix", 2829, exclusive=False, waiting=True),
        FileLock(Inode(0xFE00, 2148947), "posix", 2830, waiting=True),
        FileLock(Inode(27, 17), "flock", 2656),
        FileLock(Inode(0xFE00, 5), "ofd", -1, exclusive=False, end=127),
        FileLock(Inode(0xFE00, 7), "posix", 12, start=10, end=19),
    )


@pytest.mark.parametrize(
    ("one", "other", "excludes"),
    [
        ((True, 0, None), (True, 0, None), True),
        ((False, 0, None), (False, 0, None), False),
        ((True, 0, None), (False, 500, None), True),
        ((True, 0, 9), (True, 10, 19), False),
        ((True, 10, 19), (True, 0, 9), False),
        ((True, 0, 10), (True, 10, 19), True),
        ((True, 10, None), (True, 0, 9), False),
    ],
)
def test_locks_of_parts_that_do_not_meet_exclude_nobody(one, other, excludes):
    here, there = (FileLock(Inode(1, 1), "posix", 1, alone, False, *part) for alone, *part in (one, other))

    assert here.excludes(there) is there.excludes(here) is excludes


def test_the_data_of_a_python_is_found_by_its_name():
    text = (
        b"7f00-7f10 rw-p 00000000 fe:00 12                         /usr/lib/libpython3.12.so.1.0\n"
        b"7f20-7f30 r--p 00000000 fe:00 12                         /usr/lib/libpython3.12.so.1.0\n"
        b"7f40-7f50 rw-p 00000000 fe:00 13                         /usr/lib/python3/libssl.so\n"
        b"7f60-7f70 rw-p 00000000 00:00 0                          [heap]\n"
    )

    assert parse.data_maps(text, b"python") == (parse.Region(0x7F00, 0x7F10),)
