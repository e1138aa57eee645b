"""The command line's part for authors: ``parallab author new | check | record | preview``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from parallab.terminal import Problem, sentence, with_progress

METHODS = click.Choice(["fork", "spawn", "forkserver"])


@click.group()
def author() -> None:
    """Write labs, and prove them."""


def _shelved(names: tuple[str, ...]) -> list[Any]:
    """The labs named by id or folder; all of them when none is named."""
    from parallab.shelf import Shelf, load

    shelf = Shelf()
    if not names:
        return list(shelf.labs())
    found = []
    for name in names:
        if (Path(name) / "lab.md").is_file():
            found.append(load(Path(name).resolve()))
            continue
        try:
            found.append(shelf.lab(name))
        except LookupError as error:
            raise Problem(sentence(error)) from None
    return found


@author.command("check")
@click.argument("labs", nargs=-1)
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="Run everything so often.")
@click.option("--load", type=click.IntRange(0), default=0, show_default=True, help="Busy processes beside.")
@click.option("--start-method", "methods", type=METHODS, multiple=True, help="Only under this start method.")
@click.option("--only", multiple=True, help="Only this case: starter, solution, or a wrong answer's name.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Runs at once.")
@click.option("--kernel", default=None, help="A kernelspec's name; default: this Python.")
def author_check(
    labs: tuple[str, ...],
    repeat: int,
    load: int,
    methods: tuple[str, ...],
    only: tuple[str, ...],
    jobs: int,
    kernel: str | None,
) -> None:
    """Prove LABS (ids or folders; default: all): starters fail, solutions pass, mistakes get their texts."""
    from parallab import author as authoring

    good = True
    for lab in _shelved(labs):
        proof = partial(
            authoring.prove,
            lab,
            repeat=repeat,
            load=load,
            start_methods=methods or authoring.METHODS,
            jobs=jobs,
            only=only,
            kernel=kernel,
        )
        report = with_progress(proof)
        click.echo(f"{lab.lab.id} {lab.lab.title}: {report.text()}")
        good = good and report.good
    raise SystemExit(0 if good else 1)


@author.command("record")
@click.argument("lab")
@click.argument("mistakes", nargs=-1)
def author_record(lab: str, mistakes: tuple[str, ...]) -> None:
    """Write what a learner sees into LAB's wrong answers (default: all whose text does not hold)."""
    from parallab import author as authoring

    (found,) = _shelved((lab,))
    changed = with_progress(lambda progress: authoring.record(found, mistakes, progress=progress))
    for path in changed:
        click.echo(f"{path}: read what was written before you keep it")
    if not changed:
        click.echo("every text holds already")


@author.command("new")
@click.argument("number", type=click.IntRange(1, 99))
@click.argument("slug")
@click.option("--title", default=None, help="The lab's title; default: made of SLUG.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("labs"),
    show_default=True,
    help="The folder that holds the labs.",
)
def author_new(number: int, slug: str, title: str | None, into: Path) -> None:
    """Begin a lab that passes its proof from the first minute."""
    from parallab import author as authoring

    if not slug or not slug.replace("-", "").isalnum() or not slug.isascii():
        raise Problem(f"{slug!r} cannot name a folder: use letters, digits and hyphens")
    try:
        folder = authoring.new(into, number, slug, title or slug.replace("-", " ").capitalize())
    except FileExistsError:
        raise Problem(f"{into / f'{number:02}-{slug}'} is there already: choose another number or name") from None
    except OSError as error:
        raise Problem(f"{into} cannot be written: {error.strerror}") from None
    click.echo(f"{folder}\nNext: edit {folder / 'lab.md'}, then: parallab author check {folder}")


@author.command("preview")
@click.argument("lab")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("preview"))
def author_preview(lab: str, folder: Path) -> None:
    """Write LAB's notebook and modules into FOLDER, as a learner gets them."""
    from parallab import author as authoring

    (found,) = _shelved((lab,))
    if found.problem:
        raise Problem(str(found.problem))
    click.echo(authoring.preview(found, folder))
