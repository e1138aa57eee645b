"""The woven code of all planned modules, with the probe's own, in one file for this Python.

Weaving costs about a tenth of a second, so it is done once and kept in the user's cache folder;
spawned children read that file and import nothing but what they need. Runs in the kernel only.

The file is the size of its head in 8 bytes, the marshalled head, and the parts, one a module, marshalled code.
The head's ``places`` has where each part begins, counted from the head's end, and its size; ``planned`` names all
modules that are woven, ``ours`` all of ours. Who has read it adds ``begin``, where the head ends.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import hashlib
import marshal
import os
import sys
import tempfile
import time
from typing import Any

from parallab_probe import plan, weave

OURS = (
    *("boot", "report", "describe", "install", "lives", "processes", "threads", "child", "pipes", "locks", "numbers"),
    *("programs", "queues", "services", "values", "memory", "segments", "lines", "proxies", "tasks"),
    "barriers",
)
"""Our modules that a child may need."""
UNUSED_DAYS = 30


def folder() -> str:
    """The user's cache folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "parallab", "probe")


def find() -> tuple[str, dict[str, Any]]:
    """The bundle's path and its head: the cached one, or a new one.

    If none could be kept the path is "", and ``parts`` of the head has them.
    """
    key = _key()
    path = os.path.join(folder(), f"{sys.implementation.cache_tag}-{key}.bin")
    kept = _read(path)
    if kept is not None:
        with contextlib.suppress(OSError):
            os.utime(path)
        return path, kept
    head, parts = _make()
    with contextlib.suppress(OSError):
        os.makedirs(folder(), 0o700, exist_ok=True)
        _write(path, head, parts)
        _forget_unused()
        # It may be another kernel's, which was quicker: what a head says is true of its own file only.
        kept = _read(path)
        if kept is not None:
            return path, kept
    with contextlib.suppress(OSError):
        # A home that cannot be written: this kernel's own copy, gone with it.
        path = os.path.join(tempfile.mkdtemp(prefix="parallab-"), "probe.bin")
        _write(path, head, parts)
        _remove_at_exit(path)
        kept = _read(path)
        if kept is not None:
            return path, kept
    return "", {**head, "parts": parts}


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


def _make() -> tuple[dict[str, Any], dict[str, bytes]]:
    """The head and the parts: each module apart, so that a child reads and unmarshals only what it needs."""
    library = os.path.dirname(os.__file__)
    here = os.path.dirname(__file__)
    parts: dict[str, bytes] = _own(here)
    blind: list[str] = []
    for module, weaves in plan.PLAN.items():
        codes, missing = weave.weave_module(module, weaves, library)
        parts[module] = marshal.dumps(codes)
        blind += missing
    places: dict[str, tuple[int, int]] = {}
    place = 0
    for name, part in parts.items():
        places[name] = (place, len(part))
        place += len(part)
    head = {"places": places, "planned": tuple(plan.PLAN), "ours": OURS, "blind": tuple(blind), "here": here}
    return head, parts


def _own(here: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name in OURS:
        path = os.path.join(here, name + ".py")
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
        # Executed, it would be an import of the file __future__.py; as a flag it costs the child nothing.
        tree.body = [
            node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
        ]
        flags = __future__.annotations.compiler_flag
        code = compile(tree, path, "exec", flags=flags, dont_inherit=True, optimize=2)  # without docstrings
        found[name] = marshal.dumps(code)
    return found


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            # Code that someone else could have written is not run.
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None
            size = int.from_bytes(file.read(8), "little")
            head = marshal.loads(file.read(size))  # noqa: S302 - our own file, in our own folder
            whole = 8 + size + sum(length for _, length in head["places"].values())
            head["begin"] = 8 + size
            return head if file.seek(0, os.SEEK_END) == whole else None
    except (OSError, ValueError, EOFError, TypeError, KeyError, AttributeError, OverflowError, MemoryError):
        return None


def _write(path: str, head: dict[str, Any], parts: dict[str, bytes]) -> None:
    """In one piece, so that a kernel started at the same time never sees half of it; a good one that is there stays."""
    fd, half = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        data = marshal.dumps(head)
        with os.fdopen(fd, "wb") as file:
            file.write(b"".join([len(data).to_bytes(8, "little"), data, *parts.values()]))
        if os.path.exists(path) and _read(path) is None:
            os.unlink(path)  # damaged, or somebody else's
        os.link(half, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        os.replace(half, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(half)


def _remove_at_exit(path: str) -> None:
    import atexit

    maker = os.getpid()

    def remove() -> None:
        if os.getpid() == maker:
            with contextlib.suppress(OSError):
                os.unlink(path)
                os.rmdir(os.path.dirname(path))

    atexit.register(remove)
