"""The woven code of all planned modules, with the probe's own, in one file for this Python.

Weaving costs about a tenth of a second, so it is done once and kept in the user's cache folder;
spawned children read that file and import nothing but what they need. Runs in the kernel only.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
import tempfile
from typing import Any

from parallab_probe import plan, weave

CHILD_MODULES = (
    "boot",
    "report",
    "describe",
    "install",
    "processes",
    "threads",
    "locks",
    "numbers",
    "queues",
    "services",
    "child",
)


def folder() -> str:
    """The user's cache folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "parallab", "probe")


def find() -> tuple[str, dict[str, Any]]:
    """The bundle's path and content: the cached one, or a new one. The path is "" if none could be kept."""
    key = _key()
    path = os.path.join(folder(), f"{sys.implementation.cache_tag}-{key}.bin")
    kept = _read(path)
    if kept is not None:
        return path, kept
    content = _make()
    data = marshal.dumps(content)
    with contextlib.suppress(OSError):
        os.makedirs(folder(), 0o700, exist_ok=True)
        _write(path, data)
        return path, content
    with contextlib.suppress(OSError):
        # A home that cannot be written: this kernel's own copy, gone with it.
        path = os.path.join(tempfile.mkdtemp(prefix="parallab-"), "probe.bin")
        _write(path, data)
        _remove_at_exit(path)
        return path, content
    return "", content


def _key() -> str:
    library = os.path.dirname(os.__file__)
    here = os.path.dirname(__file__)
    digest = hashlib.sha256(repr((sys.version, sys.flags.optimize, library, here)).encode())
    paths = [os.path.join(here, name) for name in sorted(os.listdir(here)) if name.endswith(".py")]
    for module in plan.PLAN:
        with contextlib.suppress(weave.Unwoven):
            paths.append(weave.source_of(module, library))
    for path in paths:
        with contextlib.suppress(OSError):
            facts = os.stat(path)
            digest.update(repr((path, facts.st_mtime_ns, facts.st_size)).encode())
    return digest.hexdigest()[:24]


def _make() -> dict[str, Any]:
    library = os.path.dirname(os.__file__)
    here = os.path.dirname(__file__)
    woven: dict[str, bytes] = {}
    blind: list[str] = []
    for module, weaves in plan.PLAN.items():
        codes, missing = weave.weave_module(module, weaves, library)
        # Each module apart: a child that never imports pools never unmarshals theirs.
        woven[module] = marshal.dumps(codes)
        blind += missing
    own: dict[str, bytes] = {}
    for name in CHILD_MODULES:
        path = os.path.join(here, name + ".py")
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        own[name] = marshal.dumps(code)
    return {"woven": woven, "blind": tuple(blind), "own": own, "here": here}


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            # Code that someone else could have written is not run.
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None
            content = marshal.loads(file.read())  # noqa: S302 - our own file, in our own folder
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return content if type(content) is dict else None


def _write(path: str, data: bytes) -> None:
    """In one piece, so that a kernel started at the same time never sees half of it."""
    fd, half = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.replace(half, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(half)
        raise


def _remove_at_exit(path: str) -> None:
    import atexit

    maker = os.getpid()

    def remove() -> None:
        if os.getpid() == maker:
            with contextlib.suppress(OSError):
                os.unlink(path)
                os.rmdir(os.path.dirname(path))

    atexit.register(remove)
