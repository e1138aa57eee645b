"""Real users of this machine, for as long as a test run: made by useradd, with homes that nobody else can read."""

from __future__ import annotations

import os
import pwd
import secrets
import subprocess
from pathlib import Path

#: What /etc/passwd says of them, with the pid of the run that made them.
MARK = "Parallab test of pid "


def make(*names: str) -> dict[str, SystemUser]:
    """Users called so, each with something added that makes the name unique on this machine."""
    _clear()
    suffix = secrets.token_hex(3)
    return {name: SystemUser(f"{name}-{suffix}") for name in names}


class SystemUser:
    """One user, with a password that PAM takes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.password = secrets.token_urlsafe(12)
        options = [
            "--create-home",
            "--key",
            "HOME_MODE=0700",
            "--shell",
            "/bin/bash",
            "--comment",
            f"{MARK}{os.getpid()}",
        ]
        subprocess.run(["useradd", *options, name], check=True)
        subprocess.run(["chpasswd"], input=f"{name}:{self.password}\n", text=True, check=True)
        self.home = Path(pwd.getpwnam(name).pw_dir)

    def remove(self) -> None:
        """The user and the home; only where nothing of the user's runs any more."""
        _remove(self.name)


def _clear() -> None:
    """Takes away what killed runs have left."""
    for one in pwd.getpwall():
        made_by = one.pw_gecos.removeprefix(MARK)
        if one.pw_gecos.startswith(MARK) and made_by.isdigit() and not Path(f"/proc/{made_by}").exists():
            _remove(one.pw_name)


def _remove(name: str) -> None:
    # Says on standard error that there is no mail spool, which nobody has missed.
    subprocess.run(["userdel", "--remove", name], check=True, stderr=subprocess.DEVNULL)
