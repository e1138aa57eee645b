"""The class page's texts are found in its templates and views, each with its plural; one that is no literal is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import class_texts

    yield class_texts
    del sys.modules["class_texts"]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    made = tmp_path / "server" / "parallab"
    (made / "hub" / "templates").mkdir(parents=True)
    return made


def test_texts_of_templates_and_views_with_their_plurals_and_files(finder: ModuleType, package: Path) -> None:
    templates = package / "hub" / "templates"
    (templates / "base.html").write_text("<p>{{ _('Below all') }}</p>{% block main %}{% end %}")
    (templates / "page.html").write_text(
        '{% extends "base.html" %}{% block main %}<b title="{{ _(\'A {n}\', n=1) }}">{{ _n("one", "many", 2) }}</b>'
        "{% end %}"
    )
    (package / "hub" / "views.py").write_text(
        'def f(self, texts):\n    """_("no text")"""\n    texts.sentence("as it is")\n    "x".count("y")\n'
        '    return texts("Here"), self._texts("There"), self.texts.count("{n} try", "{n} tries", 3), len("nothing")\n'
    )
    base, page, views = (str(path.relative_to(package.parents[1])) for path in sorted((package / "hub").rglob("*.*")))
    found = list(finder.class_texts(package))
    plain = ("Below all", "A {n}", "Here", "There")
    assert {one.text for one in found if not one.plural} == {*plain}
    assert [(one.text, one.plural) for one in found if one.plural] == [("one", "many"), ("{n} try", "{n} tries")]
    assert [one.files for one in found] == [(base,), (page,), (page,), (views,), (views,), (views,)]


@pytest.mark.parametrize("call", ["_(name)", "_n('one', name, 2)", "_('a' + name)", "_()", "_n('one')"])
def test_a_text_that_cannot_be_found_is_an_error(finder: ModuleType, package: Path, call: str) -> None:
    (package / "hub" / "templates" / "page.html").write_text(f"{{{{ {call} }}}}")
    with pytest.raises(SyntaxError, match=r"hub/templates/page.html: a text that is translated must be a literal"):
        list(finder.class_texts(package))
