"""How a program of a test ends: it, and all that came from it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from parallab.procfs import everybody
from parallab.procfs.read import Reader


def end(program: subprocess.Popen[bytes]) -> None:
    """Kills it with its children and orphans; resource trackers clean up first, and end by themselves."""
    if program.poll() is None:
        program.send_signal(signal.SIGSTOP)  # a pool would hire new workers meanwhile
    reader = Reader()
    reader.adopt(everybody.orphans(reader.tree(program.pid)))
    for one in reader.tree(program.pid):
        if not any("resource_tracker" in argument for argument in one.cmdline):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
    program.communicate()
