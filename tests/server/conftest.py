"""A real Jupyter server for these tests, and their coroutines run on its loop."""

from __future__ import annotations

from pytest_jupyter.jupyter_core import *  # noqa: F403
from pytest_jupyter.jupyter_server import *  # noqa: F403
from pytest_jupyter.pytest_tornasync import *  # noqa: F403
