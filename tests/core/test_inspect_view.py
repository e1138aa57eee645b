"""Reports on a narrow and on a low terminal."""

from __future__ import annotations

from rich.console import Console, RenderableType

from parallab import inspect_view, inspect_watch
from parallab.wire import CannotTell, DoctorReport, InspectDiagnosis, InspectReport, MistakeView

LONG = "who holds what the other one wants and waits for what the other one holds"
FOUND = InspectDiagnosis(MistakeView("M43", LONG), LONG, (LONG, LONG))


def _lines(shown: RenderableType, height: int = 50) -> list[str]:
    console = Console(width=40, height=height, force_terminal=False)
    with console.capture() as captured:
        console.print(shown)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_what_does_not_fit_in_a_line_stands_below_it() -> None:
    report = DoctorReport(1, True, (FOUND,), (CannotTell("the rest", LONG),))

    lines = _lines(inspect_view.render_doctor(report))

    marks = [line for line in lines if line and not line.startswith(" ")]
    assert [line[:1] for line in marks[-2:]] == ["✗", "?"]
    assert all(line.startswith("    ") for line in lines[5:-4])
    assert "              " in next(line for line in lines if line.endswith("(M43)"))[:14]


def test_a_low_window_shows_first_what_is_wrong_and_says_what_is_missing() -> None:
    report = InspectReport(1, 0.0, 1, (), (), (), (FOUND,), ())
    console = Console(width=40, height=8, force_terminal=False)

    lines = _lines(inspect_watch._screen("head", inspect_view.render(report, diagnoses_first=True), console))

    assert len(lines) == 8
    assert lines[0] == "head"
    assert lines[2].startswith("✗ who holds")
    assert lines[7].startswith("and ")
    assert "lines more" in lines[7]
