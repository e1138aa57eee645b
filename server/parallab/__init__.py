"""Parallab: a course in Python concurrency that watches the learner's real processes.

Importing the package does nothing; it only tells Jupyter where the two extensions are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["__version__"]


if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        # Looked up when asked for: every import of a part of the package would pay for it otherwise.
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version

        return version("parallab")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "parallab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from parallab.app import ParallabApp

    return [{"module": "parallab", "app": ParallabApp}]
