"""
A connection to an upstream: one call at a time, its answer handed on as it arrives.

The receiver is called directly from the event loop's read, at most three times per read (head, data, end). It may abort, pause or
make other calls from within. The read buffer is one per pool and 64 KiB, which is what one read may add to a caller who reads
slowly, and is free again before the next read.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from lockgate.model.faults import Fault, fault
from lockgate.runtime.outbox import Outbox

HEAD_BYTES = 65_536
"""The most that is read in a row without a byte of body: a head, chunk extensions, trailers."""

INTERIM_ANSWERS = 16
JOIN_BYTES = 65_536
"""A body larger than this is written beside its head rather than copied behind it."""


class Malformed(Exception):
    """Why an answer cannot be read; the reason holds nothing of it."""


class Surplus(Exception):
    """Bytes beyond the end of the answer."""


class Answer:
    """
    Fed through ``feed``. ``status`` is 0 until the final head is complete; ``complete``: the body is too; ``until_eof``: only the
    end of the connection ends it; ``reusable``: the connection may carry another exchange.
    """

    __slots__ = ("_interim", "_parser", "_version_known", "complete", "feed", "headers", "pieces", "reusable", "status", "until_eof")

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.feed = self._parser.feed_data
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self._version_known = False
        self.reset()

    def reset(self) -> None:
        """Ready for the next answer on the same connection."""
        self.status = self._interim = 0
        self.complete = self.until_eof = self.reusable = False

    def on_message_begin(self) -> None:
        if self.complete:
            raise Surplus
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.status:  # trailers are dropped: they must not change a head that was already handed on
            self.headers.append((name.lower(), value.rstrip()))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            self._interim += 1
            # 101 would change the protocol; an upstream must not send it unasked (RFC 9110 section 15.2.2).
            if status < 100 or status == 101 or self._interim > INTERIM_ANSWERS:
                raise Malformed("an interim answer that was not asked for")
            return
        if status > 599:
            raise Malformed("the status is not one of HTTP's")
        sized = chunked = False
        for name, value in self.headers:
            if name == b"content-length":
                sized = True
            elif name == b"transfer-encoding":
                if value.lower() != b"chunked" or self._parser.get_http_version() != "1.1":
                    raise Malformed("its transfer coding is not supported")
                chunked = True
        if not self._version_known:  # once per connection
            if self._parser.get_http_version() not in ("1.1", "1.0"):
                raise Malformed("its HTTP version is not supported")
            self._version_known = True
        if not sized and not chunked:
            self.until_eof = status not in (204, 304)
        self.status = status

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        if self.status:
            self.complete = True
            self.reusable = self._parser.should_keep_alive()


class Answering(Protocol):
    """Receives one answer: head, any data, then exactly one of end and failed; nothing after ``Call.abort``."""

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None: ...

    def upstream_data(self, data: bytes) -> None: ...

    def upstream_end(self) -> None: ...

    def upstream_failed(self, fault: Fault) -> None: ...


class Lane(Protocol):
    """The pool, as far as a connection needs it."""

    buffer: memoryview
    outbox: Outbox

    def release(self, connection: "UpstreamConnection") -> None:
        """The connection is free for another call."""

    def lost(self, connection: "UpstreamConnection") -> None:
        """The connection is closed."""

    def again(self, call: "Call") -> None:
        """A reused connection died before the first byte of the answer."""


class Call:
    """One request on its way. ``reused``: on a connection that served another call before."""

    __slots__ = ("answering", "body", "cancel", "connection", "done", "head", "paused", "reused")

    def __init__(self, head: bytes, body: bytes, answering: Answering) -> None:
        self.head = head
        self.body = body
        self.answering = answering
        self.connection: UpstreamConnection | None = None
        self.cancel: Callable[[], object] | None = None
        self.done = self.paused = self.reused = False

    def pause(self) -> None:
        """Stops reading the answer; what one read delivered may still come."""
        self.paused = True
        if self.connection is not None:
            self.connection.pause()

    def resume(self) -> None:
        self.paused = False
        if self.connection is not None:
            self.connection.resume()

    def abort(self) -> None:
        """Closes the connection; the receiver is not called any more. Without effect when the answer is complete."""
        if self.done:
            return
        self.done = True
        if self.connection is not None:
            self.connection.drop()
        elif self.cancel is not None:
            self.cancel()

    def fail(self, failed: Fault) -> None:
        if not self.done:
            self.done = True
            self.connection = None
            self.answering.upstream_failed(failed)


class UpstreamConnection(asyncio.BufferedProtocol):
    """See the module. ``lane`` is where it goes when it is free."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self._answer = Answer()
        self._feed = self._answer.feed
        self._buffer = lane.buffer
        self._write = lane.outbox.write
        self._call: Call | None = None
        self._head_bytes = 0
        self._reading = True
        self.closed = False
        self.first_use = True

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        call = self._call
        if call is None:  # nothing was asked: whatever this is, it must not become the answer to a later call
            self.drop()
            return
        answer = self._answer
        try:
            self._feed(self._buffer[:count])
        except HttpParserUpgrade:
            self._deliver(call, answer)
            self._broken(call, "an interim answer that was not asked for")
            return
        except HttpParserError as error:
            self._misread(call, answer, error)
            return
        if not answer.pieces and not answer.complete:  # a head, or chunk extensions, or trailers
            self._head_bytes += count
            if self._head_bytes > HEAD_BYTES:
                self._broken(call, "its head is too large")
                return
            if not answer.status:
                return
        self._deliver(call, answer)

    def eof_received(self) -> bool:
        self._ended(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._ended(exc)
        self.lane.lost(self)

    # Called by the pool.

    def send(self, call: Call) -> None:
        """Writes the request. The call keeps it until the first byte of the answer."""
        self._call = call
        call.connection = self
        if len(call.body) > JOIN_BYTES:
            self._write(self._transport, call.head)
            self._write(self._transport, call.body)
        else:
            self._write(self._transport, call.head + call.body)
        if call.paused:
            self.pause()

    def abandon(self) -> None:
        """Closes at once; a call in progress fails."""
        call = self._call
        self.drop()
        if call is not None:
            call.fail(fault("transport_error", reason="the gateway is closing its connections"))

    def drop(self) -> None:
        """Closes at once."""
        self._call = None
        if not self.closed:
            self.closed = True
            self._transport.abort()

    def pause(self) -> None:
        if self._reading and not self.closed:
            self._reading = False
            self._transport.pause_reading()

    def resume(self) -> None:
        if not self._reading:
            self._reading = True
            if not self.closed:
                self._transport.resume_reading()

    def transport_info(self, name: str) -> object:
        return self._transport.get_extra_info(name)

    # Handing on.

    def _deliver(self, call: Call, answer: Answer) -> None:
        answering = call.answering
        if call.head and answer.status:
            call.head = call.body = b""  # from here on there is nothing to send again
            answering.upstream_head(answer.status, answer.headers)
            if self._call is not call:
                return
        pieces = answer.pieces
        if pieces:
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
            self._head_bytes = 0
            answering.upstream_data(data)
            if self._call is not call:
                return
        if answer.complete:
            self._finish(call, answer.reusable)

    def _finish(self, call: Call, reusable: bool) -> None:
        call.done = True
        call.connection = None
        self._call = None
        if reusable and not self.closed:
            self._head_bytes = 0
            self._answer.reset()
            if not self._reading:
                self.resume()
            self.lane.release(self)
        else:
            self.drop()
        call.answering.upstream_end()

    def _misread(self, call: Call, answer: Answer, error: HttpParserError) -> None:
        cause = error.__context__ if isinstance(error, HttpParserCallbackError) else None
        if answer.complete:  # the answer is whole; what follows it makes the connection useless, not the answer
            answer.reusable = False
        self._deliver(call, answer)
        if self._call is call:
            self._broken(call, str(cause) if isinstance(cause, Malformed) else "it is not valid HTTP/1.1")

    def _broken(self, call: Call, reason: str) -> None:
        if self._call is call:
            self.drop()
            call.fail(fault("upstream_decode_error", reason=reason))

    def _ended(self, exc: Exception | None) -> None:
        """The upstream closed, or the connection broke."""
        call = self._call
        if call is None:
            self.drop()
            return
        answer = self._answer
        if answer.status and answer.until_eof and exc is None:
            self._finish(call, False)
            return
        self.drop()
        if answer.status:
            call.fail(fault("transport_error", reason="the answer was cut off"))
        elif call.reused and not self._head_bytes:
            call.connection = None
            self.lane.again(call)
        else:
            call.fail(fault("transport_error", reason="the connection was closed before an answer came"))
