"""Minted tokens, against a small token endpoint on loopback and a clock that is moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

from lockgate.core.providers.sign.entra import EntraCredential
from lockgate.gateway.minting import ANSWER_LIMIT_BYTES, Minting
from lockgate.model.faults import Fault
from lockgate.runtime import tasks
from lockgate.runtime.clock import ManualClock
from lockgate.runtime.http1.pool import Pool


async def until(condition: Callable[[], bool]) -> None:
    """``play`` bounds how long."""
    while not condition():  # noqa: ASYNC110  # nobody announces the end of a renewal
        await asyncio.sleep(0.001)


class Endpoint:
    """Answers every request with ``reply``, or waits for ``gate`` first. Counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.lines: list[str] = []
        self.status = 200
        self.lifetime_s = 3600
        self.reply: bytes | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
                body = await reader.readexactly(int(fields["content-length"]))
                self.lines.append(head.split("\r\n")[0])
                self.asked.append(parse_qs(body.decode()))
                number = len(self.asked)
                await self.gate.wait()
                reply = self.reply if self.reply is not None else b'{"access_token":"tok-%d","expires_in":%d}' % (number, self.lifetime_s)
                writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (self.status, len(reply), reply))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Scene:
    def __init__(self, endpoint: Endpoint, minting: Minting, clock: ManualClock, credential: EntraCredential) -> None:
        self.endpoint, self.minting, self.clock, self.credential = endpoint, minting, clock, credential

    async def token(self) -> bytes | Fault:
        return await self.minting.token(self.credential)

    async def kind(self) -> str:
        found = await self.token()
        assert isinstance(found, Fault)
        return found.kind


@asynccontextmanager
async def scene(timeout_s: float = 10.0) -> AsyncIterator[Scene]:
    endpoint = Endpoint()
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool, clock = Pool(allow_private=True), ManualClock()
    credential = EntraCredential("tenant", "client", "secret", f"http://127.0.0.1:{port}/login")
    try:
        yield Scene(endpoint, Minting(pool, clock, timeout_s=timeout_s), clock, credential)
    finally:
        endpoint.gate.set()
        await pool.close()
        server.close()
        await server.wait_closed()
        await until(lambda: not tasks.live())


def play(act: Callable[[Scene], Awaitable[None]], timeout_s: float = 10.0) -> None:
    async def run() -> None:
        async with scene(timeout_s) as it:
            await act(it)

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_token_is_asked_for_once_and_kept() -> None:
    async def act(it: Scene) -> None:
        assert it.minting.ready(it.credential) is None
        assert await it.token() == b"tok-1"
        assert await it.token() == b"tok-1"
        assert it.minting.ready(it.credential) == b"tok-1"
        assert it.endpoint.lines == ["POST /login/tenant/oauth2/v2.0/token HTTP/1.1"]
        assert it.endpoint.asked[0]["client_secret"] == ["secret"]
        assert it.endpoint.asked[0]["grant_type"] == ["client_credentials"]

    play(act)


def test_many_who_wait_share_one_fetch_and_none_takes_it_away() -> None:
    async def act(it: Scene) -> None:
        it.endpoint.gate.clear()
        waiting = [tasks.spawn(it.token(), name=f"waiter {number}") for number in range(20)]
        await asyncio.sleep(0.01)
        waiting[0].cancel()
        it.endpoint.gate.set()
        assert await asyncio.gather(*waiting[1:]) == [b"tok-1"] * 19
        assert len(it.endpoint.asked) == 1

    play(act)


def test_near_its_end_a_token_is_renewed_beside_the_traffic() -> None:
    async def act(it: Scene) -> None:
        await it.token()
        it.clock.pass_s(3600 - 299)
        it.endpoint.gate.clear()
        assert await it.token() == b"tok-1"
        assert await it.token() == b"tok-1"
        it.endpoint.gate.set()
        await until(lambda: it.minting.ready(it.credential) != b"tok-1")
        assert it.minting.ready(it.credential) == b"tok-2"
        assert len(it.endpoint.asked) == 2

    play(act)


def test_at_its_end_a_token_is_not_sent_any_more() -> None:
    async def act(it: Scene) -> None:
        await it.token()
        it.clock.pass_s(3600 - 29)
        assert it.minting.ready(it.credential) is None
        assert await it.token() == b"tok-2"

    play(act)


def test_a_failed_renewal_keeps_what_still_holds() -> None:
    async def act(it: Scene) -> None:
        await it.token()
        it.endpoint.status = 503
        it.clock.pass_s(3600 - 200)
        assert await it.token() == b"tok-1"
        await until(lambda: len(it.endpoint.asked) == 2 and not tasks.live())
        assert await it.token() == b"tok-1"
        assert len(it.endpoint.asked) == 2
        it.clock.pass_s(2)
        it.endpoint.status = 200
        assert await it.token() == b"tok-1"
        await until(lambda: it.minting.ready(it.credential) != b"tok-1")
        assert it.minting.ready(it.credential) == b"tok-3"

    play(act)


def test_a_refused_token_is_dropped_once() -> None:
    async def act(it: Scene) -> None:
        assert await it.token() == b"tok-1"
        it.minting.drop(it.credential, b"tok-1")
        assert await it.token() == b"tok-2"
        it.minting.drop(it.credential, b"tok-1")
        assert await it.token() == b"tok-2"

    play(act)


def test_a_wrong_secret_is_not_tried_for_every_exchange() -> None:
    async def act(it: Scene) -> None:
        it.endpoint.status, it.endpoint.reply = 401, b'{"error":"invalid_client"}'
        assert await it.kind() == "upstream_credential"
        assert await it.kind() == "upstream_credential"
        assert len(it.endpoint.asked) == 1
        it.clock.pass_s(11)
        it.endpoint.status, it.endpoint.reply = 200, None
        assert await it.token() == b"tok-2"

    play(act)


def test_an_endpoint_that_fails_is_a_transport_error_for_a_moment() -> None:
    async def act(it: Scene) -> None:
        it.endpoint.status = 500
        assert await it.kind() == "transport_error"
        it.endpoint.status, it.endpoint.reply = 200, b"x" * (ANSWER_LIMIT_BYTES + 1)
        it.clock.pass_s(2)
        assert await it.kind() == "transport_error"
        it.endpoint.reply = b"<html>"
        it.clock.pass_s(2)
        assert await it.kind() == "transport_error"
        it.endpoint.reply = None
        it.clock.pass_s(2)
        assert await it.token() == b"tok-4"

    play(act)


def test_a_silent_endpoint_is_given_up() -> None:
    async def act(it: Scene) -> None:
        it.endpoint.gate.clear()
        assert await it.kind() == "transport_error"

    play(act, timeout_s=0.05)


def test_an_endpoint_that_is_not_there_is_a_transport_error() -> None:
    async def act(it: Scene) -> None:
        gone = EntraCredential("t", "c", "s", "http://127.0.0.1:1")
        found = await it.minting.token(gone)
        assert isinstance(found, Fault)
        assert found.kind == "transport_error"
        assert "127.0.0.1" not in found.message

    play(act)


def test_credentials_have_tokens_of_their_own() -> None:
    async def act(it: Scene) -> None:
        other = EntraCredential("tenant", "client2", "secret", it.credential.authority)
        assert await it.token() == b"tok-1"
        assert await it.minting.token(other) == b"tok-2"
        assert await it.token() == b"tok-1"

    play(act)
