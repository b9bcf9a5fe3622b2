"""What connections share: counts that can be waited for, a date, reports without content."""

import asyncio

from tests.kit.loop import run
from tests.unit.runtime.http1.conversation import Recorder

from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.shared import Shared


def test_whoever_waits_is_woken_when_the_last_exchange_settles() -> None:
    async def main() -> None:
        shared = Shared(asyncio.get_running_loop(), Recorder(), Limits())
        await shared.wait_idle()
        await shared.wait_gone()
        shared.in_flight = 2
        waiters = [asyncio.ensure_future(shared.wait_idle()) for _ in range(2)]
        await asyncio.sleep(0)
        shared.settled()
        await asyncio.sleep(0)
        assert not any(waiter.done() for waiter in waiters)
        shared.settled()
        await asyncio.gather(*waiters)

    run(main())


def test_the_date_is_the_one_of_its_second() -> None:
    async def main() -> None:
        shared = Shared(asyncio.get_running_loop(), Recorder(), Limits())
        assert shared.renew_date(0) == b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
        assert shared.date == shared.renew_date(0)
        assert shared.second == 0

    run(main())


def test_a_report_has_the_type_of_an_error_and_not_its_text() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        reports: list[dict[str, object]] = []
        loop.set_exception_handler(lambda _, context: reports.append(context))
        Shared(loop, Recorder(), Limits()).report("it failed", ValueError("secret"))
        assert "ValueError" in str(reports[0]["exception"])
        assert "secret" not in str(reports)

    run(main())
