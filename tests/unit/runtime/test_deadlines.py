"""Deadlines expire once, in order, and cost nothing when there are none."""

import asyncio

from tests.kit.loop import run
from tests.kit.until import until

from lockgate.runtime.deadlines import Deadlines


def test_what_is_armed_expires_once_in_the_order_of_arming() -> None:
    async def main() -> None:
        expired: list[str] = []
        deadlines = Deadlines(asyncio.get_running_loop(), 0.01, expired.append)
        for name in "abc":
            deadlines.arm(name)
        assert len(deadlines) == 3
        await until(lambda: len(expired) == 3)
        assert expired == ["a", "b", "c"]
        assert len(deadlines) == 0

    run(main())


def test_what_is_disarmed_does_not_expire() -> None:
    async def main() -> None:
        expired: list[str] = []
        deadlines = Deadlines(asyncio.get_running_loop(), 0.01, expired.append)
        deadlines.arm("a")
        deadlines.arm("b")
        deadlines.disarm("a")
        deadlines.disarm("never armed")
        assert "a" not in deadlines
        await until(lambda: expired)
        assert expired == ["b"]

    run(main())


def test_arming_and_touching_start_anew() -> None:
    async def main() -> None:
        expired: list[str] = []
        deadlines = Deadlines(asyncio.get_running_loop(), 0.02, expired.append)
        for name in "abc":
            deadlines.arm(name)
        deadlines.touch("a")
        deadlines.arm("b")
        deadlines.touch("not armed")
        await until(lambda: len(expired) == 3)
        assert expired == ["c", "a", "b"]

    run(main())


def test_an_expired_object_may_be_armed_again_from_within() -> None:
    async def main() -> None:
        expired: list[str] = []

        def again(name: str) -> None:
            expired.append(name)
            if len(expired) < 3:
                deadlines.arm(name)

        deadlines = Deadlines(asyncio.get_running_loop(), 0.005, again)
        deadlines.arm("a")
        await until(lambda: len(expired) == 3)
        assert len(deadlines) == 0

    run(main())


def test_an_object_disarmed_by_an_earlier_one_does_not_expire() -> None:
    async def main() -> None:
        expired: list[str] = []

        def first(name: str) -> None:
            expired.append(name)
            deadlines.disarm("b")

        deadlines = Deadlines(asyncio.get_running_loop(), 0.005, first)
        deadlines.arm("a")
        deadlines.arm("b")
        deadlines.arm("c")
        await until(lambda: "c" in expired)
        assert expired == ["a", "c"]

    run(main())


def test_an_action_that_fails_is_reported_and_does_not_stop_the_others() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        reports: list[object] = []
        loop.set_exception_handler(lambda _, context: reports.append(context["exception"]))
        expired: list[str] = []

        def act(name: str) -> None:
            if name == "a":
                raise ValueError("no")
            expired.append(name)

        deadlines = Deadlines(loop, 0.005, act)
        deadlines.arm("a")
        deadlines.arm("b")
        await until(lambda: expired)
        assert [type(report) for report in reports] == [ValueError]

    run(main())


def test_a_duration_of_nothing_is_never() -> None:
    async def main() -> None:
        deadlines = Deadlines[str](asyncio.get_running_loop(), 0, lambda name: None)
        deadlines.arm("a")
        assert len(deadlines) == 0

    run(main())


def test_nothing_expires_early() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        at: dict[int, float] = {}
        expired: dict[int, float] = {}
        deadlines = Deadlines[int](loop, 0.05, lambda number: expired.__setitem__(number, loop.time()))
        for number in range(20):
            deadlines.arm(number)
            at[number] = loop.time()
            await asyncio.sleep(0.002)
        await until(lambda: len(expired) == 20)
        assert all(expired[number] - at[number] >= 0.05 - 0.05 / 20 - 0.002 for number in at)

    run(main())
