"""Back-pressure: a caller who reads slowly pauses the answer, costs little, and gets everything in the end."""

import asyncio
import socket

import pytest
from tests.kit.loop import run
from tests.kit.until import until
from tests.unit.runtime.http1.conversation import Ear, Recorder, Upstream, line_to, pool_of, serving, silent, upstream_of

from lockgate.runtime.http1.client import Call
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request

GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
STALLED_BYTES = 256 * 1024


def test_a_slow_reader_pauses_and_resumes_the_answer_and_gets_all_of_it() -> None:
    async def main() -> None:
        ear = Ear()
        recorder = Recorder(silent)
        async with serving(recorder) as (_, port), line_to(port) as line:
            transport = line.reader._transport  # type: ignore[attr-defined]
            transport.pause_reading()
            await line.say(GET)
            await until(lambda: recorder.replies)
            reply = recorder.replies[0]
            reply.listen(ear)
            reply.start(200, b"")
            sent = 0
            while not reply.paused:
                reply.data(bytes(16_384))
                sent += 16_384
                await asyncio.sleep(0)
            assert ear.heard == ["paused"]
            transport.resume_reading()
            status = asyncio.ensure_future(line.answer())
            await until(lambda: not reply.paused)
            reply.end()
            assert len((await status)[2]) == sent
        assert ear.heard[:2] == ["paused", "resumed"]

    run(main())


def test_while_an_answer_is_not_read_no_further_request_is_taken() -> None:
    async def main() -> None:
        recorder = Recorder(lambda request, reply: reply.send(200, b"", bytes(4_000_000)))
        async with serving(recorder) as (_, port), line_to(port) as line:
            transport = line.reader._transport  # type: ignore[attr-defined]
            transport.pause_reading()
            await line.say(GET * 5)
            await until(lambda: recorder.requests)
            for _ in range(20):
                await asyncio.sleep(0.001)
            assert len(recorder.requests) == 1
            await line.say(GET)
            transport.resume_reading()
            for _ in range(6):
                assert len((await line.answer())[2]) == 4_000_000

    run(main())


class Relaying:
    """Relays an upstream's answer to the caller, with back-pressure; counts what waits in between."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.call: Call | None = None
        self.received = 0
        reply.listen(self)

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.reply.start(status, b"")

    def upstream_data(self, data: bytes) -> None:
        self.received += len(data)
        self.reply.data(data)

    def upstream_end(self) -> None:
        self.reply.end()

    def upstream_failed(self, fault: object) -> None:
        self.reply.abort()

    def caller_gone(self) -> None:
        assert self.call is not None
        self.call.abort()

    def caller_paused(self) -> None:
        assert self.call is not None
        self.call.pause()

    def caller_resumed(self) -> None:
        assert self.call is not None
        self.call.resume()


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_stalled_reader_of_a_relayed_stream_costs_at_most_256_kib(loop: str) -> None:
    total = 16_000_000
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (total, bytes(total))

    async def main() -> None:
        relays: list[Relaying] = []
        async with upstream_of(Upstream([answer])) as origin, pool_of() as pool:

            def act(request: Request, reply: Reply) -> None:
                relay = Relaying(reply)
                relays.append(relay)
                relay.call = pool.call(origin, GET, b"", relay)

            async with serving(Recorder(act)) as (server, port), line_to(port) as line:
                transport = line.reader._transport  # type: ignore[attr-defined]
                transport.pause_reading()
                await line.say(GET)
                await until(lambda: relays and relays[0].reply.paused)
                for _ in range(100):
                    await asyncio.sleep(0.001)
                connection = next(iter(server._shared.connections))
                waiting = connection._transport.get_write_buffer_size()  # type: ignore[attr-defined]
                assert 0 < waiting <= STALLED_BYTES - 64 * 1024  # what the kernel keeps unsent comes on top
                transport.resume_reading()
                assert len((await line.answer())[2]) == total

    if loop == "uvloop":
        run(main())
    else:
        asyncio.run(main())


def test_a_listening_socket_bounds_what_the_kernel_keeps_unsent_and_does_not_delay() -> None:
    async def main() -> None:
        recorder = Recorder(silent)
        async with serving(recorder) as (server, port), line_to(port) as line:
            await line.say(GET)
            await until(lambda: recorder.replies)
            connection = next(iter(server._shared.connections))
            sock = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 64 * 1024
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    run(main())
