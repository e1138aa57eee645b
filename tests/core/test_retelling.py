"""Of the server's answers exactly the sentences are told in the reader's language, and no field is forgotten."""

from __future__ import annotations

import typing

import msgspec

from parallab import wire
from parallab.phrases import Phrase, Tongue
from parallab.retelling import TOLD, retold

TONGUE = Tongue("de", [Phrase("Look again.", "Sieh noch einmal hin."), Phrase("passed", "bestanden")])

#: Fields of answers with texts that are no sentences of the server's: ids and names, what the learner or an instructor
#: wrote, what the lab's own translation tells, and numbers in words.
NOT_TOLD = {
    *("id", "lab", "step", "steps", "name", "path", "old", "kernel_id", "question", "chosen", "python", "start_method"),
    *(
        "html",
        "about_html",
        "hints_shown",
        "title",
        "text",
        "summary",
        "number",
        "objectives",
        "needs",
        "labs",
        "label",
    ),
    *("answers", "answer", "by", "added", "removed", "renewed", "kept", "files", "source", "watch", "language"),
    *("running_cell", "error", "role", "notebook", "lanes", "objects", "reason", "act", "platform", "problem"),
    *("parent", "target", "cls", "owner", "lane", "object", "other", "value", "holders", "cell", "call", "handed_in"),
    "due",
}
REQUESTS = {one for one in wire.ROOTS if one.__name__.endswith("Request")}


def _structs(kind: type[msgspec.Struct], found: set[type[msgspec.Struct]]) -> set[type[msgspec.Struct]]:
    if kind not in found:
        found.add(kind)
        for hint in typing.get_type_hints(kind).values():
            for inner in _parts(hint):
                if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                    _structs(inner, found)
    return found


def _parts(hint: object) -> list[object]:
    inner = [part for one in typing.get_args(hint) for part in _parts(one)]
    return [hint, *inner]


def test_every_text_of_an_answer_is_told_or_is_no_sentence() -> None:
    answers: set[type[msgspec.Struct]] = set()
    for root in wire.ROOTS:
        if root not in REQUESTS:
            _structs(root, answers)
    forgotten = [
        f"{kind.__name__}.{name}"
        for kind in answers
        for name, hint in typing.get_type_hints(kind).items()
        if str in _parts(hint) and name not in TOLD.get(kind, ()) and name not in NOT_TOLD
    ]
    assert forgotten == []
    for kind, names in TOLD.items():
        assert set(names) <= set(kind.__struct_fields__)


def test_sentences_deep_inside_are_told_and_names_are_not() -> None:
    goal = wire.GoalResult("passed", "Look again.", None, "passed", note="Look again.")
    result = wire.StepResult("passed", "code", "passed", True, False, ("Look again.",), (goal,))
    progress = wire.StepProgress("passed", "passed", last=result, hints_shown=("Look again.",))
    told = retold(wire.CheckReply(1, result, progress, "3.13", "fork"), TONGUE)
    assert told.result.goals[0] == msgspec.structs.replace(
        goal, text="Sieh noch einmal hin.", note="Sieh noch einmal hin."
    )
    assert told.result.not_recorded == ("Sieh noch einmal hin.",)
    assert told.progress.last == told.result
    assert told.progress.hints_shown == ("Look again.",)
    assert told.result.step == "passed"


def test_what_has_no_sentence_stays_the_same_object() -> None:
    cells = wire.ResetReply((wire.NotebookCell("Look again.", "code", "one"),), wire.StepProgress("one", "passed"))
    assert retold(cells, TONGUE).cells is cells.cells
