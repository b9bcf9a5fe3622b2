"""
An upstream that does as it is told, byte by byte, and remembers what it was sent: a TCP server that plays scripts.

A script is a list of steps: bytes are written, numbers are seconds to wait, an ``asyncio.Event`` is waited for, and ``CLOSE``,
``RESET``, ``HALF_CLOSE`` and ``STALL`` are what they say (a stalled one waits until the other side leaves). Each request gets
the next script; the last one is played again and again. After a script that does not end the connection the next request is
read from it.

    async with upstream() as provider:
        provider.plays([answer(200, b"{}")])
        provider.url, provider.seen[0].body
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import Any, cast

import msgspec
from tests.kit.until import until


class Act(Enum):
    CLOSE = "close"
    RESET = "reset"
    HALF_CLOSE = "half-close"
    STALL = "stall"


CLOSE, RESET, HALF_CLOSE, STALL = Act.CLOSE, Act.RESET, Act.HALF_CLOSE, Act.STALL

Script = Sequence[object]
"""Of bytes, numbers, events and acts."""

_LINGER_NOT = struct.pack("ii", 1, 0)


class Seen:
    """One request, as it came, and what became of its connection."""

    def __init__(self, peer: "_Peer", head: bytes, body: bytes) -> None:
        self.peer, self.head, self.body = peer, head, body
        line, *fields = head[:-4].split(b"\r\n")
        self.line = line.decode("latin-1")
        self.headers = [
            (name.lower().decode("latin-1"), value.strip().decode("latin-1")) for name, _, value in (f.partition(b":") for f in fields)
        ]
        self.played_at = 0.0
        """When the last step of its script was done, on the loop's clock; 0 while it is not."""

    def header(self, name: str) -> str | None:
        return next((value for one, value in self.headers if one == name), None)

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def connection(self) -> int:
        return self.peer.number

    @property
    def left_at(self) -> float:
        """When the other side closed the connection, on the loop's clock; 0 while it has not."""
        return self.peer.left_at

    async def left(self) -> float:
        await until(lambda: self.peer.left_at)
        return self.peer.left_at


class _Peer(asyncio.Protocol):
    def __init__(self, owner: "Upstream") -> None:
        self.owner, self.loop = owner, asyncio.get_running_loop()
        self.buffer = b""
        self.news = asyncio.Event()
        self.room = asyncio.Event()
        self.room.set()
        self.left_at = 0.0
        self.number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.owner.peers.append(self)
        self.number = len(self.owner.peers)
        self.owner.open += 1
        if self.owner.refuses:
            self.reset()
            return
        self.task = self.loop.create_task(self.serve())
        self.owner.tasks.add(self.task)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.news.set()

    def pause_writing(self) -> None:
        self.room.clear()

    def resume_writing(self) -> None:
        self.room.set()

    def eof_received(self) -> bool:
        self._left()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.owner.open -= 1
        self._left()

    def _left(self) -> None:
        self.left_at = self.left_at or self.loop.time()
        self.room.set()
        self.news.set()

    def reset(self) -> None:
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()

    async def serve(self) -> None:
        try:
            while (seen := await self.request()) is not None:
                script = self.owner.next_script()
                self.owner.seen.append(seen)
                for step in script:
                    await self.play(step)
                seen.played_at = self.loop.time()
        finally:
            self.transport.close()

    async def request(self) -> Seen | None:
        if not await self.has(lambda: b"\r\n\r\n" in self.buffer):
            return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        seen = Seen(self, head + b"\r\n\r\n", b"")
        size = int(seen.header("content-length") or 0)
        if not await self.has(lambda: len(self.buffer) >= size):
            return None
        seen.body, self.buffer = self.buffer[:size], self.buffer[size:]
        return seen

    async def has(self, condition: Any) -> bool:
        while not condition():
            if self.left_at or self.transport.is_closing():
                return False
            self.news.clear()
            await self.news.wait()
        return True

    async def play(self, step: object) -> None:
        if isinstance(step, bytes):
            await self.room.wait()
            if not self.left_at:
                self.transport.write(step)
        elif isinstance(step, asyncio.Event):
            await step.wait()
        elif isinstance(step, int | float):
            await asyncio.sleep(step)
        elif step is CLOSE:
            self.transport.close()
        elif step is RESET:
            self.reset()
        elif step is HALF_CLOSE:
            self.transport.write_eof()
        else:
            assert step is STALL, step
            await self.has(lambda: False)


class Upstream:
    """``open``: connections that are open now; ``peers``: all there were. ``refuses``: resets every connection it is offered."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.peers: list[_Peer] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.open = self.port = 0
        self.refuses = False
        self.scheme = "http"
        self._scripts: list[Script] = []

    def plays(self, *scripts: Script) -> None:
        """What the next requests get."""
        self._scripts = list(scripts)

    def next_script(self) -> Script:
        return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def last(self) -> Seen:
        return self.seen[-1]


@asynccontextmanager
async def upstream(*scripts: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    made = Upstream()
    made.plays(*scripts)
    made.scheme = "http" if tls is None else "https"
    server = await asyncio.get_running_loop().create_server(lambda: _Peer(made), "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in made.tasks:
            task.cancel()
        for task in made.tasks:
            with suppress(asyncio.CancelledError):
                await task
        for peer in made.peers:
            peer.transport.abort()
        await until(lambda: not made.open)


# Answers, ready to be played ------------------------------------------------------------------------------------------

JSON = "content-type: application/json\r\n"
SSE = "content-type: text/event-stream\r\n"


def answer(status: int, body: bytes | object, fields: str = JSON) -> bytes:
    """A whole answer; ``body`` is bytes, or what JSON says of it. ``fields`` are ready lines."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return f"HTTP/1.1 {status} Some Reason\r\n{fields}content-length: {len(data)}\r\n\r\n".encode() + data


def head(status: int = 200, fields: str = SSE) -> bytes:
    """The head of a chunked answer."""
    return f"HTTP/1.1 {status} Some Reason\r\n{fields}transfer-encoding: chunked\r\n\r\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


END = b"0\r\n\r\n"


def event(data: object, name: str = "") -> bytes:
    """One frame of a stream of events."""
    text = data if isinstance(data, bytes) else msgspec.json.encode(data)
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + text + b"\n\n"


def stream(*frames: bytes) -> list[object]:
    """A whole stream: each frame a chunk of its own."""
    return [head(), *(chunk(frame) for frame in frames), END]
