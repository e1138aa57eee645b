"""What an author of labs uses: proof that a lab is right, its golden texts, a new one, a look at it.

``prove`` runs every starter, solution and wrong answer in real kernels and says what does not
hold and what to do next. It leaves running to ``headless`` and the words of a verdict to
``verdict_text``.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import ndiff
from functools import partial
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from parallab import headless, notebook, shelf, verdict_text
from parallab.judge_pool import JudgePool
from parallab.lab import Cell, Step
from parallab.lab_parse import Golden, WrongAnswer
from parallab.mistakes import CATALOGUE
from parallab.shelf import ShelvedLab
from parallab.wire import StepResult

METHODS = ("fork", "spawn", "forkserver")
#: Masks in golden texts, and what they stand for.
MASKS = {"‹pid›": r"\d+", "‹fd›": r"\d+", "‹inode›": r"\d+", "‹time›": r"\d+(?:\.\d+)?", "‹n›": r"-?\d+"}

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Fault:
    """Something that does not hold: where, what, and what to do next."""

    where: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.where}\n  {self.what}\n  → {self.do}"


@dataclass(frozen=True)
class Case:
    """One run to be made: cells in a kernel of one start method, and what must come of it."""

    lab: ShelvedLab
    kind: str
    """``starter``, ``solution`` or the name of a wrong answer."""
    method: str
    cells: tuple[Cell, ...]
    steps: tuple[str, ...]
    wrong: WrongAnswer | None = None

    def __str__(self) -> str:
        kind = f"mistakes/{self.kind}.md" if self.wrong else self.kind
        return f"{self.lab.lab.id} {kind} ({self.method})"


@dataclass(frozen=True)
class Report:
    """What a proof found. ``flakes`` counts the failed runs of each case that was run more than once."""

    faults: tuple[Fault, ...]
    runs: int
    flakes: dict[str, int]

    @property
    def good(self) -> bool:
        """Everything holds."""
        return not self.faults

    def text(self) -> str:
        """The faults, then a line of summary."""
        lines = [str(fault) for fault in self.faults]
        rate = f", {sum(self.flakes.values())} of them failed" if self.flakes else ""
        lines.append(f"{self.runs} runs{rate}: {'all is well' if self.good else f'{len(self.faults)} faults'}")
        return "\n".join(lines)


# -- proof -------------------------------------------------------------------------------------


async def prove(
    lab: ShelvedLab,
    *,
    repeat: int = 1,
    load: int = 0,
    start_methods: Sequence[str] = METHODS,
    jobs: int = 1,
    only: Sequence[str] = (),
    kernel: str | None = None,
    progress: Progress = lambda _: None,
) -> Report:
    """Proves one lab under each start method, ``repeat`` times, with ``load`` busy processes beside.

    ``only`` names cases (``starter``, ``solution`` or wrong answers); () means all.
    """
    faults = list(static_faults(lab))
    if lab.problem is not None:
        return Report(tuple(faults), 0, {})
    wanted = [case for case in cases(lab, start_methods) if not only or case.kind in only]
    flakes: dict[str, int] = {}
    told: dict[str, list[Fault]] = {}
    gate = asyncio.Semaphore(jobs)
    pool = JudgePool()

    async def run(case: Case, round_: int) -> None:
        async with gate:
            progress(f"{case}, round {round_ + 1} of {repeat}" if repeat > 1 else str(case))
            found = await _run(case, pool, kernel)
            if found:
                flakes[str(case)] = flakes.get(str(case), 0) + 1
                told.setdefault(str(case), found)

    try:
        with _busy(load):
            await asyncio.gather(*(run(case, round_) for round_ in range(repeat) for case in wanted))
    finally:
        await pool.close()
    for found in told.values():
        faults += found
    return Report(tuple(faults), len(wanted) * repeat, flakes)


@contextmanager
def _busy(load: int) -> Iterator[None]:
    """So many processes that do nothing but use the CPU."""
    burning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(load)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
        for process in burning:
            process.wait()


def cases(lab: ShelvedLab, start_methods: Sequence[str] = METHODS) -> Iterator[Case]:
    """Every run that a proof makes."""
    setup = _setup(lab)
    starters = tuple(cell for cell in lab.lab.cells if cell.cell_type == "code")
    judged = [step for step in lab.lab.steps if lab.checks.get(step.id)]
    solved = setup + tuple(cell for step in lab.lab.steps for cell in lab.solution.get(step.id, ()))
    for method in start_methods:
        # A step without cells of its own, such as the clean bench, has nothing to start from.
        yield Case(lab, "starter", method, starters, tuple(step.id for step in judged if step.cells))
        yield Case(lab, "solution", method, solved, tuple(step.id for step in judged))
        for wrong in lab.mistakes:
            if wrong.start_methods and method not in wrong.start_methods:
                continue
            before = tuple(cell for step in wrong.after for cell in lab.solution.get(step, ()))
            yield Case(lab, wrong.name, method, setup + before + wrong.cells, (wrong.step,), wrong)


def _setup(lab: ShelvedLab) -> tuple[Cell, ...]:
    return tuple(cell for cell in lab.lab.cells if cell.cell_type == "code" and not cell.step)


async def _run(case: Case, pool: JudgePool, kernel: str | None) -> list[Fault]:
    try:
        done = await headless.run(
            case.cells, case.lab, kernel=kernel, start_method=case.method, steps=case.steps, pool=pool
        )
    except headless.HeadlessError as error:
        return [Fault(str(case), f"could not be run: {error}", "see that this Python has ipykernel")]
    return list(_judge(case, done.report.python, done.report.steps))


def _judge(case: Case, python: str, results: Sequence[StepResult]) -> Iterator[Fault]:
    if case.wrong is not None:
        if results and _fits(case.wrong.python, python):
            yield from _wrong(case, case.wrong, python, results[0])
        return
    for result in results:
        passed = result.verdict == "passed"
        if case.kind == "starter" and passed:
            yield Fault(
                f"{case}: step {result.step}",
                "the starter passes as it is",
                "leave something for the learner to do, or add a goal that the starter does not meet",
            )
        if case.kind == "solution" and not passed:
            yield Fault(
                f"{case}: step {result.step}",
                f"the solution does not pass:\n{_indented(verdict_text.text(result))}",
                f"mend {case.lab.slug}/solution.md or the step's checks",
            )


def _wrong(case: Case, wrong: WrongAnswer, python: str, result: StepResult) -> Iterator[Fault]:
    where = f"{case}: step {result.step}"
    seen = verdict_text.text(result)
    if result.verdict != wrong.verdict:
        yield Fault(
            where,
            f"expected verdict {wrong.verdict}, got {result.verdict}:\n{_indented(seen)}",
            "make the checks tell this answer from a right one, or correct the file's verdict",
        )
        return
    told = {goal.mistake.id for goal in result.goals if goal.mistake is not None}
    if (wrong.mistake or "") not in (told or {""}):
        yield Fault(
            where,
            f"expected mistake {wrong.mistake or 'none'}, got {', '.join(sorted(told)) or 'none'}:\n{_indented(seen)}",
            "name it as a candidate in the failing check, see why its recogniser does not agree, or correct the file",
        )
        return
    golden = golden_for(wrong, case.method, python)
    if golden is None:
        yield Fault(where, "there is no text for this start method and Python", "run parallab author record")
    elif not matches(golden, seen):
        yield Fault(where, f"the text differs:\n{difference(golden, seen)}", "mend the check, or record the new text")


def golden_for(wrong: WrongAnswer, method: str, python: str) -> str | None:
    """The first golden text whose condition holds; None if there is none."""
    for golden in wrong.texts:
        if golden.text and _holds(golden.when, method, python):
            return golden.text.strip("\n")
    return None


def _holds(when: str, method: str, python: str) -> bool:
    """``when`` is a list of start methods and version specifiers: any of the methods, all of the others."""
    words = [word.strip() for word in when.split(",") if word.strip()]
    methods = [word for word in words if word in METHODS]
    versions = [word for word in words if word not in METHODS]
    return (not methods or method in methods) and _fits(",".join(versions), python)


def _fits(specifier: str, python: str) -> bool:
    return not specifier or SpecifierSet(specifier).contains(python, prereleases=True)


def matches(golden: str, seen: str) -> bool:
    """Whether the text is the golden one, its masks standing for any number."""
    pattern = re.escape(golden.strip("\n"))
    for mask, meaning in MASKS.items():
        pattern = pattern.replace(re.escape(mask), meaning)
    return re.fullmatch(pattern, seen.strip("\n")) is not None


def difference(golden: str, seen: str) -> str:
    """Line by line: ``-`` as it should be, ``+`` as it is."""
    lines = ndiff(golden.strip("\n").splitlines(), seen.strip("\n").splitlines())
    return "\n".join(f"    {line}" for line in lines if not line.startswith("?"))


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


# -- what can be seen without running anything -----------------------------------------------------


def static_faults(lab: ShelvedLab) -> Iterator[Fault]:
    """What is wrong with a lab on paper."""
    if lab.problem is not None:
        yield Fault(f"{lab.problem.file}:{lab.problem.line}", lab.problem.message, "mend it, then check again")
        return
    yield from _step_faults(lab)
    yield from _mistake_faults(lab)
    yield from _link_faults(lab)
    yield from _stray_files(lab)


def _step_faults(lab: ShelvedLab) -> Iterator[Fault]:
    file = f"{lab.slug}/lab.md"
    about = {wrong.step for wrong in lab.mistakes}
    for step in lab.lab.steps:
        where = f"{file}:{step.line}: step {step.id}"
        if step.kind != "code":
            continue
        if not lab.checks.get(step.id):
            yield Fault(where, "has no checks", f'write one in {lab.slug}/checks.py: @check("{step.id}")')
        if not step.hints:
            yield Fault(
                where, "has no hints", "add one or more :::{hint}: where to look, which concept, code with blanks"
            )
        if not step.cells:
            continue
        if not lab.solution.get(step.id):
            yield Fault(where, "has no solution", f"add its cells to {lab.slug}/solution.md")
        if step.id not in about:
            yield Fault(where, "has no wrong answer", f"add {lab.slug}/mistakes/{step.id}-….md")
        yield from _version_faults(step, where)


def _version_faults(step: Step, where: str) -> Iterator[Fault]:
    try:
        SpecifierSet(step.python)
    except InvalidSpecifier:
        yield Fault(where, f"python: {step.python!r} is no version specifier", 'write it as ">=3.14"')


def _mistake_faults(lab: ShelvedLab) -> Iterator[Fault]:
    for wrong in lab.mistakes:
        where = f"{lab.slug}/mistakes/{wrong.name}.md"
        if wrong.mistake is not None and wrong.mistake not in CATALOGUE:
            yield Fault(where, f"the catalogue has no mistake {wrong.mistake}", "use one of M01 to M66")
        if not any(golden.text.strip() for golden in wrong.texts):
            yield Fault(where, "says no text that the learner will see", "run parallab author record")
        unknown = [method for method in wrong.start_methods if method not in METHODS]
        if unknown:
            yield Fault(where, f"start_method {unknown[0]!r} is none", f"use one of {', '.join(METHODS)}")


_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def _link_faults(lab: ShelvedLab) -> Iterator[Fault]:
    """Links to files of the lab must lead somewhere; those to the network are only looked at for their form."""
    for number, line in enumerate((lab.folder / "lab.md").read_text(encoding="utf-8").splitlines(), 1):
        for target in _LINK.findall(line):
            where = f"{lab.slug}/lab.md:{number}"
            if target.startswith(("https://", "#")):
                continue
            if "://" in target or target.startswith("mailto:"):
                yield Fault(where, f"link {target} is not https", "use an https:// address")
            elif not (lab.folder / target.split("#")[0]).is_file():
                yield Fault(where, f"link {target} leads nowhere", "correct it, or add the file")


def _stray_files(lab: ShelvedLab) -> Iterator[Fault]:
    """Everything in the folder is either the format's or used by the learner's code."""
    texts = "\n".join(
        cell.source for cell in (*lab.lab.cells, *(cell for cells in lab.solution.values() for cell in cells))
    )
    used = {file for file in lab.files if file.stem in texts}
    known = {lab.folder / name for name in shelf.OWN_FILES} | used
    for path in sorted(lab.folder.iterdir()):
        if path in known or path.name in ("mistakes", "__pycache__") or re.fullmatch(r"lab\.[a-z]{2}\.md", path.name):
            continue
        yield Fault(f"{lab.slug}/{path.name}", "nothing in the lab uses this file", "use it in a cell, or remove it")
    for path in sorted((lab.folder / "mistakes").glob("*")):
        if path.suffix != ".md":
            yield Fault(f"{lab.slug}/mistakes/{path.name}", "is no wrong answer", "only .md files belong there")


# -- recording golden texts ---------------------------------------------------------------------------


async def record(
    lab: ShelvedLab,
    names: Sequence[str] = (),
    *,
    start_methods: Sequence[str] = METHODS,
    times: int = 2,
    jobs: int = 1,
    kernel: str | None = None,
    progress: Progress = lambda _: None,
) -> tuple[Path, ...]:
    """Writes what a learner sees into the wrong answers named (() means all); answers the files changed.

    Each is run so many ``times`` under every start method that it allows: numbers that differ
    become ‹n›, and texts that differ otherwise are kept apart by their start method. A golden text
    that fits already stays as it is. Read what was written before you keep it.
    """
    pool = JudgePool()
    gate = asyncio.Semaphore(jobs)
    wanted = [wrong for wrong in lab.mistakes if not names or wrong.name in names]

    async def one(case: Case) -> tuple[str, str]:
        async with gate:
            progress(str(case))
            done = await headless.run(
                case.cells, lab, kernel=kernel, start_method=case.method, steps=case.steps, pool=pool
            )
            return done.report.python, verdict_text.text(done.report.steps[0])

    async def all_of(wrong: WrongAnswer) -> Path | None:
        mine = [case for case in cases(lab, start_methods) if case.wrong is wrong for _ in range(times)]
        seen = await asyncio.gather(*(one(case) for case in mine))
        texts: dict[str, list[str]] = {}
        for case, (python, text) in zip(mine, seen, strict=True):
            if _fits(wrong.python, python):
                texts.setdefault(case.method, []).append(text)
        return _keep(lab, wrong, texts, seen[0][0]) if texts else None

    try:
        changed = await asyncio.gather(*(all_of(wrong) for wrong in wanted))
    finally:
        await pool.close()
    return tuple(path for path in changed if path is not None)


def _keep(lab: ShelvedLab, wrong: WrongAnswer, texts: dict[str, list[str]], python: str) -> Path | None:
    """Writes the texts into the file, unless those that it has do already."""
    fits = all(
        golden is not None and all(matches(golden, seen) for seen in found)
        for method, found in texts.items()
        for golden in [golden_for(wrong, method, python)]
    )
    if fits:
        return None
    path = lab.folder / "mistakes" / f"{wrong.name}.md"
    path.write_text(with_texts(path.read_text(encoding="utf-8"), goldens(texts)), encoding="utf-8")
    return path


def goldens(texts: dict[str, list[str]]) -> tuple[Golden, ...]:
    """Golden texts for what was seen by start method: one for all where it can be."""
    merged = {method: _merged(found) for method, found in texts.items()}
    together = _merged(list(merged.values()))
    if all(matches(together, text) for found in texts.values() for text in found):
        return (Golden(together),)
    by_text: dict[str, list[str]] = {}
    for method, text in merged.items():
        by_text.setdefault(text, []).append(method)
    return tuple(Golden(text, ", ".join(methods)) for text, methods in by_text.items())


_NUMBER = re.compile(r"(?:(?<=[\s(−-])|^)\d+(?=[\s.,;:)”]|$)", re.MULTILINE)


def _merged(texts: Sequence[str]) -> str:
    """The first text, with ‹n› where the others have other numbers."""
    first = texts[0]
    for other in texts[1:]:
        mine, theirs = _NUMBER.findall(first), _NUMBER.findall(other)
        if _NUMBER.sub("#", first) != _NUMBER.sub("#", other):
            continue
        pairs = iter(["‹n›" if one != two else one for one, two in zip(mine, theirs, strict=True)])
        first = _NUMBER.sub(partial(_next, pairs), first)
    return first


def _next(words: Iterator[str], _: re.Match[str]) -> str:
    return next(words)


def with_texts(source: str, texts: Sequence[Golden]) -> str:
    """A mistake file with these golden texts in its front matter, which come last in it."""
    _, front, body = source.split("---\n", 2)
    kept = re.sub(r"^text:.*?(?=^\S|\Z)", "", front, flags=re.MULTILINE | re.DOTALL).rstrip("\n")
    return f"---\n{kept}\n{_yaml(texts)}---\n{body}"


def _yaml(texts: Sequence[Golden]) -> str:
    if len(texts) == 1 and not texts[0].when:
        return "text: |\n" + _block(texts[0].text, 2)
    parts = (f"  - when: {_plain(golden.when)}\n    text: |\n{_block(golden.text, 6)}" for golden in texts)
    return "text:\n" + "".join(parts)


def _plain(text: str) -> str:
    return text if text[:1].isalpha() else f'"{text}"'


def _block(text: str, indent: int) -> str:
    return "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in text.splitlines())


# -- a new lab, and a look at one ---------------------------------------------------------------------------


def new(root: Path, number: int, slug: str, title: str) -> Path:
    """A folder with the smallest lab there can be; answers the folder.

    :raises FileExistsError: it is there already.
    """
    folder = root / f"{number:02}-{slug}"
    (folder / "mistakes").mkdir(parents=True)
    for name, text in TEMPLATE.items():
        made = text.replace("NUMBER", f"L{number:02}").replace("TITLE", title)
        (folder / name).write_text(made, encoding="utf-8")
    return folder


def preview(lab: ShelvedLab, folder: Path) -> Path:
    """Writes the lab's notebook and modules into a folder, as a learner gets them; answers the notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in lab.files:
        (folder / file.name).write_bytes(file.read_bytes())
    path = folder / f"{lab.slug}.ipynb"
    path.write_text(json.dumps(notebook.build(lab.lab), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


TEMPLATE = {
    "lab.md": """\
---
parallab:
  id: NUMBER
  title: "TITLE"
  minutes: 5
  version: 1
  objectives: []
  needs: []
  summary: What one learns here, in a sentence.
---
# TITLE

A story in a few short sentences.

```{code-cell}
%load_ext autoreload
%autoreload 2
import multiprocessing as mp
```

:::{step} first
title: The first step
:::
What to do.

```{code-cell}
:tags: [first]
p = mp.Process(target=print, args=("hello",))
```

:::{hint}
Which method starts it?
:::
""",
    "checks.py": '''\
"""What this lab looks for."""

from parallab.checks import at_least, check
from parallab.checks.common import ended, hired


@check("first")
def child(run):
    """Your notebook starts a child process"""
    return hired(run, at_least(1))


@check("first")
def waited(run, child):
    """Your notebook waits for its end"""
    ended(run, child)
''',
    "solution.md": """\
# Solution of “TITLE”

```{code-cell}
:tags: [first]
p = mp.Process(target=print, args=("hello",))
p.start()
p.join()
```
""",
    "mistakes/first-run.md": """\
---
step: first
verdict: failed
mistake: M09
---
```{code-cell}
p = mp.Process(target=print, args=("hello",))
p.run()
```
""",
}
