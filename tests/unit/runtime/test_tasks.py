"""Background tasks are kept, counted, and their failures reported without what they hold."""

import asyncio
import gc
from typing import Any

import pytest
from tests.kit.until import until

from lockgate.runtime.tasks import TaskFailed, live, places, spawn


def _reports(loop: asyncio.AbstractEventLoop) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: seen.append(context))
    return seen


def test_a_task_gives_its_result_and_bears_its_name() -> None:
    async def seven() -> int:
        return 7

    async def main() -> None:
        task = spawn(seven(), name="seven")
        assert task.get_name() == "seven"
        assert await task == 7

    asyncio.run(main())


def test_a_forgotten_task_survives_the_garbage_collector() -> None:
    async def main() -> None:
        done: list[str] = []

        async def slow() -> None:
            # Nothing else refers to this future, as with a timer that nobody holds.
            await asyncio.sleep(0.001)
            done.append("yes")

        spawn(slow(), name="forgotten")
        await asyncio.sleep(0)
        gc.collect()
        await until(lambda: not live())
        assert done == ["yes"]

    asyncio.run(main())


def test_live_counts_the_tasks_of_its_loop_until_they_are_done() -> None:
    async def main() -> None:
        assert live() == 0
        gate = asyncio.Event()
        tasks = [spawn(gate.wait(), name=f"waits {n}") for n in range(3)]
        assert live() == 3
        gate.set()
        await asyncio.gather(*tasks)
        assert live() == 0

    asyncio.run(main())


def test_a_failure_reaches_the_handler_without_its_text() -> None:
    async def main() -> None:
        seen = _reports(asyncio.get_running_loop())

        async def fails() -> None:
            try:
                raise KeyError("canary-inner")
            except KeyError as error:
                raise ValueError("canary-outer") from error

        spawn(fails(), name="fails")
        await until(lambda: not live())
        await asyncio.sleep(0)
        (context,) = seen
        assert context["message"] == "task failed: fails"
        failed = context["exception"]
        assert isinstance(failed, TaskFailed)
        assert failed.__cause__ is None
        assert failed.__context__ is None
        assert "builtins.ValueError at" in str(failed)
        assert "caused by builtins.KeyError at" in str(failed)
        assert "test_tasks.py:" in str(failed)
        assert "canary" not in f"{context}"

    asyncio.run(main())


def test_whoever_awaits_gets_the_real_exception() -> None:
    async def fails() -> None:
        raise ValueError("for the one who asked")

    async def main() -> None:
        _reports(asyncio.get_running_loop())
        with pytest.raises(ValueError, match="for the one who asked"):
            await spawn(fails(), name="fails")

    asyncio.run(main())


def test_a_cancelled_task_is_no_failure() -> None:
    async def main() -> None:
        seen = _reports(asyncio.get_running_loop())
        task = spawn(asyncio.Event().wait(), name="cancelled")
        await asyncio.sleep(0)
        task.cancel()
        await until(lambda: not live())
        assert seen == []

    asyncio.run(main())


def test_places_end_on_exceptions_that_cause_each_other() -> None:
    first, second = ValueError("a"), KeyError("b")
    first.__cause__, second.__cause__ = second, first
    assert places(first) == "builtins.ValueError; caused by builtins.KeyError"
