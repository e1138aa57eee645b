"""L08: what is stuck is named while it hangs, and a prediction stands once the cell has run."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e import answers
from e2e.page import Lab

DEADLOCK = "break-deadlock"


def test_two_who_wait_for_each_other_are_named_while_the_cell_hangs(lab: Lab) -> None:
    notebook = lab.start("L08")
    step = lab.sidebar.step(DEADLOCK)
    cells = notebook.put(DEADLOCK, answers.MODULE, answers.CROSSWISE)
    notebook.run(cells[0])
    notebook.begin(cells[1])
    # Told without a click, as soon as nothing moves any more.
    notice = lab.sidebar.notice("Your program is stuck.")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("“A-to-B” waits for lock_b, held by “B-to-A”")
    expect(notice).to_contain_text("“B-to-A” waits for lock_a, held by “A-to-B”")

    stuck = step.check()
    notebook.kernel_is("busy")
    assert "A-to-B" in stuck.text
    assert "B-to-A" in stuck.text
    broken = [goal for goal in stuck.goals if "Break it" in goal.text]
    assert broken
    assert {goal.verdict for goal in broken} == {"passed"}
    assert stuck.verdict == "not-attempted"
    assert stuck.status.startswith("You broke it, as asked")

    notebook.interrupt()
    notebook.ended(cells[1])
    expect(notice).to_have_count(0)
    notebook.do(DEADLOCK, answers.MODULE, answers.IN_ORDER)
    repaired = step.check()
    assert repaired.verdict == "passed", repaired.text


def test_a_prediction_is_locked_before_the_run_and_stands_beside_what_was_seen(lab: Lab) -> None:
    notebook = lab.start("L08")
    name, prompts = answers.prompts("L08")
    step = lab.sidebar.step(name)
    form = step.root.get_by_role("region", name="Prediction")
    save = step.button("Save my prediction")
    expect(save).to_have_attribute("aria-disabled", "true")
    for prompt in prompts:
        if prompt.form == "choice":
            step.choose(prompt.choices[0].text)
        elif prompt.form in ("number", "text"):
            form.get_by_label(prompt.text).fill("799")
    save.click()
    expect(form).to_contain_text("Saved before the run, and locked.")
    expect(save).to_have_count(0)
    expect(form.get_by_role("textbox")).to_have_count(0)

    lab.reload()
    notebook = lab.notebook()
    step = lab.sidebar.step(name)
    form = step.root.get_by_role("region", name="Prediction")
    expect(form).to_contain_text("locked")
    solution = answers.solution("L08", name)
    if solution:
        notebook.run(*notebook.setup())
        notebook.do(name, *solution)
        step.check()
        expect(form).not_to_contain_text("not yet")


def test_an_afterthought_is_marked_as_one(lab: Lab) -> None:
    notebook = lab.start("L08")
    name, prompts = answers.prompts("L08")
    step = lab.sidebar.step(name)
    notebook.run(*notebook.setup(), *notebook.cells(name))
    form = step.root.get_by_role("region", name="Prediction")
    for prompt in prompts:
        if prompt.form == "choice":
            step.choose(prompt.choices[0].text)
        elif prompt.form in ("number", "text"):
            form.get_by_label(prompt.text).fill("799")
    step.button("Save my prediction").click()
    expect(form).to_contain_text("Saved after the fact")
