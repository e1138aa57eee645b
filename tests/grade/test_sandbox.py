"""What is in a sandbox, and what is not: programs that try things in there, with and without root outside."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from handed import as_nobody, need_sandbox
from kernels import until
from parallab.grading import sandbox as sandboxes
from parallab.grading.cgroup import Group
from parallab.grading.facts import Limits
from parallab.grading.sandbox import Sandbox, SandboxError, environment
from parallab.procfs import opened

pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(memory=512, disk=16, processes=64)
HEAD = """
import json, os, resource, signal, socket, sys, time
def tried(work):
    try: return str(work())
    except BaseException as error: return type(error).__name__ + ": " + str(error)
def say(**facts):
    with open("/home/learner/said.new", "w") as file: json.dump(facts, file)
    os.rename("/home/learner/said.new", "/home/learner/said")
    signal.pause()
"""


async def inside(code: str, files: tuple[Path, ...] = (), hidden: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Runs this in a sandbox; what it said."""
    made = await Sandbox.start(files, hidden, LIMITS)
    feed, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        argv = (sys.executable, "-c", HEAD + dedent(code))
        _, handle = await made.launch(argv, environment(), {}, LIMITS, "parallab-nobody", inner)
        os.close(handle)
        said = Path(f"{made.root}/home/learner/said")
        await until(said.exists, "what it says")
        return json.loads(said.read_text())  # noqa: ASYNC240 - in memory
    finally:
        await made.close()
        feed.close()
        inner.close()


@pytest.fixture(autouse=True)
def _sandbox() -> None:
    need_sandbox()


@pytest.mark.asyncio
async def test_what_is_hidden_may_lie_in_what_is_hidden_too() -> None:
    """As the labs of an installed Parallab lie in its package, which nobody sees in there either."""
    package = Path(pytest.__file__).parent.parent / "_pytest"
    below = package / "assertion"
    assert below.is_dir()
    for hidden in ((package, below), (below, package)):
        said = await inside(
            f"say(package=os.listdir({str(package)!r}), there=os.path.exists({str(below)!r}))", (), hidden
        )
        assert said == {"package": [], "there": False}
    said = await inside(f"say(package=os.listdir({str(package)!r}), below=os.listdir({str(below)!r}))", (), (below,))
    assert "assertion" in said["package"]
    assert said["below"] == []


@pytest.mark.asyncio
async def test_nobody_else_is_in_there_and_nothing_leads_out() -> None:
    said = await inside("""
        say(pids=sorted(int(p) for p in os.listdir("/proc") if p.isdigit()),
            caps=[l.split()[1] for l in open("/proc/self/status") if l.startswith(("CapEff", "CapPrm", "CapBnd"))],
            more=[l.split()[1] for l in open("/proc/self/status") if l.startswith("NoNewPrivs")],
            uid=os.getuid(), interfaces=[name for _, name in socket.if_nameindex()],
            network=tried(lambda: socket.create_connection(("192.0.2.1", 80), 2)),
            local=tried(lambda: socket.create_connection(("127.0.0.1", 22), 2)),
            env=sorted(os.environ))
    """)
    assert len(said["pids"]) == 2
    assert said["pids"][0] == 1
    assert set(said["caps"]) == {"0000000000000000"}
    assert said["more"] == ["1"]
    assert said["uid"] == 1000
    assert said["interfaces"] == ["lo"]
    assert said["network"].startswith("OSError")
    assert said["local"].startswith("ConnectionRefusedError")
    assert not {"USERNAME", "SSH_AUTH_SOCK", "PARALLAB_BWRAP", "PYTHONHOME"} & set(said["env"])


@pytest.mark.asyncio
async def test_its_first_process_is_out_of_reach() -> None:
    said = await inside("""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def attach():
            if libc.ptrace(16, 1, 0, 0) != 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        os.kill(1, signal.SIGKILL)
        os.kill(1, signal.SIGSTOP)
        say(memory=tried(lambda: open("/proc/1/mem", "rb")),
            descriptor=tried(lambda: os.readlink("/proc/1/fd/3")),
            opened=tried(lambda: os.open("/proc/1/fd/3", 0)), attach=tried(attach),
            environ=tried(lambda: open("/proc/1/environ").read()))
    """)
    assert all(answer.startswith("PermissionError") for answer in said.values()), said


@pytest.mark.asyncio
async def test_the_system_can_only_be_read_and_what_is_writable_is_small() -> None:
    said = await inside("""
        def fill(folder):
            with open(folder + "/filled", "wb") as file:
                for _ in range(64): file.write(bytes(1 << 20))
        say(written={path: tried(lambda: open(path + "/x", "w").close()) for path in ("/", "/usr", "/etc", "/dev",
                    sys.prefix, "/home/learner", "/tmp", "/dev/shm")},
            filled={path: tried(lambda: fill(path)) for path in ("/tmp", "/dev/shm")},
            mount=tried(lambda: __import__("ctypes").CDLL(None).unshare(0x10000000)))
    """)
    for path in ("/", "/usr", "/etc", "/dev", sys.prefix):
        assert said["written"][path].startswith(("OSError: [Errno 30]", "PermissionError")), (path, said)
    assert {said["written"][path] for path in ("/home/learner", "/tmp", "/dev/shm")} == {"None"}
    assert all("No space left" in answer for answer in said["filled"].values()), said
    assert said["mount"] == "-1" or "--disable-userns" not in sandboxes._known(sandboxes.find())


@pytest.mark.asyncio
async def test_labs_solutions_and_others_work_are_not_in_there(tmp_path: Path) -> None:
    module = tmp_path / "given module.py"
    module.write_text("here = 1")
    places = [
        ROOT / "labs",
        tmp_path,
        Path.home(),
        Path("/etc/shadow"),
        Path("/root/.ssh"),
    ]
    said = await inside(
        f"""
        paths = {[str(path) for path in places]!r}
        shown = (sys.prefix, sys.base_prefix, os.environ["PYTHONPATH"])
        say(there=[path for path in paths if os.path.exists(path) and tried(lambda: os.listdir(path)) != "[]"
                   and not any(p.startswith(path + "/") for p in shown)],
            parallab=tried(lambda: __import__("parallab.shelf")),
            probe=tried(lambda: __import__("parallab_probe").__name__),
            given=os.listdir("."), kernel=tried(lambda: __import__("ipykernel").__name__))
        """,
        (module,),
        (tmp_path,),
    )
    assert said["there"] == []
    assert said["parallab"].startswith("ModuleNotFoundError")
    assert (said["probe"], said["kernel"]) == ("parallab_probe", "ipykernel")
    assert said["given"] == ["given module.py"]


@pytest.mark.asyncio
async def test_it_ends_with_whoever_started_it() -> None:
    """Even when that is killed: nothing may go on to run unwatched."""
    code = dedent("""
        import asyncio, sys
        from parallab.grading.facts import Limits
        from parallab.grading.sandbox import Sandbox
        async def main():
            made = await Sandbox.start((), (), Limits())
            print(made._process.pid, flush=True)
            await asyncio.sleep(1000)
        asyncio.run(main())
    """)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    pid = int(await process.stdout.readline())
    (first,) = opened.read(f"/proc/{pid}/task/{pid}/children").split()
    watched = [os.pidfd_open(number) for number in (pid, int(first))]
    process.kill()
    await process.wait()
    loop = asyncio.get_running_loop()
    for fd in watched:
        ended = asyncio.Event()
        loop.add_reader(fd, ended.set)
        await asyncio.wait_for(ended.wait(), 30)
        loop.remove_reader(fd)
        os.close(fd)


@pytest.mark.asyncio
@pytest.mark.parametrize("lack", ["missing", "refused"])
async def test_without_bubblewrap_it_is_said_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lack: str
) -> None:
    if lack == "missing":
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("PARALLAB_BWRAP", raising=False)
        expected = "apt install bubblewrap"
    else:
        stub = tmp_path / "bwrap"
        stub.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
        stub.chmod(0o755)
        monkeypatch.setenv("PARALLAB_BWRAP", str(stub))
        expected = "bwrap: No permissions to create new namespace.*docs/grading.md"
    with pytest.raises(SandboxError, match=expected):
        await Sandbox.start((), (), LIMITS)


def test_an_unprivileged_user_can_have_one(tmp_path: Path) -> None:
    """The same in the hands of a user who has no rights; here root becomes one."""
    command = as_nobody()
    if not command:
        pytest.skip("we are an unprivileged user: all tests are of that")
    folder = tmp_path / "nobody"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.name.startswith(("pytest", "popen-", "test_")):
            parent.chmod(0o755)
    code = dedent("""
        import asyncio, json
        from parallab import headless
        from parallab.grading.facts import Limits
        from parallab.grading.kernel import SandboxedKernel
        from parallab.lab import Cell
        from parallab.shelf import Shelf
        lab = Shelf().lab("L04")
        cells = [c for c in lab.lab.cells if c.cell_type == "code" and not c.step]
        cells += lab.solution["define-and-execute"]
        kernel = SandboxedKernel(lab.files, [], Limits())
        done = asyncio.run(headless.run(cells, lab, inside=kernel, steps=["define-and-execute"]))
        print(json.dumps([done.report.steps[0].verdict, kernel.memory_limit]))
    """)
    where = {**os.environ, "HOME": str(folder), "PYTHONPATH": str(ROOT / "server")}
    done = subprocess.run(
        [*command, sys.executable, "-c", code], capture_output=True, text=True, env=where, cwd="/", check=False
    )
    if "bubblewrap could not make a sandbox" in done.stderr:
        pytest.skip(f"unprivileged user namespaces are not allowed here: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["passed", "watched"]


def test_a_control_group_of_version_2_is_made_beside_our_own(tmp_path: Path) -> None:
    """Its files are stand-ins: this machine may have no such groups to try."""
    parent = tmp_path / "user.slice" / "app.slice"
    parent.mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("memory pids")
    own = tmp_path / "own"
    own.write_text("0::/user.slice/app.slice/mine.scope\n")
    group = Group.make(1 << 30, 64, tmp_path, own)
    assert group is not None
    (folder,) = group.folders
    assert folder.parent == parent
    assert (parent / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert (folder / "memory.max").read_text() == str(1 << 30)
    assert (folder / "pids.max").read_text() == "64"
    assert not group.killed
    (folder / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    assert group.killed
    assert not group.crowded
    (folder / "pids.events").write_text("max 0\n")
    assert not group.crowded
    (folder / "pids.events").write_text("max 7\n")
    assert group.crowded
    assert str(folder) in group.entering()[2]


def test_where_no_control_group_may_be_made_there_is_none(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/mine\n")
    assert Group.make(1 << 30, 64, tmp_path / "nothing here", own) is None
