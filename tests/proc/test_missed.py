"""Nothing is missed of what lives shortly: each way to start it, each way to end; 1,000 each in bench_missed."""

from __future__ import annotations

import pytest

from missed import WAYS, kernel_for, measure_in

METHODS = ("fork", "spawn", "forkserver")


@pytest.mark.asyncio
@pytest.mark.parametrize("method", METHODS)
async def test_short_lives_are_all_recorded(method: str) -> None:
    kernel = await kernel_for(method)
    try:
        for way in WAYS:
            if way.method == method:
                missed = await measure_in(kernel, way, 20)
                assert missed.nothing, missed
                assert missed.n >= 20, missed
    finally:
        await kernel.end()
