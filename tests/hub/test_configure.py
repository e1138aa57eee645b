"""The one call in jupyterhub_config.py: what it adds, and that it takes nothing away that was there."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets.config import Config

pytest.importorskip("jupyterhub", reason="the extra `hub` is not installed: run `make setup`")

import msgspec

from parallab.hub import configure
from parallab.hub.settings import VARIABLE, Settings, SettingsError, read

REPORT = "custom:parallab:report!user"


def roles(c: Config) -> dict[str, dict[str, Any]]:
    return {role["name"]: role for role in c.JupyterHub.load_roles}


def user_scopes(c: Config) -> set[str]:
    """A user's own rights, where JupyterHub 5 and 6 look for them."""
    if "user" in roles(c):
        return set(roles(c)["user"]["scopes"])
    return {"self", *c.JupyterHub.extra_user_scopes}


def test_alone() -> None:
    c = Config()
    configure(c, instructors=["teachers"])
    assert c.Spawner.server_token_scopes == ["users:activity!user", "access:servers!server", REPORT]
    assert c.Spawner.environment == {"PARALLAB_CLASS_URL": "http://127.0.0.1:10101/services/parallab/"}
    assert {"self", REPORT} <= user_scopes(c)
    (service,) = c.JupyterHub.services
    assert service["command"][1:] == ["-m", "parallab.hub"]
    assert read(service["environment"]) == Settings(instructors=("teachers",))
    assert roles(c)["parallab-instructors"]["groups"] == ["teachers"]
    assert set(c.JupyterHub.custom_scopes) == {f"custom:parallab:{what}" for what in ("report", "read", "teach")}


def test_beside_what_is_there() -> None:
    c = Config()
    c.JupyterHub.services = [{"name": "idle-culler"}]
    c.JupyterHub.load_roles = [
        {"name": "user", "scopes": ["self", "shares!user"]},
        {"name": "culler", "services": ["idle-culler"], "scopes": ["list:users"]},
    ]
    c.JupyterHub.custom_scopes = {"custom:mine:read": {"description": "mine"}}
    c.KubeSpawner.server_token_scopes = ["users:activity!user", "mine"]
    c.Spawner.environment = {"LANG": "de_DE.UTF-8"}
    configure(c, classes={"class-a": {"staff": ["help"], "instructors": ["prof"], "title": "A"}})
    assert [one["name"] for one in c.JupyterHub.services] == ["idle-culler", "parallab"]
    assert roles(c)["user"]["scopes"] == ["self", "shares!user", REPORT]
    assert roles(c)["culler"]["scopes"] == ["list:users"]
    assert "custom:mine:read" in c.JupyterHub.custom_scopes
    assert c.KubeSpawner.server_token_scopes == ["users:activity!user", "mine", REPORT]
    assert set(c.Spawner.environment) == {"LANG", "PARALLAB_CLASS_URL"}
    staff, prof = roles(c)["parallab-class-1-staff"], roles(c)["parallab-class-1-instructors"]
    assert staff["scopes"] == ["custom:parallab:read!group=class-a", "access:services!service=parallab"]
    assert "custom:parallab:teach!group=class-a" in prof["scopes"]


def test_lists_that_were_appended_to_are_kept() -> None:
    c = Config()
    c.JupyterHub.services.append({"name": "first"})
    c.Spawner.environment.update({"A": "1"})
    configure(c)
    assert [one["name"] for one in c.JupyterHub.services] == ["first", "parallab"]
    assert c.Spawner.environment["A"] == "1"


def test_scopes_that_are_computed_or_of_the_servers_role_stay() -> None:
    c = Config()
    c.Spawner.server_token_scopes = lambda spawner: [f"for {spawner}"]
    configure(c)
    assert c.Spawner.server_token_scopes("ada") == ["for ada", REPORT]
    c = Config()
    c.JupyterHub.load_roles = [{"name": "server", "scopes": ["of the role"]}]
    configure(c)
    assert c.Spawner.server_token_scopes == ["of the role", REPORT]


@pytest.mark.parametrize(
    ("section", "address"),
    [
        ({}, "http://127.0.0.1:10101/services/parallab/"),
        ({"base_url": "/hub-a/"}, "http://127.0.0.1:10101/hub-a/services/parallab/"),
        ({"bind_url": "http://:8000/x"}, "http://127.0.0.1:10101/x/services/parallab/"),
    ],
)
def test_the_address_is_below_the_hubs_own(section: dict[str, str], address: str) -> None:
    c = Config({"JupyterHub": section})
    configure(c)
    assert c.Spawner.environment["PARALLAB_CLASS_URL"] == address


def test_one_that_runs_elsewhere_is_not_started() -> None:
    c = Config()
    configure(c, external=True, api_token="secret", url="http://parallab:10101")
    (service,) = c.JupyterHub.services
    assert "command" not in service
    assert service["api_token"] == "secret"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"instructors": "teachers"}, "list of Hub groups"),
        ({"service": "Par Allab"}, "a-z, 0-9"),
        ({"classes": {"a": {"staf": ["x"]}}}, "staf"),
        ({"classes": {"*": {}}}, "leave classes out"),
        ({"retention": -1}, "number of days"),
        ({"jobs": 0}, "1 or more"),
        ({"external": True}, "api_token"),
        ({"lti": {"issuer": "x"}}, "client_id"),
    ],
)
def test_what_cannot_be_used_is_said_before_the_hub_starts(given: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        configure(Config(), **given)


@pytest.mark.parametrize("environment", [{}, {VARIABLE: "{"}, {VARIABLE: msgspec.json.encode({"nope": 1}).decode()}])
def test_a_service_that_was_not_configured_says_so(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"parallab\.hub\.configure"):
        read(environment)
