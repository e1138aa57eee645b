"""The Littlest JupyterHub's plugin: installs Parallab for users and for the Hub, and sets the class service up.

Found by the entry point ``tljh``. Everybody in the Hub group ``parallab-instructors`` sees and grades the class.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeVar

from parallab.hub.configure import configure

Hook = TypeVar("Hook", bound=Callable[..., Any])


def hookimpl(function: Hook) -> Hook:
    """Marks a hook as TLJH does, where TLJH is."""
    try:
        from tljh import hooks
    except ImportError:  # elsewhere there is nobody to hook into
        return function
    marked: Hook = hooks.hookimpl(function)
    return marked


INSTRUCTORS = "parallab-instructors"
#: Below TLJH's state folder, which only root may read.
DATABASE = "sqlite:////opt/tljh/state/parallab_class.sqlite"


@hookimpl
def tljh_extra_user_pip_packages() -> list[str]:
    """Of the users' environment."""
    return [f"parallab=={version('parallab')}"]


@hookimpl
def tljh_extra_hub_pip_packages() -> list[str]:
    """Of the Hub's environment, in which the class service runs."""
    return [f"parallab[hub]=={version('parallab')}"]


@hookimpl
def tljh_custom_jupyterhub_config(c: Any) -> None:
    """Of the Hub."""
    configure(c, instructors=[INSTRUCTORS], database=DATABASE)
