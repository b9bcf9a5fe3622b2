"""
Callers for journeys with much traffic: a small HTTP/1.1 client on asyncio streams that takes an answer apart as it came,
and tells a cut answer from a complete one.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from tests.kit.canaries import session
from tests.kit.gateway_process import KEY

PROMPT = session().canaries.new("prompt")
"""What callers say unless told otherwise: it is looked for where it must not be."""


class Answer(NamedTuple):
    """A complete answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        return self.headers.get("x-lockgate-request-id", "")

    @property
    def usage(self) -> tuple[int, int] | None:
        """(input, output) as the caller was told."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            events = [line[6:] for line in self.body.split(b"\n") if line.startswith(b"data: {")]
            told = [event["usage"] for event in map(json.loads, events) if event.get("usage")]
        else:
            told = [json.loads(self.body)["usage"]]
        return (told[-1]["prompt_tokens"], told[-1]["completion_tokens"]) if told else None


GONE = (ConnectionError, asyncio.IncompleteReadError, OSError)
"""What the methods of a connection raise when the other side was cut off."""


class Connection:
    """One connection to ``url``, opened when it is first needed; one exchange at a time."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self.host, self.port = host, int(port)
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None
        self.writers: list[asyncio.StreamWriter] = []
        """All there were."""

    async def send(self, data: bytes) -> asyncio.StreamReader:
        if self.writer is None or self.reader is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
            self.writers.append(self.writer)
        self.writer.write(data)
        return self.reader

    async def get(self, path: str) -> Answer:
        await self.send(f"GET {path} HTTP/1.1\r\nhost: test\r\n\r\n".encode())
        return await self.answer()

    async def ask(self, body: dict[str, Any], path: str = "/v1/chat/completions") -> Answer:
        await self.send(request(body, path))
        return await self.answer()

    async def answer(self) -> Answer:
        status, headers = await self.head()
        assert self.reader is not None
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while chunk := await self.chunk():
                body += chunk
        else:
            body = await self.reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return Answer(status, headers, body)

    async def head(self) -> tuple[int, dict[str, str]]:
        assert self.reader is not None
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value.strip() for name, _, value in pairs}

    async def chunk(self) -> bytes:
        """The next piece of a chunked answer; empty at its end."""
        assert self.reader is not None
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:size]

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


@asynccontextmanager
async def callers(url: str) -> AsyncIterator[Callable[[], Connection]]:
    """Makes connections, and sees to it that they are closed in the end."""
    made: list[Connection] = []

    def new() -> Connection:
        made.append(Connection(url))
        return made[-1]

    try:
        yield new
    finally:
        for connection in made:
            connection.close()
        for connection in made:
            for writer in connection.writers:
                with suppress(OSError):
                    await writer.wait_closed()


def request(body: dict[str, Any] | bytes, path: str = "/v1/chat/completions", key: str = KEY, headers: str = "") -> bytes:
    """A whole POST; ``headers`` are ready lines."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        f"POST {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {key}\r\ncontent-length: {len(data)}\r\n{headers}\r\n".encode() + data
    )


def chat(model: str, *, stream: bool = False, content: str = PROMPT) -> dict[str, Any]:
    """A chat request; a stream is asked for its usage."""
    more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return {"model": model, "messages": [{"role": "user", "content": content}], **more}
