"""Sets a JupyterHub up for the class service, beside whatever its configuration says already.

Runs in the Hub's process, which need not have the service's own requirements.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from traitlets.config.loader import LazyConfigValue

from parallab.hub.rights import EVERYBODY, Scopes
from parallab.hub.settings import VARIABLE, Group, Lti, Settings, SettingsError

#: What the Hub gives a learner's server when nothing is configured: without these it would not start.
SERVER_SCOPES = ("users:activity!user", "access:servers!server")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*[a-z0-9]")


def configure(
    c: Any,
    *,
    instructors: Iterable[str] = (),
    classes: Mapping[str, Mapping[str, Any]] | None = None,
    database: str = "sqlite:///parallab_class.sqlite",
    url: str = "http://127.0.0.1:10101",
    service: str = "parallab",
    user: str = "",
    retention: int = 0,
    jobs: int = 1,
    replays: bool = True,
    lti: Mapping[str, Any] | None = None,
    api_token: str = "",
    external: bool = False,
) -> None:
    """Adds the class service to the Hub's configuration ``c``.

    :param instructors: Hub groups whose members see and grade every class.
    :param classes: by Hub group of learners: ``{"staff": [groups], "instructors": [groups], "title": text}``.
        None: one class of everybody on the Hub.
    :param database: SQLAlchemy's address of it; a relative SQLite path is below the Hub's folder.
    :param url: where the service listens, as learners' servers reach it. Not through the Hub's proxy.
    :param service: its name, and so its page ``/services/NAME/``.
    :param user: the system user to run it as; the Hub's own if empty.
    :param retention: days after which what was reported is deleted; 0 keeps it.
    :param jobs: notebooks that *Check all* runs at once; learners work on the same machine.
    :param replays: whether learners' servers send what a checked run did, to be watched on the learner's page.
    :param lti: an LMS that takes grades: the fields of :class:`parallab.hub.settings.Lti`.
    :param api_token: a token of your own for the service, where it runs elsewhere.
    :param external: the Hub does not start it: you do, with the environment that docs/instructors.md names.
    :raises SettingsError: something does not fit; the text says what.
    """
    settings = _settings(service, database, instructors, classes, retention, jobs, lti, replays=replays)
    if external and not api_token:
        raise SettingsError("configure(c, external=True) needs api_token=…, the one that the service is started with.")
    scopes = Scopes(service)
    hub = c.JupyterHub
    hub.custom_scopes = {
        scopes.report: {"description": "Report one's own progress in Parallab to the class"},
        scopes.read: {"description": "See a class's progress in Parallab and answer its questions"},
        scopes.teach: {"description": "Grade a class in Parallab, set its deadlines, delete its records"},
        **_dict(hub, "custom_scopes"),
    }
    hub.services = [*_list(hub, "services"), _service(settings, url, user, api_token, external=external)]
    hub.load_roles = _with_roles(c, settings, scopes)
    _let_servers_report(c, scopes)
    _tell_servers(c, url, service)


def _settings(
    service: str,
    database: str,
    instructors: Iterable[str],
    classes: Mapping[str, Mapping[str, Any]] | None,
    retention: int,
    jobs: int,
    lti: Mapping[str, Any] | None,
    *,
    replays: bool,
) -> Settings:
    if not _NAME.fullmatch(service):
        raise SettingsError(f"The service's name must be of a-z, 0-9, - and _; it is {service!r}.")
    if isinstance(instructors, str):
        raise SettingsError(f"instructors is a list of Hub groups, as [{instructors!r}].")
    if retention < 0:
        raise SettingsError(f"retention is a number of days, 0 for ever; it is {retention}.")
    if jobs < 1:
        raise SettingsError(f"jobs is how many notebooks are checked at once, 1 or more; it is {jobs}.")
    try:
        groups = {name: msgspec.convert(dict(group), Group) for name, group in (classes or {}).items()}
        platform = msgspec.convert(dict(lti), Lti) if lti is not None else None
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise SettingsError(f"The classes or lti given to configure(c, …) cannot be used: {error}.") from None
    if EVERYBODY in groups:
        raise SettingsError(f"A class is a Hub group; leave classes out for one class of everybody, not {EVERYBODY!r}.")
    return Settings(service, database, groups, tuple(instructors), retention, jobs, replays, platform)


def _service(settings: Settings, url: str, user: str, api_token: str, *, external: bool) -> dict[str, Any]:
    scopes = Scopes(settings.service)
    made: dict[str, Any] = {
        "name": settings.service,
        "url": url,
        "display": True,
        "oauth_no_confirm": True,
        # What a page's token may at most: an instructor's own rights as to classes, and nothing else.
        "oauth_client_allowed_scopes": [scopes.read, scopes.teach],
    }
    if api_token:
        made["api_token"] = api_token
    if not external:
        made["command"] = [sys.executable, "-m", "parallab.hub"]
        made["environment"] = {VARIABLE: msgspec.json.encode(settings).decode()}
        if user:
            made["user"] = user
    return made


def _with_roles(c: Any, settings: Settings, scopes: Scopes) -> list[dict[str, Any]]:
    """The roles there are, ours, and the user's own right to report."""
    service = settings.service
    page = f"access:services!service={service}"
    reading = ["list:users", "read:users:name", "read:users:groups", "list:groups", "read:groups"]
    if settings.lti is not None:
        reading.append("admin:auth_state")
    ours: list[dict[str, Any]] = [{"name": f"{service}-service", "services": [service], "scopes": reading}]
    if settings.instructors:
        ours.append(
            {
                "name": f"{service}-instructors",
                "description": "See and grade all classes in Parallab",
                "scopes": [scopes.read, scopes.teach, page],
                "groups": list(settings.instructors),
            }
        )
    for number, (name, group) in enumerate(settings.classes.items(), 1):
        one = f"!group={name}"
        for kind, groups, allowed in (
            ("staff", group.staff, [scopes.read + one]),
            ("instructors", group.instructors, [scopes.read + one, scopes.teach + one]),
        ):
            if groups:
                ours.append(
                    {
                        "name": f"{service}-class-{number}-{kind}",
                        "description": f"{kind.capitalize()} of {group.title or name} in Parallab"[:255],
                        "scopes": [*allowed, page],
                        "groups": list(groups),
                    }
                )
    roles = [*_list(c.JupyterHub, "load_roles"), *ours]
    report = f"{scopes.report}!user"
    for place, role in enumerate(roles):
        if role.get("name") == "user":
            roles[place] = {**role, "scopes": _joined(role.get("scopes", ["self"]), [report])}
            return roles
    if _has_extra_user_scopes():
        c.JupyterHub.extra_user_scopes = set(_joined(_get(c.JupyterHub, "extra_user_scopes", set()), [report]))
        return roles
    return [*roles, {"name": "user", "scopes": ["self", report]}]


def _has_extra_user_scopes() -> bool:
    """JupyterHub 6 lets users have more scopes without saying again those that they have."""
    from jupyterhub.app import JupyterHub

    return bool(JupyterHub.class_traits().get("extra_user_scopes"))


def _let_servers_report(c: Any, scopes: Scopes) -> None:
    """Every spawner class whose scopes somebody has set, or else all of them."""
    report = f"{scopes.report}!user"
    # Without scopes of the spawner's own, a server has those of the role of that name.
    roles = {role.get("name"): role for role in _list(c.JupyterHub, "load_roles")}
    usual = list(roles.get("server", {}).get("scopes", SERVER_SCOPES))
    set_by = [section for section in _spawners(c) if "server_token_scopes" in section]
    for section in set_by or [c.Spawner]:
        was = _get(section, "server_token_scopes", [])
        if callable(was):
            section.server_token_scopes = _also(was, usual, report)
        else:
            section.server_token_scopes = _joined(was or usual, [report])


def _also(before: Callable[[Any], Sequence[str]], usual: Sequence[str], scope: str) -> Callable[[Any], list[str]]:
    return lambda spawner: _joined(before(spawner) or usual, [scope])


def _tell_servers(c: Any, url: str, service: str) -> None:
    address = f"{url.rstrip('/')}{_base(c)}services/{service}/"
    set_by = [section for section in _spawners(c) if "environment" in section]
    for section in set_by or [c.Spawner]:
        section.environment = {"PARALLAB_CLASS_URL": address, **_dict(section, "environment")}


def _spawners(c: Any) -> list[Any]:
    return [section for name, section in list(c.items()) if name.endswith("Spawner")]


def _base(c: Any) -> str:
    """The Hub's base_url, with slashes at both ends; bind_url may carry it, too."""
    from urllib.parse import urlsplit

    base = _get(c.JupyterHub, "base_url", "") or urlsplit(_get(c.JupyterHub, "bind_url", "") or "").path
    return f"/{base.strip('/')}/" if base.strip("/") else "/"


def _get(section: Any, name: str, default: Any) -> Any:
    """What is configured, also where ``.append`` and the like were used on it."""
    if name not in section:
        return default
    value = section[name]
    return value.get_value(default) if isinstance(value, LazyConfigValue) else value


def _list(section: Any, name: str) -> list[Any]:
    return list(_get(section, name, []))


def _dict(section: Any, name: str) -> dict[str, Any]:
    return dict(_get(section, name, {}))


def _joined(scopes: Iterable[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*scopes, *more]))
