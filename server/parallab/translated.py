"""A lab in another language: the words of its translation, everything else of the original. Pure.

``lab.de.md`` is lab.md in German, with the same steps, cells, questions and choices. Ids, keys and code are
always those of lab.md, so progress, verdicts and a learner's cells are the same in every language. A step whose
translation does not fit is shown in English; ``misfits`` tells its author why.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence

import msgspec

from parallab.lab import Act, Cell, Lab, QuizQuestion, Step, Watch
from parallab.wire import Choice, Prompt

_Named = Prompt | QuizQuestion | Act


def translated(lab: Lab, words: Lab) -> Lab:
    """The lab, told in the words of its translation as far as that fits."""
    fitting = {step.id for step in lab.steps if (other := words.step(step.id)) and not list(_step_misfits(step, other))}
    steps = tuple(_step(step, words.step(step.id)) if step.id in fitting else step for step in lab.steps)
    set_up_fits = not list(_cell_misfits(_cells_of(lab, ""), _cells_of(words, "")))
    return msgspec.structs.replace(
        lab,
        title=words.title,
        summary=words.summary or lab.summary,
        body=words.body if set_up_fits else lab.body,
        steps=steps,
        cells=tuple(_notebook(lab, words, fitting | ({""} if set_up_fits else set()))),
        watch=_watch(lab.watch, words.watch),
    )


def misfits(lab: Lab, words: Lab) -> Iterator[str]:
    """In sentences, where a translation does not fit its lab, and what is missing in it."""
    if words.id != lab.id:
        yield f"its id is {words.id}; the lab is {lab.id}"
    if words.version != lab.version:
        yield f"it translates version {words.version}; the lab is at version {lab.version}"
    if bool(words.summary) != bool(lab.summary):
        yield "its summary is missing"
    yield from (f"before the first step: {what}" for what in _cell_misfits(_cells_of(lab, ""), _cells_of(words, "")))
    ours, theirs = [step.id for step in lab.steps], [step.id for step in words.steps]
    yield from (f"step {name} is missing" for name in ours if name not in theirs)
    yield from (f"there is no step {name} in lab.md" for name in theirs if name not in ours)
    for step in lab.steps:
        other = words.step(step.id)
        if other is not None:
            yield from (f"step {step.id}: {what}" for what in _step_misfits(step, other))
    yield from _watch_misfits(lab.watch, words.watch)


# -- a step --------------------------------------------------------------------------------


def _step(step: Step, words: Step | None) -> Step:
    if words is None:
        return step
    return msgspec.structs.replace(
        step,
        title=words.title,
        body=words.body,
        hints=words.hints,
        cells=tuple(_cell(cell, other) for cell, other in zip(step.cells, words.cells, strict=True)),
        prompts=tuple(_prompt(one, other) for one, other in zip(step.prompts, words.prompts, strict=True)),
        questions=tuple(_question(one, other) for one, other in zip(step.questions, words.questions, strict=True)),
        acts=tuple(
            msgspec.structs.replace(one, label=other.label, body=other.body)
            for one, other in zip(step.acts, words.acts, strict=True)
        ),
        **_blocks(step, words),
    )


def _cell(cell: Cell, words: Cell) -> Cell:
    return msgspec.structs.replace(cell, source=words.source)


def _prompt(prompt: Prompt, words: Prompt) -> Prompt:
    choices = zip(prompt.choices, words.choices, strict=True)
    return msgspec.structs.replace(
        prompt, text=words.text, choices=tuple(Choice(one.id, other.text) for one, other in choices)
    )


def _question(question: QuizQuestion, words: QuizQuestion) -> QuizQuestion:
    """The options of one to be put in order have ids that follow from their text: those stay the original's."""
    options = tuple(
        msgspec.structs.replace(one, text=other.text, reason=other.reason)
        for one, other in zip(question.options, words.options, strict=True)
    )
    return msgspec.structs.replace(question, text=words.text, options=options)


def _blocks(step: Step, words: Step) -> dict[str, object]:
    """Blocks are paired by the right order, and distractors as they stand in the file."""
    if not step.blocks:
        return {}
    pairs = dict(zip(_places(step), _places(words), strict=True))
    texts = {block.id: block.text for block in words.blocks}
    blocks = tuple(msgspec.structs.replace(block, text=texts[pairs[block.id]]) for block in step.blocks)
    reasons = {name: words.block_reasons[pairs[name]] for name in step.block_reasons}
    return {"blocks": blocks, "block_reasons": reasons}


def _places(step: Step) -> list[str]:
    return [*step.order, *step.block_reasons]


def _step_misfits(step: Step, words: Step) -> Iterator[str]:
    for name in ("kind", "counts", "stretch", "python", "serves", "draw"):
        if getattr(step, name) != getattr(words, name):
            yield f"“{name}:” must be as in lab.md: {getattr(step, name)}"
    if bool(step.body) != bool(words.body):
        yield "its text is missing" if step.body else "lab.md has no text here"
    yield from _number("hints", step.hints, words.hints)
    yield from _cell_misfits(step.cells, words.cells)
    yield from _alike("predictions", step.prompts, words.prompts)
    yield from _alike("acts", step.acts, words.acts)
    yield from _alike("questions", step.questions, words.questions)
    for ours, theirs in zip(step.prompts, words.prompts, strict=False):
        yield from _number(f"choices of {ours.id}", ours.choices, theirs.choices)
        if ours.form != theirs.form:
            yield f"prediction {ours.id} must be of form {ours.form}"
    for one, other in zip(step.acts, words.acts, strict=False):
        if _without(one) != _without(other):
            yield f"act {one.id} must have the options of lab.md"
    for question, told in zip(step.questions, words.questions, strict=False):
        yield from _question_misfits(question, told)
    if (len(step.blocks), len(step.order)) != (len(words.blocks), len(words.order)):
        yield "{parsons} must have as many lines as in lab.md"


def _question_misfits(question: QuizQuestion, words: QuizQuestion) -> Iterator[str]:
    if (question.form, question.several) != (words.form, words.several):
        yield f"question {question.id} must have the options of lab.md"
    yield from _number(f"choices of {question.id}", question.options, words.options)
    for place, (one, other) in enumerate(zip(question.options, words.options, strict=False), 1):
        if one.right != other.right:
            yield f"choice {place} of {question.id} must be {'right' if one.right else 'wrong'}, as in lab.md"
        if bool(one.reason) != bool(other.reason):
            yield f"choice {place} of {question.id}: {'its reason is missing' if one.reason else 'lab.md has none'}"


def _number(what: str, ours: Sequence[object], theirs: Sequence[object]) -> Iterator[str]:
    if len(ours) != len(theirs):
        yield f"{what}: {len(theirs)}, and lab.md has {len(ours)}"


def _alike(
    what: str, ours: Sequence[Prompt | QuizQuestion | Act], theirs: Sequence[Prompt | QuizQuestion | Act]
) -> Iterator[str]:
    wanted, found = [one.id for one in ours], [one.id for one in theirs]
    if wanted != found:
        yield f"{what} are {', '.join(found) or 'none'}; in lab.md {', '.join(wanted) or 'none'}"


def _without(act: Act) -> Act:
    return msgspec.structs.replace(act, label="", body="", line=0)


# -- cells -----------------------------------------------------------------------------------


def _cells_of(lab: Lab, step: str) -> tuple[Cell, ...]:
    return tuple(cell for cell in lab.cells if cell.step == step)


def _notebook(lab: Lab, words: Lab, fitting: set[str]) -> Iterator[Cell]:
    """The notebook's cells: of each step that fits in the translation's words, in the original's places."""
    places: dict[str, int] = {}
    for cell in lab.cells:
        place = places.get(cell.step, 0)
        places[cell.step] = place + 1
        theirs = _cells_of(words, cell.step) if cell.step in fitting else ()
        same = place < len(theirs) and theirs[place].cell_type == cell.cell_type
        yield _cell(cell, theirs[place]) if same else cell


def _cell_misfits(ours: Sequence[Cell], theirs: Sequence[Cell]) -> Iterator[str]:
    code, told = ([cell for cell in cells if cell.cell_type == "code"] for cells in (ours, theirs))
    yield from _number("code cells", code, told)
    for place, (one, other) in enumerate(zip(code, told, strict=False), 1):
        if one.tags != other.tags:
            yield f"code cell {place} must have the tags {list(one.tags)}"
        if _code(one.source) != _code(other.source):
            yield f"code cell {place} must be that of lab.md, but for comments and printed texts"
    if [cell.cell_type for cell in ours] != [cell.cell_type for cell in theirs] and len(code) == len(told):
        yield "texts and code cells must come in the order of lab.md"


_PRINTED = re.compile(r"\A\s*print\(")


def _code(source: str) -> list[str]:
    """The code of a cell without comments, blank lines, and texts in a ``print``."""
    kept: list[str] = []
    for line in source.splitlines():
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(line.strip()).readline))
            words = [token.string for token in tokens if token.type not in (tokenize.COMMENT, tokenize.NL)]
            if _PRINTED.match(line):
                strings = (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))
                words = ["…" if one.type in strings else one.string for one in tokens if one.type != tokenize.COMMENT]
        except (tokenize.TokenError, SyntaxError):  # part of a longer expression, or no Python: then it stays as it is
            words = [line.split("  #")[0].strip()]
        if code := " ".join(filter(str.strip, words)):
            kept.append(code)
    return kept


# -- what there is to watch ------------------------------------------------------------------


def captions(lab: Lab, words: Lab) -> Iterator[tuple[str, str]]:
    """The captions that a replay was recorded with, each with its translation."""
    if lab.watch is not None and words.watch is not None:
        for one, other in zip(lab.watch.captions, words.watch.captions, strict=False):
            if one.when == other.when:
                yield one.text, other.text


def _watch(watch: Watch | None, words: Watch | None) -> Watch | None:
    if watch is None or words is None or list(_watch_misfits(watch, words)):
        return watch
    return msgspec.structs.replace(watch, captions=words.captions)


def _watch_misfits(watch: Watch | None, words: Watch | None) -> Iterator[str]:
    if watch is None or words is None:
        if watch is not words:
            yield "{watch} is missing" if words is None else "lab.md has nothing to watch"
        return
    if [one.when for one in watch.captions] != [one.when for one in words.captions] or watch.step != words.step:
        yield "{watch} must have the step and the moments of lab.md"
