"""Both ends for the transport's tests: a handler that records and answers as told, raw sockets, a scripted upstream, a receiver."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from lockgate.model.faults import Fault
from lockgate.runtime.http1.client import Call
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.pool import Origin, Pool
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request
from lockgate.runtime.http1.server import Server

Act = Callable[[Request, Reply], None]
PLAIN = b"content-type: text/plain\r\n"


def echo(request: Request, reply: Reply) -> None:
    reply.send(200, PLAIN, b"%b %b %b" % (request.method, request.target, request.body))


def silent(request: Request, reply: Reply) -> None:
    """Does not answer (yet)."""


class Recorder:
    """A handler: remembers what it was told, does what the test says."""

    def __init__(self, act: Act = echo, at_head: Act = silent) -> None:
        self.act = act
        self.at_head = at_head
        self.heads: list[Request] = []
        self.requests: list[Request] = []
        self.replies: list[Reply] = []
        self.refused: list[Fault] = []
        self.outcomes: list[str] = []

    def head(self, request: Request, reply: Reply) -> None:
        self.heads.append(request)
        self.at_head(request, reply)

    def request(self, request: Request, reply: Reply) -> None:
        self.requests.append(request)
        self.replies.append(reply)
        self.act(request, reply)

    def refuse(self, fault: Fault, request: Request | None) -> tuple[bytes, bytes]:
        self.refused.append(fault)
        return PLAIN, fault.kind.encode()

    def body_refused(self, request: Request, fault: Fault, outcome: str) -> None:
        self.outcomes.append(outcome)


class Ear:
    """A listener that counts."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def caller_gone(self) -> None:
        self.heard.append("gone")

    def caller_paused(self) -> None:
        self.heard.append("paused")

    def caller_resumed(self) -> None:
        self.heard.append("resumed")


class Line:
    """A raw connection to a server under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, data: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        await self.say(data)
        return await self.answer()

    async def answer(self, bodiless: bool = False) -> tuple[int, dict[bytes, bytes], bytes]:
        """The next answer: status, fields, body."""
        async with asyncio.timeout(20):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head[:-4].split(b"\r\n")
            fields = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
            if bodiless:
                body = b""
            elif fields.get(b"transfer-encoding") == b"chunked":
                body = await self._chunks()
            elif b"content-length" in fields:
                body = await self.reader.readexactly(int(fields[b"content-length"]))
            else:
                body = b""
            return int(first.split(b" ")[1]), fields, body

    async def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            piece = await self.reader.readexactly(size + 2)
            body += piece[:-2]
            if not size:
                return body

    async def rest(self) -> bytes:
        """Everything until the server closes; a reset ends it too."""
        data = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(20):
                while piece := await self.reader.read(65536):
                    data += piece
        return data

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(recorder: Recorder, **limits: float) -> AsyncIterator[tuple[Server, int]]:
    server = Server(recorder, Limits(**limits))  # type: ignore[arg-type]
    _, port = await server.listen("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    line = Line(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield line
    finally:
        await line.close()


class Upstream:
    """
    A scripted upstream: for each connection in turn, for each request on it in turn, the bytes to answer with. None closes,
    an empty answer stays silent. After the last script of a connection it closes when ``close_after`` says so.
    """

    def __init__(self, *connections: list[bytes | None], close_after: bool = False) -> None:
        self.scripts = list(connections)
        self.close_after = close_after
        self.accepted = 0
        self.asked: list[bytes] = []
        self.lost = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[min(self.accepted, len(self.scripts) - 1)]
        self.accepted += 1
        self.writers.append(writer)
        try:
            for answer in script:
                head = await reader.readuntil(b"\r\n\r\n")
                size = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
                self.asked.append(head + await reader.readexactly(size))
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
            else:
                if not self.close_after:
                    await reader.read(1)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.lost += 1
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def say(self, pieces: list[bytes]) -> None:
        """Writes on the first connection, piece by piece, until it is closed."""
        for piece in pieces:
            with contextlib.suppress(ConnectionError, RuntimeError):  # uvloop's transport raises the latter when it is closed
                self.writers[0].write(piece)
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def upstream_of(upstream: Upstream) -> AsyncIterator[Origin]:
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    try:
        yield Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for writer in upstream.writers:
            writer.close()
        for _ in range(1000):
            if upstream.lost == upstream.accepted:
                break
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def pool_of(
    *,
    allow_private: bool | tuple[str, ...] = True,
    idle_timeout_s: float = 30.0,
    max_idle: int | None = None,
    connect_timeout_s: float = 5.0,
) -> AsyncIterator[Pool]:
    pool = Pool(
        connect_timeout_s=connect_timeout_s, idle_timeout_s=idle_timeout_s, max_idle_per_origin=max_idle, allow_private=allow_private
    )
    try:
        yield pool
    finally:
        await pool.close()


class Receiver:
    """Receives one answer and remembers it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.faults: list[Fault] = []
        self.ends = 0
        self.finished = asyncio.Event()
        self.call: Call | None = None
        self.on_data: Callable[[], None] = lambda: None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        assert not self.status
        self.status, self.headers = status, headers

    def upstream_data(self, data: bytes) -> None:
        assert self.status
        assert not self.ends
        self.pieces.append(data)
        self.on_data()

    def upstream_end(self) -> None:
        self.ends += 1
        self.finished.set()

    def upstream_failed(self, fault: Fault) -> None:
        self.faults.append(fault)
        self.finished.set()


HEAD = b"GET /v1 HTTP/1.1\r\nhost: upstream\r\n\r\n"


async def ask(pool: Pool, origin: Origin, head: bytes = HEAD, body: bytes = b"") -> Receiver:
    """One call, to its end."""
    receiver = Receiver()
    receiver.call = pool.call(origin, head, body, receiver)
    async with asyncio.timeout(20):
        await receiver.finished.wait()
    return receiver
