"""lab.md, solution.md and mistakes/*.md read as values: MyST Markdown in, a Lab or a LabError out.

Pure: ``shelf`` opens the files. Every error names the file and the line and says what to do.
The grammar is told to authors in docs/authors.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from parallab.lab import Act, Caption, Cell, Lab, LabError, Option, QuizQuestion, Step, Watch
from parallab.lab_document import (
    CellPart,
    Directive,
    Document,
    NotYaml,
    Struct,
    Text,
    advice,
    fences,
    split_items,
    yaml_value,
)
from parallab.wire import ActKind, Block, Choice, Phase, Prompt, StepKind, Verdict

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_OPTION = re.compile(r":?([a-z_]+):(?:[ \t]+(.*)|\Z)")
#: An item of ``{watch}``: the moment, as “start 2”, and what to read then.
CAPTION = re.compile(
    r"(?P<when>begin|end|(?:start|run|exit|wait|deadlock|join|put|get|done|full|empty|take|give|miss|arrive|pass|broken"
    r"|call|create|attach|close|unlink)(?: [1-9][0-9]{0,3})?): (?P<text>.+)",
    re.DOTALL,
)
_BOX = re.compile(r"\[([ xX])\] (.*)\Z")

# -- what the files' heads and options may say ------------------------------------------


class FrontMatter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``parallab:`` in the front matter of lab.md."""

    id: str
    title: str
    minutes: int
    version: int
    objectives: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    summary: str = ""


class StepOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The option lines of ``:::{step} id``."""

    title: str
    kind: StepKind = "code"
    counts: bool = True
    stretch: bool = False
    python: str = ""
    serves: tuple[str, ...] = ()
    draw: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2


class QuestionOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The option lines of ``:::{quiz} id`` and ``:::{recall} id``."""

    several: bool = False


class ColumnsOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The option lines of ``:::{columns} id`` and ``:::{match} id``: what is put into, or to choose from."""

    choices: tuple[str, ...]


class PromptOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The option lines of ``:::{predict} id``."""

    form: Literal["number", "choice", "text", "order"]


class ActOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The option lines of ``:::{act} id``; ``label`` stands on its button."""

    kind: ActKind
    label: str
    which: Literal["reading", "working"] = "working"
    phase: Phase | None = None


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For directives that take none."""


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The exact text that a learner sees; ``when`` limits it to a Python or a start method."""

    text: str
    when: str = ""


class MistakeFront(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The front matter of a file in mistakes/."""

    step: str
    verdict: Verdict
    mistake: str | None = None
    after: tuple[str, ...] = ()
    python: str = ""
    start_method: str | tuple[str, ...] = ()
    text: str | tuple[Golden, ...] = ""


@dataclass(frozen=True)
class WrongAnswer:
    """A mistake file: the cells of one step as someone gets them wrong, and what they are told."""

    name: str
    step: str
    verdict: Verdict
    mistake: str | None
    after: tuple[str, ...]
    python: str
    start_methods: tuple[str, ...]
    texts: tuple[Golden, ...]
    cells: tuple[Cell, ...]
    note: str = ""
    """What the file says between the cells: why someone writes it so."""


# -- the three kinds of file --------------------------------------------------------------


def parse_lab(text: str, file: str) -> Lab:
    """The lab of a lab.md.

    :raises LabError: it is not well-formed.
    """
    return _LabReader(Document(text, file)).read()


def parse_solution(text: str, file: str) -> Mapping[str, tuple[Cell, ...]]:
    """The cells of a solution.md by step; a cell belongs to the step that its tags name."""
    document = Document(text, file)
    cells: dict[str, tuple[Cell, ...]] = {}
    for cell in document.cells():
        if not cell.step:
            raise document.error(cell.line, "tag this cell with its step: a line “:tags: [step-id]” at its top")
        cells[cell.step] = (*cells.get(cell.step, ()), cell)
    return cells


def parse_mistake(text: str, file: str, name: str) -> WrongAnswer:
    """The wrong answer of a file in mistakes/."""
    document = Document(text, file)
    front = document.front(MistakeFront)
    cells = tuple(document.cells(default=front.step))
    stray = next((cell for cell in cells if cell.step != front.step), None)
    if stray is not None:
        raise document.error(stray.line, f"this cell is tagged {stray.step!r}, but the file is about {front.step!r}")
    if not cells:
        raise document.error(1, "a mistake needs at least one {code-cell}")
    methods = (front.start_method,) if isinstance(front.start_method, str) else front.start_method
    return WrongAnswer(
        name,
        front.step,
        front.verdict,
        front.mistake,
        front.after,
        front.python,
        methods,
        (Golden(front.text),) if isinstance(front.text, str) else front.text,
        cells,
        "\n\n".join(part.text for part in document.parts if isinstance(part, Text)).strip(),
    )


# -- lab.md -----------------------------------------------------------------------------------


@dataclass
class _StepDraft:
    """A step while it is being read."""

    id: str
    line: int
    options: StepOptions
    texts: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    questions: list[QuizQuestion] = field(default_factory=list)
    blocks: tuple[Block, ...] = ()
    order: tuple[str, ...] = ()
    block_reasons: dict[str, str] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)

    def made(self) -> Step:
        return Step(
            id=self.id,
            title=self.options.title,
            kind=self.options.kind,
            counts=self.options.counts,
            stretch=self.options.stretch,
            python=self.options.python,
            body="\n\n".join(self.texts),
            line=self.line,
            cells=tuple(self.cells),
            hints=tuple(self.hints),
            prompts=tuple(self.prompts),
            questions=tuple(self.questions),
            blocks=self.blocks,
            order=self.order,
            block_reasons=self.block_reasons,
            serves=self.options.serves,
            draw=self.options.draw if self.options.kind == "recall" else 0,
            acts=tuple(self.acts),
        )


class _LabReader:
    """Puts the parts of lab.md into steps."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.front = document.front(FrontMatter, "parallab")
        self.steps: list[_StepDraft] = []
        self.story: list[str] = []
        self.cells: list[Cell] = []
        self.watch: tuple[int, Watch] | None = None

    def read(self) -> Lab:
        for part in self.document.parts:
            match part:
                case Text():
                    self._text(part)
                case CellPart():
                    self._cell(part)
                case Directive():
                    self._directive(part)
        for step in self.steps:
            self._complete(step)
        if self.watch is not None and self.watch[1].step not in [step.id for step in self.steps]:
            raise self._error(self.watch[0], f"there is no step {self.watch[1].step!r} to watch")
        front = self.front
        return Lab(
            id=front.id,
            title=front.title,
            version=front.version,
            minutes=front.minutes,
            objectives=front.objectives,
            needs=front.needs,
            summary=front.summary,
            body=re.sub(r"\A# [^\n]*\n*", "", "\n\n".join(self.story)),
            cells=tuple(self.cells),
            steps=tuple(step.made() for step in self.steps),
            watch=self.watch[1] if self.watch is not None else None,
        )

    def _text(self, part: Text) -> None:
        if not self.steps:
            self.story.append(part.text)
            self.cells.append(Cell(part.text, "markdown", "", (), part.line))
            return
        step = self.steps[-1]
        step.texts.append(part.text)
        # The first text of a step is joined to its heading, so that both are one cell.
        last = self.cells[-1]
        if last.cell_type == "markdown" and last.step == step.id:
            self.cells[-1] = msgspec.structs.replace(last, source=f"{last.source}\n\n{part.text}")
        else:
            self.cells.append(Cell(part.text, "markdown", step.id, (), part.line))

    def _cell(self, part: CellPart) -> None:
        cell = part.cell
        if not self.steps:
            if cell.step:
                raise self._error(part.line, f"this cell is tagged {cell.step!r}, but no step has begun")
            self.cells.append(cell)
            return
        step = self.steps[-1]
        if cell.step not in ("", step.id):
            raise self._error(
                part.line, f"this cell is tagged {cell.step!r}, but it stands in step {step.id!r}: move it or retag it"
            )
        cell = msgspec.structs.replace(cell, step=step.id)
        step.cells.append(cell)
        self.cells.append(cell)

    def _directive(self, part: Directive) -> None:
        if part.name == "step":
            self._step(part)
            return
        if part.name == "watch":
            self._watch(part)
            return
        readers = {
            "hint": self._hint,
            "predict": self._predict,
            "quiz": self._question,
            "recall": self._question,
            "order": self._order,
            "match": self._rows,
            "columns": self._rows,
            "free": self._free,
            "parsons": self._parsons,
            "act": self._act,
        }
        if part.name not in readers:
            known = ", ".join(["step", "watch", *readers, "code-cell"])
            raise self._error(part.line, f"there is no directive {{{part.name}}}: use one of {known}")
        if not self.steps:
            raise self._error(part.line, f"{{{part.name}}} belongs to a step: put a :::{{step}} before it")
        readers[part.name](part, self.steps[-1])

    def _error(self, line: int, message: str) -> LabError:
        return self.document.error(line, message)

    def _step(self, part: Directive) -> None:
        if not _ID.match(part.argument):
            raise self._error(part.line, f"a step's id is of a-z, 0-9 and “-”; this is {part.argument!r}")
        if any(step.id == part.argument for step in self.steps):
            raise self._error(part.line, f"there are two steps {part.argument!r}: rename one")
        options, rest = self._options(part, StepOptions)
        try:
            SpecifierSet(options.python)
        except InvalidSpecifier:
            raise self._error(part.line, f"python: {options.python!r} is no version: write it as in “>=3.14”") from None
        if any(line.strip() for line in rest):
            raise self._error(part.line, ":::{step} holds option lines only; write what to do below its closing :::")
        self.steps.append(_StepDraft(part.argument, part.line, options))
        heading = f"## {options.title}"
        self.cells.append(Cell(heading, "markdown", part.argument, (), part.line))

    def _watch(self, part: Directive) -> None:
        """Whose items are captions: “- start 2: The second worker is born.”"""
        if self.watch is not None:
            raise self._error(part.line, "a lab has one {watch} at most")
        text, items = split_items(part.lines)
        if text or not items:
            raise self._error(part.line, "{watch} holds captions only: “- start 1: What is to be seen now.”")
        captions = []
        for item in items:
            found = CAPTION.fullmatch(" ".join(item.text.split()))
            if found is None:
                raise self._error(
                    part.line + 1 + item.line,
                    "begin a caption with its moment, as “- start 2: …”: begin, end, start, run, exit, wait, deadlock, "
                    "or an act as put, get, take, give, join, with its number",
                )
            captions.append(Caption(found["when"], found["text"], part.line + 1 + item.line))
        step, _, nth = part.argument.partition(" ")
        if nth and not re.fullmatch(r"[1-9][0-9]?", nth):
            raise self._error(part.line, f"{{watch}} names a step, and which of its cells, as “{step} 2”; not {nth!r}")
        self.watch = part.line, Watch(step, tuple(captions), int(nth or 0))

    def _options(self, part: Directive, kind: type[Struct]) -> tuple[Struct, list[str]]:
        """The option lines at a directive's head, and the lines below them."""
        fields = {info.name: info for info in msgspec.structs.fields(kind)}
        given: dict[str, Any] = {}
        lines = list(part.lines)
        while lines and (option := _OPTION.match(lines[0])):
            name, value = option.group(1), option.group(2) or ""
            if name not in fields and not lines[0].startswith(":") and kind is not StepOptions:
                break
            if name not in fields:
                known = ", ".join(fields) or "none"
                raise self._error(part.line, f"{{{part.name}}} has no option {name!r}: what it may say: {known}")
            given[name] = self._value(part, name, value, fields[name].type)
            lines.pop(0)
        try:
            return msgspec.convert(given, kind), lines
        except msgspec.ValidationError as error:
            raise self._error(part.line, f"{{{part.name}}}: {advice(error, kind)}") from None

    def _value(self, part: Directive, name: str, text: str, kind: Any) -> Any:
        if kind is str:
            text = text.strip()
            quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
            return text[1:-1] if quoted else text
        try:
            return yaml_value(text)
        except NotYaml:
            raise self._error(part.line, f"option {name}: {text!r} is no YAML value") from None

    def _hint(self, part: Directive, step: _StepDraft) -> None:
        text = "\n".join(part.lines).strip()
        if not text:
            raise self._error(
                part.line, "this hint is empty: say where to look or which concept, or show code with blanks"
            )
        step.hints.append(text)

    def _predict(self, part: Directive, step: _StepDraft) -> None:
        self._fresh_id(part, [prompt.id for prompt in step.prompts])
        options, lines = self._options(part, PromptOptions)
        text, items = split_items(lines)
        if not text:
            raise self._error(part.line, "a prediction asks something: write its question")
        choices = tuple(Choice(_letter(place), item.text) for place, item in enumerate(items))
        if options.form in ("choice", "order") and len(choices) < 2:
            raise self._error(part.line, f"a prediction of form {options.form} needs two or more choices “- …”")
        if options.form in ("number", "text") and choices:
            raise self._error(part.line, f"a prediction of form {options.form} has no choices: take the list away")
        step.prompts.append(Prompt(part.argument, text, options.form, choices))

    def _question(self, part: Directive, step: _StepDraft) -> None:
        self._fresh_id(part, [question.id for question in step.questions])
        options, lines = self._options(part, QuestionOptions)
        text, items = split_items(lines)
        if not text:
            raise self._error(part.line, "a question asks something: write it above the answers")
        if len(items) < 2:
            raise self._error(part.line, "a question needs two or more answers: “- [x] right” and “- [ ] wrong”")
        found: list[Option] = []
        for place, item in enumerate(items):
            box = _BOX.match(item.text.split("\n", 1)[0])
            line = part.line + 1 + (len(part.lines) - len(lines)) + item.line
            if box is None:
                raise self._error(line, "begin each answer with “- [ ] ” or, the right one, “- [x] ”")
            right = box.group(1) != " "
            if not right and not item.quote:
                raise self._error(line, "say why this answer is wrong, in a line “  > …” below it")
            words = " ".join([box.group(2), *item.text.split("\n")[1:]]).strip()
            found.append(Option(_letter(place), words, right, item.quote))
        rights = sum(option.right for option in found)
        if not rights or (rights > 1 and not options.several):
            raise self._error(part.line, f"one answer is right, marked [x]; here are {rights} (or say “several: true”)")
        step.questions.append(QuizQuestion(part.argument, text, tuple(found), options.several))

    def _order(self, part: Directive, step: _StepDraft) -> None:
        """A list in its right order; what is said below an item is told to who puts it where another one belongs."""
        self._fresh_id(part, [question.id for question in step.questions])
        _, lines = self._options(part, NoOptions)
        text, items = split_items(lines)
        if not text or len(items) < 2:
            raise self._error(
                part.line, "ask something, and write two or more lines “- …” below it, in their right order"
            )
        named = _shuffled([item.text for item in items], f"{step.id}:{part.argument}")
        if len(named) < len(items):
            raise self._error(part.line, "two lines are the same, so their order could not be judged: change one")
        options = tuple(Option(named[item.text], item.text, True, item.quote) for item in items)
        step.questions.append(QuizQuestion(part.argument, text, options, form="order"))

    def _rows(self, part: Directive, step: _StepDraft) -> None:
        """Lines “- statement → choice”, each a question with the same choices; below it, why it is that one.

        What begins there with a choice and a colon is told to who chose that one.
        """
        self._fresh_id(part, [question.id.rsplit("-", 1)[0] for question in step.questions])
        options, lines = self._options(part, ColumnsOptions)
        text, items = split_items(lines)
        if text:
            step.texts.append(text)
        if len(set(options.choices)) < 2 or len(items) < 2:
            raise self._error(part.line, "say “choices: [one, other]”, and write two or more lines “- statement → one”")
        names = {choice: _letter(place) for place, choice in enumerate(options.choices)}
        for place, item in enumerate(items, 1):
            said, arrow, right = item.text.rpartition("→")
            line = part.line + 1 + (len(part.lines) - len(lines)) + item.line
            if not arrow or right.strip() not in names:
                known = ", ".join(names)
                raise self._error(line, f"end this line with “→ ” and one of the choices: {known}")
            if not item.quote:
                raise self._error(line, "say why it is that one, in a line “  > …” below it")
            reasons = _by_choice(item.quote, options.choices)
            rows = tuple(
                Option(names[choice], choice, choice == right.strip(), reasons.get(choice, reasons[""]))
                for choice in options.choices
            )
            step.questions.append(QuizQuestion(f"{part.argument}-{place}", said.strip(), rows))

    def _free(self, part: Directive, step: _StepDraft) -> None:
        """A question that is answered in the learner's own words, which are kept and not graded."""
        self._fresh_id(part, [question.id for question in step.questions])
        _, lines = self._options(part, NoOptions)
        text = "\n".join(lines).strip()
        if not text:
            raise self._error(part.line, "a question asks something: write it inside")
        step.questions.append(QuizQuestion(part.argument, text, (), form="text"))

    def _fresh_id(self, part: Directive, taken: Sequence[str]) -> None:
        if not _ID.match(part.argument):
            raise self._error(
                part.line, f"name it: :::{{{part.name}}} some-id (of a-z, 0-9 and “-”; this is {part.argument!r})"
            )
        if part.argument in taken:
            raise self._error(part.line, f"{part.argument!r} is used twice in this step: rename one")

    def _act(self, part: Directive, step: _StepDraft) -> None:
        """What the lab itself does there; the text inside says so to the learner."""
        self._fresh_id(part, [act.id for act in step.acts])
        if step.options.kind != "code":
            raise self._error(part.line, f"step {step.id!r} is of kind {step.options.kind}: only code steps have acts")
        options, lines = self._options(part, ActOptions)
        body = "\n".join(lines).strip()
        if not options.label.strip() or not body:
            raise self._error(part.line, "say on the button what it does (label: …), and inside what will happen")
        if options.kind != "kill-worker" and any(line.lstrip(":").startswith("which:") for line in part.lines):
            raise self._error(part.line, f"“which:” says whom kill-worker kills; {options.kind} has no use for it")
        step.acts.append(Act(part.argument, options.kind, options.label, options.which, body, part.line, options.phase))

    def _parsons(self, part: Directive, step: _StepDraft) -> None:
        """The first code block is the right order, a line a block; each further one a distractor with its quote."""
        if step.blocks:
            raise self._error(part.line, "a step has one {parsons} at most")
        _, lines = self._options(part, NoOptions)
        found = list(fences(lines))
        if not found or len(found[0].code) < 2:
            raise self._error(part.line, "write the lines in their right order in a first ``` block")
        step.texts += [text for text in (found[0].before.strip(),) if text]
        right = found[0].code
        wrong = ["\n".join(fence.code) for fence in found[1:]]
        every = [*right, *wrong]
        if len(set(every)) != len(every):
            raise self._error(part.line, "two lines are the same, so their order could not be judged: change one")
        if any(not fence.quote for fence in found[1:]):
            raise self._error(part.line, "say below each distractor what it would do, in a line “> …”")
        names = _shuffled(every, step.id)
        step.blocks = tuple(Block(name, text) for text, name in names.items())
        step.order = tuple(names[text] for text in right)
        step.block_reasons = {names["\n".join(fence.code)]: fence.quote for fence in found[1:]}

    def _complete(self, step: _StepDraft) -> None:
        kind = step.options.kind
        missing = {
            "predict": (step.prompts, ":::{predict} id"),
            "quiz": (step.questions, ":::{quiz} id"),
            "recall": (step.questions, ":::{recall} id"),
            "order": ([one for one in step.questions if one.form == "order"], ":::{order} id"),
            "match": (step.questions, ":::{match} id"),
            "columns": (step.questions, ":::{columns} id"),
            "parsons": (step.blocks, ":::{parsons}"),
        }
        if kind in missing and not missing[kind][0]:
            raise self._error(step.line, f"step {step.id!r} is of kind {kind}, but has no {missing[kind][1]}")
        frozen = next((act for act in step.acts if act.kind == "frozen-kernels"), None)
        if frozen is not None and not any("hangs" in cell.tags for cell in step.cells):
            raise self._error(frozen.line, "tag the cells that are to be frozen: “:tags: [step-id, hangs]”")
        if kind != "code" and step.cells:
            raise self._error(step.cells[0].line, f"step {step.id!r} is of kind {kind}: it has no code cells")


def _shuffled(texts: Sequence[str], seed: str) -> dict[str, str]:
    """Ids of texts, shuffled by what they say: the same for everyone, and the ids do not tell the order."""
    ordered = sorted(texts, key=lambda text: hashlib.sha256(f"{seed}:{text}".encode()).digest())
    return {text: f"b{place}" for place, text in enumerate(ordered, 1)}


def _by_choice(quote: str, choices: Sequence[str]) -> dict[str, str]:
    """Reasons by the choice that they are about; "" for those that are about all of them."""
    longest_first = sorted(choices, key=len, reverse=True)
    parts = re.split(rf"(?:\A|(?<=\s))({'|'.join(map(re.escape, longest_first))}):\s", quote)
    return {"": parts[0].strip(), **{name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}}


def _letter(place: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[place] if place < 26 else f"z{place}"


def _plain(pattern: str) -> str:
    """Without the names of groups, which JSON Schema does not know."""
    return re.sub(r"\?P<\w+>", "", pattern)


def schema() -> dict[str, Any]:
    """JSON Schema of the front matter of lab.md and of mistake files, and of the option lines."""
    kinds = (FrontMatter, MistakeFront, StepOptions, QuestionOptions, PromptOptions, ColumnsOptions, ActOptions)
    (_, components) = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Front matter and options of a Parallab lab",
        "$defs": {**components, "Caption": {"type": "string", "pattern": f"^{_plain(CAPTION.pattern)}$"}},
    }
