"""What the sidebar is shown of labs: everything but the keys. Pure; the Markdown renderer is passed in."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

import msgspec

from parallab import progress, wire
from parallab.checks import Check
from parallab.lab import Cell, Lab, QuizQuestion, Step
from parallab.progress import Memories, Memory

Render = Callable[[str], str]


class Aim(msgspec.Struct, frozen=True):
    """A learning objective, and the labs (installed or not) that lead to it."""

    id: str
    text: str
    labs: tuple[str, ...]


class CourseFacts(msgspec.Struct, frozen=True):
    """What the course says of itself, beside its labs. ``about`` is Markdown."""

    title: str
    number: str = ""
    level: str = ""
    hours: float = 0.0
    about: str = ""
    aims: tuple[Aim, ...] = ()


def course(
    facts: CourseFacts,
    labs: Sequence[Lab],
    problems: Mapping[str, str],
    memories: Memories,
    render: Render,
) -> wire.Course:
    """The course home; a lab with a problem is listed with it, and serves no objective until mended."""
    sound = [lab for lab in labs if lab.id not in problems]
    here = {lab.id for lab in labs}
    lines = [
        msgspec.structs.replace(
            progress.summary(lab, memories.get(lab.id, {})),
            # Nobody can do first what is not installed.
            needs=tuple(need for need in lab.needs if need in here),
            problem=problems.get(lab.id, ""),
        )
        for lab in labs
    ]
    return wire.Course(
        schema=wire.SCHEMA,
        title=facts.title,
        number=facts.number,
        level=facts.level,
        hours=facts.hours,
        about_html=render(facts.about),
        objectives=tuple(_objective(aim, sound, memories) for aim in facts.aims),
        labs=tuple(lines),
    )


def _objective(aim: Aim, labs: Sequence[Lab], memories: Memories) -> wire.Objective:
    serving = [lab for lab in labs if lab.id in aim.labs]
    return wire.Objective(
        id=aim.id,
        text=aim.text,
        labs=aim.labs,
        reached=progress.reached(aim.id, serving, memories),
        available=bool(serving),
    )


def lab_view(
    lab: Lab,
    checks: Mapping[str, Sequence[Check]],
    solved: Container[str],
    python: str,
    memories: Mapping[str, Memory],
    render: Render,
) -> wire.LabView:
    """A lab with its steps and what was done.

    ``solved`` are the steps that have a solution, ``python`` is the version that its kernel will run.
    """
    return wire.LabView(
        schema=wire.SCHEMA,
        id=lab.id,
        title=lab.title,
        version=lab.version,
        minutes=lab.minutes,
        html=render(lab.body),
        objectives=lab.objectives,
        needs=lab.needs,
        steps=tuple(step_view(step, checks.get(step.id, ()), step.id in solved, python, render) for step in lab.steps),
        progress=lab_progress(lab, memories, render),
    )


def step_view(step: Step, checks: Sequence[Check], solved: bool, python: str, render: Render) -> wire.StepView:
    """A step before it is judged."""
    return wire.StepView(
        id=step.id,
        title=step.title,
        kind=step.kind,
        counts=step.counts,
        stretch=step.stretch,
        html=render(step.body),
        goals=tuple(wire.GoalView(check.name, check.text, check.phase) for check in checks),
        hints=len(step.hints),
        prompts=step.prompts,
        questions=tuple(_question(question) for question in step.questions),
        blocks=step.blocks,
        acts=tuple(wire.ActView(act.id, act.kind, act.label, render(act.body)) for act in step.acts),
        skipped=step.unfit(python),
        cells=not step.everywhere,
        solution=solved,
    )


def _question(question: QuizQuestion) -> wire.Question:
    options = question.options
    if question.form == "order":
        options = tuple(sorted(options, key=lambda option: option.id))
    choices = tuple(wire.Choice(option.id, option.text) for option in options)
    return wire.Question(question.id, question.text, choices, question.several, question.form)


def lab_progress(lab: Lab, memories: Mapping[str, Memory], render: Render) -> tuple[wire.StepProgress, ...]:
    """Every step's progress, in the lab's order."""
    return tuple(progress.view(step, memories.get(step.id, Memory()), render) for step in lab.steps)


def notebook_cells(cells: Sequence[Cell]) -> tuple[wire.NotebookCell, ...]:
    """Cells as the front end puts them into a notebook."""
    return tuple(
        wire.NotebookCell(cell.source, "markdown" if cell.cell_type == "markdown" else "code", cell.step or None)
        for cell in cells
    )
