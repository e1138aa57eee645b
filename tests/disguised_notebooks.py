"""Notebooks that go for what is around them: the clock, their parents, shared memory, the next one. For :mod:`handed`.

None in ``DISGUISED`` does the work; all in ``STRANGE`` do.
"""

from __future__ import annotations

from handed import GOOD
from hostile_notebooks import SHORT, Handed, cells

#: Two links between a program and whoever started it, so that nothing but the sandbox can end it.
DAEMON = """
    import os
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
        os.closerange(0, 64)
        TASK
        os._exit(0)
"""
VERDICT = '{"outcome": "passed", "passed": 1, "counted": 1, "verdict": "passed"}'

DISGUISED: dict[str, Handed] = {
    "a daemon that goes on writing verdicts": cells(
        DAEMON.replace(
            "TASK",
            f"""
        while True:
            for folder in (".", "/tmp", "/run", "/dev/shm", os.path.expanduser("~")):
                try:
                    for name in ("results.jsonl", "out.csv", "work.ipynb"):
                        fd = os.open(folder + "/" + name, os.O_CREAT | os.O_RDWR)
                        os.pwrite(fd, b'{VERDICT}', 0)
                        os.close(fd)
                except OSError: pass
        """.strip(),
        )
    ),
    "a daemon that fills shared memory for ever": cells(
        DAEMON.replace(
            "TASK",
            """
        number = 0
        while True:
            try:
                fd = os.open(f"/dev/shm/hog{number}", os.O_CREAT | os.O_WRONLY)
                while os.write(fd, bytes(1 << 20)): pass
            except OSError: number += 1
        """.strip(),
        )
    ),
    "kills its parent": cells(
        "import os\nfor n in (15, 9):\n    try: os.kill(os.getppid(), n)\n    except OSError as error: print(error)"
    ),
    "stops all whom it can": cells("import os\nos.kill(-1, 19)"),
    "traces its parent": cells(
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        for request in (16, 0x4206):
            for pid in (os.getppid(), 1, 2): print(libc.ptrace(request, pid, 0, 0), ctypes.get_errno())
        """,
        outcomes=("not-passed", "stopped"),
    ),
    "writes into its parent's memory": cells(
        """
        import os
        for pid in (os.getppid(), 1):
            for name in ("mem", "oom_score_adj", "coredump_filter", "timens_offsets", "attr/current"):
                try: open(f"/proc/{pid}/{name}", "r+b", buffering=0).write(b"1000")
                except OSError as error: print(error)
        """
    ),
    "sets the computer's clock": cells(
        """
        import time
        for clock in (time.CLOCK_REALTIME, time.CLOCK_TAI):
            try: time.clock_settime(clock, 0)
            except OSError as error: print(error)
        """,
        "!date -s 1970-01-01",
    ),
    "first in every line for the processor": cells(
        """
        import ctypes, os
        for wish in (lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99)), lambda: os.nice(-20),
                     lambda: os.setpriority(os.PRIO_USER, 0, -20), lambda: ctypes.CDLL(None).mlockall(7)):
            try: print(wish())
            except OSError as error: print(error)
        """
    ),
    "threads that print on when the cell is over": cells(
        "import threading\ndef on():\n    while True: print('passed', flush=True)\n"
        "for _ in range(4): threading.Thread(target=on, daemon=True).start()",
        outcomes=("not-passed", "stopped"),
        limits=SHORT,
    ),
    "a pipe in the place of its notebook and results": cells(
        """
        import os
        for name in ("work.ipynb", "results.jsonl", "/tmp/pipe", "/run/pipe"):
            try: os.mkfifo(name)
            except OSError as error: print(error)
        """
    ),
    "alarms a thousand times a second": cells(
        "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.setitimer(0, 1e-3, 1e-3)",
        "x = sum(range(10_000))",
    ),
    "dies with all its memory in a file": cells(
        """
        import os, resource
        limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
        os.abort()
        """
    ),
    "a program that is in no file": cells(
        """
        import os
        fd = os.memfd_create("python")
        os.write(fd, b"#!/bin/sh\\necho passed; sleep 1\\n")
        os.set_inheritable(fd, True)
        for _ in range(2): os.spawnv(os.P_NOWAIT, f"/proc/self/fd/{fd}", ["Process-1"])
        """
    ),
    "queues, semaphores and segments that outlive it": cells(
        """
        import ctypes
        libc = ctypes.CDLL(None)
        for key in range(1, 400):
            libc.shmget(key, 4096, 0o1666); libc.semget(key, 1, 0o1666); libc.msgget(key, 0o1666)
            libc.mq_open(b"/q%d" % key, 0o102, 0o666, None)
        """
    ),
    "control characters and markup for whoever reads the outcome": cells(
        """
        import multiprocessing as mp
        name = "\\x1b[2J\\x1b]0;passed\\x07<script>alert(1)</script>\\u202e\\u2066{{ 7*7 }}"
        one = mp.get_context("fork").Process(target=print, args=(name,), name=name)
        one.start(); one.join()
        raise type(name, (Exception,), {})(name)
        """
    ),
    "threads by the name of Process": cells(
        "from multiprocessing.dummy import Process\nps = [Process(target=print) for _ in range(2)]\n"
        "for p in ps: p.start()\nfor p in ps: p.join()"
    ),
    "two that never lived at once, the first one not yet buried": cells(
        """
        import multiprocessing as mp
        from multiprocessing.connection import wait
        one, two = (mp.get_context("fork").Process(target=int) for _ in range(2))
        one.start()
        wait([one.sentinel])
        two.start()
        one.join(), two.join()
        """
    ),
}

#: Odd, but the work is done.
STRANGE: dict[str, Handed] = {
    "names that run from right to left": cells(
        GOOD.replace("target=work)", "target=work, name='\\u202e\\x1b[31mعامل<b>')"), outcomes=("passed",)
    ),
    "in a folder that is gone": cells(
        "import os\nos.mkdir('gone')\nos.chdir('gone')\nos.rmdir('../gone')", GOOD, outcomes=("passed",)
    ),
    "after pipes, links and a full shared memory": cells(
        "import os\nos.mkfifo('pipe')\nos.symlink('/dev/zero', 'zero')\n"
        "with open('/dev/shm/hog', 'wb', buffering=0) as file:\n"
        "    try:\n        while file.write(bytes(1 << 20)): pass\n"
        "    except OSError: pass\nos.remove('/dev/shm/hog')",
        GOOD,
        outcomes=("passed",),
    ),
}
