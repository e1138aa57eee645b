"""A plain run leaves out what is marked slow; ``-m slow``, or naming a test with ``::``, takes it."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "slow" in config.option.markexpr or any("::" in argument for argument in config.args):
        return
    late = [item for item in items if item.get_closest_marker("slow")]
    if late:
        config.hook.pytest_deselected(items=late)
        items[:] = [item for item in items if item not in late]
