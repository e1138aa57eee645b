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
import time
from typing import Any

from parallab_probe import plan, weave

FIRST = ("boot", "report", "describe", "install", "processes", "threads", "child", "pipes")
LATER = (
    *("locks", "numbers", "programs", "queues", "services", "values", "memory", "segments"),
    *("lines", "proxies", "tasks"),
)
"""Our modules that every child needs, and those that go with modules which it may never import."""
FIRST_WOVEN = (
    "multiprocessing.process",
    "multiprocessing.util",
    "multiprocessing.popen_fork",
    "multiprocessing.popen_forkserver",
    "multiprocessing.spawn",
    "multiprocessing.connection",
    "threading",
)
MORE = ".more"
"""What the second file's name ends in."""
UNUSED_DAYS = 30


def folder() -> str:
    """The user's cache folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "parallab", "probe")


def find() -> tuple[str, dict[str, Any]]:
    """The bundle's path and its first part: the cached one, or a new one. The path is "" if none could be kept."""
    key = _key()
    path = os.path.join(folder(), f"{sys.implementation.cache_tag}-{key}.bin")
    kept = _read(path)
    if kept is not None and _read(path + MORE) is not None:
        with contextlib.suppress(OSError):
            os.utime(path)
            os.utime(path + MORE)
        return path, kept
    content, more = _make()
    with contextlib.suppress(OSError):
        os.makedirs(folder(), 0o700, exist_ok=True)
        _write(path + MORE, marshal.dumps(more))
        _write(path, marshal.dumps(content))
        _forget_unused()
        return path, content
    with contextlib.suppress(OSError):
        # A home that cannot be written: this kernel's own copy, gone with it.
        path = os.path.join(tempfile.mkdtemp(prefix="parallab-"), "probe.bin")
        _write(path + MORE, marshal.dumps(more))
        _write(path, marshal.dumps(content))
        _remove_at_exit(path)
        return path, content
    for part in ("woven", "own"):
        content[part].update(more[part])
    content["later"] = ()
    return "", content


def _forget_unused() -> None:
    """Bundles of Pythons and versions that are gone. Kernels touch theirs when they start."""
    for entry in os.scandir(folder()):
        if time.time() - entry.stat().st_mtime > UNUSED_DAYS * 86400:
            os.unlink(entry.path)


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


def _make() -> tuple[dict[str, Any], dict[str, Any]]:
    """The two parts; each module apart, so that a child unmarshals only what it needs."""
    library = os.path.dirname(os.__file__)
    here = os.path.dirname(__file__)
    woven: dict[str, bytes] = {}
    blind: list[str] = []
    for module, weaves in plan.PLAN.items():
        codes, missing = weave.weave_module(module, weaves, library)
        woven[module] = marshal.dumps(codes)
        blind += missing
    later = tuple(module for module in woven if module not in FIRST_WOVEN)
    more = {"woven": {module: woven.pop(module) for module in later}, "own": _own(LATER, here)}
    return {"woven": woven, "blind": tuple(blind), "own": _own(FIRST, here), "here": here, "later": later}, more


def _own(names: tuple[str, ...], here: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name in names:
        path = os.path.join(here, name + ".py")
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True, optimize=2)  # without docstrings
        found[name] = marshal.dumps(code)
    return found


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
                os.unlink(path + MORE)
                os.rmdir(os.path.dirname(path))

    atexit.register(remove)
