"""
The paced upstream: a small server that streams chat completions, a given number of chunks at a given pace, many at once.

    python -m bench.upstream.paced PORT

Each stream keeps its own schedule from its first chunk on (chunk i is due at i/pace, however late the others were), so that a slow
reader or gateway shows as delay and never as a slower upstream. Not a model of an LLM: of the wire only. Its reader is `bench.streams`.
"""

import asyncio
import sys
import time
from typing import cast

import httptools
import uvloop

from bench.upstream import payload

_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n"
)
_MODELS = b'{"object":"list","data":[{"id":"%b","object":"model","created":1,"owned_by":"bench"}]}' % payload.UPSTREAM_MODEL.encode()


class Upstream(asyncio.Protocol):
    """One connection; one answer at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser = httptools.HttpRequestParser(self)
        self.loop = asyncio.get_running_loop()
        self.timer: asyncio.TimerHandle | None = None
        self.url = b""
        self.body: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def on_message_begin(self) -> None:
        self.url, self.body = b"", []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self.body)
        if b"chunks=" in body:
            self.chunks, per_second = payload.read_order(body)
            self.period, self.began, self.sequence = 1 / per_second, self.loop.time(), 0
            self.transport.write(_HEAD + self._frame(payload.FIRST_FRAME, payload.FIRST_REST))
            self._wait()
        else:
            answer = _MODELS if self.url.endswith(b"/models") else payload.answer()
            self.transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer)
            )

    def _wait(self) -> None:
        self.sequence += 1
        self.timer = self.loop.call_at(self.began + self.sequence * self.period, self._due)

    def _due(self) -> None:
        if self.sequence < self.chunks:
            self.transport.write(self._frame(payload.FRAME, payload.FRAME_REST))
            self._wait()
        else:
            self.transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(payload.ENDING), payload.ENDING))

    def _frame(self, before: bytes, after: bytes) -> bytes:
        event = b"%b@%d:%d@%b" % (before, self.sequence, time.monotonic_ns(), after)
        return b"%x\r\n%b\r\n" % (len(event), event)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
