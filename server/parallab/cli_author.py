"""The command line's part for authors: ``parallab author new | check | record | mistakes | translate | preview``."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import click

from parallab.terminal import Problem, jupyterlab, sentence, with_progress

METHODS = click.Choice(["fork", "spawn", "forkserver"])


@click.group()
def author() -> None:
    """Write labs, and prove them."""


def _shelved(names: tuple[str, ...]) -> list[Any]:
    """The labs named by id or folder; all of them when none is named.

    An id is looked for among the labs of installed courses, and in the folder ``labs`` where the author works.
    """
    from parallab.shelf import Shelf, load

    shelf, here = Shelf(), Shelf([Path("labs").resolve()])
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
            try:
                found.append(here.lab(name))
            except LookupError:
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
    found = _shelved(labs)
    kinds = {"starter", "solution", *(wrong.name for lab in found for wrong in lab.mistakes)}
    for one in only:
        if one not in kinds:
            raise Problem(f"there is no case {one!r}: choose starter, solution, or the name of a file in mistakes/")
    for lab in found:
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
@click.argument("lab", metavar="LAB|FILE")
@click.argument("mistakes", nargs=-1)
@click.option(
    "--verdict",
    type=click.Choice(["passed", "failed", "undecided"]),
    help="Of FILE: what the verdict should have been.",
)
@click.option("--mistake", default=None, help="Of FILE: the mistake that should have been told, as M09.")
@click.option("--name", default=None, help="Of FILE: the new case's name.")
@click.option("--replay", is_flag=True, help="Only the replay: what there is to watch of the solution.")
def author_record(
    lab: str, mistakes: tuple[str, ...], verdict: Any, mistake: str | None, name: str | None, replay: bool
) -> None:
    """Write what a learner sees into LAB's wrong answers (default: all whose text does not hold), and its replay.

    With a FILE that a learner saved by "This verdict is wrong", make a case of it: an answer in the
    lab's mistakes/ and the recording beside it, which `author check` judges from then on.
    """
    from parallab import author as authoring

    if Path(lab).is_file():
        if mistakes:
            raise Problem(f"{lab} is a doubted verdict, and makes one case: leave out {mistakes[0]!r}")
        _record_doubt(Path(lab), verdict, mistake, name)
        return
    if verdict or mistake or name:
        raise Problem("--verdict, --mistake and --name are for a file saved by “This verdict is wrong”")
    (found,) = _shelved((lab,))
    known = {wrong.name for wrong in found.mistakes}
    for one in mistakes:
        if one not in known:
            raise Problem(f"{lab} has no wrong answer {one!r}: choose one of {', '.join(sorted(known)) or 'none'}")
    if found.problem:
        raise Problem(str(found.problem))
    changed = [] if replay else with_progress(lambda progress: authoring.record(found, mistakes, progress=progress))
    for path in changed:
        click.echo(f"{path}: read what was written before you keep it")
    if not changed and not replay:
        click.echo("every text holds already")
    if replay or (not mistakes and found.lab.watch is not None):
        try:
            path = with_progress(lambda progress: authoring.replay(found, progress=progress))
        except (authoring.ReplayError, authoring.HeadlessError) as error:
            raise Problem(f"{found.slug}: {error}") from None
        click.echo(f"{path}: {path.stat().st_size // 1024} KiB; watch it with `parallab author preview {lab}`")


@author.command("translate")
@click.argument("lab")
@click.argument("language")
def author_translate(lab: str, language: str) -> None:
    """Make, or bring up to date, what translates LAB into LANGUAGE (as de): lab.de.md and checks.de.po."""
    from parallab import author as authoring

    if not re.fullmatch("[a-z]{2}", language) or language == "en":
        raise Problem(f"{language[:20]!r} is no language: name it by two letters, as de")
    (found,) = _shelved((lab,))
    if found.problem:
        raise Problem(str(found.problem))
    try:
        document, catalogue, missing = authoring.translate(found.folder, language)
    except (OSError, ValueError) as error:
        raise Problem(f"{found.slug}: {sentence(error)}") from None
    click.echo(f"{document}: what a learner reads; keep ids, code and keys as they are")
    click.echo(f"{catalogue}: what the checks say; {missing} texts are not translated")


def _record_doubt(path: Path, verdict: Any, mistake: str | None, name: str | None) -> None:
    from parallab import author as authoring
    from parallab import verdict_text
    from parallab.catalogue import CATALOGUE
    from parallab.doubts import DoubtError

    if mistake is not None and mistake not in CATALOGUE:
        raise Problem(f"the catalogue has no mistake {mistake!r}: use one of M01 to M66")
    if name is not None and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise Problem(f"{name!r} cannot name a case: use a-z, digits and hyphens")
    try:
        doubt = authoring.read_doubt(path)
        (found,) = _shelved((doubt.lab,))
        now = authoring.judged_now(found, doubt)
        if verdict is None:
            click.echo(
                f"{doubt.lab} {doubt.step}, lab version {doubt.version}, Parallab {doubt.parallab}, {doubt.system}"
            )
            click.echo(doubt.words or "(no words)")
            click.echo(f"\nThe learner was told: {doubt.result.verdict}\n{verdict_text.text(doubt.result)}")
            click.echo(f"\nToday's checks say: {now.verdict}\n{verdict_text.text(now)}")
            raise Problem("say what the verdict should be, with --verdict (and --mistake, where one should be told)")
        files = authoring.doubt_case(found, doubt, name or f"{doubt.step}-doubted", verdict, mistake)
    except DoubtError as error:
        raise Problem(f"{path}: {error}") from None
    for file in files:
        click.echo(str(file))
    click.echo(
        f"Next: read {files[0].name}, mend the checks until `parallab author check {doubt.lab} --only {files[0].stem}`"
    )
    click.echo(f"holds for the recording, then: parallab author record {doubt.lab} {files[0].stem}")


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
@click.option("--write-only", is_flag=True, help="Write the notebook and its modules, and open nothing.")
@click.option("--no-browser", is_flag=True, help="Start the server only, and print its address.")
@click.option("--port", type=int, default=None, help="The port to listen on.")
def author_preview(lab: str, folder: Path, write_only: bool, no_browser: bool, port: int | None) -> None:
    """Open LAB in JupyterLab as a learner gets it, in FOLDER; what you save in the lab comes into it at once.

    Progress of a preview is kept in FOLDER, apart from your own.
    """
    from parallab import author as authoring

    (found,) = _shelved((lab,))
    if found.problem:
        raise Problem(str(found.problem))
    if write_only:
        click.echo(authoring.preview(found, folder))
        return
    notebook = authoring.preview(found, folder / "parallab" / found.slug, keep=True)
    options = [
        f"--ParallabApp.lab_folders={found.folder.parent}",
        f"--ParallabApp.store_url=sqlite:///{folder.resolve() / 'progress.sqlite'}",
        "--ParallabApp.preview=True",
        f"--LabApp.default_url=/lab/tree/{notebook.relative_to(folder).as_posix()}",
    ]
    jupyterlab(folder, no_browser, port, options)


@author.command("mistakes")
@click.argument("words", nargs=-1)
def author_mistakes(words: tuple[str, ...]) -> None:
    """List the mistakes that a check may name, and what shows each; with WORDS, those that say them."""
    from parallab.mistakes import CATALOGUE, RECOGNISERS

    for mistake in sorted(CATALOGUE):
        recogniser = RECOGNISERS.get(mistake)
        shown = " ".join((recogniser.__doc__ or "").split()).partition(": ")[2] if recogniser else ""
        text = (
            f"{mistake}  {CATALOGUE[mistake].sentence}\n     {f'Told when: {shown}' if shown else 'It is never told.'}"
        )
        if all(word.lower() in text.lower() for word in words):
            click.echo(text)
