"""lab.md and its neighbours as values, and the errors that say where and what to do."""

from __future__ import annotations

import pytest

from parallab import lab_parse
from parallab.lab import Cell, LabError, Option, assign
from parallab.wire import CellRef

HEAD = """\
---
parallab: {id: L99, title: A lab, minutes: 3, version: 2, objectives: [O4], needs: [L01]}
---
# A lab

A story.

```{code-cell}
import os
```
"""
STEP = """
:::{step} one
title: One: the first
serves: [O4]
:::
Do this.

```{code-cell}
:tags: [one, hangs]

x = 1
```

Then that.

:::{hint}
Look *there*.
:::
"""
QUIZ = """
:::{step} ask
title: Ask
kind: quiz
:::
:::{quiz} first
Which of
these?

- [ ] This
  > It is not.
- [x] That,
  and more
  > Yes.
:::
"""
PARSONS = """
:::{step} lines
title: Lines
kind: parsons
:::
:::{parsons}
Order them.

```python
for x in y:
    with lock:
        work()
```
```python
    lock = Lock()
```
> Then each has its own.
:::
"""
PREDICT = """
:::{predict} n
form: number
How many?
:::
:::{predict} which
form: choice
Which?

- this
- that
:::
"""

ORDER = """
:::{step} ways
title: Ways
kind: order
:::
:::{free} memory
Which ways are there?
:::
:::{order} cost
The cheapest first.

- a walk
  > It needs no ticket.
- a bus
- a taxi
:::
"""
COLUMNS = """
:::{step} sort
title: Sort
kind: columns
:::
:::{columns} which
choices: [Queue, Pipe, both]
Of which is it true?

- It has two ends → Pipe
  > A queue has many. Queue: it has as many as you like.
- It copies → both
  > All that travels is a copy.
:::
"""
ACT = """
:::{act} strike
kind: kill-worker
label: Kill one
which: reading

One of them is killed.
:::
"""


def parse(text: str) -> lab_parse.Lab:
    return lab_parse.parse_lab(text, "99-a-lab/lab.md")


def error(text: str) -> str:
    with pytest.raises(LabError) as caught:
        parse(text)
    return str(caught.value)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_front_matter_story_and_set_up() -> None:
    lab = parse(HEAD + STEP)
    assert (
        lab.id,
        lab.title,
        lab.minutes,
        lab.version,
        lab.objectives,
        lab.needs,
    ) == ("L99", "A lab", 3, 2, ("O4",), ("L01",))
    assert lab.body == "A story."
    assert lab.cells[0].source == "# A lab\n\nA story."
    assert lab.cells[1] == Cell("import os", line=8)


def test_a_step_has_its_texts_cells_and_hints() -> None:
    (step,) = parse(HEAD + STEP).steps
    assert (step.id, step.title, step.kind, step.serves) == ("one", "One: the first", "code", ("O4",))
    assert step.body == "Do this.\n\nThen that."
    assert step.hints == ("Look *there*.",)
    assert step.cells == (Cell("x = 1", "code", "one", ("hangs",), line_of(HEAD + STEP, "```{code-cell}\n:tags")),)


def test_the_notebook_reads_in_order_with_the_heading_before_the_text() -> None:
    cells = parse(HEAD + STEP).cells
    assert [(cell.cell_type, cell.step, cell.source) for cell in cells[2:]] == [
        ("markdown", "one", "## One: the first\n\nDo this."),
        ("code", "one", "x = 1"),
        ("markdown", "one", "Then that."),
    ]


def test_a_question_keeps_its_key_and_reasons() -> None:
    (step,) = parse(HEAD + QUIZ).steps
    (question,) = step.questions
    assert question.text == "Which of\nthese?"
    assert question.options == (Option("a", "This", False, "It is not."), Option("b", "That, and more", True, "Yes."))


def test_predictions() -> None:
    (step,) = parse(HEAD + STEP + PREDICT).steps
    assert [(prompt.id, prompt.form, len(prompt.choices)) for prompt in step.prompts] == [
        ("n", "number", 0),
        ("which", "choice", 2),
    ]


def test_parsons_blocks_are_shuffled_and_their_ids_do_not_tell_the_order() -> None:
    (step,) = parse(HEAD + PARSONS).steps
    texts = {block.id: block.text for block in step.blocks}
    assert [texts[name] for name in step.order] == ["for x in y:", "    with lock:", "        work()"]
    assert list(step.block_reasons.values()) == ["Then each has its own."]
    assert tuple(texts) == ("b1", "b2", "b3", "b4")
    assert tuple(step.order) != ("b1", "b2", "b3")


def test_an_order_is_kept_and_its_ids_do_not_tell_it() -> None:
    (step,) = parse(HEAD + ORDER).steps
    memory, cost = step.questions
    assert (memory.id, memory.form, memory.options) == ("memory", "text", ())
    assert cost.form == "order"
    assert [(option.text, option.reason) for option in cost.options] == [
        ("a walk", "It needs no ticket."),
        ("a bus", ""),
        ("a taxi", ""),
    ]
    assert sorted(option.id for option in cost.options) == ["b1", "b2", "b3"]
    assert [option.id for option in cost.options] != ["b1", "b2", "b3"]


def test_columns_are_questions_with_the_same_choices() -> None:
    (step,) = parse(HEAD + COLUMNS).steps
    assert step.body == "Of which is it true?"
    ends, copies = step.questions
    assert (ends.id, ends.text, copies.id) == ("which-1", "It has two ends", "which-2")
    assert [(option.text, option.right, option.reason) for option in ends.options] == [
        ("Queue", False, "it has as many as you like."),
        ("Pipe", True, "A queue has many."),
        ("both", False, "A queue has many."),
    ]
    assert [option.id for option in ends.options] == [option.id for option in copies.options]


def test_an_act_says_what_it_does_and_to_whom() -> None:
    (step,) = parse(HEAD + STEP + ACT).steps
    (act,) = step.acts
    assert (act.id, act.kind, act.label, act.which, act.body) == (
        "strike",
        "kill-worker",
        "Kill one",
        "reading",
        "One of them is killed.",
    )
    assert act.phase is None
    (step,) = parse(HEAD + STEP + ACT.replace("which: reading", "which: reading\nphase: repair")).steps
    assert step.acts[0].phase == "repair"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("# no front matter", 1, "begin the file with front matter"),
        ("---\nother: 1\n---\n", 1, "needs a mapping under “parallab:”"),
        ("---\nparallab: {id: [\n---\n", 2, "the front matter is no YAML"),
        (HEAD.replace("minutes: 3", "minutes: three"), 2, "Expected `int`, got `str` - at `$.minutes`"),
        (HEAD.replace("version: 2", "versoin: 2"), 2, "what it may say: id, title, minutes, version"),
        (HEAD + ":::{step} One\ntitle: x\n:::\n", 11, "a step's id is of a-z, 0-9 and “-”; this is 'One'"),
        (HEAD + STEP + STEP, 30, "there are two steps 'one': rename one"),
        (HEAD + ":::{step} one\n:::\n", 11, "{step}: Object missing required field `title`"),
        (HEAD + ":::{step} one\ntitle: x\nkinds: quiz\n:::\n", 11, "{step} has no option 'kinds'"),
        (HEAD + ":::{step} one\ntitle: x\nprose\n:::\n", 11, ":::{step} holds option lines only"),
        (HEAD + ":::{step} one\ntitle: x\nkind: quiz\n:::\n", 11, "is of kind quiz, but has no :::{quiz} id"),
        (HEAD + ":::{step} one\ntitle: x\npython: 3.14+\n:::\n", 11, "python: '3.14+' is no version"),
        (HEAD + ":::{stp} one\n:::\n", 11, "there is no directive {stp}: use one of step, watch, hint"),
        (HEAD + ":::{hint}\nx\n:::\n", 11, "{hint} belongs to a step"),
        (HEAD + STEP + ":::{hint}\n\n:::\n", 29, "this hint is empty"),
        (HEAD + STEP + ":::{hint}\nx\n", 29, "this block is never closed: end it with a line “:::”"),
        (HEAD + "```{code-cell}\n:tags: [two]\n```\n", 11, "this cell is tagged 'two', but no step has begun"),
        (HEAD + STEP + "```{code-cell}\n:tags: [two]\n```\n", 29, "tagged 'two', but it stands in step 'one'"),
        (HEAD + STEP + "```{code-cell}\n:tags: [one, two]\n```\n", 29, "a cell belongs to one step"),
        (HEAD + STEP + "```{code-cell}\n:name: x\n```\n", 30, "a cell has no option 'name'"),
        (HEAD + STEP + "- a\n\n  ```{code-cell}\n  x\n  ```\n", 31, "must begin at the margin"),
        (HEAD + QUIZ.replace("  > It is not.\n", ""), 20, "say why this answer is wrong"),
        (HEAD + QUIZ.replace("- [ ] This", "- This"), 20, "begin each answer with “- [ ] ”"),
        (HEAD + QUIZ.replace("[x]", "[ ]"), 16, "one answer is right, marked [x]; here are 0"),
        (HEAD + QUIZ.replace("{quiz} first", "{quiz}"), 16, "name it: :::{quiz} some-id"),
        (HEAD + PARSONS.replace("> Then each has its own.\n", ""), 16, "say below each distractor"),
        (HEAD + PARSONS.replace("    lock = Lock()", "    with lock:"), 16, "two lines are the same"),
        (
            HEAD
            + STEP.replace(", hangs", "")
            + ACT.replace("kill-worker", "frozen-kernels").replace("which: reading\n", ""),
            30,
            "tag the cells that are to be frozen: “:tags: [step-id, hangs]”",
        ),
        (HEAD + STEP + ":::{predict} n\nform: numbr\nHow many?\n:::\n", 29, "number, choice, text, order"),
        (
            HEAD + ORDER.replace("- a bus\n- a taxi\n", ""),
            19,
            "write two or more lines “- …” below it, in their right order",
        ),
        (HEAD + ORDER.replace("a taxi", "a bus"), 19, "two lines are the same"),
        (HEAD + ORDER[: ORDER.index(":::{order}")], 12, "is of kind order, but has no :::{order} id"),
        (HEAD + COLUMNS.replace("→ Pipe", "→ Pope"), 20, "end this line with “→ ” and one of the choices: Queue, Pipe"),
        (HEAD + COLUMNS.replace("  > All that travels is a copy.\n", ""), 22, "say why it is that one"),
        (HEAD + COLUMNS.replace("choices: [Queue, Pipe, both]\n", ""), 16, "{columns}: Object missing required field"),
        (HEAD + STEP + ACT.replace("kill-worker", "kill"), 30, "{act}: Invalid enum value 'kill'"),
        (HEAD + STEP + ACT.replace("One of them is killed.\n", ""), 30, "say on the button what it does"),
        (HEAD + STEP + ACT.replace("kill-worker", "frozen-kernels"), 30, "“which:” says whom kill-worker kills"),
        (HEAD + QUIZ + ACT, 27, "only code steps have acts"),
        (HEAD + STEP + ":::{predict} n\nform: choice\nHow many?\n:::\n", 29, "needs two or more choices"),
    ],
)
def test_errors_say_where_and_what_to_do(text: str, line: int, said: str) -> None:
    told = error(text)
    assert told.startswith(f"99-a-lab/lab.md:{line}: ")
    assert said in told


def test_a_solution_goes_by_its_tags() -> None:
    text = "# S\n\n```{code-cell}\n:tags: [b]\n1\n```\n\n```{code-cell}\n:tags: [a]\n2\n```\n"
    assert {step: [cell.source for cell in cells] for step, cells in lab_parse.parse_solution(text, "s").items()} == {
        "b": ["1"],
        "a": ["2"],
    }
    with pytest.raises(LabError, match="s:3: tag this cell with its step"):
        lab_parse.parse_solution("# S\n\n```{code-cell}\n1\n```\n", "s")


MISTAKE = """\
---
step: one
verdict: failed
mistake: M09
start_method: spawn
text:
  - when: spawn
    text: |
      ✗ no
---
Why.

```{code-cell}
x.run()
```
"""


def test_a_wrong_answer() -> None:
    wrong = lab_parse.parse_mistake(MISTAKE, "m.md", "m")
    assert (wrong.step, wrong.verdict, wrong.mistake, wrong.start_methods) == ("one", "failed", "M09", ("spawn",))
    assert wrong.texts == (lab_parse.Golden("✗ no", "spawn"),)
    assert [(cell.source, cell.step) for cell in wrong.cells] == [("x.run()", "one")]
    assert wrong.note == "Why."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            MISTAKE.replace("failed", "faild"),
            (
                "m.md:3: front matter: Invalid enum value 'faild' - at `$.verdict`; "
                "what it may say: passed, failed, undecided, broken, not-attempted"
            ),
        ),
        (MISTAKE.replace("x.run()", ":tags: [two]\nx.run()"), "m.md:13: this cell is tagged 'two'"),
        (MISTAKE.split("```")[0], "m.md:1: a mistake needs at least one {code-cell}"),
    ],
)
def test_errors_of_wrong_answers(text: str, said: str) -> None:
    with pytest.raises(LabError) as caught:
        lab_parse.parse_mistake(text, "m.md", "m")
    assert str(caught.value).startswith(said)


def test_cells_belong_to_the_nearest_tag_above() -> None:
    refs = [CellRef("a"), CellRef("b", "one"), CellRef("c"), CellRef("d", "two"), CellRef("e", "one")]
    assert assign(refs) == {"a": "", "b": "one", "c": "one", "d": "two", "e": "one"}


def test_the_schema_names_every_option() -> None:
    definitions = lab_parse.schema()["$defs"]
    assert set(definitions["StepOptions"]["properties"]) == {
        "title",
        "kind",
        "counts",
        "stretch",
        "python",
        "serves",
        "draw",
    }
    assert definitions["FrontMatter"]["additionalProperties"] is False
