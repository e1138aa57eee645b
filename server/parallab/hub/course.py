"""The course as the class page needs it: labs and their steps by name, in order."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from parallab.shelf import Shelf, ShelvedLab


class StepName(msgspec.Struct, frozen=True):
    """A step. ``core``: the lab asks it of everybody. ``code``: its work is in the notebook, not in the sidebar."""

    id: str
    title: str
    core: bool
    code: bool = True


class LabName(msgspec.Struct, frozen=True):
    """A lab."""

    id: str
    title: str
    steps: tuple[StepName, ...]

    @property
    def core(self) -> tuple[StepName, ...]:
        """The steps that count."""
        return tuple(step for step in self.steps if step.core)


def installed() -> tuple[LabName, ...]:
    """The labs of this environment. Reads files; a lab that cannot be read is left out."""
    return names(Shelf().labs())


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
        )
        for one in shelf
        if not one.problem
    )
