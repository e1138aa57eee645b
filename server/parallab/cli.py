"""The command line. Bad input ends with exit code 2 and one line on standard error, never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from parallab.cli_author import author
from parallab.cli_grade import grade
from parallab.terminal import Problem, as_json, jupyterlab, sentence, with_progress

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="parallab")
def main() -> None:
    """Parallab: Python concurrency, taught by watching what really happens."""


# -- learning -----------------------------------------------------------------------------


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--no-browser", is_flag=True, help="Start the server only, and print its address.")
@click.option("--port", type=int, default=None, help="The port to listen on.")
def lab(folder: Path, no_browser: bool, port: int | None) -> NoReturn:
    """Open the course in JupyterLab, in FOLDER (made if missing; default: here)."""
    jupyterlab(folder, no_browser, port)


@main.command("list")
@click.option("--json", "json_", is_flag=True, help="As JSON.")
def list_labs(json_: bool) -> None:
    """List the labs."""
    from parallab.shelf import Shelf

    labs = Shelf(whole=False).labs()
    if json_:
        click.echo(
            as_json(
                [
                    {
                        "id": one.lab.id,
                        "title": one.lab.title,
                        "minutes": one.lab.minutes,
                        "steps": [step.id for step in one.lab.steps],
                        "problem": str(one.problem or ""),
                    }
                    for one in labs
                ]
            )
        )
        return
    for one in labs:
        problem = f"  (broken: {one.problem})" if one.problem else ""
        click.echo(f"{one.lab.id}  {one.lab.title}, {one.lab.minutes} min{problem}")


@main.command()
@click.argument("lab_id", metavar="LAB")
@click.argument("notebook", type=click.Path(path_type=Path), required=False)
@click.option("--step", "steps", multiple=True, help="Only this step (may be repeated).")
@click.option("--kernel", default=None, help="A kernelspec's name; default: this Python.")
@click.option(
    "--start-method",
    type=click.Choice(["fork", "spawn", "forkserver"]),
    default=None,
    help="The default start method to check under.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help="Seconds that each cell may take.",
)
@click.option("--json", "json_", is_flag=True, help="As JSON.")
@click.option(
    "--record", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write the recording to this file."
)
def check(
    lab_id: str,
    notebook: Path | None,
    steps: tuple[str, ...],
    kernel: str | None,
    start_method: str | None,
    timeout: float,
    json_: bool,
    record: Path | None,
) -> None:
    """Run a notebook of LAB in a real kernel and print the verdicts.

    Without NOTEBOOK, the one in your working folder is taken. Exit code 0 when every counted
    step (or every --step asked for) passed, 1 when one did not, 2 on bad input.
    """
    from parallab import headless, model, submission
    from parallab.shelf import Shelf

    try:
        shelved = Shelf(whole=False).lab(lab_id)
    except LookupError as error:
        raise Problem(sentence(error)) from None
    if shelved.problem:
        raise Problem(str(shelved.problem))
    known = [step.id for step in shelved.lab.steps]
    for step in steps:
        if step not in known:
            raise Problem(f"{lab_id} has no step {step!r}: choose one of {', '.join(known)}")
    try:
        cells = submission.read(notebook or _own_notebook(shelved.slug))
    except submission.SubmissionError as error:
        raise Problem(str(error)) from None
    if record is not None and not record.resolve().parent.is_dir():
        raise Problem(f"there is no folder {record.parent} to write the recording into")
    try:
        done = with_progress(
            lambda progress: headless.run(
                cells,
                shelved,
                kernel=kernel,
                start_method=start_method,
                timeout=timeout,
                steps=steps or None,
                progress=progress,
            )
        )
    except headless.HeadlessError as error:
        raise Problem(str(error)) from None
    if record is not None:
        record.write_bytes(model.dumps(done.recording))
    if json_:
        click.echo(as_json(done.report))
    else:
        _print_report(done.report, {step.id: step.title for step in shelved.lab.steps})
    raise SystemExit(0 if headless.passed(done.report, steps or None) else 1)


def _own_notebook(slug: str) -> Path:
    for folder in (Path("parallab") / slug, Path(slug), Path()):
        path = folder / f"{slug}.ipynb"
        if path.is_file():
            return path
    raise Problem(f"there is no {slug}.ipynb here: name the notebook, or open the lab first")


def _print_report(report: Any, titles: dict[str, str]) -> None:
    from parallab import verdict_text

    for step in report.steps:
        if step.kind != "code":
            continue
        click.echo(f"{titles.get(step.step, step.step)}  [{step.verdict}]")
        click.echo(verdict_text.text(step))
    for skipped in report.skipped:
        click.echo(f"{titles.get(skipped.step, skipped.step)}  [skipped: {skipped.reason}]")


# -- seeing ----------------------------------------------------------------------------------


@main.command()
@click.argument("pid", type=int, required=False)
@click.option(
    "--capabilities", "what", is_flag=True, help="Say what can be seen here, or of PID, and why the rest cannot."
)
@click.option("--watch", is_flag=True, help="Look again every second, until q or Ctrl-C.")
@click.option("--json", "json_", is_flag=True, help="As JSON.")
def inspect(pid: int | None, what: bool, watch: bool, json_: bool) -> None:
    """Show the processes, IPC objects and waits of any running Python program of yours."""
    from parallab import inspect_view, inspecting

    if what:
        _capabilities(pid, json_)
        return
    if pid is None:
        raise Problem("name the process: `ps` lists those that run")
    if watch and json_:
        raise Problem("--watch is for a terminal, --json for a program: choose one")
    if watch:
        _watch(pid)
        return
    try:
        report = inspecting.inspect(pid)
    except inspecting.InspectError as error:
        raise Problem(str(error)) from None
    if json_:
        click.echo(as_json(report))
    else:
        Console().print(inspect_view.render(report))


def _watch(pid: int) -> None:
    from parallab import inspect_watch, inspecting

    try:
        ended = inspect_watch.watch(pid, Console())
    except inspecting.InspectError as error:
        raise Problem(str(error)) from None
    if ended:
        click.echo(ended, err=True)


def _capabilities(pid: int | None, json_: bool) -> None:
    from parallab import capabilities, inspect_view
    from parallab.procfs import everybody

    if pid is not None and sys.platform == "linux" and everybody.process_started(pid) is None:
        raise Problem(f"no process {pid} is running: `ps` lists those that are")
    found = capabilities.probe() if pid is None else capabilities.of(pid)
    if json_:
        click.echo(as_json(found))
    else:
        Console().print(inspect_view.render_capabilities(found))


@main.command()
@click.argument("pid", type=int)
@click.option("--json", "json_", is_flag=True, help="As JSON.")
def doctor(pid: int, json_: bool) -> None:
    """Say what a running program is stuck on. Exit 0 not stuck, 1 stuck, 3 cannot tell."""
    from parallab import inspect_view, inspecting

    try:
        report, seen = inspecting.examined(pid)
    except inspecting.InspectError as error:
        raise Problem(str(error)) from None
    if json_:
        click.echo(as_json(report))
    else:
        Console().print(inspect_view.render_doctor(report, seen))
    raise SystemExit({False: 0, True: 1, None: 3}[report.stuck])


@main.command()
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--json", "json_", is_flag=True, help="As JSON.")
def clean(dry_run: bool, json_: bool) -> None:
    """Remove what dead kernels left: processes, shared memory, semaphores, folders.

    Nothing that anybody alive uses is touched. Exit code 0 when nothing is left that could be
    removed, 1 when something is. With --dry-run, which only tells, it is always 0.
    """
    from parallab import clean_view, cleaning

    try:
        done = cleaning.clean(dry_run=dry_run)
    except cleaning.CleanError as error:
        raise Problem(str(error)) from None
    if json_:
        click.echo(as_json(done))
    else:
        Console().print(clean_view.render(done))
    raise SystemExit(1 if not dry_run and any(one.removable for one in done.left) else 0)


main.add_command(author)
main.add_command(grade)

if __name__ == "__main__":
    main()
