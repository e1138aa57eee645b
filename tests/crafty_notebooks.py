"""Notebooks for the lab of :mod:`handed` that pretend in other ways, and honest ones that go unusual ways.

Those of ``CRAFTY`` never have two workers at once that end well. Those of ``UNUSUAL`` do the work.
"""

from __future__ import annotations

import json
from textwrap import dedent

from handed import GOOD, LAB, cell, notebook
from hostile_notebooks import FORGED, Handed, cells, made

PRINTS = "print('two workers, both alive, exit codes 0 0: passed')"
#: What a cell has shown that was never run.
SHOWN = [
    {"output_type": "stream", "name": "stdout", "text": "\x1b[32mpassed\x1b[0m: 2 workers\n"},
    {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/html": "<b>passed</b><script>alert(1)</script>", "text/plain": "passed"},
    },
]
#: One worker after the other, of which each lives for longer than any busy machine explains.
LONG = """
    import multiprocessing as mp, os, threading, time
    ctx = mp.get_context("fork")
    def work(): time.sleep(1.3)
    one, two = ctx.Process(target=work), ctx.Process(target=work)
"""

CRAFTY: dict[str, Handed] = {
    # -- something else in the place of a process --
    "threads that go by the name of processes": cells(
        "from multiprocessing.dummy import Process\nps = [Process(target=print) for _ in range(2)]\n"
        "for p in ps: p.start()\nfor p in ps: p.join()"
    ),
    "one worker, and a thread that has its face": cells(
        """
        import multiprocessing as mp, threading, time
        class Pretending(threading.Thread):
            pid, exitcode, sentinel = 4711, 0, None
        mp.Process = mp.get_context("fork").Process
        one = mp.Process(target=time.sleep, args=(0.5,))
        two = Pretending(target=time.sleep, args=(0.5,), name="Process-2")
        mp.process._children.add(two)
        for p in (one, two): p.start()
        for p in (one, two): p.join()
        """
    ),
    "a class of processes that never starts one": cells(
        """
        import multiprocessing as mp
        class Process(mp.get_context("fork").Process):
            exitcode = property(lambda self: 0)
            def start(self): self.run()
            def join(self, timeout=None): pass
        mp.Process = mp.context.Process = mp.get_context("fork").__class__.Process = Process
        ps = [mp.Process(target=print) for _ in range(2)]
        for p in ps: p.start()
        for p in ps: p.join()
        """
    ),
    "a module of its own in the place of multiprocessing": cells(
        """
        import sys, types
        made = types.ModuleType("multiprocessing")
        class Process:
            exitcode, pid = 0, 7
            def __init__(self, target=None, args=()): self.target, self.args = target, args
            def start(self): self.target(*self.args)
            def join(self): pass
        made.Process, made.get_context = Process, lambda method: made
        for name in [name for name in sys.modules if name.startswith("multiprocessing")]: del sys.modules[name]
        sys.modules["multiprocessing"] = made
        """,
        GOOD,
    ),
    "a fork that makes nobody": cells(
        """
        import multiprocessing as mp, os
        numbers = iter((71_001, 71_002))
        os.fork = lambda: next(numbers)
        ps = [mp.get_context("fork").Process(target=print) for _ in range(2)]
        for p in ps: p.start()
        """
    ),
    "a fork that gives the number of another program": cells(
        """
        import multiprocessing as mp, os, subprocess
        others = [subprocess.Popen(["sleep", "0.5"]) for _ in range(2)]
        numbers = iter([one.pid for one in others])
        os.fork = lambda: next(numbers)
        ps = [mp.get_context("fork").Process(target=print) for _ in range(2)]
        for p in ps: p.start()
        for p in ps: p.join()
        """
    ),
    "children by a bare system call": cells(
        """
        import ctypes, os
        libc = ctypes.CDLL(None)
        for _ in range(2):
            if libc.syscall(57) == 0:  # fork(2) on x86-64
                libc.usleep(500_000)
                libc._exit(0)
        for _ in range(2):
            try: os.wait()
            except ChildProcessError: pass
        """
    ),
    "a script that does the work in another Python": cells(
        "%%script python\nimport multiprocessing as mp\nps = [mp.Process(target=print) for _ in range(2)]\n"
        "for p in ps: p.start()\nfor p in ps: p.join()"
    ),
    "another kernel that does the work": cells(
        f"code = {dedent(GOOD)!r}"
        + """
    from jupyter_client.manager import start_new_kernel
    try:
        manager, client = start_new_kernel()
        client.execute_interactive(code, timeout=20)
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    except Exception as error: print(error)
""".replace("\n    ", "\n")
    ),
    "work that is only done as the kernel ends": cells(
        """
        import atexit, multiprocessing as mp
        def late():
            ps = [mp.get_context("fork").Process(target=print) for _ in range(2)]
            for p in ps: p.start()
            for p in ps: p.join()
        atexit.register(late)
        """
    ),
    # -- workers that end badly, and say otherwise --
    "killed workers whose exit code is painted over": cells(
        """
        import multiprocessing as mp, os
        from multiprocessing import popen_fork
        def poll(self, flag=0):
            if self.returncode is None:
                try: os.waitpid(self.pid, 0)
                except ChildProcessError: pass
                self.returncode = 0
            return 0
        popen_fork.Popen.poll = poll
        popen_fork.Popen.wait = lambda self, timeout=None: self.poll()
        ps = [mp.get_context("fork").Process(target=os.kill, args=(0, 0)) for _ in range(2)]
        def die(): os.kill(os.getpid(), 9)
        for p in ps: p._target, p._args = die, ()
        for p in ps: p.start()
        for p in ps: p.join()
        assert [p.exitcode for p in ps] == [0, 0]
        """
    ),
    "failed workers that say they ended well": cells(
        FORGED
        + """
    import multiprocessing as mp
    def work():
        say(kind="process-end", pid=os.getpid(), exit_code=0, cell="cell-0", run=1)
        time.sleep(0.2)
        os._exit(3)
    ps = [mp.get_context("fork").Process(target=work) for _ in range(2)]
    for p in ps: p.start()
    for p in ps:
        p.join()
        p._popen.returncode = 0
        say(kind="process-exit", child=p.pid, exit_code=0, cell="cell-0", run=1)
        say(kind="wait", call="join", child=p.pid, began=time.monotonic_ns(), exit_code=0, cell="cell-0", run=1)
"""
    ),
    # -- one after the other, behind a curtain --
    "waits inside of start": cells(
        LONG
        + """
    os.register_at_fork(before=lambda: one.pid and os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT))
    one.start()
    two.start()
    one.join(), two.join()
"""
    ),
    "takes each result before the next start": cells(
        """
        import multiprocessing as mp, time
        ctx = mp.get_context("fork")
        def work(results):
            time.sleep(1.2)
            results.put(1)
        results = ctx.Queue()
        ps = [ctx.Process(target=work, args=(results,)) for _ in range(2)]
        for p in ps:
            p.start()
            results.get()
        for p in ps: p.join()
        """
    ),
    "starts the next as it hears of an end": cells(
        LONG
        + """
    import signal
    signal.signal(signal.SIGCHLD, lambda *_: two.pid or two.start())
    one.start()
    end = time.monotonic() + 4
    while time.monotonic() < end: time.sleep(0.1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    one.join(), two.join()
"""
    ),
    "a thread for each, and one thread after the other": cells(
        LONG
        + """
    def whole(p):
        p.start()
        p.join()
    for p in (one, two):
        t = threading.Thread(target=whole, args=(p,))
        t.start()
        t.join()
"""
    ),
    "a clock that runs ahead while it waits": cells(
        """
        import multiprocessing as mp, sys, time
        real = time.monotonic_ns
        def work(): time.sleep(0.3)
        ahead = 0
        for name, module in list(sys.modules.items()):
            if name.startswith("parallab_probe") and hasattr(module, "monotonic_ns"):
                module.monotonic_ns = lambda: real() + ahead
        one, two = (mp.get_context("fork").Process(target=work) for _ in range(2))
        one.start()
        ahead = 10_000_000_000
        one.join()
        ahead = 0
        two.start()
        two.join()
        """
    ),
    "the probe's words, each said twice": cells(
        """
        import multiprocessing as mp, re, time
        from parallab_probe import report
        real = report._sent
        def twice(packet, flags):
            real(packet, flags)
            if b'"process-' in packet: real(re.sub(rb'"name":"([^"]*)"', rb'"name":"\\1b"', packet), flags)
            return len(packet)
        report._sent = twice
        p = mp.get_context("fork").Process(target=time.sleep, args=(0.3,))
        p.start()
        p.join()
        """
    ),
    "a worker's own number, told of another": cells(
        FORGED
        + """
    import multiprocessing as mp
    def work():
        time.sleep(0.1)
        child = os.fork()
        if child == 0:
            say(kind="process-born", ppid=os.getppid(), method="fork", name="Process-2", cell="cell-0", run=1)
            os.kill(os.getpid(), 9)
        os.waitpid(child, 0)
    p = mp.get_context("fork").Process(target=work)
    p.start()
    p.join()
"""
    ),
    # -- cells, tags and outputs --
    "outputs that were filled in by hand": Handed(made({**cell(PRINTS), "outputs": SHOWN, "execution_count": 7})),
    "the solution in cells that do not run": Handed(
        made(
            {**cell(GOOD), "cell_type": "markdown"},
            {**cell(GOOD), "cell_type": "raw"},
            {**cell(GOOD), "cell_type": "Code"},
            cell(PRINTS),
        )
    ),
    "code that only looks like it": cells(
        "# \u202e pu tes si krow ehT\u202c\n'''\u2066" + GOOD + "\u2069'''\n" + PRINTS,
        "imp\u200bort multiprocessing",
        "if 0:" + GOOD,
    ),
    "a list of cells that is said twice": Handed(
        notebook(GOOD)[:-1] + ', "cells": ' + json.dumps([cell(PRINTS)]) + "}",
    ),
    "in two bytes a letter": Handed(notebook(GOOD).encode("utf-16").decode("latin-1"), outcomes=("unreadable",)),
}

MODULE = "%%writefile job.py\nimport multiprocessing as mp\nclass Worker(mp.Process):\n    def run(self): pass"

#: They do the work.
UNUSUAL: dict[str, Handed] = {
    name: cells(*sources, outcomes=("passed",))
    for name, sources in {
        "under a magic of time": ["%%time" + GOOD],
        "under a magic that keeps its output": ["%%capture out" + GOOD],
        "timed by IPython": ["%%timeit -n1 -r1" + GOOD],
        "letters that Python takes for others": [
            GOOD.replace("multi", "\U0001d4c2\U0001d4ca\U0001d4c1\U0001d4c9\U0001d4be")
        ],
        "workers that print megabytes, in colours and HTML": [
            GOOD.replace("def work(): pass", "def work(): print('\\x1b[31m<b>é\\u202e</b>\\x1b[0m' * 200_000)")
        ],
        "classes of its own, under spawn": [
            MODULE,
            """
            import multiprocessing as mp
            mp.set_start_method("spawn", force=True)
            from job import Worker
            ps = [Worker(name=name) for name in ("Zoë 🐍", "")]
            for p in ps: p.start()
            for p in ps: p.join()
            for p in ps: p.close()
            """,
        ],
        "starts each in a thread": [
            """
            import multiprocessing as mp, threading
            ctx = mp.get_context("fork")
            met = ctx.Barrier(2)
            ps = [ctx.Process(target=met.wait) for _ in range(2)]
            ts = [threading.Thread(target=lambda p=p: (p.start(), p.join())) for p in ps]
            for t in ts: t.start()
            for t in ts: t.join()
            """
        ],
        "waits by sentinels": [
            GOOD.replace("for p in ps: p.join()", "left = {p.sentinel for p in ps}")
            + """
    from multiprocessing.connection import wait
    while left: left -= set(wait(left))
"""
        ],
        "waits in asyncio": [
            """
            import asyncio, multiprocessing as mp
            ps = [mp.get_context("fork").Process(target=print, daemon=True) for _ in range(2)]
            for p in ps: p.start()
            await asyncio.gather(*(asyncio.to_thread(p.join) for p in ps))
            """
        ],
        "workers that leave in a hurry": [
            GOOD.replace("def work(): pass", "import os, sys\n    def work(): os._exit(0)"),
        ],
        "is traced and profiled": [
            """
            import sys, warnings
            warnings.simplefilter("error", ResourceWarning)
            def look(*_): return look
            sys.settrace(look); sys.setprofile(lambda *_: None)
            """,
            GOOD,
        ],
        "has its own hooks at forks": [
            "import os\nseen = []\nos.register_at_fork(before=lambda: seen.append(1), after_in_child=seen.clear)",
            GOOD,
        ],
        "edits its own connection file": [
            """
            import json, pathlib
            from ipykernel import get_connection_file
            pathlib.Path(get_connection_file()).write_text(json.dumps({"ip": "/tmp/x", "key": ""}))
            """,
            GOOD,
        ],
        "makes two that it never starts": [GOOD.replace("p.start()", "p.name").replace("p.join()", "p.pid"), GOOD],
        "one cell, run in pieces": [
            "import multiprocessing as mp\ndef work(): pass",
            'ps = [mp.get_context("fork").Process(target=work) for _ in range(2)]\nfor p in ps: p.start()',
            "for p in ps: p.join()",
        ],
    }.items()
} | {
    "of a format yet to come": Handed(notebook(GOOD).replace('"nbformat": 4', '"nbformat": 5'), outcomes=("passed",)),
    "an older minor format, without ids": Handed(
        json.dumps({**json.loads(notebook(GOOD)), "nbformat_minor": 0}), outcomes=("passed",)
    ),
    "a newer minor format, with keys that nobody knows": Handed(
        json.dumps(
            {
                "cells": [{**cell(GOOD), "kind": "?", "attachments": None, "id": "x" * 64}],
                "metadata": {
                    "parallab": {"lab": LAB, "new": [1]},
                    "kernelspec": {"name": "python2"},
                    "language_info": 7,
                },
                "nbformat": 4,
                "nbformat_minor": 99,
                "more": {},
            }
        ),
        outcomes=("passed",),
    ),
    "lines that end as on Windows": Handed(
        notebook(GOOD.replace("\n", "\r\n")).replace(", ", ",\r\n"), outcomes=("passed",)
    ),
}
