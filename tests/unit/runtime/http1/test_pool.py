"""The pool: reuse, retry, limits; whole calls against a scripted upstream."""

import asyncio

import pytest
from tests.kit.loop import run
from tests.kit.until import until
from tests.unit.runtime.http1.conversation import HEAD, Receiver, Upstream, ask, pool_of, upstream_of

from lockgate.runtime.http1.pool import Origin

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Y: z\r\n\r\nok"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_connection_is_reused_for_the_next_call(loop: str) -> None:
    async def main() -> None:
        upstream = Upstream([OK] * 5)
        async with upstream_of(upstream) as origin, pool_of() as pool:
            for _ in range(5):
                receiver = await ask(pool, origin, b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n", b"abc")
                assert (receiver.status, receiver.body, receiver.ends) == (200, b"ok", 1)
                assert receiver.headers == [(b"content-length", b"2"), (b"x-y", b"z")]
            assert upstream.accepted == 1
            assert upstream.asked[-1].endswith(b"\r\n\r\nabc")

    if loop == "uvloop":
        run(main())
    else:
        asyncio.run(main())


def test_calls_at_once_get_connections_of_their_own() -> None:
    async def main() -> None:
        upstream = Upstream([OK] * 3)
        async with upstream_of(upstream) as origin, pool_of() as pool:
            receivers = await asyncio.gather(*(ask(pool, origin) for _ in range(3)))
            assert [receiver.body for receiver in receivers] == [b"ok"] * 3
            assert upstream.accepted == 3
            assert len(pool.connections) == 3

    run(main())


def test_a_streamed_answer_arrives_as_it_is_sent() -> None:
    async def main() -> None:
        upstream = Upstream([STREAM + b"3\r\nabc\r\n"])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            receiver = Receiver()
            pool.call(origin, HEAD, b"", receiver)
            await until(lambda: receiver.body == b"abc")
            assert not receiver.ends
            upstream.writers[0].write(b"1\r\nd\r\n2\r\nef\r\n0\r\nTrailer: t\r\n\r\n")
            await receiver.finished.wait()
            assert receiver.pieces == [b"abc", b"def"]
            assert receiver.headers == [(b"transfer-encoding", b"chunked")]

    run(main())


def test_a_reused_connection_that_was_closed_meanwhile_is_replaced_once() -> None:
    async def main() -> None:
        upstream = Upstream([OK, None], [OK])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            assert (await ask(pool, origin)).body == b"ok"
            receiver = await ask(pool, origin, b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n", b"abc")
            assert (receiver.body, receiver.faults) == (b"ok", [])
            assert upstream.accepted == 2
            assert [asked[-3:] for asked in upstream.asked[1:]] == [b"abc", b"abc"]

    run(main())


def test_a_new_connection_that_dies_is_not_tried_again() -> None:
    async def main() -> None:
        upstream = Upstream([OK, None], [None], [OK])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            await ask(pool, origin)
            receiver = await ask(pool, origin)
            assert [fault.kind for fault in receiver.faults] == ["transport_error"]
            assert upstream.accepted == 2

    run(main())


def test_a_reused_connection_that_dies_within_the_answer_is_not_tried_again() -> None:
    async def main() -> None:
        upstream = Upstream([OK, b"HTTP/1.1 2", None], [OK], close_after=True)
        async with upstream_of(upstream) as origin, pool_of() as pool:
            await ask(pool, origin)
            receiver = Receiver()
            pool.call(origin, HEAD, b"", receiver)
            await until(lambda: len(upstream.asked) == 2)
            upstream.writers[0].close()
            await receiver.finished.wait()
            assert [fault.kind for fault in receiver.faults] == ["transport_error"]

    run(main())


def test_an_aborted_call_closes_its_connection_and_calls_nobody() -> None:
    async def main() -> None:
        upstream = Upstream([STREAM + b"3\r\nabc\r\n"])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            receiver = Receiver()
            call = pool.call(origin, HEAD, b"", receiver)
            await until(lambda: receiver.pieces)
            call.abort()
            call.abort()
            await until(lambda: upstream.lost == 1)
            await until(lambda: not pool.connections)
            assert (receiver.ends, receiver.faults) == (0, [])

    run(main())


def test_a_call_aborted_while_dialling_is_forgotten() -> None:
    async def main() -> None:
        async with upstream_of(Upstream([OK])) as origin, pool_of() as pool:
            receiver = Receiver()
            pool.call(origin, HEAD, b"", receiver).abort()
            await asyncio.sleep(0.02)
            assert (receiver.status, receiver.faults) == (0, [])
            assert not pool.dialing

    run(main())


def test_a_finished_call_cannot_disturb_the_next_one() -> None:
    async def main() -> None:
        upstream = Upstream([OK, STREAM + b"1\r\na\r\n"])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            first = await ask(pool, origin)
            second = Receiver()
            pool.call(origin, HEAD, b"", second)
            await until(lambda: second.pieces)
            assert first.call is not None
            first.call.pause()
            first.call.abort()
            upstream.writers[0].write(b"1\r\nb\r\n0\r\n\r\n")
            await second.finished.wait()
            assert second.body == b"ab"

    run(main())


def test_the_most_recently_used_is_taken_and_the_least_recently_used_closed() -> None:
    async def main() -> None:
        upstream = Upstream([OK] * 9)
        async with upstream_of(upstream) as origin, pool_of(max_idle=2) as pool:
            await asyncio.gather(*(ask(pool, origin) for _ in range(4)))
            await until(lambda: upstream.lost == 2)
            assert len(pool.connections) == 2
            await ask(pool, origin)
            assert upstream.accepted == 4

    run(main())


def test_an_idle_connection_is_closed_in_time() -> None:
    async def main() -> None:
        upstream = Upstream([OK] * 2)
        async with upstream_of(upstream) as origin, pool_of(idle_timeout_s=0.02) as pool:
            await ask(pool, origin)
            await until(lambda: not pool.connections)
            assert (await ask(pool, origin)).body == b"ok"

    run(main())


def test_unasked_bytes_close_an_idle_connection() -> None:
    async def main() -> None:
        upstream = Upstream([OK])
        async with upstream_of(upstream) as origin, pool_of() as pool:
            await ask(pool, origin)
            upstream.writers[0].write(OK)
            await until(lambda: not pool.connections)
            assert (await ask(pool, origin)).body == b"ok"
            assert upstream.accepted == 2

    run(main())


def test_a_private_address_is_refused_unless_allowed() -> None:
    async def main() -> None:
        async with upstream_of(Upstream([OK] * 2)) as origin, pool_of(allow_private=False) as pool:
            refused = await ask(pool, origin)
            assert refused.faults[0].kind == "transport_error"
            assert "not public" in refused.faults[0].message
            allowed = Origin(origin.scheme, origin.host, origin.port, allow=("127.0.0.0/8",))
            assert (await ask(pool, allowed)).body == b"ok"

    run(main())


def test_a_pool_that_closes_fails_what_is_in_progress() -> None:
    async def main() -> None:
        async with upstream_of(Upstream([b""])) as origin:
            receiver, late = Receiver(), Receiver()
            async with pool_of() as pool:
                pool.call(origin, HEAD, b"", receiver)
                await until(lambda: pool.connections)
                pool.call(origin, HEAD, b"", late)
            assert [fault.kind for fault in receiver.faults + late.faults] == ["transport_error"] * 2
            assert not pool.connections

    run(main())


def test_an_upstream_that_refuses_connections_is_a_transport_error() -> None:
    async def main() -> None:
        async with upstream_of(Upstream([OK])) as origin:
            pass
        async with pool_of() as pool:
            receiver = await ask(pool, origin)
            assert "refused" in receiver.faults[0].message

    run(main())
