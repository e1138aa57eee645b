"""The course as the class page needs it: labs and their steps by name, in order, and what they are called elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from parallab.phrases import Tongue
from parallab.shelf import Shelf, ShelvedLab, Translation


class StepName(msgspec.Struct, frozen=True):
    """A step. ``core``: the lab asks it of everybody. ``code``: its work is in the notebook, not in the sidebar."""

    id: str
    title: str
    core: bool
    code: bool = True


class LabWords(msgspec.Struct, frozen=True):
    """A lab's names in another language, and what its verdicts are told in."""

    title: str
    steps: Mapping[str, str]
    """Titles by the step's id."""
    tongue: Tongue


class LabName(msgspec.Struct, frozen=True):
    """A lab."""

    id: str
    title: str
    steps: tuple[StepName, ...]
    words: Mapping[str, LabWords] = {}
    """By language, as ``de``."""

    @property
    def core(self) -> tuple[StepName, ...]:
        """The steps that count."""
        return tuple(step for step in self.steps if step.core)

    def step_title(self, step: str) -> str:
        """A step's title; its id, where a learner's Parallab has a step that this one has not."""
        return next((one.title for one in self.steps if one.id == step), step)

    def told_in(self, language: str) -> LabName:
        """The lab by its names in this language, or as it is."""
        words = self.words.get(language)
        if words is None:
            return self
        change = msgspec.structs.replace
        steps = tuple(change(step, title=words.steps.get(step.id, step.title)) for step in self.steps)
        return change(self, title=words.title, steps=steps)


def installed() -> tuple[LabName, ...]:
    """The labs of this environment. Reads files; a lab that cannot be read is left out."""
    return names(Shelf(whole=False).labs())


def names(shelf: Iterable[ShelvedLab]) -> tuple[LabName, ...]:
    """These labs."""
    return tuple(
        LabName(
            one.lab.id,
            one.lab.title,
            tuple(
                StepName(step.id, step.title, step.counts and not step.stretch, step.kind == "code")
                for step in one.lab.steps
            ),
            {language: _words(translation) for language, translation in one.translations.items()},
        )
        for one in shelf
        if not one.problem
    )


def _words(translation: Translation) -> LabWords:
    lab = translation.lab
    return LabWords(lab.title, {step.id: step.title for step in lab.steps}, translation.tongue)
