"""The server listens, drains and closes."""

import asyncio
import socket

from tests.kit.loop import run
from tests.kit.until import until
from tests.unit.runtime.http1.conversation import Ear, Recorder, line_to, serving, silent

from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.server import Server

GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


def test_draining_closes_after_the_next_answer_and_still_accepts() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (server, port), line_to(port) as idle:
            assert b"connection" not in (await idle.ask(GET))[1]
            server.drain()
            async with line_to(port) as fresh:
                assert (await fresh.ask(GET))[1][b"connection"] == b"close"
                assert await fresh.rest() == b""
            assert server.connections == 1  # the idle one is not cut
            assert (await idle.ask(GET))[1][b"connection"] == b"close"
            assert await idle.rest() == b""

    run(main())


def test_waiting_for_idleness_includes_the_body_of_the_answer() -> None:
    async def main() -> None:
        recorder = Recorder(silent)
        async with serving(recorder) as (server, port), line_to(port) as line:
            await server.wait_idle()
            await line.say(GET)
            await until(lambda: recorder.replies)
            waiting = asyncio.ensure_future(server.wait_idle())
            recorder.replies[0].start(200, b"", b"x")
            await asyncio.sleep(0.01)
            assert server.in_flight == 1
            assert not waiting.done()
            recorder.replies[0].end()
            await waiting
            assert (await line.answer())[2] == b"x"

    run(main())


def test_closing_cuts_what_is_in_progress_and_tells_the_listener() -> None:
    async def main() -> None:
        ear = Ear()
        recorder = Recorder(lambda request, reply: reply.listen(ear))
        async with serving(recorder) as (server, port), line_to(port) as busy, line_to(port) as idle:
            await busy.say(GET)
            await until(lambda: recorder.replies and server.connections == 2)
            await server.close()
            assert (await busy.rest(), await idle.rest()) == (b"", b"")
            assert server.connections == 0
        assert ear.heard == ["gone"]

    run(main())


def test_an_answer_that_is_written_survives_closing() -> None:
    async def main() -> None:
        recorder = Recorder(lambda request, reply: reply.send(200, b"", bytes(1_000_000)))
        async with serving(recorder) as (server, port), line_to(port) as line:
            await line.say(GET)
            await until(lambda: recorder.replies)
            closing = asyncio.ensure_future(server.close())
            assert len((await line.answer())[2]) == 1_000_000
            await closing

    run(main())


def test_several_servers_may_share_a_port_and_one_may_be_given_its_socket() -> None:
    async def main() -> None:
        first, second = Server(Recorder(), Limits()), Server(Recorder(), Limits())
        host, port = await first.listen("127.0.0.1", 0, reuse_port=True)
        assert await second.listen("127.0.0.1", port, reuse_port=True) == (host, port)
        sock = socket.create_server(("127.0.0.1", 0))
        _, given = await first.listen("", 0, sock=sock)
        assert given == sock.getsockname()[1]
        async with line_to(given) as line:
            assert (await line.ask(GET))[0] == 200
        await first.close()
        await second.close()

    run(main())


def test_a_server_may_listen_on_ipv6() -> None:
    async def main() -> None:
        recorder = Recorder()
        server = Server(recorder, Limits())
        _, port = await server.listen("::1", 0)
        reader, writer = await asyncio.open_connection("::1", port)
        writer.write(GET.replace(b"Host", b"Connection: close\r\nHost"))
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()
        assert recorder.requests[0].peer == "::1"
        await server.close()

    run(main())
