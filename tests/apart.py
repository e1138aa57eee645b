"""Runs a test's own code in namespaces of its own (unshare(1)), where a pid or /dev/shm may be tampered with."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HEAD = """
import asyncio, os, resource, signal, subprocess, sys
from pathlib import Path
from kernels import RecordedKernel, until
from parallab import live, model, story

async def kernel_for(work, *args):
    kernel = RecordedKernel(Path())
    kernel.runtime = kernel.folder / "runtime"  # goes with it
    await kernel.start()
    try:
        await work(kernel, *args)
    finally:
        await kernel.end()

def run(work, *args):
    asyncio.run(kernel_for(work, *args))
"""
TESTS = Path(__file__).parent


@cache
def _refused(options: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(["unshare", *options, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no unshare(1) here"
    return done.stderr.strip() if done.returncode else ""


def run(code: str, *options: str, before: str = "") -> str:
    """Runs Python code behind HEAD, and a shell command before it; what it printed. Skips where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("namespaces and mounts need root")
    if why := _refused(options):
        pytest.skip(f"unshare(1) is refused: {why}")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "server"), str(TESTS)])}
    shell = f'{before + " && " if before else ""}exec {sys.executable} -W ignore -c "$0"'
    done = subprocess.run(
        ["unshare", *options, "sh", "-c", shell, HEAD + code],
        capture_output=True,
        text=True,
        env=environment,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    return done.stdout
