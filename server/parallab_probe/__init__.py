"""Parallab's probe: runs inside a learner's kernel and its children, and reports what they do.

Standard library only, and nothing of ``parallab``: it is loaded with ``--ext=parallab_probe`` into
kernels of any environment with Python 3.10 or newer. It changes no semantics, leaves no trace in
the learner's names, tracebacks, history or execution count, and is silent whatever happens to it.

===========  =====================================================================================
report       events as JSON packets on one inherited socket
weave        the library's own functions, recompiled with hooks in them (kernel only)
bundle       the woven code in a file, so that children need not weave (kernel only)
install      puts woven code into modules, now or when they are imported
describe     what may be said of the learner's objects without calling any of their code
lives, processes, programs, threads, barriers, locks, numbers, queues, segments,
services, proxies, tasks                                                             the hooks
values       the learner's names, shared numbers and stacks, copied within bounds
memory       what the learner's own modules hold in this process
kernel       cells, and answers to the server's questions (kernel only)
child        how a spawned child begins to report
===========  =====================================================================================
"""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython for ``--ext=parallab_probe``; never raises, never prints."""
    try:
        from parallab_probe import kernel

        kernel.load(shell)
    except Exception:
        pass
