"""Runs a program as a user without rights, also where Python lies in a home that is closed to others."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = 65534
#: In a mount namespace of its own: an open folder in the place of the home, with nothing in it but the Pythons.
_OPENED = """
set -e
home=$1 staging=$(mktemp -d)
shift
for one in .pyenv .cache/parallab; do
    [ ! -d "$home/$one" ] || { mkdir -p "$staging/$one" && mount --bind "$home/$one" "$staging/$one"; }
done
mount -t tmpfs -o mode=755 none "$home"
for one in .pyenv .cache/parallab; do
    [ ! -d "$staging/$one" ] || { mkdir -p "$home/$one" && mount --move "$staging/$one" "$home/$one"; }
done
find "$staging" -depth -type d -empty -delete
exec "$@"
"""


@functools.cache
def command() -> tuple[str, ...]:
    """What stands before a command that is to be run as an unprivileged user; nothing where we are one already."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not there")
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all")
    opened = ("unshare", "--mount", "sh", "-c", _OPENED, "sh", str(Path.home()), *drop)
    for before in (drop, opened):
        if shutil.which(before[0]) and not _tried(before).returncode:
            return before
    pytest.skip("an unprivileged user cannot run this Python")


#: The first program may still be opened with the rights that go as it begins: the one that it starts tells.
_TRY = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import parallab'], check=True)"


def _tried(before: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*before, sys.executable, "-c", _TRY], check=False, capture_output=True, cwd="/")
