"""Writes docs/course.md: which labs, steps and goals serve each sentence and each objective of the course.

``python scripts/course_page.py`` writes it, ``--check`` says whether it is what the labs say. What serves a
sentence stands in SENTENCES, by hand; what serves an objective is told by the labs themselves, and the sidebar
ticks it by the same rule.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "course.md"

from parallab import progress, shelf  # noqa: E402
from parallab.lab import Step  # noqa: E402
from parallab.shelf import Shelf, ShelvedLab  # noqa: E402

HEAD = """\
# What the course promises, and where it is kept

The first part follows the course's description, sentence by sentence; the second its objectives. Each line names
a lab and its steps; below a step stand the goals that Parallab looks for. A learner has reached an objective when
all steps below it are passed.

This page is written by `make course` from the labs themselves; `make check` fails when it is stale.
"""


@dataclass(frozen=True)
class Sentence:
    """A sentence of the course's description, and the steps that serve it, by lab; () means all of a lab's."""

    id: str
    text: str
    served: dict[str, tuple[str, ...]]


SENTENCES = (
    Sentence(
        "S1",
        "A lab-only exploration of the creation and management of processes, to speed up the execution of programs.",
        {
            "L04": ("define-and-execute", "initialise", "four-at-once", "life-and-death", "whose-parent"),
            "L05": ("cpu-bound", "waiting-bound", "too-small"),
            "L11": (),
            "L12": (),
        },
    ),
    Sentence(
        "S2",
        "Ten short parts, with Jupyter notebooks to execute all programs.",
        {f"L{number:02}": () for number in range(1, 11)},
    ),
    Sentence(
        "S3",
        "Create initialized threads, and the same with processes.",
        {
            "L01": ("initialised-thread", "three-at-once", "same-with-processes"),
            "L04": ("initialise",),
        },
    ),
    Sentence("S4", "Thread-safe data structures: queues, stacks, and priority queues.", {"L02": ()}),
    Sentence(
        "S5",
        "Synchronization mechanisms and inter-process communication, and a comparison of processes to threads.",
        {"L08": (), "L09": (), "L05": ()},
    ),
    Sentence(
        "S6",
        "The built-in queue data structure for multithreaded applications, and how to implement multiprocessing.",
        {"L03": (), "L04": ()},
    ),
    Sentence(
        "S7",
        "How processes are created and executed, and how they differ from threads when one is using shared resources.",
        {"L04": (), "L05": ()},
    ),
    Sentence("S8", "A manager class, or service process manager, to share any Python types.", {"L07": ()}),
    Sentence(
        "S9",
        "Available mechanisms for communication and synchronization between processes.",
        {"L06": (), "L07": (), "L08": (), "L09": (), "L10": ()},
    ),
)


class Stale(Exception):
    """SENTENCES names what no lab has; the text says what."""


def page(labs: Sequence[ShelvedLab], sentences: Sequence[Sentence] = SENTENCES) -> str:
    """The whole page.

    :raises Stale: a sentence names a step that its lab has not.
    """
    by_id = {lab.lab.id: lab for lab in labs}
    lines = [HEAD, "## The description"]
    for sentence in sentences:
        lines += ["", f"### {sentence.id} {sentence.text}", ""]
        lines += [line for lab, names in sentence.served.items() for line in _served(lab, names, by_id)]
    lines += ["", "## The objectives"]
    for objective in shelf.OBJECTIVES:
        lines += ["", f"### {objective.id} {objective.text}", ""]
        found = [line for lab in labs for line in _reaching(lab, objective.id)]
        lines += found or [f"- {', '.join(objective.labs)}: not there yet"]
    return "\n".join(lines) + "\n"


def _served(lab_id: str, names: Sequence[str], labs: dict[str, ShelvedLab]) -> Iterator[str]:
    lab = labs.get(lab_id)
    if lab is None:
        yield f"- {lab_id}: not there yet"
        return
    known = {step.id: step for step in lab.lab.steps}
    gone = [name for name in names if name not in known]
    if gone:
        raise Stale(f"lab {lab_id} has no step {gone[0]!r} any more: mend SENTENCES in {Path(__file__).name}")
    steps = [known[name] for name in names] or [step for step in lab.lab.steps if lab.checks.get(step.id)]
    yield f"- {lab_id} [{lab.lab.title}](../labs/{lab.slug}/lab.md): {'; '.join(step.title for step in steps)}"


def _reaching(lab: ShelvedLab, objective: str) -> Iterator[str]:
    steps = [step for step in lab.lab.steps if progress.serves(lab.lab, step, objective)]
    if steps:
        yield f"- {lab.lab.id} [{lab.lab.title}](../labs/{lab.slug}/lab.md)"
    for step in steps:
        yield f"  - {step.title}"
        yield from _goals(lab, step)


def _goals(lab: ShelvedLab, step: Step) -> Iterator[str]:
    phases = {"break": "Break it: ", "repair": "Repair it: "}
    for check in lab.checks.get(step.id, ()):
        yield f"    - {phases.get(check.phase or '', '')}{check.text}"
    if step.prompts:
        yield f"    - {_many(len(step.prompts), 'prediction', 'predictions')}"
    if step.questions:
        yield f"    - {_many(len(step.questions), 'question', 'questions')}"
    if step.blocks:
        yield "    - lines to be put in order"


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def main() -> int:
    """Writes the page, or checks it."""
    labs = Shelf([shelf.own_course()]).labs()
    broken = [str(lab.problem) for lab in labs if lab.problem]
    if broken:
        print(*broken, sep="\n", file=sys.stderr)
        return 1
    try:
        text = page(labs)
    except Stale as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" in sys.argv[1:]:
        if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        print(f"{TARGET.relative_to(ROOT)} is not what the labs say: run `make course`", file=sys.stderr)
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
