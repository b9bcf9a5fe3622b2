"""
A caller that sees everything: raw bytes out, answers taken apart as they come, each piece with the time it came, and every way
of leaving.

    async with calling(port) as caller:
        caller.send(post("/v1/chat/completions", {...}))
        answer = await caller.answer()
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
from tests.kit.gateway_process import KEY
from tests.kit.until import until


class Answer:
    """What came, complete or not. ``pieces``: (time on the loop's clock, chunk)."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.pieces: list[tuple[float, bytes]] = []
        self.headed_at = self.ended_at = 0.0
        self.complete = False
        """It ended as HTTP says an answer ends, not with the connection."""

    def header(self, name: str) -> str | None:
        found = [value for one, value in self.headers if one == name]
        assert len(found) < 2, f"{name} came {len(found)} times"
        return found[0] if found else None

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.pieces)

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def frames(self) -> list[bytes]:
        """The frames of a stream; comments are left out."""
        return [frame for frame in _frames(self.body) if not frame.startswith(b":")]

    @property
    def comments(self) -> int:
        return sum(1 for frame in _frames(self.body) if frame.startswith(b":"))

    @property
    def events(self) -> list[Any]:
        """What the frames say: (event name, data as JSON, or as it is when it is none)."""
        return [_read(frame) for frame in self.frames]


def _frames(body: bytes) -> list[bytes]:
    return [frame + b"\n\n" for frame in body.replace(b"\r\n", b"\n").split(b"\n\n") if frame.strip()]


def _read(frame: bytes) -> tuple[str, Any]:
    name, data = "", b""
    for line in frame.splitlines():
        key, _, value = line.partition(b": ")
        if key == b"event":
            name = value.decode()
        elif key == b"data":
            data += value
    try:
        return name, msgspec.json.decode(data)
    except msgspec.DecodeError:
        return name, data.decode()


class Caller(asyncio.Protocol):
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.buffer = b""
        self.news = asyncio.Event()
        self.gone = False
        """The other side closed."""
        self.reset = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.news.set()

    def eof_received(self) -> bool:
        self.gone = True
        self.news.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone, self.reset = True, self.reset or exc is not None
        self.news.set()

    # What a caller does -------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    def leave(self, *, reset: bool = False) -> None:
        """By FIN, or by RST."""
        if reset:
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def stop_reading(self) -> None:
        self.transport.pause_reading()

    def read_on(self) -> None:
        self.transport.resume_reading()

    # What comes -----------------------------------------------------------------------------------------------------

    async def head(self) -> Answer:
        """The head of the next answer (interim ones are passed over)."""
        answer = Answer()
        while answer.status < 200:
            assert await self._has(b"\r\n\r\n"), f"no head came: {self.buffer!r}"
            block, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            line, *fields = block.decode("latin-1").split("\r\n")
            answer.status = int(line.split()[1])
            answer.headers = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
        answer.headed_at = self.loop.time()
        return answer

    async def piece(self, answer: Answer) -> bytes:
        """The next chunk of an answer; empty when there is none any more."""
        if not await self._has(b"\r\n"):
            answer.ended_at = self.loop.time()
            return b""
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        size = int(line, 16)
        if not await self._has_bytes(size + 2):
            answer.ended_at = self.loop.time()
            return b""
        data, self.buffer = self.buffer[:size], self.buffer[size + 2 :]
        if data:
            answer.pieces.append((self.loop.time(), data))
        else:
            answer.complete, answer.ended_at = True, self.loop.time()
        return data

    async def rest(self, answer: Answer) -> Answer:
        if answer.header("transfer-encoding") == "chunked":
            while await self.piece(answer):
                pass
            return answer
        size = int(answer.header("content-length") or 0)
        answer.complete = await self._has_bytes(size)
        answer.pieces.append((self.loop.time(), self.buffer[:size]))
        self.buffer = self.buffer[size:]
        answer.ended_at = self.loop.time()
        return answer

    async def answer(self) -> Answer:
        """The next answer, to its end."""
        return await self.rest(await self.head())

    async def _has(self, mark: bytes) -> bool:
        while mark not in self.buffer:
            if not await self._more():
                return False
        return True

    async def _has_bytes(self, count: int) -> bool:
        while len(self.buffer) < count:
            if not await self._more():
                return False
        return True

    async def _more(self) -> bool:
        if self.gone:
            return False
        self.news.clear()
        async with asyncio.timeout(20):
            await self.news.wait()
        return True


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    _, caller = await asyncio.get_running_loop().create_connection(Caller, "127.0.0.1", port)
    try:
        yield caller
    finally:
        caller.transport.abort()
        await until(lambda: caller.gone)


def post(path: str, body: bytes | object, *, key: str = KEY, fields: str = "", method: str = "POST") -> bytes:
    """A whole request. An empty ``key`` sends no credential; ``fields`` are ready lines."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    credential = f"authorization: Bearer {key}\r\n" if key else ""
    head = f"{method} {path} HTTP/1.1\r\nhost: gateway.test\r\n{credential}{fields}content-length: {len(data)}\r\n\r\n"
    return head.encode("latin-1") + data


def get(path: str, *, key: str = KEY, fields: str = "", method: str = "GET") -> bytes:
    credential = f"authorization: Bearer {key}\r\n" if key else ""
    return f"{method} {path} HTTP/1.1\r\nhost: gateway.test\r\n{credential}{fields}\r\n".encode("latin-1")
