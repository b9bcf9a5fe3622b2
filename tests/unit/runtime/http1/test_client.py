"""Answers of upstreams: strict, however they are split, and every failure once and without the upstream's bytes."""

import asyncio

import pytest
from tests.kit.loop import run
from tests.kit.until import until
from tests.unit.runtime.http1.conversation import HEAD, Receiver, Upstream, ask, pool_of, upstream_of

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

READABLE = [
    (OK + b"Content-Length: 2\r\n\r\nok", 200, b"ok", True),
    (OK + b"Content-Length: 0\r\n\r\n", 200, b"", True),
    (OK + b"Content-Length:\t2 \r\nX: \xff\r\n\r\nok", 200, b"ok", True),
    (CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\nT: t\r\n\r\n", 200, b"ok", True),
    (OK + b"transfer-encoding: Chunked\r\n\r\n0\r\n\r\n", 200, b"", True),
    (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", False),
    (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", True),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    (b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, b"", True),
    (b"HTTP/1.1 503\r\nContent-Length: 2\r\n\r\nok", 503, b"ok", True),
    (b"HTTP/1.1 429 \r\nContent-Length: 2\r\n\r\nok", 429, b"ok", True),
    (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, b"", True),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", 200, b"ok", True),
    (OK + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", True),
    (OK + b"Content-Length: 2\r\n\r\nok" + OK + b"Content-Length: 4\r\n\r\nevil", 200, b"ok", False),
    (OK + b"Content-Length: 2\r\n\r\nokok", 200, b"ok", False),
    (CHUNKED + b"2\r\nok\r\n0\r\n\r\nevil", 200, b"ok", False),
]

UNREADABLE = [
    b"garbage\r\n\r\n",
    b"\x15\x03\x01\x00\x02\x02\x16",
    b"HTTP/2.0 200 OK\r\n\r\n",
    b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"ICY 200 OK\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 40,
    OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    OK + b"Content-Length: 2, 2\r\n\r\nok",
    OK + b"Content-Length: +2\r\n\r\nok",
    OK + b"Content-Length: 99999999999999999999999\r\n\r\nok",
    OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: gzip\r\n\r\nok",
    OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    OK + b"X : y\r\nContent-Length: 0\r\n\r\n",
    OK + b"X: y\r\n z\r\nContent-Length: 0\r\n\r\n",
    OK + b"X: \x00\r\nContent-Length: 0\r\n\r\n",
    OK + b"X: y\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    CHUNKED + b"x\r\n",
    CHUNKED + b"-1\r\n",
    CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
    CHUNKED + b"1\r\na0\r\n\r\n",
    CHUNKED + b"1\na\r\n0\r\n\r\n",
    CHUNKED + b"FFFFFFFFFFFFFFFFF\r\n",
    CHUNKED + b"1;" + b"x" * 200_000,
    CHUNKED + b"0\r\nT: " + b"x" * 200_000,
    OK + b"X: " + b"x" * 200_000,
    OK + b"X: y\r\n" * 20_000,
]


@pytest.mark.parametrize("split", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize(("answer", "status", "body", "reusable"), READABLE)
def test_a_good_answer_is_handed_on_and_its_connection_kept_when_it_may_be(
    answer: bytes, status: int, body: bytes, reusable: bool, split: bool
) -> None:
    async def main() -> None:
        upstream = Upstream([b"" if split else answer])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            receiver = Receiver()
            pool.call(origin, HEAD, b"", receiver)
            if split:
                await until(lambda: upstream.asked)
                await upstream.say([answer[at : at + 1] for at in range(len(answer))])
            await receiver.finished.wait()
            assert (receiver.status, receiver.body, receiver.ends, receiver.faults) == (status, body, 1, [])
            for _ in range(10):
                await asyncio.sleep(0.001)
            assert bool(pool.connections) is reusable

    run(main())


@pytest.mark.parametrize("split", [False, True], ids=["whole", "bytewise"])
def test_an_unreadable_answer_is_a_decode_error_that_quotes_nothing(split: bool) -> None:
    async def one(answer: bytes) -> None:
        upstream = Upstream([b"" if split else answer])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            receiver = Receiver()
            pool.call(origin, HEAD, b"", receiver)
            if split:
                await until(lambda: upstream.asked)
                starts = [*range(300), *range(300, len(answer), 4096)]
                await upstream.say([answer[at : at + (1 if at < 300 else 4096)] for at in starts])
            async with asyncio.timeout(20):
                await receiver.finished.wait()
            assert [fault.kind for fault in receiver.faults] == ["upstream_decode_error"], answer[:80]
            assert not receiver.ends
            message = receiver.faults[0].message
            assert not any(word in message for word in ("xxx", "evil", "garbage", "gzip", "x-"))
            await until(lambda: not pool.connections)

    async def main() -> None:
        await asyncio.gather(*(one(answer) for answer in UNREADABLE))

    run(main())


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"", 0, b""),
        (b"HTTP/1.1 200 O", 0, b""),
        (OK + b"Content-Le", 0, b""),
        (OK + b"Content-Length: 5\r\n\r\n", 200, b""),
        (OK + b"Content-Length: 5\r\n\r\nhell", 200, b"hell"),
        (CHUNKED, 200, b""),
        (CHUNKED + b"5\r\nhell", 200, b"hell"),
        (CHUNKED + b"5\r\nhello\r\n", 200, b"hello"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n", 200, b"hello"),
        (CHUNKED + b"5\r\nhello\r\n0\r\nT: t\r\n", 200, b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", 0, b""),
    ],
)
def test_an_answer_that_ends_early_is_a_transport_error(answer: bytes, status: int, body: bytes) -> None:
    async def main() -> None:
        async with upstream_of(Upstream([answer or None], close_after=True)) as origin, pool_of() as pool:
            receiver = await ask(pool, origin)
            assert (receiver.status, receiver.body, receiver.ends) == (status, body, 0)
            assert [fault.kind for fault in receiver.faults] == ["transport_error"]
            assert ("cut off" in receiver.faults[0].message) is bool(status)

    run(main())


@pytest.mark.parametrize("answer", [OK + b"\r\nall of it", b"HTTP/1.0 200 OK\r\n\r\nall of it", OK + b"Connection: close\r\n\r\nall of it"])
def test_an_answer_without_length_ends_with_the_connection(answer: bytes) -> None:
    async def main() -> None:
        upstream = Upstream([answer], close_after=True)
        async with upstream_of(upstream) as origin, pool_of() as pool:
            receiver = await ask(pool, origin)
            assert (receiver.status, receiver.body, receiver.ends, receiver.faults) == (200, b"all of it", 1, [])
            await until(lambda: not pool.connections)

    run(main())


def test_a_paused_call_reads_no_further_and_a_resumed_one_gets_the_rest() -> None:
    async def main() -> None:
        total = 20_000_000
        answer = OK + b"Content-Length: %d\r\n\r\n" % total + bytes(total)
        async with upstream_of(Upstream([answer])) as origin, pool_of() as pool:
            receiver = Receiver()
            call = pool.call(origin, HEAD, b"", receiver)
            receiver.on_data = call.pause
            await until(lambda: receiver.pieces)
            for _ in range(30):
                await asyncio.sleep(0.001)
            assert len(receiver.body) <= 65_536
            receiver.on_data = lambda: None
            call.resume()
            await receiver.finished.wait()
            assert len(receiver.body) == total

    run(main())


def test_a_call_paused_before_it_is_connected_stays_paused() -> None:
    async def main() -> None:
        upstream = Upstream([OK + b"Content-Length: 2\r\n\r\nok"] * 2)
        async with upstream_of(upstream) as origin, pool_of() as pool:
            receiver = Receiver()
            call = pool.call(origin, HEAD, b"", receiver)
            call.pause()
            await until(lambda: upstream.asked)
            for _ in range(10):
                await asyncio.sleep(0.001)
            assert not receiver.status
            call.resume()
            await receiver.finished.wait()
            assert (await ask(pool, origin)).body == b"ok"

    run(main())


def test_a_call_may_be_aborted_from_within_each_of_its_receivers_steps() -> None:
    class Aborting(Receiver):
        def __init__(self, step: str) -> None:
            super().__init__()
            self.step = step

        def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
            super().upstream_head(status, headers)
            if self.step == "head":
                assert self.call is not None
                self.call.abort()

        def upstream_data(self, data: bytes) -> None:
            super().upstream_data(data)
            assert self.step == "data"
            assert self.call is not None
            self.call.abort()

    async def main() -> None:
        upstream = Upstream([OK + b"Content-Length: 2\r\n\r\nok"])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            for step in ("head", "data"):
                receiver = Aborting(step)
                receiver.call = pool.call(origin, HEAD, b"", receiver)
                await until(lambda: receiver.status)  # noqa: B023
                await until(lambda: not pool.connections)
                assert (receiver.ends, receiver.faults) == (0, [])

    run(main())


def test_a_receiver_may_call_again_from_within_the_end_on_the_same_connection() -> None:
    async def main() -> None:
        upstream = Upstream([OK + b"Content-Length: 2\r\n\r\nok"] * 2)
        async with upstream_of(upstream) as origin, pool_of() as pool:
            second = Receiver()

            class Chained(Receiver):
                def upstream_end(self) -> None:
                    super().upstream_end()
                    pool.call(origin, HEAD, b"", second)

            pool.call(origin, HEAD, b"", Chained())
            await second.finished.wait()
            assert second.body == b"ok"
            assert upstream.accepted == 1

    run(main())


def test_a_large_request_body_is_sent_whole() -> None:
    async def main() -> None:
        body = bytes(range(256)) * 20_000
        upstream = Upstream([OK + b"Content-Length: 2\r\n\r\nok"])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            head = b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(body)
            assert (await ask(pool, origin, head, body)).body == b"ok"
            assert upstream.asked[0] == head + body

    run(main())
