"""Waiting in tests: for a condition, not for a time."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], *, within_s: float = 20.0) -> None:
    """Returns once ``condition()`` is true; fails the test when that takes longer than any machine could need."""
    for step in range(int(within_s / 0.002)):
        if condition():
            return
        await asyncio.sleep(0 if step < 10 else 0.002)
    raise AssertionError("the condition did not come true")
