"""What all commands of the command line share: bad input, JSON, progress."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Problem(click.ClickException):
    """Bad input: one line that says what to do."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ARG002 - click's signature
        """Prints the line."""
        click.echo(f"parallab: {' '.join(self.message.split())}", err=True)


def as_json(value: Any) -> str:
    """A report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def with_progress(work: Callable[..., Any]) -> Any:
    """Runs the coroutine ``work(progress=…)`` with a line on standard error that says where it is, on a terminal.

    ``progress(text, share)`` tells what is done now, and how much of all is done, if that is known.
    """
    console = Console(stderr=True)
    columns = (SpinnerColumn(), BarColumn(20), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting a kernel", total=None)

        def tell(text: str, share: float | None = None) -> None:
            bar.update(task, description=text, total=None if share is None else 1.0, completed=share or 0.0)

        return asyncio.run(work(progress=tell))


def jupyterlab(folder: Path, no_browser: bool, port: int | None, options: Sequence[str] = ()) -> NoReturn:
    """Becomes a JupyterLab with the sidebar open, in this folder, which is made if it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"{folder} cannot be made: {error.strerror}. Name a folder you may write to") from None
    root = f"--ServerApp.root_dir={folder.resolve()}"
    arguments = [sys.executable, "-m", "jupyterlab", root, "--ParallabApp.open_sidebar=True", *options]
    if no_browser:
        arguments.append("--no-browser")
    if port is not None:
        arguments.append(f"--ServerApp.port={port}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    sys.stdout.flush()
    os.execv(sys.executable, arguments)  # noqa: S606 - ours, without a shell


def sentence(error: BaseException) -> str:
    """What an error says, without the quotes that a LookupError puts around it."""
    return str(error.args[0]) if error.args else str(error)
