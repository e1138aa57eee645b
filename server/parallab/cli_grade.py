"""The command line's part for whoever grades: ``parallab grade``."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from parallab.files import write_whole
from parallab.terminal import Problem

if TYPE_CHECKING:
    from parallab.grading import Graded, Handed, Limits
    from parallab.grading.journal import Journal

#: A process that was ended by SIGINT, as shells tell it.
INTERRUPTED = 130


@click.command()
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The table to write (CSV); the full results go beside it, as .jsonl.",
)
@click.option("--jobs", type=click.IntRange(1), default=None, help="Submissions at once; default: one a core.")
@click.option("--scheduler", default=None, metavar="ADDRESS", help="Grade on the Dask cluster with this scheduler.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds that a cell may take."
)
@click.option("--memory", type=click.IntRange(256), default=2048, show_default=True, help="MiB a submission may use.")
@click.option("--no-sandbox", is_flag=True, help="Run submissions as yourself, with all your rights.")
def grade(
    paths: tuple[Path, ...],
    out: Path,
    jobs: int | None,
    scheduler: str | None,
    timeout: float,
    memory: int,
    no_sandbox: bool,
) -> None:
    """Re-check submitted notebooks: files, or folders that hold some.

    Each runs in a sandbox (bubblewrap) and is watched from outside. Ended in the middle, the same
    command goes on where it was. Exit code 0 when every submission was checked to its end, 1 when one
    could not be (the table says why), 2 on bad input.
    """
    from parallab.grading import Limits, SandboxError, collect
    from parallab.grading.intake import IntakeError
    from parallab.grading.journal import Journal, JournalError

    if out.suffix.lower() == ".jsonl":
        raise Problem("--out names the table: end it with .csv; the full results go beside it")
    limits = Limits(cell=timeout, whole=10 * timeout, memory=memory)
    try:
        handed = collect(paths)
        journal = Journal(out.with_suffix(".jsonl"))
    except (IntakeError, JournalError) as error:
        raise Problem(str(error)) from None
    try:
        with contextlib.closing(journal), _bar(len(handed)) as step:
            results = _grade(handed, limits, jobs, scheduler, not no_sandbox, journal, step)
            _write(out, journal, results)
    except SandboxError as error:
        raise Problem(f"{error}, or run without a sandbox only what you would run yourself (--no-sandbox)") from None
    except KeyboardInterrupt:
        click.echo("parallab: interrupted; the same command goes on from here", err=True)
        raise SystemExit(INTERRUPTED) from None
    _summary(out, results)
    raise SystemExit(0 if all(one.outcome in ("passed", "not-passed") for one in results) else 1)


def _grade(
    handed: Sequence[Handed],
    limits: Limits,
    jobs: int | None,
    scheduler: str | None,
    sandbox: bool,
    journal: Journal,
    step: Callable[[Graded], None],
) -> list[Graded]:
    from parallab.grading import crew

    def progress(graded: Graded, _done: int, _total: int) -> None:
        if journal.known.get(graded.name) != graded:
            journal.add(graded)
        step(graded)

    if scheduler is not None:
        try:
            from parallab.grading import cluster
        except ModuleNotFoundError:
            raise Problem("--scheduler needs Dask: pip install 'parallab[dask]'") from None
        try:
            return cluster.grade(
                scheduler, handed, limits=limits, sandbox=sandbox, progress=progress, known=journal.known
            )
        except cluster.ClusterError as error:
            raise Problem(str(error)) from None
    cores = len(os.sched_getaffinity(0))
    return asyncio.run(
        crew.grade(handed, limits=limits, jobs=jobs or cores, sandbox=sandbox, progress=progress, known=journal.known)
    )


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[Graded], None]]:
    """On a terminal a progress bar on standard error, else nothing."""
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda graded: bar.update(task, advance=1, description=f"{graded.outcome}: {graded.name}"[:60])


def _write(out: Path, journal: Journal, results: Sequence[Graded]) -> None:
    from parallab.grading import table

    try:
        journal.finish(results)
        write_whole(out, table.text(results).encode(), 0o644, durable=True)
    except OSError as error:
        raise Problem(f"{out} cannot be written: {error.strerror}. Make room, then run the same command") from None


def _summary(out: Path, results: Sequence[Graded]) -> None:
    counts = {kind: sum(one.outcome == kind for one in results) for kind in ("passed", "not-passed")}
    click.echo(f"{len(results)} re-checked: {counts['passed']} passed, {counts['not-passed']} did not. See {out}")
    for one in results:
        if one.outcome not in counts:
            click.echo(f"  {one.outcome}: {one.name}: {one.reason}")
