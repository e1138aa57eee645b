"""Notebooks that attack their re-check, or are merely odd, each with the outcome that is right and what is said of it.

For the lab of :mod:`handed`. None of them does the work, but for those in ``HONEST``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from handed import GOOD, LAB, cell, notebook
from parallab.grading import Limits


@dataclass(frozen=True)
class Handed:
    """``outcomes``: those that are right. ``says``: what its reason or the hang's must hold, "" if there is nothing."""

    text: str
    outcomes: tuple[str, ...] = ("not-passed",)
    says: str = ""
    limits: Limits = field(default_factory=lambda: Limits(cell=10, whole=600))


def cells(*sources: str, **more: Any) -> Handed:
    return Handed(notebook(*sources), **more)


def made(*parts: Any, **metadata: Any) -> str:
    """A notebook of these cells, whatever they are."""
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"parallab": {"lab": LAB}, **metadata}, "cells": list(parts)}
    )


SHORT = Limits(cell=3, whole=600)
#: Ignores what would end it politely, so that the kernel has to be killed, and a new one is started.
STUBBORN = "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass"
FORGED = """
    import json, os, socket, time
    names = [line.split()[-1] for line in open("/proc/net/unix") if "@parallab-" in line]
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ear.connect("\\0" + names[0][1:])
    def say(**event):
        ear.send(json.dumps({"at": time.monotonic_ns(), "tid": 1, **event}).encode())
"""

HOSTILE: dict[str, Handed] = {
    # -- too much of something --
    "threads without end": cells(
        """
        import threading, time
        while True:
            try: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
            except RuntimeError: pass
        """,
        outcomes=("stopped", "not-passed"),
        limits=Limits(cell=5, whole=60, processes=100),
    ),
    "a hog of shared memory": cells(
        """
        try:
            with open("/dev/shm/hog", "wb") as f:
                while True: f.write(b"x" * (1 << 20))
        except OSError as error: print(error)
        """
    ),
    "a hog of the disk": cells(
        """
        for folder in (".", "/tmp"):
            try:
                with open(f"{folder}/hog", "wb") as f:
                    while True: f.write(b"x" * (1 << 20))
            except OSError as error: print(error)
        """
    ),
    "a hundred thousand files": cells(
        """
        try:
            for n in range(100_000): open(f"/tmp/{n}", "w").close()
        except OSError as error: print(error)
        """
    ),
    "a hog of memory": cells(
        "hog = []\nwhile True: hog.append(bytes(range(256)) * (1 << 14))",
        outcomes=("stopped", "not-passed"),
        limits=Limits(cell=20, whole=60, memory=400),
    ),
    "descriptors without end": cells("import os\nwhile True:\n    try: os.pipe()\n    except OSError: break"),
    "output of 100 MB, and an error of 100 MB": cells("print('x' * 100_000_000)\nraise ValueError('x' * 100_000_000)"),
    "displays of a million lines": cells("from IPython.display import display\nfor n in range(20_000): display(n)"),
    "longer than the limit": cells("import time\ntime.sleep(1000)", says="out of time", limits=SHORT),
    "longer than all cells may take": cells(
        *["import time\ntime.sleep(4)"] * 8, outcomes=("stopped",), says="in all", limits=Limits(cell=5, whole=15)
    ),
    # -- ends of the kernel --
    "os._exit as the kernel ends": cells("import atexit, os\natexit.register(os._exit, 9)\nprint('later')"),
    "kills the kernel from a thread": cells(
        "import os, threading\nthreading.Timer(0.2, os._exit, (0,)).start()\nimport time\ntime.sleep(5)",
        says="the kernel died",
    ),
    "kills the kernel after the cell": cells(
        "import os, threading\nthreading.Timer(0.5, os.kill, (os.getpid(), 9)).start()", "import time\ntime.sleep(3)"
    ),
    "kills every process but itself": cells("import os\nos.kill(-1, 9)"),
    "a stack without end": cells(
        "import ctypes\nctypes.string_at(0)",
        says="the kernel died",
    ),
    "exit and quit": cells("exit(0)", "raise SystemExit(0)", "import sys\nsys.exit()"),
    "stopped by a signal": cells("import os\nos.kill(os.getpid(), 19)", limits=SHORT),
    # -- ways of not being seen --
    "daemons in sessions of their own": cells(
        """
        import os, time
        for _ in range(2):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(2)
                os._exit(0)
        """
    ),
    "shell cells": cells("%%bash\nsleep 1 & sleep 1 & wait\necho two workers", "!sleep 0.1"),
    "no descriptors 0, 1 and 2": cells("import os\nfor n in (0, 1, 2): os.close(n)\nprint('here')"),
    "renames itself": cells("import ctypes\nctypes.CDLL(None).prctl(15, b'bwrap) S 1', 0, 0, 0)"),
    "traces the first process": cells(
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.ptrace(16, 1, 0, 0) == -1\n"
        "import os\ntry: open('/proc/1/mem', 'rb')\nexcept OSError as error: print(error)"
    ),
    "reads the first process's descriptors": cells(
        "import os\ntry: print(os.listdir('/proc/1/fd'))\nexcept OSError as error: print(error)"
    ),
    # -- lies --
    "another module in the probe's place": cells(
        "import sys, types\nfor name in list(sys.modules):\n    if name.startswith('parallab_probe'):\n"
        "        sys.modules[name] = types.ModuleType(name)"
    ),
    "other code in multiprocessing's methods": cells(
        """
        import multiprocessing as mp
        class Gone:
            pid = 4711
            def poll(self): return 0
            def wait(self, timeout=None): return 0
        def nothing(self, *rest): self._popen = Gone()
        mp.process.BaseProcess.start.__code__ = nothing.__code__
        mp.Process.start = nothing
        ps = [mp.Process(target=print) for _ in range(2)]
        for p in ps: p.start()
        """
    ),
    "forged greeting of another Python": cells(
        FORGED + "    say(kind='hello', pid=os.getpid(), python='2.7.18', start_method='=cmd', version=1)"
    ),
    "packets that are no JSON": cells(
        FORGED + "    for packet in (b'', b'\\xff' * 60_000, b'[' * 60_000, b'{}', b'null', b'{\"kind\": 7}'):\n"
        "        for _ in range(200):\n            try: ear.send(packet)\n            except OSError: pass"
    ),
    "a thousand connections": cells(
        FORGED + "    kept = []\n    for _ in range(1000):\n        try:\n"
        "            one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "            one.connect('\\0' + names[0][1:])\n            kept.append(one)\n"
        "        except OSError: break"
    ),
    "verdicts in files": cells(
        """
        import json, pathlib
        told = json.dumps({"outcome": "passed", "passed": 1, "counted": 1, "verdict": "passed"})
        for name in ("results.jsonl", "results.csv", "checks.py", "report.json", "../out.csv", "solution.md"):
            try: pathlib.Path(name).write_text(told)
            except OSError: pass
        """
    ),
    "links in its folder": cells(
        """
        import os, pathlib
        for name, to in (("work.ipynb", "/etc/shadow"), ("loop", "loop"), ("proc", "/proc/1/root"), ("up", "../../..")):
            os.symlink(to, name)
        for name in ("work.ipynb", "proc/etc/passwd"):
            try: print(pathlib.Path(name).read_text()[:10])
            except OSError as error: print(error)
        """
    ),
    "writes to every descriptor there is": cells(
        """
        import os
        for fd in range(3, 300):
            try: os.write(fd, b'{"outcome": "passed"}')
            except OSError: pass
        """
    ),
    "hooks in everything": cells(
        """
        import sys, threading
        def hook(*rest): return hook
        sys.settrace(hook); sys.setprofile(hook); threading.settrace(hook)
        sys.addaudithook(lambda *rest: None)
        sys.excepthook = sys.unraisablehook = threading.excepthook = hook
        """
    ),
    "a reply of its own": cells(
        """
        kernel = get_ipython().kernel
        parent = kernel.get_parent()
        for _ in range(3):
            kernel.session.send(kernel.shell_stream, "execute_reply", {"status": "ok"}, parent=parent,
                                ident=kernel._shell_parent_ident.get() if hasattr(kernel, "_shell_parent_ident") and
                                hasattr(kernel._shell_parent_ident, "get") else b"")
        """
    ),
    "another start method than it says": cells(
        "import multiprocessing as mp\nmp.get_start_method = lambda *a, **k: 'spawn'",
        "mp.set_start_method('spawn', force=True)",
    ),
    # -- what is left for the next kernel --
    "a folder that the next kernel cannot use": cells(
        """
        import os
        for name in ("/dev/shm", "/run", "/run/kernel", "/tmp", "/home/learner/work", "/home/learner"):
            try: os.chmod(name, 0)
            except OSError as error: print(error)
        """,
        STUBBORN,
        GOOD,
        outcomes=("not-passed", "stopped"),
        limits=SHORT,
    ),
    "a full place where the next kernel starts": cells(
        "try:\n    with open('/run/hog', 'wb') as f:\n        while True: f.write(b'x' * 4096)\n"
        "except OSError as error: print(error)",
        STUBBORN,
        GOOD,
        outcomes=("not-passed", "stopped"),
        limits=SHORT,
    ),
    "settings for the next kernel": cells(
        """
        import os, pathlib
        home = pathlib.Path.home()
        for folder in (".ipython/profile_default/startup", ".jupyter", ".local/lib/python3/site-packages"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        (home / ".ipython/profile_default/startup/00.py").write_text("import os\\nos._exit(1)")
        for name in ("sitecustomize.py", "ipykernel.py", "multiprocessing.py", "json.py"):
            pathlib.Path(name).write_text("raise SystemExit(1)")
        """,
        STUBBORN,
        GOOD,
        outcomes=("not-passed", "stopped"),
        limits=SHORT,
    ),
    # -- odd notebooks --
    "waits for a keyboard": cells("name = input('who? ')", "import getpass\ngetpass.getpass()"),
    "1,000 cells": Handed(made(*[cell("", step="") for _ in range(999)], cell("1")), limits=Limits(cell=10, whole=400)),
    "the step's cell deleted": Handed(made(cell("print(1)", step="")), outcomes=("not-passed",)),
    "a step that there is not": Handed(made(cell(GOOD, step="../../etc"), cell(GOOD, step="x" * 100_000))),
    "cells that are none": Handed(
        made(None, 7, [], {"cell_type": "code"}, {"cell_type": ["code"]}, {"cell_type": "code", "source": {"a": 1}})
    ),
    "half a character, zero bytes and other odd letters": Handed(
        made(
            cell("x = '\\ud800'"),
            cell("\0"),
            cell("\u202e\u0000\ufeffprint(1)\r\r\n\x0c"),
            {**cell("y"), "source": "\ud800"},
        )
    ),
    "only magics that do not exist": cells("%no_such_magic", "%%no_such_cell_magic\nx", "!no-such-program"),
    "a cell of a megabyte": cells("x = '" + "x" * 1_000_000 + "'", "(" * 5_000, "x = " + "-" * 50_000 + "1"),
}

DEEP: Any = 1
for _ in range(300):
    DEEP = [DEEP]

#: Each waits for the other: they were both there at once, though not for long.
PAUSE = """
    import multiprocessing as mp, time
    ctx = mp.get_context("METHOD")
    second_is_there = ctx.Event()
    one, two = ctx.Process(target=second_is_there.wait), ctx.Process(target=second_is_there.set)
    one.start()
    time.sleep(1.1)
    two.start()
    one.join(), two.join()
"""

#: Odd, but the work is done.
HONEST: dict[str, Handed] = {
    "metadata of a megabyte, and deep": Handed(
        made(
            {**cell(GOOD), "metadata": {"parallab": {"lab": LAB, "step": "work"}, "x": "x" * 1_000_000, "deep": DEEP}}
        ),
        outcomes=("passed",),
    ),
    "two cells of one id": Handed(
        made({**cell("import time"), "id": "same"}, {**cell(GOOD), "id": "same"}), outcomes=("passed",)
    ),
    "ids that are none": Handed(
        made({**cell("import time"), "id": None}, {**cell(GOOD), "id": ["../../etc"] * 50}), outcomes=("passed",)
    ),
    "outputs of others, and of a megabyte": Handed(
        made({**cell(GOOD), "outputs": [{"output_type": "stream", "text": "x" * 1_000_000}, None, 7]}),
        outcomes=("passed",),
    ),
    "a source in lines": Handed(
        made({**cell(GOOD), "source": [line + "\n" for line in str(cell(GOOD)["source"]).splitlines()]}),
        outcomes=("passed",),
    ),
    "widgets": cells(
        "try:\n    import ipywidgets\n    ipywidgets.IntSlider()\nexcept ImportError: pass", GOOD, outcomes=("passed",)
    ),
    **{
        f"a pause of a second between the starts, under {method}": cells(
            PAUSE.replace("METHOD", method), outcomes=("passed",)
        )
        for method in ("fork", "spawn", "forkserver")
    },
    "an error before the work": cells("1 / 0", "raise KeyboardInterrupt", GOOD, outcomes=("passed",)),
    "logs in its own way": cells(
        "import sys, io, logging\nsys.stdout = sys.stderr = io.StringIO()\nlogging.disable()",
        GOOD,
        outcomes=("passed",),
    ),
    "%reset and a new namespace": cells("%reset -f", GOOD, outcomes=("passed",)),
    "a start method of its own": cells(
        "import multiprocessing as mp\nmp.set_start_method('spawn', force=True)", GOOD, outcomes=("passed",)
    ),
    "no metadata but one tag above": Handed(
        made({**cell("import time"), "metadata": {"parallab": {"lab": LAB, "step": "work"}}}, cell(GOOD, step="")),
        outcomes=("passed",),
    ),
}
