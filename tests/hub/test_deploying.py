"""What docs/instructors.md tells to do, done: values for Kubernetes, a service of its own with PostgreSQL, TLJH."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from traitlets.config import Config

from hub import postgres, rig

pytest.importorskip("jupyterhub", reason="the extra `hub` is not installed: run `make setup`")

from parallab.hub.rights import Scopes
from parallab.hub.settings import VARIABLE, Settings, read

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "instructors.md").read_text(encoding="utf-8")
#: The chart's own schema (values.schema.json, or .yaml), for whoever has it at hand.
SCHEMA = os.environ.get("PARALLAB_CHART_SCHEMA", "")


def blocks(language: str) -> list[str]:
    """The text's examples in this language; those in lists are indented."""
    return [dedent(one) for one in re.findall(rf"^ *```{language}\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE)]


def values() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(blocks("yaml")[0])
    return found


def deployment() -> dict[str, Any]:
    found: dict[str, Any] = next(yaml.safe_load_all(blocks("yaml")[1]))
    return found


@pytest.mark.skipif(not SCHEMA, reason="PARALLAB_CHART_SCHEMA names no file: the chart's schema is not shipped here")
def test_the_values_fit_the_charts_schema() -> None:
    jsonschema.validate(values(), beside_defaults(yaml.safe_load(Path(SCHEMA).read_text(encoding="utf-8"))))


def beside_defaults(schema: Any) -> Any:
    """The schema for some values alone: what is required in it Helm takes from the chart's own defaults."""
    if isinstance(schema, list):
        return [beside_defaults(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: one for name, one in schema.items() if name != "required" or not isinstance(one, list)}
    return {name: beside_defaults(one) for name, one in kept.items()}


def test_the_values_configure_a_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    made = values()
    (variable,) = made["hub"]["extraEnv"]
    monkeypatch.setenv(variable, "the token")
    c = Config()
    exec(made["hub"]["extraConfig"]["parallab"], {"c": c})
    (service,) = c.JupyterHub.services
    assert service["api_token"] == "the token"
    assert "command" not in service
    # Every rule opens the very port at which the service listens, to the very pods that it runs in.
    labels = deployment()["spec"]["template"]["metadata"]["labels"]
    port = int(service["url"].rpartition(":")[2])
    for rules in (made["singleuser"]["networkPolicy"]["egress"], made["proxy"]["chp"]["networkPolicy"]["egress"]):
        (rule,) = rules
        assert rule["to"] == [{"podSelector": {"matchLabels": labels}}]
        assert rule["ports"] == [{"port": port}]
    assert deployment()["spec"]["replicas"] == 1
    (container,) = deployment()["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"containerPort": port}]


def test_every_call_of_configure_in_the_text_can_be_made() -> None:
    calls = [code for code in blocks("python") if "configure(" in code]
    assert len(calls) == 3
    for code in calls:
        c = Config()
        exec("from parallab.hub import configure\n" + code, {"c": c})
        assert [one["name"] for one in c.JupyterHub.services] == ["parallab"]


#: TLJH's own specification of the hooks that we have, for where TLJH is not: PyPI does not have it. ``PARALLAB_TLJH``
#: names a folder with its source, and that is taken then.
HOOKS = """
import pluggy
hookspec = pluggy.HookspecMarker("tljh")
hookimpl = pluggy.HookimplMarker("tljh")
@hookspec
def tljh_extra_user_pip_packages(): pass
@hookspec
def tljh_extra_hub_pip_packages(): pass
@hookspec
def tljh_custom_jupyterhub_config(c): pass
"""
#: As TLJH's installer and its jupyterhub_config.py call them.
CALLS = """
import json, pluggy
from tljh import hooks
from traitlets.config import Config
manager = pluggy.PluginManager("tljh")
manager.add_hookspecs(hooks)
manager.load_setuptools_entrypoints("tljh")
manager.check_pending()
c = Config()
c.JupyterHub.services = [{"name": "cull-idle"}]
manager.hook.tljh_custom_jupyterhub_config(c=c)
print(json.dumps({
    "plugins": [name for name, _ in manager.list_name_plugin()],
    "user": manager.hook.tljh_extra_user_pip_packages(),
    "hub": manager.hook.tljh_extra_hub_pip_packages(),
    "services": c.JupyterHub.services,
}))
"""


def test_tljh_finds_the_plugin_and_its_hooks_do_what_they_say(tmp_path: Path) -> None:
    source = os.environ.get("PARALLAB_TLJH", "")
    if not source:
        (tmp_path / "tljh").mkdir()
        (tmp_path / "tljh" / "__init__.py").touch()
        (tmp_path / "tljh" / "hooks.py").write_text(HOOKS)
    # A process of its own: here the plugin may have been imported already, where there was no TLJH to hook into.
    done = subprocess.run(
        [sys.executable, "-c", CALLS],
        env={**os.environ, "PYTHONPATH": source or str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "parallab" in told["plugins"]
    assert told["user"] == [[f"parallab=={version('parallab')}"]]
    assert told["hub"] == [[f"parallab[hub]=={version('parallab')}"]]
    assert [one["name"] for one in told["services"]] == ["cull-idle", "parallab"]
    settings = read(told["services"][1]["environment"])
    assert settings.instructors == ("parallab-instructors",)
    assert settings.database == "sqlite:////opt/tljh/state/parallab_class.sqlite"


CONFIG = """
import os
from parallab.hub import configure
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.load_groups = {"teachers": {"users": ["teach"]}}
configure(c, instructors=["teachers"], url=SERVICE_URL, external=True, api_token="TOKEN")
"""


class OwnService:
    """The service as a Deployment runs it, with the environment that the text names."""

    def __init__(self, hub: rig.RealHub, token: str, database: str, folder: Path) -> None:
        (container,) = deployment()["spec"]["template"]["spec"]["containers"]
        named = {one["name"]: one.get("value") for one in container["env"]}
        settings = Settings(database=database, instructors=("teachers",))
        named |= {
            "JUPYTERHUB_API_TOKEN": token,
            VARIABLE: msgspec.json.encode(settings).decode(),
            "JUPYTERHUB_API_URL": hub.api_url,
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{hub.service_port}",
        }
        self._environment = {name: str(value) for name, value in named.items()}
        self._command = [hub.python, *container["command"][1:]]
        self._log = folder / "service.log"
        self._health = f"{hub.direct}health"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(rig.FOREIGN)}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=kept | self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        rig.until(self._answers, "the service answers")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self._log.read_text()
        return rig.ask("GET", self._health).status == 200

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(rig.PATIENCE)

    def __enter__(self) -> OwnService:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    if why := rig.missing() or postgres.missing():
        pytest.skip(why)
    with postgres.running() as address:
        yield address


@pytest.mark.timeout(900)
def test_a_service_of_its_own_on_postgresql_is_killed_and_back_and_nothing_is_lost(
    database: str, tmp_path: Path
) -> None:
    token = secrets.token_hex(16)
    hub = rig.RealHub(tmp_path / "hub", CONFIG.replace("TOKEN", token), external=True)
    with hub.running(), OwnService(hub, token, database, tmp_path) as service:
        ada = hub.token_of("ada", f"{Scopes('parallab').report}!user=ada")
        teacher = hub.token_of("teach")
        sent = []

        def report(kind: str) -> int:
            sent.append(
                {"id": secrets.token_hex(16), "age": 0.0, "lab": "L04", "step": "one", "version": 1, "kind": kind}
            )
            body = {"schema": 1, "reports": sent}
            new: int = rig.ask("POST", f"{hub.direct}api/reports", token=ada, body=body).json["new"]
            return new

        assert (report("hint"), report("solution")) == (1, 1)
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
        service.start()
        assert report("hint") == 1, "the first two are still there, and count once"
        assert service.stop() == 0
        service.start()
        record = rig.ask("GET", f"{hub.direct}api/me", token=ada).json["record"]["labs"]["L04"]["one"]
        assert record["assisted"]

        def page() -> str:
            return rig.ask("GET", f"{hub.direct}class/~everybody", token=teacher).text

        rig.until(lambda: ">ada<" in page(), "the Hub says who there is")
        assert ">teach<" not in page(), "who teaches is no learner"
        # The Hub's own proxy leads to it, too, once the Hub has looked again, and from there to the Hub's login.
        assert hub.api("POST", "proxy").status == 200
        reply = rig.ask("GET", f"{hub.page}class/~everybody", headers={"Sec-Fetch-Mode": "navigate"})
        assert "client_id=service-parallab" in reply.headers["Location"]
        assert service.stop() == 0
        assert token not in (tmp_path / "service.log").read_text()
