"""lab.md, solution.md and mistakes/*.md read as values: MyST Markdown in, a Lab or a LabError out.

Pure: ``shelf`` opens the files. Every error names the file and the line and says what to do.
The grammar is told to authors in docs/authors.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from parallab.lab import Cell, Lab, LabError, Option, QuizQuestion, Step
from parallab.wire import Block, Choice, Prompt, StepKind, Verdict

#: Tags of cells that say how a headless run treats them; every other tag must be the step's id.
CELL_TAGS = frozenset({"hangs", "interrupt", "restart", "check-here"})

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_INFO = re.compile(r"\{([a-z-]+)\}[ \t]*(.*)\Z")
_OPTION = re.compile(r":?([a-z_]+):(?:[ \t]+(.*)|\Z)")
_ITEM = re.compile(r"[-*] (.*)\Z")
_BOX = re.compile(r"\[([ xX])\] (.*)\Z")

Struct = TypeVar("Struct", bound=msgspec.Struct)


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


class QuestionOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The option lines of ``:::{quiz} id`` and ``:::{recall} id``."""

    several: bool = False


class PromptOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The option lines of ``:::{predict} id``."""

    form: Literal["number", "choice", "text", "order"]


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
    return _LabReader(_Document(text, file)).read()


def parse_solution(text: str, file: str) -> Mapping[str, tuple[Cell, ...]]:
    """The cells of a solution.md by step; a cell belongs to the step that its tags name."""
    document = _Document(text, file)
    cells: dict[str, tuple[Cell, ...]] = {}
    for cell in document.cells():
        if not cell.step:
            raise document.error(cell.line, "tag this cell with its step: a line “:tags: [step-id]” at its top")
        cells[cell.step] = (*cells.get(cell.step, ()), cell)
    return cells


def parse_mistake(text: str, file: str, name: str) -> WrongAnswer:
    """The wrong answer of a file in mistakes/."""
    document = _Document(text, file)
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
        "\n\n".join(part.text for part in document.parts if isinstance(part, _Text)).strip(),
    )


# -- reading order: texts, cells and directives ------------------------------------------


@dataclass(frozen=True)
class _Text:
    line: int
    text: str


@dataclass(frozen=True)
class _CellPart:
    line: int
    cell: Cell


@dataclass(frozen=True)
class _Directive:
    line: int
    name: str
    argument: str
    lines: tuple[str, ...]
    """What is inside, options included."""


class _Document:
    """A MyST document cut into its parts, each with the line on which it begins."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        self._front: Token | None = None
        self.parts = tuple(self._parts(_markdown().parse(text)))

    def error(self, line: int, message: str) -> LabError:
        return LabError(self.file, line, message)

    def front(self, kind: type[Struct], key: str | None = None) -> Struct:
        """The front matter, or what stands under ``key`` of it, as a struct."""
        if self._front is None:
            raise self.error(1, "begin the file with front matter between two lines “---”")
        try:
            value: Any = yaml.safe_load(self._front.content)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line if error.problem_mark else 0
            raise self.error(line + 2, f"the front matter is no YAML: {error.problem}") from None
        if key is not None:
            if not isinstance(value, dict) or not isinstance(value.get(key), dict):
                raise self.error(1, f"the front matter needs a mapping under “{key}:”")
            value = value[key]
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self.error(self._line_of(str(error)), f"front matter: {_advice(error, kind)}") from None

    def cells(self, default: str = "") -> Iterator[Cell]:
        """The code cells of a file that has no directives."""
        for part in self.parts:
            if isinstance(part, _Directive):
                raise self.error(part.line, f"{{{part.name}}} belongs into lab.md, not here")
            if isinstance(part, _CellPart):
                yield msgspec.structs.replace(part.cell, step=part.cell.step or default)

    def _line_of(self, problem: str) -> int:
        """The line of the front matter that a validation error is about, or its first."""
        found = re.search(r"\$\.(\w+)|unknown field `(\w+)`", problem)
        if found is None or self._front is None:
            return 1
        name = found.group(1) or found.group(2)
        for number, line in enumerate(self.lines[: (self._front.map or [0, 1])[1]], 1):
            if re.search(rf"(^|[\s{{,]){name}\s*:", line):
                return number
        return 1

    def _parts(self, tokens: Sequence[Token]) -> Iterator[_Text | _CellPart | _Directive]:
        done = 0
        for token in tokens:
            if token.map is None or token.nesting < 0:
                continue
            begin, end = token.map
            if token.type == "front_matter":
                self._front, done = token, end
                continue
            marked = _INFO.match(token.info.strip()) if token.type in ("fence", "colon_fence") else None
            if marked is None:
                continue
            if token.level:
                raise self.error(begin + 1, f"{{{marked.group(1)}}} must begin at the margin, outside lists and quotes")
            self._closed(token)
            if (text := self._text(done, begin)) is not None:
                yield text
            yield self._part(token, marked.group(1), marked.group(2).strip())
            done = end
        if (text := self._text(done, len(self.lines))) is not None:
            yield text

    def _text(self, begin: int, end: int) -> _Text | None:
        while begin < end and not self.lines[begin].strip():
            begin += 1
        text = "\n".join(self.lines[begin:end]).rstrip()
        return _Text(begin + 1, text) if text else None

    def _closed(self, token: Token) -> None:
        begin, end = token.map or (0, 0)
        if end - begin < 2 or not self.lines[end - 1].strip().startswith(token.markup):
            raise self.error(begin + 1, f"this block is never closed: end it with a line “{token.markup}”")

    def _part(self, token: Token, name: str, argument: str) -> _CellPart | _Directive:
        line = (token.map or [0, 0])[0] + 1
        if name == "code-cell":
            if token.type != "fence":
                raise self.error(line, "a {code-cell} is fenced with backticks: ```{code-cell}")
            return _CellPart(line, self._cell(token, line))
        return _Directive(line, name, argument, tuple(token.content.splitlines()))

    def _cell(self, token: Token, line: int) -> Cell:
        lines = token.content.splitlines()
        tags: list[str] = []
        head = 0
        while head < len(lines) and (option := re.match(r":([a-z-]+):\s*(.*)\Z", lines[head])):
            if option.group(1) != "tags":
                raise self.error(line + 1 + head, f"a cell has no option {option.group(1)!r}: only “:tags: [a, b]”")
            tags += _listed(option.group(2))
            head += 1
        while head < len(lines) and not lines[head].strip():
            head += 1
        own = [tag for tag in tags if tag not in CELL_TAGS]
        if len(own) > 1:
            raise self.error(line, f"a cell belongs to one step; this one is tagged {' and '.join(own)}")
        return Cell(
            "\n".join(lines[head:]).rstrip(),
            "code",
            own[0] if own else "",
            tuple(tag for tag in tags if tag in CELL_TAGS),
            line,
        )


def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).use(front_matter_plugin).use(colon_fence_plugin)


def _listed(text: str) -> list[str]:
    return [item.strip().strip("'\"") for item in text.strip().strip("[]").split(",") if item.strip()]


def _advice(error: msgspec.ValidationError, kind: type[msgspec.Struct]) -> str:
    text = str(error)
    if "unknown field" in text:
        known = ", ".join(info.encode_name for info in msgspec.structs.fields(kind))
        return f"{text}; what it may say: {known}"
    return text


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
        )


class _LabReader:
    """Puts the parts of lab.md into steps."""

    def __init__(self, document: _Document) -> None:
        self.document = document
        self.front = document.front(FrontMatter, "parallab")
        self.steps: list[_StepDraft] = []
        self.story: list[str] = []
        self.cells: list[Cell] = []

    def read(self) -> Lab:
        for part in self.document.parts:
            match part:
                case _Text():
                    self._text(part)
                case _CellPart():
                    self._cell(part)
                case _Directive():
                    self._directive(part)
        for step in self.steps:
            self._complete(step)
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
        )

    def _text(self, part: _Text) -> None:
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

    def _cell(self, part: _CellPart) -> None:
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

    def _directive(self, part: _Directive) -> None:
        if part.name == "step":
            self._step(part)
            return
        readers = {
            "hint": self._hint,
            "predict": self._predict,
            "quiz": self._question,
            "recall": self._question,
            "parsons": self._parsons,
        }
        if part.name not in readers:
            known = ", ".join(["step", *readers, "code-cell"])
            raise self._error(part.line, f"there is no directive {{{part.name}}}: use one of {known}")
        if not self.steps:
            raise self._error(part.line, f"{{{part.name}}} belongs to a step: put a :::{{step}} before it")
        readers[part.name](part, self.steps[-1])

    def _error(self, line: int, message: str) -> LabError:
        return self.document.error(line, message)

    def _step(self, part: _Directive) -> None:
        if not _ID.match(part.argument):
            raise self._error(part.line, f"a step's id is of a-z, 0-9 and “-”; this is {part.argument!r}")
        if any(step.id == part.argument for step in self.steps):
            raise self._error(part.line, f"there are two steps {part.argument!r}: rename one")
        options, rest = self._options(part, StepOptions)
        if any(line.strip() for line in rest):
            raise self._error(part.line, ":::{step} holds option lines only; write what to do below its closing :::")
        self.steps.append(_StepDraft(part.argument, part.line, options))
        heading = f"## {options.title}"
        self.cells.append(Cell(heading, "markdown", part.argument, (), part.line))

    def _options(self, part: _Directive, kind: type[Struct]) -> tuple[Struct, list[str]]:
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
            raise self._error(part.line, f"{{{part.name}}}: {_advice(error, kind)}") from None

    def _value(self, part: _Directive, name: str, text: str, kind: Any) -> Any:
        if kind is str:
            text = text.strip()
            quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
            return text[1:-1] if quoted else text
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            raise self._error(part.line, f"option {name}: {text!r} is no YAML value") from None

    def _hint(self, part: _Directive, step: _StepDraft) -> None:
        text = "\n".join(part.lines).strip()
        if not text:
            raise self._error(
                part.line, "this hint is empty: say where to look or which concept, or show code with blanks"
            )
        step.hints.append(text)

    def _predict(self, part: _Directive, step: _StepDraft) -> None:
        self._fresh_id(part, [prompt.id for prompt in step.prompts])
        options, lines = self._options(part, PromptOptions)
        text, items = _split_items(lines)
        if not text:
            raise self._error(part.line, "a prediction asks something: write its question")
        choices = tuple(Choice(_letter(place), item.text) for place, item in enumerate(items))
        if options.form in ("choice", "order") and len(choices) < 2:
            raise self._error(part.line, f"a prediction of form {options.form} needs two or more choices “- …”")
        if options.form in ("number", "text") and choices:
            raise self._error(part.line, f"a prediction of form {options.form} has no choices: take the list away")
        step.prompts.append(Prompt(part.argument, text, options.form, choices))

    def _question(self, part: _Directive, step: _StepDraft) -> None:
        self._fresh_id(part, [question.id for question in step.questions])
        options, lines = self._options(part, QuestionOptions)
        text, items = _split_items(lines)
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

    def _fresh_id(self, part: _Directive, taken: Sequence[str]) -> None:
        if not _ID.match(part.argument):
            raise self._error(
                part.line, f"name it: :::{{{part.name}}} some-id (of a-z, 0-9 and “-”; this is {part.argument!r})"
            )
        if part.argument in taken:
            raise self._error(part.line, f"{part.argument!r} is used twice in this step: rename one")

    def _parsons(self, part: _Directive, step: _StepDraft) -> None:
        """The first code block is the right order, a line a block; each further one a distractor with its quote."""
        if step.blocks:
            raise self._error(part.line, "a step has one {parsons} at most")
        _, lines = self._options(part, NoOptions)
        fences = list(_fences(lines))
        if not fences or len(fences[0].code) < 2:
            raise self._error(part.line, "write the lines in their right order in a first ``` block")
        step.texts += [text for text in (fences[0].before.strip(),) if text]
        right = fences[0].code
        wrong = ["\n".join(fence.code) for fence in fences[1:]]
        every = [*right, *wrong]
        if len(set(every)) != len(every):
            raise self._error(part.line, "two lines are the same, so their order could not be judged: change one")
        if any(not fence.quote for fence in fences[1:]):
            raise self._error(part.line, "say below each distractor what it would do, in a line “> …”")
        # Shuffled by what they say: the same for everyone, and the ids do not tell the order.
        shuffled = sorted(every, key=lambda text: hashlib.sha256(f"{step.id}:{text}".encode()).digest())
        names = {text: f"b{place}" for place, text in enumerate(shuffled, 1)}
        step.blocks = tuple(Block(names[text], text) for text in shuffled)
        step.order = tuple(names[text] for text in right)
        step.block_reasons = {names["\n".join(fence.code)]: fence.quote for fence in fences[1:]}

    def _complete(self, step: _StepDraft) -> None:
        kind = step.options.kind
        missing = {
            "predict": (step.prompts, ":::{predict} id"),
            "quiz": (step.questions, ":::{quiz} id"),
            "recall": (step.questions, ":::{recall} id"),
            "parsons": (step.blocks, ":::{parsons}"),
        }
        if kind in missing and not missing[kind][0]:
            raise self._error(step.line, f"step {step.id!r} is of kind {kind}, but has no {missing[kind][1]}")
        if kind != "code" and step.cells:
            raise self._error(step.cells[0].line, f"step {step.id!r} is of kind {kind}: it has no code cells")


# -- lists, quotes and fences inside directives ---------------------------------------------


@dataclass(frozen=True)
class _Item:
    line: int
    text: str
    quote: str


def _split_items(lines: Sequence[str]) -> tuple[str, list[_Item]]:
    """The text above a list, and the list's items, each with the quote inside it."""
    first = next((place for place, line in enumerate(lines) if _ITEM.match(line)), len(lines))
    items: list[_Item] = []
    for place in range(first, len(lines)):
        begun = _ITEM.match(lines[place])
        if begun:
            items.append(_Item(place, begun.group(1).strip(), ""))
        elif line := lines[place].strip():
            last = items[-1]
            if line.startswith(">"):
                items[-1] = _Item(last.line, last.text, f"{last.quote} {line[1:].strip()}".strip())
            else:
                items[-1] = _Item(last.line, f"{last.text}\n{line}", last.quote)
    return "\n".join(lines[:first]).strip(), items


@dataclass(frozen=True)
class _Fence:
    before: str
    code: tuple[str, ...]
    quote: str


def _fences(lines: Sequence[str]) -> Iterator[_Fence]:
    """Code blocks with the text above and the quote below each."""
    before: list[str] = []
    code: list[str] | None = None
    done: list[str] | None = None
    quote: list[str] = []
    for line in lines:
        if code is not None:
            if line.strip() == "```":
                done, code = code, None
            elif line.strip():
                code.append(line.rstrip())
        elif line.startswith("```"):
            if done is not None:
                yield _Fence("\n".join(before), tuple(done), " ".join(quote))
                before, done, quote = [], None, []
            code = []
        elif done is not None and line.startswith(">"):
            quote.append(line[1:].strip())
        elif done is None:
            before.append(line)
    if done is not None:
        yield _Fence("\n".join(before), tuple(done), " ".join(quote))


def _letter(place: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[place] if place < 26 else f"z{place}"


def schema() -> dict[str, Any]:
    """JSON Schema of the front matter of lab.md and of mistake files, and of the option lines."""
    kinds = (FrontMatter, MistakeFront, StepOptions, QuestionOptions, PromptOptions)
    (_, components) = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Front matter and options of a Parallab lab",
        "$defs": components,
    }
