"""What the class service is told by whoever runs the Hub: written by ``configure``, read by the service."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

#: The environment variable that carries it, as JSON.
VARIABLE = "PARALLAB_CLASS_SETTINGS"


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class: its learners are the Hub group of its name; staff see it, instructors also grade it."""

    title: str = ""
    staff: tuple[str, ...] = ()
    instructors: tuple[str, ...] = ()


class Lti(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An LMS that takes grades by LTI 1.3 (Assignment and Grade Services).

    ``key_file`` is our private key (PEM). ``line_items`` is the address that the LMS gave for each class's line
    items. ``users`` are the LMS's ids by the Hub's names; where a name is missing, the Hub's own auth_state is asked.
    """

    issuer: str
    client_id: str
    deployment_id: str
    token_url: str
    key_file: str
    line_items: dict[str, str]
    key_set_url: str = ""
    audience: str = ""
    users: dict[str, str] = {}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. ``classes`` empty means one class of everybody; ``retention`` is in days, 0 for ever.

    ``jobs`` is how many notebooks *Check all* runs at once; ``replays``, whether films of checked runs are kept.
    """

    service: str = "parallab"
    database: str = "sqlite:///parallab_class.sqlite"
    classes: dict[str, Group] = {}
    instructors: tuple[str, ...] = ()
    retention: int = 0
    jobs: int = 1
    replays: bool = True
    lti: Lti | None = None


class SettingsError(ValueError):
    """The settings cannot be used; the text says which, and what to do."""


class CannotOpen(Exception):
    """The database that the settings name cannot be opened now; the text says how, and nothing secret."""


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in this environment.

    :raises SettingsError: they are missing, or not well-formed.
    """
    text = environment.get(VARIABLE, "")
    if not text:
        raise SettingsError(f"{VARIABLE} is not set: start the class service by parallab.hub.configure(c, …).")
    try:
        return msgspec.json.decode(text, type=Settings)
    except msgspec.DecodeError as error:
        raise SettingsError(f"{VARIABLE} is not what parallab.hub.configure writes: {error}.") from None
