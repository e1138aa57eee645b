"""L10's round: three frozen kernels are brought in, looked at, and diagnosed."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e import answers
from e2e.page import Lab

STEP = "doctors-round"
#: What must be seen of each patient, so that its letter can be found: who waits, and for what.
SIGNS = {
    "A": ("waits for the end of “reporter”", "“reporter” waits for room in a full pipe"),
    "B": ("“Ann” waits for a lock that “Bob” holds", "“Bob” waits for a lock that “Ann” holds"),
    "C": ("waits for the end of “adder”", "“adder” waits for something to read"),
}


def test_three_frozen_kernels_are_shown_and_diagnosed(lab: Lab) -> None:
    notebook = lab.start("L10")
    notebook.run(*notebook.setup())
    step = lab.sidebar.step(STEP)
    ward = step.root.locator("[data-act='ward']")
    patients = ward.locator(".pl-Frozen")
    expect(patients).to_have_count(0)
    ward.get_by_role("button", name="Bring in the three patients").click()
    expect(patients).to_have_count(3)
    for name, signs in SIGNS.items():
        patient = ward.locator(f"[data-kernel='{name}']")
        expect(patient.get_by_role("heading")).to_have_text(f"Kernel {name}, frozen")
        for sign in signs:
            expect(patient).to_contain_text(sign)

    # One letter is wrong: only that patient is named.
    (cell, *_) = notebook.cells(STEP)
    notebook.write(cell, 'diagnosis = {"A": "b", "B": "a", "C": "b"}')
    notebook.run(cell)
    told = step.check()
    brought, found = told.goals[:2]
    assert (brought.verdict, found.verdict) == ("passed", "failed"), told.text
    assert found.rows["Observed"] == "A"

    notebook.write(cell, answers.solution("L10", STEP)[0])
    notebook.run(cell)
    told = step.check()
    assert [goal.verdict for goal in told.goals[:2]] == ["passed", "passed"], told.text
    # A diagnosis heals nobody.
    assert told.verdict != "passed"
