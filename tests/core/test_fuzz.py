"""Whatever the kernel, a learner or an author hands in: a value or the documented error, never another one.

Texts are real ones (from the corpus, from our labs), mangled. By default the same
few cases each time; ``PARALLAB_FUZZ=20000`` takes so many new ones of each.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import replay
from parallab import capabilities, lab_parse, model, netlink, notebook, submission, waits
from parallab.ear import Ear, Packet, Peer
from parallab.lab import LabError
from parallab.log import Log
from parallab.procfs import opened, parse, semaphores, structs, syscalls, threads
from parallab.shelf import own_course

MANY = int(os.environ.get("PARALLAB_FUZZ", "0"))


def cases(few: int) -> settings:
    """So many cases, unless more are asked for."""
    return settings(
        max_examples=MANY or few,
        derandomize=not MANY,
        database=None,
        deadline=10_000,  # ms, and only to find who loops: a busy machine is slow
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )


fuzz, fuzz_slow = cases(100), cases(30)

# -- mangling -------------------------------------------------------------------------------------

NASTY = (
    b"",
    b"\0",
    b"\n",
    b")",
    b" (x) ",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # a surrogate in UTF-8, which is none
    b"9" * 30,
    b"9" * 5000,  # more digits than int() takes
    b"-1",
    b"f" * 40,
    b" rw-s 00000000 ",
    b"-s xs " * 50,
    b" (deleted)",
    "²٣".encode(),  # digits to str.isdigit, and to int() not all
    b"1_0",
    b"0x",
)


@st.composite
def mangled(draw: st.DrawFn, texts: tuple[bytes, ...]) -> bytes:
    """A real text: cut, doubled, spliced with another, or with something nasty put in."""
    data = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(len(data), 1)))
        match draw(st.integers(0, 4)):
            case 0:
                data = data[:at]
            case 1:
                other = draw(st.sampled_from(texts))
                data = data[:at] + other[draw(st.integers(0, max(len(other), 1))) :]
            case 2:
                data = data[:at] + draw(st.sampled_from(NASTY)) + data[at + draw(st.integers(0, 20)) :]
            case 3:
                data = data[:at] + draw(st.binary(max_size=20)) + data[at:]
            case _:
                data = (data * 3)[: 1 << 16]
    return data


@cache
def recorded(ending: str) -> tuple[bytes, ...]:
    """The different texts of such files in the corpus, a few of each subject."""
    found: dict[bytes, None] = {}
    for path in replay.paths()[::3]:
        look = replay.load(path)[-1].looks[0]
        for name, text in look.files.items():
            if name.rpartition("/")[2] == ending:
                found[text.encode("utf-8", "surrogateescape")] = None
    return tuple(list(found)[:200])


STATUS = (
    b"Name:\tpython\nUid:\t0\t0\t0\t0\nNSpid:\t12\t3\nVmSize:\t 100 kB\nVmRSS:\t 50 kB\nCapEff:\t00ff\nSeccomp:\t2\n"
)
EPOLL = b"pos:\t0\nflags:\t02\ntfd:        7 events:       19 data: 7\ntfd:       12 events: 1 data: c\n"
PIDFD = b"pos:\t0\nPid:\t4711\nNSpid:\t4711\n"
ENVIRON = b"PATH=/bin\0PARALLAB_LIFE=abc\0X=\xff\0"

PARSERS = [
    ("stat", parse.stat, ()),
    ("children", parse.children, ()),
    ("cmdline", parse.cmdline, ()),
    ("schedstat", parse.schedstat, ()),
    ("syscall", parse.syscall, ()),
    ("maps", parse.shared_maps, ()),
    ("maps", parse.private_maps, ()),
    ("maps", parse.mapped_files, ()),
    ("stat", parse.boot_time, (b"cpu 1 2\nbtime 1700000000\n",)),
    ("status", parse.status, (STATUS,)),
    ("fdinfo", parse.epoll_fds, (EPOLL,)),
    ("fdinfo", parse.pidfd_pid, (PIDFD,)),
    ("fdinfo", parse.closes_on_exec, (PIDFD, EPOLL)),
    ("environ", lambda data: sorted(parse.environ(data, {"PARALLAB_LIFE"})), (ENVIRON,)),
]


@pytest.mark.parametrize(("ending", "parser", "texts"), PARSERS)
@fuzz
@given(data=st.data())
def test_a_text_of_proc_is_a_value_or_a_parse_error(
    ending: str, parser: Any, texts: tuple[bytes, ...], data: Any
) -> None:
    text = data.draw(mangled(texts or recorded(ending)))

    with contextlib.suppress(parse.ParseError):
        storable(parser(text))


def storable(value: Any) -> None:
    """Facts are kept as JSON: no number is larger than 64 bits there, and no text has half a character."""
    if isinstance(value, dict):
        value = list(value.items())
    encoded = msgspec.json.encode(value)
    assert len(encoded) < 1 << 22


@fuzz
@given(st.one_of(st.text(max_size=60), st.from_regex(r"(pipe|socket):\[\w{0,30}\]", fullmatch=True)))
def test_where_a_descriptor_leads_is_told_or_not(target: str) -> None:
    storable(parse.pipe_or_socket(target))


def test_millions_of_descriptors_and_mappings_are_bounded() -> None:
    line = b"7f039fc71000-7f039fc72000 rw-s 00000000 00:1b 2                          /dev/shm/sem.rgwFyg\n"

    assert len(parse.shared_maps(line * 200_000)) == parse.SHARED_MAPPINGS
    assert len(parse.epoll_fds(b"tfd: 7\n" * 1_000_000)) == 1024
    assert len(parse.cmdline(b"x\0" * 1_000_000)) == 64
    assert parse.shared_maps(line[:-1] + b" -s xs" * 200_000) != ()


# -- system calls and memory ----------------------------------------------------------------------

WORD = st.integers(0, 2**64 - 1)


class Chaos(opened.Memory):
    """Memory with arbitrary bytes in it, fewer than asked for at times."""

    def __init__(self, data: bytes) -> None:
        super().__init__("/nowhere")
        self._data = data

    def read(self, address: int, size: int) -> bytes | None:
        assert 0 <= size <= (1 << 20) + structs.SEMLOCK
        start = address % (len(self._data) + 1)
        return self._data[start : start + size] or None


@fuzz
@given(
    st.one_of(mangled(recorded("syscall")), st.tuples(st.integers(0, 500), *[WORD] * 6).map(lambda one: call(*one))),
    st.binary(max_size=2000),
    st.sampled_from(("x86_64", "aarch64", "riscv64")),
)
def test_what_a_thread_waits_for_is_told_whatever_its_memory_holds(text: bytes, memory: bytes, machine: str) -> None:
    with contextlib.suppress(parse.ParseError):
        blocked = threads.blocked("/nowhere", text, machine, Chaos(memory), ())
        storable(blocked)
        assert len(blocked.fds) <= 4 * structs.FDS


def call(number: int, *args: int) -> bytes:
    return f"{number} {' '.join(map(hex, args))} 0x7ffe 0x7f87\n".encode()


@fuzz
@given(st.integers(-1, 600), st.tuples(*[WORD] * 6), st.sampled_from(("x86_64", "aarch64", "armv7l")))
def test_any_system_call_is_told(number: int, args: tuple[int, ...], machine: str) -> None:
    assert syscalls.call(number, args, machine).name


@fuzz
@given(st.binary(max_size=300), st.integers(-5, 5000), st.sets(WORD, max_size=5))
def test_structures_of_any_bytes(data: bytes, n: int, handles: set[int]) -> None:
    structs.pollfds(data)
    assert all(0 <= fd < n for fd in structs.fd_set(data, n))
    structs.sem_t(data)
    words = {value for (value,) in struct.iter_unpack("<Q", data[: len(data) // 8 * 8])}
    found = structs.semlock(data, handles | words)
    assert found is None or (found.kind in (0, 1) and found.maxvalue >= 1)


@fuzz
@given(st.binary(max_size=3000), st.integers(0, 2**20), st.booleans())
def test_locks_are_looked_for_in_any_memory(data: bytes, start: int, real: bool) -> None:
    handle = 0x7FFFF7FB8000
    inode = model.Inode(32, 2)
    if real:
        lock = bytes.fromhex("0300000000000000604f7355555500000080fbf7ff7f0000804bedf7ff7f0000010000000100000001000000")
        data = data + bytes(-len(data) % 8) + lock + bytes(40)
    memory = Chaos(data)
    found, _ = semaphores.scan(memory, [parse.Region(0, len(data)), parse.Region(start, start + 100)], {handle: inode})

    for one in semaphores.sem_locks(memory, 7, found | {start}, {handle: inode}, (7,), "x86_64"):
        storable(one)


# -- answers of netlink ---------------------------------------------------------------------------


def message(inode: int, *attributes: tuple[int, bytes]) -> bytes:
    """One ``unix_diag_msg`` behind its header, as the kernel writes it."""
    body = struct.pack("=BBBBI8x", 1, 1, 1, 0, inode)
    for kind, value in attributes:
        body += struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body


DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)
REFUSED = struct.pack("=IHHIIi", 36, 2, 0, 1, 0, -13) + bytes(16)
ANSWERS = (
    message(7, (0, b"/tmp/x\0"), (2, struct.pack("=I", 8)), (4, struct.pack("=II", 3, 9))) + message(8),
    message(9, (0, b"\0abstract\xff\0x")) + DONE,
    DONE,
    REFUSED,
)


class Diag:
    """A netlink socket whose answers are given; silent afterwards, as one that has timed out."""

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers

    def send(self, request: bytes) -> int:
        return len(request)

    def recv(self, size: int) -> bytes:
        if not self._answers:
            raise TimeoutError("timed out")
        return self._answers.pop(0)


@fuzz
@given(st.lists(mangled(ANSWERS), max_size=4))
def test_answers_of_netlink_are_sockets_or_an_os_error(answers: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        storable(netlink.unix_sockets(Diag(answers)))  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [b"", b"\0" * 3, message(7)[:20], REFUSED[:17]])
def test_an_answer_cut_short_is_an_error_and_no_endless_loop(answer: bytes) -> None:
    with pytest.raises(OSError, match="sock_diag"):
        netlink.unix_sockets(Diag([answer] * 1000))  # type: ignore[arg-type]


# -- packets of the probe -------------------------------------------------------------------------

_EVENTS = (
    msgspec.json.encode(one)
    for one in (
        model.Hello(at=1, python="3.12.1", start_method="fork", blind=("x",)),
        model.CellEnd(
            at=2,
            cell="c",
            run=1,
            error=model.Failure("ValueError", "é", "x.py:3"),
            readings=(model.Reading(7, "d", 1.5, True, "/mp-x", ("a",), (1, None, 2.5)),),
            values=(model.Value("x", "int", "1"),),
        ),
        model.ProcessStart(at=3, began=2, child=7, args=(model.Arg("lock", "Lock", "/mp-x", 5),)),
        model.LockUse(at=4, lock="/mp-x", act="take", saw=(1, 2.5, None)),
        model.QueueUse(at=5, queue="q", item='{"a": [1, "\\ud83d\\ude00"]}'),
        [model.Lost(at=6, count=3), model.Omitted(at=7, what="x", count=2)],
    )
)
PACKETS = (
    *_EVENTS,
    b'{"kind":"lost","at":99999999999999999999999999,"count":1}',
    b'{"kind":"lost","at":1,"count":1e999}',
    b'{"kind":"cell-end","at":1,"readings":[{"address":1,"value":1e999}]}',
    b'{"kind":"cell-end","at":1,"readings":[{"address":1,"value":123456789012345678901234567890}]}',
    b'{"kind":"hello","at":1,"python":"\\ud800","start_method":"fork"}',
    b"[" * 500,
    b'[{"kind":"lost","at":1,"count":1}' * 3,
)


@cache
def ear() -> tuple[Ear, list[model.AnyEvent]]:
    made = Ear(lambda events: None)
    made.close()
    return made, []


@fuzz
@given(mangled(PACKETS))
def test_any_packet_is_an_event_that_can_be_kept_or_is_counted_as_malformed(data: bytes) -> None:
    made, _ = ear()
    events: list[model.AnyEvent] = []
    before = made.malformed
    made._understand(Packet(data, 7, os.getuid()), Peer(None, 7), events)  # type: ignore[arg-type]

    assert events or made.malformed > before or data.strip() == b"[]" or b'"answer"' in data
    log = Log()
    for event in events:
        log.add(event)
    kept = model.Recording(1, "kernel", 7, events=log.events(), lost=log.lost, not_recorded=log.not_recorded())
    assert model.loads(model.dumps(kept)) == kept


# -- recordings and JSON --------------------------------------------------------------------------


@fuzz
@given(
    st.builds(
        model.CellEnd,
        at=st.integers(0, 2**63 - 1),
        cell=st.text(max_size=20),
        values=st.lists(
            st.builds(model.Value, name=st.text(max_size=9), type=st.just("str"), json=st.text().map(json.dumps))
        ).map(tuple),
        readings=st.lists(
            st.builds(model.Reading, address=WORD, value=st.floats(allow_nan=False, allow_infinity=False))
        ).map(tuple),
    )
)
def test_a_recording_comes_back_from_json_as_it_was(event: model.CellEnd) -> None:
    made = model.Recording(1, "kernel", 7, events=(event,))

    assert model.loads(model.dumps(made)) == made


@fuzz
@given(st.binary(max_size=300))
def test_a_path_that_is_no_text_becomes_text_that_json_can_hold(path: bytes) -> None:
    seen = opened.clean(os.fsdecode(path))

    assert msgspec.json.decode(msgspec.json.encode(seen)) == seen


@fuzz
@given(st.data())
def test_no_json_but_a_recordings_is_one(data: Any) -> None:
    whole = model.dumps(model.Recording(1, "kernel", 7, snapshots=(replay.load(replay.paths()[0])[0].snapshot,)))
    text = data.draw(mangled((whole,)))

    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        model.loads(text)


# -- a whole tree ---------------------------------------------------------------------------------


@fuzz
@given(st.data())
def test_a_reader_survives_any_file_of_a_tree(data: Any) -> None:
    """What cannot be understood is told as missing, and the others are still seen."""
    path = data.draw(st.sampled_from(replay.paths()[::9]))
    tree = replay.load(path)[0]
    look = tree.whole[0]
    name = data.draw(st.sampled_from(sorted(look.files)))
    text = data.draw(mangled((look.files[name].encode("utf-8", "surrogateescape"),)))
    look.files[name] = text.decode("utf-8", "surrogateescape")

    with replay.answering(look):
        seen = replay.reader(tree, look).snapshot(tree.root, scan=True)

    assert msgspec.json.decode(msgspec.json.encode(seen), type=model.Snapshot) == seen


def test_a_process_whose_texts_make_no_sense_is_known_not_to_be_known() -> None:
    """It could hold the lock that the others wait for: nothing is concluded from it."""
    tree = next(one for one in replay.load(replay.TREES / "lock_cycle.json") if one.method == "fork")
    looks = tree.whole
    worker = max(int(path.partition("/")[0]) for path in looks[0].files if path.endswith("/syscall"))
    for look in looks:
        look.files[f"{worker}/task/{worker}/syscall"] = "what is that?\n"
    tree = msgspec.structs.replace(tree, looks=(looks[0], looks[1].since(looks[0])))

    seen = replay.snapshots(tree)

    assert [(one.kind, one.pid) for one in seen[1].missing] == [("calls", worker)]
    assert "what is that?" in seen[1].missing[0].why
    assert waits.stuck(*seen) is None
    assert waits.diagnose(*seen) == ()


# -- what authors and learners write --------------------------------------------------------------


@cache
def written(pattern: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(own_course().glob(pattern)))


YAML = (
    b": 2001-99-99\n",
    b": 0x_\n",
    b"? [a]: b\n",
    b": &a [*a]\n",
    b"- " * 400,
    b"[" * 400,
    b"!!python/name:os.system",
    b"\t",
)


@pytest.mark.parametrize(
    ("pattern", "parser"),
    [
        ("*/lab.md", lambda text: lab_parse.parse_lab(text, "lab.md")),
        ("*/solution.md", lambda text: lab_parse.parse_solution(text, "solution.md")),
        ("*/mistakes/*.md", lambda text: lab_parse.parse_mistake(text, "x.md", "x")),
    ],
)
@fuzz_slow
@given(data=st.data())
def test_a_labs_file_is_read_or_is_a_lab_error(pattern: str, parser: Any, data: Any) -> None:
    text = data.draw(mangled(written(pattern)))
    lines = text.split(b"\n")
    if data.draw(st.booleans()):
        lines.insert(data.draw(st.integers(0, min(len(lines), 12))), data.draw(st.sampled_from(YAML)))
    elif data.draw(st.booleans()):
        place = data.draw(st.integers(0, min(len(lines) - 1, 12)))
        lines[place] = lines[place].partition(b":")[0] + data.draw(st.sampled_from(YAML))

    with contextlib.suppress(LabError):
        parser(b"\n".join(lines).decode("utf-8", "replace"))


def test_the_notebook_of_each_lab_has_the_labs_cells() -> None:
    for text in written("*/lab.md"):
        lab = lab_parse.parse_lab(text.decode(), "lab.md")
        read = submission.parse(json.dumps(notebook.build(lab)), "x.ipynb")

        assert [(cell.source, cell.step) for cell in read] == [
            (cell.source, cell.step) for cell in lab.cells if cell.cell_type == "code"
        ]


NOTEBOOKS = (
    json.dumps(
        {"cells": [{"cell_type": "code", "source": ["x\n", "y"], "metadata": {"parallab": {"step": "a"}}}]}
    ).encode(),
    b'{"cells": [{"cell_type": "code", "source": "\\ud800 = 1", "metadata": {"parallab": {"step": "\\udfff"}}}]}',
    b'{"cells": [{"cell_type": "code", "source": 3, "metadata": []}, 7, null]}',
    b'{"cells": ' + b"[" * 3000,
    b'{"cells": ' + b"9" * 5000 + b"}",
    b"null",
)


@fuzz
@given(st.one_of(mangled(NOTEBOOKS), st.sampled_from(NOTEBOOKS)))
def test_a_notebook_is_cells_that_can_be_sent_or_one_sentence(data: bytes) -> None:
    with contextlib.suppress(submission.SubmissionError):
        for cell in submission.parse(data.decode("utf-8", "replace"), "x.ipynb"):
            (cell.source + cell.step).encode()


# -- what can be seen on a machine ----------------------------------------------------------------


@fuzz_slow
@given(st.data())
def test_capabilities_are_told_whatever_proc_says(tmp_path_factory: Any, data: Any) -> None:
    root = tmp_path_factory.mktemp("proc")
    (root / "7" / "task" / "7").mkdir(parents=True)
    (root / "7" / "fd").mkdir()
    (root / "self").mkdir()
    (root / "sys/kernel/yama").mkdir(parents=True)
    texts = {
        "7/stat": recorded("stat"),
        "7/maps": recorded("maps"),
        "7/syscall": recorded("syscall"),
        "7/status": (STATUS,),
        "self/status": (STATUS,),
        "7/mem": (b"x" * 100,),
        "sys/kernel/yama/ptrace_scope": (b"1\n",),
        "self/mountinfo": (b"22 1 0:21 / /proc rw,nosuid - proc proc rw,hidepid=2\n",),
    }
    for name, some in texts.items():
        (root / name).write_bytes(data.draw(mangled(some)))

    found = capabilities.of(7, root)

    assert [one.what for one in found.capabilities] == list(capabilities.WHAT)
    assert all(one.can != bool(one.why) for one in found.capabilities)
    assert isinstance(capabilities.reason(root / "7"), str)
