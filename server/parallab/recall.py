"""Which questions of earlier labs a recall step asks again: those that ``boxes`` says are due. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from parallab.boxes import is_due
from parallab.lab import Lab, QuizQuestion, Step
from parallab.progress import Memories, Memory


def draw(labs: Sequence[Lab], memories: Memories, most: int, unix: float) -> tuple[str, ...]:
    """The questions of these labs to ask again, as ``LAB/STEP/QUESTION``: those missed first, then the longest due.

    Questions that were never answered, or that the labs have no more, are not asked.
    """
    begun = len(memories)
    cards = [
        (not card.missed, card.unix, name_of(lab, step, question))
        for lab in labs
        for step in lab.steps
        for question in step.questions
        if (card := memories.get(lab.id, {}).get(step.id, Memory()).cards.get(question.id)) is not None
        and (card.missed or is_due(card, unix, begun))
    ]
    return tuple(name for _, _, name in sorted(cards)[:most])


def name_of(lab: Lab, step: Step, question: QuizQuestion) -> str:
    """What a question is called in another lab."""
    return f"{lab.id}/{step.id}/{question.id}"


def with_drawn(step: Step, drawn: Iterable[str], labs: Sequence[Lab]) -> Step:
    """The step with the questions drawn for it before its own; those that their labs have no more are left out."""
    found = [question for name in drawn if (question := _question(name, labs)) is not None]
    return msgspec.structs.replace(step, questions=(*found, *step.questions)) if found else step


def _question(name: str, labs: Sequence[Lab]) -> QuizQuestion | None:
    for lab in labs:
        for step in lab.steps if name.startswith(f"{lab.id}/") else ():
            for question in step.questions:
                if name_of(lab, step, question) == name:
                    text = f"Once more, from “{lab.title}”: {question.text}"
                    return msgspec.structs.replace(question, id=name, text=text)
    return None


def asked_in(step: Step, memories: Mapping[str, Memory]) -> tuple[str, ...]:
    """What was drawn for a step."""
    return memories.get(step.id, Memory()).drawn if step.kind == "recall" else ()


def asking(lab: Lab, memories: Mapping[str, Memory], labs: Sequence[Lab]) -> Lab:
    """The lab, its recall steps with what was drawn for them."""
    steps = tuple(with_drawn(step, asked_in(step, memories), labs) for step in lab.steps)
    return msgspec.structs.replace(lab, steps=steps)


def earlier(lab: str, labs: Sequence[Lab]) -> tuple[Lab, ...]:
    """The labs of the same course that come before this one."""
    course = lab.rpartition(":")[0]
    ids = [one.id for one in labs]
    before = labs[: ids.index(lab)] if lab in ids else ()
    return tuple(one for one in before if one.id.rpartition(":")[0] == course)
