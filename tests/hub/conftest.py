"""One real JupyterHub for all stories, with system users who log in by PAM; skipped where none can run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.rig import RealHub, missing
from hub.system_users import SystemUser, make

CONFIG = """
from parallab.hub import configure
c.JupyterHub.authenticator_class = "pam"
c.Spawner.args = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                  "--LabApp.expose_app_in_browser=True"]
c.JupyterHub.load_groups = {groups!r}
configure(
    c,
    instructors=["teachers"],
    classes={{"class-a": {{"title": "Class A", "staff": ["helpers-a"]}}, "class-b": {{"staff": ["helpers-b"]}}}},
    database={database!r},
    url=SERVICE_URL,
)
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    why = missing()
    for item in items:
        if why and "people" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def people() -> Iterator[dict[str, SystemUser]]:
    """Two learners of class A, one of class B, a teacher, and class A's helper: users of this machine."""
    made = make("ada", "bob", "cy", "teach", "help")
    yield made
    for one in made.values():
        one.remove()


@pytest.fixture(scope="session")
def hub(people: dict[str, SystemUser], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    """The Hub, with its service's records in SQLite."""
    folder = tmp_path_factory.mktemp("hub")
    # Pytest keeps its folders to itself; the service's and the users' processes must get in.
    for above in (folder, *list(folder.parents)[:2]):
        above.chmod(0o755)
    name = {who: one.name for who, one in people.items()}
    groups = {
        "class-a": {"users": [name["ada"], name["bob"]]},
        "class-b": {"users": [name["cy"]]},
        "teachers": {"users": [name["teach"]]},
        "helpers-a": {"users": [name["help"]]},
    }
    real = RealHub(folder / "run", CONFIG.format(groups=groups, database=f"sqlite:///{folder}/class.sqlite"))
    with real.running():
        yield real
