"""What can be seen of a lab without running anything: gaps, wrong names, dead links, stray files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from parallab import shelf
from parallab.author import doubted
from parallab.author.extraction import texts
from parallab.author.fault import Fault
from parallab.author.goldens import METHODS
from parallab.author.replaying import replay_faults
from parallab.catalogue import CATALOGUE
from parallab.lab import Step
from parallab.shelf import ShelvedLab
from parallab.translated import misfits


def static_faults(lab: ShelvedLab) -> Iterator[Fault]:
    """What is wrong with a lab on paper."""
    if lab.problem is not None:
        yield Fault(f"{lab.problem.file}:{lab.problem.line}", lab.problem.message, "mend it, then check again")
        return
    yield from _objective_faults(lab)
    yield from _step_faults(lab)
    yield from _mistake_faults(lab)
    yield from _link_faults(lab)
    yield from replay_faults(lab)
    yield from _translation_faults(lab)
    yield from _stray_files(lab)


def _translation_faults(lab: ShelvedLab) -> Iterator[Fault]:
    """A translation has the steps, cells, questions and choices of lab.md, and a text for all that the checks say."""
    for error in lab.untranslated:
        yield Fault(f"{error.file}:{error.line}", error.message, "mend it; until then the lab is shown in English")
    said = tuple(texts((lab.folder / "checks.py").read_text(encoding="utf-8"))) if lab.translations else ()
    for language, translation in lab.translations.items():
        for what in misfits(lab.lab, translation.words):
            do = "bring it in line with lab.md; until then this part is shown in English"
            yield Fault(f"{lab.slug}/lab.{language}.md", what, do)
        known = {phrase.text for phrase in translation.tongue.phrases}
        for found in said:
            if found.text not in known:
                where = f"{lab.slug}/checks.{language}.po"
                do = f"run parallab author translate {lab.lab.id} {language}, and fill the gap"
                yield Fault(where, f"{found.text!r} is not translated", do)


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


def _objective_faults(lab: ShelvedLab) -> Iterator[Fault]:
    """Objectives of our own course are known; other courses have their own. What a lab needs lies beside it."""
    where = f"{lab.slug}/lab.md"
    own = lab.folder.resolve().parent == shelf.own_course()
    known = [one.id for one in shelf.OBJECTIVES] if own else []
    for name in dict.fromkeys([*lab.lab.objectives, *(name for step in lab.lab.steps for name in step.serves)]):
        near = get_close_matches(name, known, 1, 0.5)
        if known and name not in known:
            yield Fault(
                where, f"there is no objective {name!r}", f"did you mean {near[0]}?" if near else "use one of O1 to O10"
            )
        elif not re.fullmatch(r"[A-Z]+[1-9][0-9]*", name):
            yield Fault(where, f"objective {name!r} is not spelt as one", "write it as O4")
    beside = {shelf.named(path.parent) for path in lab.folder.parent.glob("*/lab.md")}
    others = ", ".join(sorted(beside - {lab.lab.id}))
    for name in lab.lab.needs:
        if name not in beside:
            do = f"use one of {others}" if others else "write needs: []"
            yield Fault(where, f"it needs lab {name!r}, and there is none beside it", do)


def _version_faults(step: Step, where: str) -> Iterator[Fault]:
    try:
        SpecifierSet(step.python)
    except InvalidSpecifier:
        yield Fault(where, f"python: {step.python!r} is no version specifier", 'write it as ">=3.14"')


def recorded(lab: ShelvedLab, name: str) -> str:
    """What to do where a wrong answer has no text."""
    return f"run parallab author record {lab.lab.id} {name}"


def _mistake_faults(lab: ShelvedLab) -> Iterator[Fault]:
    for wrong in lab.mistakes:
        where = f"{lab.slug}/mistakes/{wrong.name}.md"
        if wrong.mistake is not None and wrong.mistake not in CATALOGUE:
            yield Fault(where, f"the catalogue has no mistake {wrong.mistake}", "use one of M01 to M66")
        if not any(golden.text.strip() for golden in wrong.texts):
            yield Fault(where, "says no text that the learner will see", recorded(lab, wrong.name))
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
        if path in known or path.name in ("mistakes", "__pycache__") or shelf.TRANSLATION.fullmatch(path.name):
            continue
        yield Fault(f"{lab.slug}/{path.name}", "nothing in the lab uses this file", "use it in a cell, or remove it")
    for path in sorted((lab.folder / "mistakes").glob("*")):
        if path.suffix != ".md" and not path.name.endswith(doubted.ENDING):
            do = "only .md files and recordings (.json.xz) belong there"
            yield Fault(f"{lab.slug}/mistakes/{path.name}", "is no wrong answer", do)
