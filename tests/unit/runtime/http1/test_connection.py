"""A caller's connection: messages in order, one exchange at a time, every end of an exchange exactly once."""

import asyncio
import socket
import struct

import pytest
from tests.kit.loop import run
from tests.kit.until import until
from tests.unit.runtime.http1.conversation import PLAIN, Ear, Recorder, line_to, serving, silent

from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request

GET = b"GET /a?b=c HTTP/1.1\r\nHost: here\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5;x=y\r\n\r\n\r\nd\r\n0\r\nTrailer: t\r\n\r\n"


def test_a_request_reaches_the_handler_and_its_answer_the_caller() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (_, port), line_to(port) as line:
            status, fields, body = await line.ask(POST)
            assert (status, body) == (200, b"POST /p hello")
            assert set(fields) == {b"content-type", b"content-length", b"date"}
            request = recorder.requests[0]
            assert (request.method, request.path, request.query, request.body) == (b"POST", b"/p", b"", b"hello")
            assert request.header(b"host") == b"here"
            assert (request.peer, request.http10, request.context) == ("127.0.0.1", False, None)

    run(main())


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_connection_serves_one_request_after_another(loop: str) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (server, port), line_to(port) as line:
            for _ in range(3):
                assert (await line.ask(GET))[2] == b"GET /a?b=c "
                assert (await line.ask(CHUNKED))[2] == b"POST /c abc\r\n\r\nd"
            assert server.connections == 1
            assert server.in_flight == 0

    if loop == "uvloop":
        run(main())
    else:
        asyncio.run(main())


def test_pipelined_requests_are_answered_in_order_one_at_a_time() -> None:
    async def main() -> None:
        recorder = Recorder(silent)
        async with serving(recorder) as (server, port), line_to(port) as line:
            await line.say(GET + POST + CHUNKED + GET)
            for served in range(4):
                await until(lambda: len(recorder.requests) > served)  # noqa: B023
                await asyncio.sleep(0)
                assert len(recorder.requests) == served + 1
                assert server.in_flight == 1
                recorder.replies[-1].send(200, b"", b"%d" % served)
            assert [(await line.answer())[2] for _ in range(4)] == [b"0", b"1", b"2", b"3"]

    run(main())


def test_many_pipelined_requests_answered_at_once_do_not_recurse() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (_, port), line_to(port) as line:
            await line.say(GET * 3000)
            for _ in range(3000):
                assert (await line.answer())[0] == 200
        assert len(recorder.requests) == 3000

    run(main())


def test_a_request_may_arrive_byte_by_byte() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (_, port), line_to(port) as line:
            for request in (GET, POST, CHUNKED, b"\r\n" + GET):
                for at in range(len(request)):
                    await line.say(request[at : at + 1])
                    await asyncio.sleep(0)
                assert (await line.answer())[0] == 200
        assert [request.body for request in recorder.requests] == [b"", b"hello", b"abc\r\n\r\nd", b""]

    run(main())


@pytest.mark.parametrize("how", ["close", "half", "reset"])
@pytest.mark.parametrize("when", ["silent", "streaming"])
def test_a_caller_who_leaves_is_noticed_once(how: str, when: str) -> None:
    async def main() -> None:
        ear = Ear()

        def act(request: Request, reply: Reply) -> None:
            reply.listen(ear)
            if when == "streaming":
                reply.start(200, PLAIN, b"first")

        recorder = Recorder(act)
        async with serving(recorder) as (server, port), line_to(port) as line:
            await line.say(GET + GET)
            await until(lambda: recorder.requests)
            if how == "half":
                line.writer.write_eof()
            elif how == "close":
                line.writer.close()
            else:
                sock = line.writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                line.writer.transport.abort()
            await until(lambda: ear.heard)
            assert server.in_flight == 0
            reply = recorder.replies[0]
            assert reply.done
            reply.data(b"nobody hears this")
            reply.end()
            reply.abort()
            await until(lambda: not server.connections)
        assert ear.heard == ["gone"]
        assert len(recorder.requests) == 1

    run(main())


def test_a_caller_who_leaves_between_requests_is_no_event() -> None:
    async def main() -> None:
        ear = Ear()

        def act(request: Request, reply: Reply) -> None:
            reply.listen(ear)
            reply.send(200, b"", b"")

        async with serving(Recorder(act)) as (server, port):
            async with line_to(port) as line:
                await line.ask(GET)
            await until(lambda: not server.connections)
        assert ear.heard == []

    run(main())


def test_a_caller_who_leaves_within_a_body_is_told_to_who_listened_at_the_head() -> None:
    async def main() -> None:
        ear = Ear()
        recorder = Recorder(at_head=lambda request, reply: reply.listen(ear))
        async with serving(recorder) as (server, port):
            async with line_to(port) as line:
                await line.say(POST[:-1])
                await until(lambda: recorder.heads)
                assert server.in_flight == 1
            await until(lambda: ear.heard)
            assert server.in_flight == 0
        assert recorder.requests == []

    run(main())


@pytest.mark.parametrize("body", [POST, CHUNKED])
def test_an_answer_at_the_head_drops_the_body_and_keeps_the_connection(body: bytes) -> None:
    async def main() -> None:
        recorder = Recorder(at_head=lambda request, reply: reply.send(401, b"", b"no"))
        async with serving(recorder) as (server, port), line_to(port) as line:
            await line.say(body[:-3])
            assert (await line.answer())[::2] == (401, b"no")
            assert server.in_flight == 0
            await line.say(body[-3:] + GET)
            assert (await line.answer())[::2] == (401, b"no")
        assert recorder.requests == []
        assert len(recorder.heads) == 2

    run(main())


def test_a_streamed_answer_begun_at_the_head_goes_on_beside_the_dropped_body() -> None:
    async def main() -> None:
        replies: list[Reply] = []

        def at_head(request: Request, reply: Reply) -> None:
            reply.start(200, b"", b"early ")
            replies.append(reply)

        recorder = Recorder(at_head=at_head)
        async with serving(recorder) as (_, port), line_to(port) as line:
            await line.say(POST + POST)
            await until(lambda: replies)
            replies[0].end(b"done")
            assert (await line.answer())[2] == b"early done"
            await until(lambda: len(replies) == 2)
            replies[1].end()
            assert (await line.answer())[2] == b"early "
        assert recorder.requests == []

    run(main())


def test_a_body_beyond_the_cap_closes_instead_of_being_read_away() -> None:
    async def main() -> None:
        recorder = Recorder(at_head=lambda request, reply: reply.send(401, b"", b"no"))
        async with serving(recorder) as (server, port), line_to(port) as line:
            await line.say(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999\r\n\r\n")
            assert (await line.answer())[0] == 401
            sent = 0
            try:
                while sent < 99_999_999:
                    await line.say(bytes(1 << 20))
                    sent += 1 << 20
            except ConnectionError:
                pass
            assert 32 << 20 <= sent < 99_999_999
            await until(lambda: not server.connections)

    run(main())


def test_expectation_is_met_before_the_body_is_read() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (_, port), line_to(port) as line:
            await line.say(b"POST /p HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n")
            assert await line.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert (await line.ask(b"hello"))[2] == b"POST /p hello"
            assert (await line.ask(GET))[0] == 200

    run(main())


def test_an_answer_instead_of_the_expected_continue_closes() -> None:
    async def main() -> None:
        recorder = Recorder(at_head=lambda request, reply: reply.send(401, b"", b"no"))
        async with serving(recorder) as (_, port), line_to(port) as line:
            await line.say(b"POST /p HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            status, fields, _ = await line.answer()
            assert (status, fields[b"connection"]) == (401, b"close")
            assert await line.rest() == b""

    run(main())


def test_a_caller_who_asks_to_close_is_closed_and_later_requests_are_not_read() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (_, port), line_to(port) as line:
            await line.say(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: foo, Close\r\n\r\n" + GET)
            assert (await line.answer())[1][b"connection"] == b"close"
            assert await line.rest() == b""
        assert len(recorder.requests) == 1

    run(main())


def test_http_1_0_stays_only_when_asked() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (_, port):
            async with line_to(port) as line:
                status, fields, _ = await line.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                assert (status, fields[b"connection"]) == (200, b"keep-alive")
                assert (await line.ask(b"GET / HTTP/1.0\r\n\r\n"))[1][b"connection"] == b"close"
                assert await line.rest() == b""
        assert [request.http10 for request in recorder.requests] == [True, True]

    run(main())


def test_an_upgrade_is_not_taken_and_the_request_served() -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n"

    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (_, port), line_to(port) as line:
            for request in (GET, POST, CHUNKED):
                assert (await line.ask(request.replace(b"Host", upgrade + b"Host")))[0] == 200
            assert (await line.ask(GET))[0] == 200
        assert [request.body for request in recorder.requests] == [b"", b"hello", b"abc\r\n\r\nd", b""]

    run(main())


@pytest.mark.parametrize("where", ["head", "request"])
def test_an_exception_of_the_handler_is_answered_and_reported_without_its_text(where: str) -> None:
    def fail(request: Request, reply: Reply) -> None:
        raise ValueError("secret " + request.body.decode())

    async def main() -> None:
        reports: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
        recorder = Recorder(at_head=fail) if where == "head" else Recorder(fail)
        async with serving(recorder) as (server, port), line_to(port) as line:
            assert (await line.ask(POST))[::2] == (500, b"internal")
            assert await line.rest() == b""
            assert server.in_flight == 0
        assert len(reports) == 1
        assert "ValueError" in str(reports[0]["exception"])
        assert "secret" not in str(reports)
        assert "hello" not in str(reports)

    run(main())


def test_an_exception_after_the_start_of_the_answer_cuts_it() -> None:
    def fail(request: Request, reply: Reply) -> None:
        reply.start(200, b"", b"part")
        raise ValueError

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: None)
        async with serving(Recorder(fail)) as (server, port), line_to(port) as line:
            await line.say(GET)
            assert (await line.rest()).endswith(b"4\r\npart\r\n")
            assert server.in_flight == 0

    run(main())


def test_what_is_kept_ahead_is_bounded_and_served_later() -> None:
    big = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3000000\r\n\r\n" + bytes(3_000_000)

    async def main() -> None:
        recorder = Recorder(silent)
        async with serving(recorder) as (_, port), line_to(port) as line:
            line.writer.write(GET + big * 3)
            await until(lambda: recorder.requests)
            for _ in range(50):
                await asyncio.sleep(0.002)
            assert line.writer.transport.get_write_buffer_size() > 1_000_000  # the server has stopped reading
            for served in range(4):
                await until(lambda: len(recorder.requests) > served)  # noqa: B023
                recorder.replies[-1].send(200, b"", b"")
                assert (await line.answer())[0] == 200
        assert [len(request.body) for request in recorder.requests] == [0, 3_000_000, 3_000_000, 3_000_000]

    run(main())


def test_a_listener_that_fails_does_not_keep_the_connection() -> None:
    class Failing(Ear):
        def caller_gone(self) -> None:
            raise ValueError("secret")

    async def main() -> None:
        reports: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
        recorder = Recorder(lambda request, reply: reply.listen(Failing()))
        async with serving(recorder) as (server, port):
            async with line_to(port) as line:
                await line.say(GET)
                await until(lambda: recorder.replies)
            await until(lambda: not server.connections)
            assert server.in_flight == 0
        assert len(reports) == 1
        assert "secret" not in str(reports)

    run(main())


@pytest.mark.parametrize("complete", [True, False])
def test_a_stream_to_http_1_0_ends_by_closing_and_is_cut_by_reset(complete: bool) -> None:
    async def main() -> None:
        recorder = Recorder(silent)
        async with serving(recorder) as (_, port), line_to(port) as line:
            await line.say(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            await until(lambda: recorder.replies)
            reply = recorder.replies[0]
            reply.start(200, PLAIN, b"first")
            assert (await line.reader.readuntil(b"first")).count(b"connection: close") == 1
            if complete:
                reply.end(b" last")
                assert await line.reader.read() == b" last"
            else:
                reply.abort()
                with pytest.raises(ConnectionResetError):
                    await line.reader.read()

    run(main())


def test_an_aborted_chunked_answer_ends_without_its_last_chunk() -> None:
    async def main() -> None:
        recorder = Recorder(silent)
        async with serving(recorder) as (server, port), line_to(port) as line:
            await line.say(GET)
            await until(lambda: recorder.replies)
            recorder.replies[0].start(200, PLAIN, b"first")
            recorder.replies[0].data(b"second")
            recorder.replies[0].abort()
            assert (await line.rest()).endswith(b"6\r\nsecond\r\n")
            assert server.in_flight == 0

    run(main())
