"""Each limit is kept, and answered with its own fault."""

import asyncio

import pytest
from tests.kit.loop import run
from tests.kit.until import until
from tests.unit.runtime.http1.conversation import Ear, Recorder, line_to, serving, silent

from lockgate.runtime.http1.limits import Limits

GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"


def test_the_defaults_are_finite_but_for_the_body_and_idleness() -> None:
    limits = Limits()
    assert (limits.body_bytes, limits.idle_timeout_s) == (0, 0)
    assert all((limits.line_bytes, limits.headers_bytes, limits.headers_count))
    assert all((limits.header_timeout_s, limits.body_timeout_s, limits.write_timeout_s))


@pytest.mark.parametrize(
    ("request_bytes", "limits", "status"),
    [
        (b"GET /aaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: here\r\n\r\n", {"line_bytes": 30}, 414),
        (b"GET / HTTP/1.1\r\nHost: here\r\nX: aaaaaaaaaaaaaaaaaa\r\n\r\n", {"headers_bytes": 20}, 431),
        (b"GET / HTTP/1.1\r\nHost: here\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n", {"headers_count": 3}, 431),
        (POST % 11 + b"hello world", {"body_bytes": 10}, 413),
        (b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n", {"body_bytes": 10}, 413),
    ],
)
def test_more_than_the_limit_is_refused_and_the_limit_itself_is_not(request_bytes: bytes, limits: dict[str, float], status: int) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, **limits) as (_, port), line_to(port) as line:
            assert (await line.ask(request_bytes))[0] == status
            assert await line.rest() == b""
        async with serving(recorder, **{name: value + 20 for name, value in limits.items()}) as (_, port), line_to(port) as line:
            assert (await line.ask(request_bytes))[0] == 200

    run(main())


def test_a_refused_body_of_known_length_is_read_away_and_the_outcome_told() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, body_bytes=10) as (server, port), line_to(port) as line:
            await line.say(POST % 1_000_000)
            assert (await line.answer())[0] == 413
            assert recorder.outcomes == []
            await line.say(bytes(1_000_000))
            assert await line.rest() == b""
            await until(lambda: recorder.outcomes)
            assert server.in_flight == 0
        assert recorder.outcomes == ["completed"]
        assert recorder.heads == []
        assert [fault.kind for fault in recorder.refused] == ["body_too_large"]

    run(main())


@pytest.mark.parametrize("chunked", [False, True])
def test_a_caller_who_breaks_off_a_refused_body_is_told_as_read_error(chunked: bool) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, body_bytes=10) as (_, port):
            async with line_to(port) as line:
                if chunked:
                    await line.say(b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n")
                else:
                    await line.say(POST % 1000)
                assert (await line.answer())[0] == 413
            await until(lambda: recorder.outcomes)
        assert recorder.outcomes == ["client_read_error"]

    run(main())


def test_a_refused_body_beyond_the_cap_ends_the_reading_away() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, body_bytes=10) as (_, port), line_to(port) as line:
            await line.say(POST % 99_999_999)
            assert (await line.answer())[0] == 413
            sent = 0
            try:
                while sent < 99_999_999:
                    await line.say(bytes(1 << 20))
                    sent += 1 << 20
            except ConnectionError:
                pass
            assert 32 << 20 <= sent < 99_999_999
        assert recorder.outcomes == ["cap_reached"]

    run(main())


def test_a_refused_body_that_does_not_come_is_waited_for_a_while() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, body_bytes=10, drain_timeout_s=0.02) as (_, port), line_to(port) as line:
            await line.say(POST % 1000)
            assert (await line.answer())[0] == 413
            await until(lambda: recorder.outcomes)
        assert recorder.outcomes == ["timeout"]

    run(main())


@pytest.mark.parametrize(
    ("said", "limits", "heard"),
    [
        (b"", {"header_timeout_s": 0.02}, None),
        (b"GET / HT", {"header_timeout_s": 0.02}, 408),
        (POST % 5 + b"hel", {"body_timeout_s": 0.02}, 408),
        (GET + b"GET", {"header_timeout_s": 0.02}, 200),
    ],
    ids=["nothing", "part of a head", "part of a body", "a second request"],
)
def test_what_does_not_arrive_in_time_is_answered_or_closed(said: bytes, limits: dict[str, float], heard: int | None) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, **limits) as (server, port), line_to(port) as line:
            if said:
                await line.say(said)
                assert (await line.answer())[0] == heard
            if said.startswith(GET):
                assert (await line.answer())[0] == 408
            assert await line.rest() == b""
            assert server.in_flight == 0

    run(main())


def test_a_body_that_keeps_coming_is_not_out_of_time() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, body_timeout_s=0.1) as (_, port), line_to(port) as line:
            await line.say(POST % 20)
            for _ in range(20):
                await line.say(b"x")
                await asyncio.sleep(0.01)
            assert (await line.answer())[0] == 200

    run(main())


@pytest.mark.parametrize("sync", [True, False])
def test_an_idle_connection_is_closed_silently_and_a_busy_one_is_not(sync: bool) -> None:
    async def main() -> None:
        recorder = Recorder() if sync else Recorder(silent)
        async with serving(recorder, idle_timeout_s=0.03) as (_, port), line_to(port) as line:
            await line.say(GET)
            if not sync:
                await until(lambda: recorder.replies)
                await asyncio.sleep(0.1)
                recorder.replies[0].send(200, b"", b"")
            assert (await line.answer())[0] == 200
            assert await line.rest() == b""
        assert recorder.refused == []

    run(main())


def test_a_reader_who_stands_still_is_gone_in_time() -> None:
    async def main() -> None:
        ear = Ear()
        recorder = Recorder(silent)
        async with serving(recorder, write_timeout_s=0.05) as (server, port), line_to(port) as line:
            line.reader._transport.pause_reading()  # type: ignore[attr-defined]
            await line.say(GET)
            await until(lambda: recorder.replies)
            reply = recorder.replies[0]
            reply.listen(ear)
            reply.start(200, b"")
            while not reply.paused:
                reply.data(bytes(65_536))
                await asyncio.sleep(0)
            await until(lambda: "gone" in ear.heard)
            await until(lambda: not server.connections)
        assert ear.heard == ["paused", "gone"]

    run(main())


def test_a_finished_answer_that_nobody_reads_does_not_hold_the_connection() -> None:
    async def main() -> None:
        recorder = Recorder(lambda request, reply: reply.send(200, b"", bytes(8_000_000)))
        async with serving(recorder, write_timeout_s=0.05) as (server, port), line_to(port) as line:
            line.reader._transport.pause_reading()  # type: ignore[attr-defined]
            await line.say(GET.replace(b"Host", b"Connection: close\r\nHost"))
            await until(lambda: recorder.replies)
            await until(lambda: not server.connections)

    run(main())
