"""What the sidebar is shown of a course."""

from __future__ import annotations

from parallab import views
from parallab.lab import Lab


def a_lab(ident: str, *needs: str) -> Lab:
    return Lab(ident, f"Lab {ident}", 1, 10, (), needs, "", "", (), ())


def test_only_labs_that_are_there_are_named_as_needed() -> None:
    course = views.course(
        views.CourseFacts("A course"), [a_lab("L04", "L01"), a_lab("L08", "L01", "L04")], {}, {}, render=str
    )
    assert [lab.needs for lab in course.labs] == [(), ("L04",)]
