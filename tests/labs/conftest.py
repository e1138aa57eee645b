"""Of the many answers in unseen/, a plain run takes a few kernels' worth; ``-m slow`` takes the others."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "slow" in config.option.markexpr or any("test_unseen.py::" in argument for argument in config.args):
        return
    late = [item for item in items if item.path.name == "test_unseen.py" and item.get_closest_marker("slow")]
    if late:
        config.hook.pytest_deselected(items=late)
        items[:] = [item for item in items if item not in late]
