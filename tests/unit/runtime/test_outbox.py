"""Writes of one turn go out together, in order, and never after their transport was closed."""

import asyncio
from typing import Any

from tests.kit.loop import run

from lockgate.runtime.outbox import FULL_BYTES, Outbox, outbox_of


class Transport(asyncio.WriteTransport):
    def __init__(self, log: list[tuple[str, bytes]], name: str) -> None:
        super().__init__()
        self.log, self.name, self.closing = log, name, False

    def write(self, data: Any) -> None:
        if data == b"broken":
            raise RuntimeError
        self.log.append((self.name, bytes(data)))

    def is_closing(self) -> bool:
        return self.closing


def busy(outbox: Outbox) -> Outbox:
    """An outbox that has just written: what comes now is gathered."""
    outbox._wrote_at = float("inf")
    return outbox


def test_writes_go_out_at_the_end_of_the_turn_in_order() -> None:
    async def main() -> list[tuple[str, bytes]]:
        log: list[tuple[str, bytes]] = []
        one, other = Transport(log, "one"), Transport(log, "other")
        outbox = busy(outbox_of(asyncio.get_running_loop()))
        outbox.write(one, b"1")
        outbox.write(other, b"2")
        outbox.write(one, b"3")
        assert log == []
        await asyncio.sleep(0)
        return log

    assert run(main()) == [("one", b"1"), ("other", b"2"), ("one", b"3")]


def test_a_loop_has_one_outbox() -> None:
    async def main() -> tuple[Outbox, Outbox]:
        loop = asyncio.get_running_loop()
        return outbox_of(loop), outbox_of(loop)

    first, second = run(main())
    assert first is second


def test_nothing_is_written_to_a_transport_that_was_closed_meanwhile() -> None:
    async def main() -> list[tuple[str, bytes]]:
        log: list[tuple[str, bytes]] = []
        gone, here = Transport(log, "gone"), Transport(log, "here")
        outbox = busy(Outbox(asyncio.get_running_loop()))
        outbox.write(gone, b"1")
        outbox.write(here, b"2")
        gone.closing = True
        outbox.flush()
        return log

    assert run(main()) == [("here", b"2")]


def test_more_than_the_bound_does_not_wait() -> None:
    async def main() -> int:
        log: list[tuple[str, bytes]] = []
        outbox = busy(Outbox(asyncio.get_running_loop()))
        outbox.write(Transport(log, "one"), bytes(FULL_BYTES + 1))
        return len(log)

    assert run(main()) == 1


def test_a_write_that_fails_is_reported_and_keeps_nobody_elses_back() -> None:
    async def main() -> tuple[list[tuple[str, bytes]], list[dict[str, Any]]]:
        log: list[tuple[str, bytes]] = []
        told: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context))
        outbox = busy(Outbox(loop))
        outbox.write(Transport(log, "bad"), b"broken")
        outbox.write(Transport(log, "good"), b"2")
        outbox.flush()
        return log, told

    log, told = run(main())
    assert log == [("good", b"2")]
    assert [context["message"] for context in told] == ["a write failed"]


def test_a_single_exchange_is_written_at_once() -> None:
    class Server:
        in_flight = 1

    async def main() -> tuple[int, int]:
        log: list[tuple[str, bytes]] = []
        outbox = busy(Outbox(asyncio.get_running_loop()))
        server = Server()
        outbox.servers.append(server)
        one = Transport(log, "one")
        outbox.write(one, b"1")
        alone = len(log)
        server.in_flight = 2
        outbox.write(one, b"2")
        return alone, len(log)

    assert run(main()) == (1, 1)


def test_the_first_write_after_a_pause_goes_out_at_once() -> None:
    async def main() -> list[int]:
        log: list[tuple[str, bytes]] = []
        outbox = Outbox(asyncio.get_running_loop())
        one = Transport(log, "one")
        outbox.write(one, b"1")
        first = len(log)
        busy(outbox).write(one, b"2")
        gathered = len(log)
        outbox.flush()
        return [first, gathered, len(log)]

    assert run(main()) == [1, 1, 2]
