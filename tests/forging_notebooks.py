"""More notebooks that attack their re-check: its clocks and channels, the kernel's machinery, the watcher's patience.

As in :mod:`hostile_notebooks`, for the lab of :mod:`handed`: none of them has two workers that live at once.
"""

from __future__ import annotations

import json

from handed import GOOD, LAB, cell
from hostile_notebooks import FORGED, SHORT, STUBBORN, Handed, cells, made

#: Two real workers, one after the other: whoever believes a clock of theirs takes them for two at once.
IN_TURN = """
    import multiprocessing as mp, sys, time
    def work():
        real = time.monotonic_ns
        time.sleep(0.3)
    for name, module in list(sys.modules.items()):
        if name.startswith("parallab_probe") and hasattr(module, "monotonic_ns"):
            real = time.monotonic_ns
            module.monotonic_ns = lambda: real() - SHIFT
    SHIFT = 0
    for SHIFT in (0, 600_000_000):
        p = mp.get_context("METHOD").Process(target=work)
        p.start()
        p.join()
"""
#: Every global of that name, wherever the probe's woven code lives: also in modules that are in no list.
EVERY_CLOCK = """
    import gc, multiprocessing as mp, time
    real = time.monotonic_ns
    def work(): time.sleep(0.3)
    def turn_back(by):
        false = lambda: real() - by
        for one in gc.get_objects():
            if type(one) is dict and one.get("__name__") != "time":
                for name, value in list(one.items()):
                    if value is real or getattr(value, "__name__", "") == "<lambda>" and name == "monotonic_ns":
                        one[name] = false
    for by in (0, 600_000_000):
        turn_back(by)
        p = mp.get_context("fork").Process(target=work)
        p.start()
        p.join()
"""

FORGING: dict[str, Handed] = {
    # -- false clocks --
    "the probe's clock goes wrong between two workers": cells(
        IN_TURN.replace("METHOD", "fork"), outcomes=("not-passed",)
    ),
    "every clock goes wrong between two workers": cells(EVERY_CLOCK, outcomes=("not-passed",)),
    "waits that nobody sees, and a clock that goes back": cells(
        """
        import ctypes, multiprocessing as mp, sys, time
        real = time.monotonic_ns
        def work():
            end = real() + 1_300_000_000
            while real() < end: pass
        def turn_back(by):
            for name, module in list(sys.modules.items()):
                if name.startswith("parallab_probe") and hasattr(module, "monotonic_ns"):
                    module.monotonic_ns = lambda: real() - by
        for by in (0, 3_000_000_000):
            turn_back(by)
            p = mp.get_context("fork").Process(target=work)
            p.start()
            # waitid(2) with WNOWAIT: it waits for the end, and leaves it to be collected.
            ctypes.CDLL(None).waitid(1, p.pid, ctypes.create_string_buffer(256), 4 | 0x01000000)
        """
    ),
    "a worker's end that is forged to come late": cells(
        FORGED
        + """
    import multiprocessing as mp
    def work(): time.sleep(0.2)
    first = mp.get_context("fork").Process(target=work); first.start(); first.join()
    second = mp.get_context("fork").Process(target=work); second.start()
    say(kind="process-end", pid=first.pid, exit_code=0, cell="cell-0", run=1)
    say(kind="process-work-end", pid=first.pid, exit_code=0, cell="cell-0", run=1)
    second.join()
"""
    ),
    "one worker, and a forged second that has lived": cells(
        FORGED
        + """
    import multiprocessing as mp, subprocess
    other = subprocess.Popen(["sleep", "0.5"])
    p = mp.get_context("fork").Process(target=time.sleep, args=(0.5,)); p.start()
    say(kind="process-start", child=other.pid, name="Process-2", method="fork", began=time.monotonic_ns(),
        parent=os.getpid(), seen=True, cell="cell-0", run=1)
    say(kind="process-born", pid=other.pid, ppid=os.getpid(), method="fork", name="Process-2", cell="cell-0", run=1)
    p.join(); other.wait()
    say(kind="process-end", pid=other.pid, exit_code=0, cell="cell-0", run=1)
"""
    ),
    # -- the channels between the sandbox and its watcher --
    "hands over what is no pidfd": cells(
        FORGED
        + """
    def hand(fd, **event):
        text = json.dumps({"at": time.monotonic_ns(), "tid": 1, "cell": "cell-0", "run": 1, **event}).encode()
        try: socket.send_fds(ear, [text], [fd])
        except OSError: pass
    for child in (7001, 7002):
        r, w = os.pipe()
        hand(r, kind="process-start", child=child, name="Process-1", method="fork", began=time.monotonic_ns(),
             parent=os.getpid(), seen=True)
        os.close(w); os.close(r)
    for _ in range(3000):
        hand(os.open("/dev/zero", os.O_RDONLY) if _ < 50 else 0, kind="process-start", child=8000 + _, name="x",
             method="fork", began=1, parent=os.getpid(), seen=True)
"""
    ),
    "four hundred descriptors with each packet": cells(
        FORGED
        + """
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(250)]
    for _ in range(500):
        try: socket.send_fds(ear, [b'{"kind":"x"}'], fds)
        except OSError: pass
"""
    ),
    "numbers that no computer has": cells(
        FORGED
        + """
    for number in (10**400, -1, 2**63, 2**64, 1.5e308, float("nan"), True, None, [1], {"a": 1}):
        for kind in ("cell-begin", "cell-end", "process-start", "process-born", "process-end", "hello", "lost"):
            try: say(kind=kind, pid=number, child=number, ppid=number, count=number, run=number, exit_code=number,
                     began=number, number=number, native_id=number, cell="cell-0")
            except (OSError, ValueError): pass
"""
    ),
    "a cell's end before its end": cells(
        FORGED
        + """
    say(kind="cell-end", cell="cell-0", run=1, ok=True, status="ok")
    say(kind="cell-begin", cell="cell-1", run=2, number=2, lab="handed:L99", step="work")
    time.sleep(1)
""",
        "x = 1",
    ),
    "closes every descriptor": cells(
        "import os\nos.closerange(3, 5000)", "print('still here')", GOOD, limits=SHORT, outcomes=("not-passed",)
    ),
    "closes every socket again and again": cells(
        """
        import os, threading, time
        def close():
            while True:
                for fd in os.listdir("/proc/self/fd"):
                    try:
                        if os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"): os.close(int(fd))
                    except OSError: pass
                time.sleep(0.01)
        threading.Thread(target=close, daemon=True).start()
        time.sleep(0.5)
        """,
        "x = 1",
        limits=SHORT,
    ),
    "a million packets": cells(
        FORGED
        + """
    for n in range(1_000_000):
        try: ear.send(b'{"kind":"cell-begin","at":1,"tid":1,"cell":"cell-0","run":1}')
        except OSError: break
""",
        outcomes=("not-passed", "stopped"),
        limits=SHORT,
    ),
    # -- the kernel's own machinery --
    "asks its own kernel to end": cells(
        """
        import json, zmq, jupyter_client
        from ipykernel import get_connection_file
        client = jupyter_client.BlockingKernelClient(connection_file=get_connection_file())
        client.load_connection_file(); client.start_channels(); client.shutdown()
        import time; time.sleep(2)
        """,
        "print('and now?')",
    ),
    "runs cells through its own sockets": cells(
        """
        import threading, time
        from jupyter_client import BlockingKernelClient
        from ipykernel import get_connection_file
        def ask():
            client = BlockingKernelClient(connection_file=get_connection_file())
            client.load_connection_file(); client.start_channels()
            for n in range(50): client.execute(f"print('passed', {n})")
        threading.Thread(target=ask).start()
        time.sleep(0.5)
        """,
        "print('second')",
    ),
    "a kernel that says it ran what it did not": cells(
        """
        kernel = get_ipython().kernel
        async def run(*rest, **more):
            return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
        kernel.do_execute = run
        type(kernel).do_execute = run
        for name in ("pre_run_cell", "post_run_cell"): get_ipython().events.callbacks[name].clear()
        """,
        GOOD,
    ),
    "another program in the kernel's place": cells(
        "import os\nos.execv('/bin/sleep', ['python', '1000'])", "print('gone')", limits=SHORT
    ),
    "a program of its own for spawn": cells(
        """
        import multiprocessing as mp, os, pathlib, sys
        fake = pathlib.Path("fake-python"); fake.write_text("#!/bin/sh\\nexit 0\\n"); fake.chmod(0o755)
        sys.executable = str(fake.resolve())
        sys._base_executable = sys.executable
        mp.set_executable(sys.executable)
        ps = [mp.get_context("spawn").Process(target=print) for _ in range(2)]
        for p in ps: p.start()
        for p in ps: p.join()
        """
    ),
    "LD_PRELOAD and PYTHON… for whatever comes next": cells(
        """
        import os
        os.environ.update(LD_PRELOAD="/home/learner/work/evil.so", LD_LIBRARY_PATH="/tmp", PYTHONHOME="/tmp",
                          PYTHONSTARTUP="/tmp/x.py", PYTHONPATH="/home/learner/work", PYTHONINSPECT="1")
        open("evil.so", "wb").write(b"\\x7fELF" + bytes(100))
        os.system("true")
        """,
        STUBBORN,
        "print('here')",
        outcomes=("not-passed", "stopped"),
        limits=SHORT,
    ),
    "limits of its own": cells(
        """
        import resource as r
        for what, much in ((r.RLIMIT_FSIZE, 0), (r.RLIMIT_NPROC, 1), (r.RLIMIT_STACK, 1 << 16), (r.RLIMIT_NOFILE, 3),
                           (r.RLIMIT_AS, 1 << 20), (r.RLIMIT_CPU, 1)):
            try: r.setrlimit(what, (much, much))
            except (OSError, ValueError) as error: print(error)
        """,
        "x = list(range(10_000_000))",
        "print('here')",
        limits=SHORT,
    ),
    "no system calls any more": cells(
        "import ctypes\nctypes.CDLL(None).prctl(22, 1, 0, 0, 0)", says="out of time", limits=SHORT
    ),
    "may not be looked at": cells("import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)", "x = 1"),
    "namespaces and mounts of its own": cells(
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.unshare(0x10000000) == -1, "a user namespace"
        assert libc.mount(b"tmpfs", b"/proc", b"tmpfs", 0, None) == -1
        assert libc.umount2(b"/home", 2) == -1
        """
    ),
    "workers that stay asleep after the cell": cells(
        """
        import multiprocessing as mp, time
        for _ in range(2): mp.get_context("fork").Process(target=time.sleep, args=(3600,), daemon=True).start()
        """
    ),
    "workers that are stopped": cells(
        """
        import multiprocessing as mp, os, time
        for _ in range(2):
            p = mp.get_context("fork").Process(target=time.sleep, args=(0,)); p.start(); os.kill(p.pid, 19)
        """
    ),
    "handlers that never let it end": cells(
        """
        import atexit, os, signal, time
        def never(*_):
            while True: time.sleep(1)
        atexit.register(never)
        os.register_at_fork(after_in_child=never)
        for n in (1, 2, 3, 15): signal.signal(n, never)
        """
    ),
    "names that no terminal should see": cells(
        """
        import multiprocessing as mp
        for name in ("\\x1b[2J\\n\\ud800" * 1000, "=cmd|' /C calc'!A0", "x" * 1_000_000):
            p = mp.get_context("fork").Process(target=print, name=name); p.start(); p.join()
        """
    ),
    # -- notebooks --
    "lists in lists without end": Handed("[" * 200_000, outcomes=("unreadable",), says="no notebook"),
    "a notebook of 65 MiB": Handed(
        '{"cells": [], "x": "' + "x" * (65 << 20) + '"}', outcomes=("unreadable",), says="which lab"
    ),
    "a notebook of format 3": Handed(
        json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell(GOOD)]}], "metadata": {"parallab": {"lab": LAB}}}),
        outcomes=("unreadable",),
        says="format 4",
    ),
    "of a lab that is not here": Handed(
        made(cell(GOOD)).replace(LAB, "handed:L12345\\n\\u001b"), outcomes=("unreadable",), says="not installed"
    ),
    "of two labs": Handed(
        made({**cell("x = 1"), "metadata": {"parallab": {"lab": "course:L04", "step": "four-at-once"}}}),
        outcomes=("not-passed",),
    ),
    "a million digits and a million keys": Handed(
        '{"nbformat": 4, "metadata": {"parallab": {"lab": "%s"}}, "n": %s, "cells": []}' % (LAB, "9" * 1_000_000),  # noqa: UP031
        outcomes=("unreadable",),
    ),
}
