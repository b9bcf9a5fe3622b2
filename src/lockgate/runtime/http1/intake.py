"""
Requests out of bytes, one after another: llhttp does the parsing, fed so that it never sees a byte beyond the message at hand.

A head is fed when its blank line has arrived, a chunked body up to each blank line, since only there it can end (RFC 9112
section 7.1). A body of known length is counted off without llhttp; the next message gets a new parser then. So bytes of a next
request are never half-parsed, and the outcome does not depend on how the bytes were split. The framing of ``head.py`` and that
of llhttp must agree, or the request is refused.
Nothing here knows connections, answers or time; the counterpart is ``connection.py``.
"""

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from lockgate.model.faults import Fault, fault
from lockgate.runtime.http1.head import CHUNKED, examine, malformed, refuse_line
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.request import Kept, Request

_END = b"\r\n\r\n"
_CHUNK_FRAME_BYTES = 20
"""What the framing of one chunk may cost: a size of 16 digits and two line ends."""


class Repeat:
    """
    A head that may come again with another Content-Length, as it does from callers who keep their connection: it was parsed
    and examined once, and equal bytes mean the same again. ``prefix`` ends before the length's digits, ``suffix`` begins behind.
    """

    __slots__ = ("at", "keep_alive", "kept", "prefix", "prefix_bytes", "request", "suffix")

    def __init__(self, request: Request, head: bytes, at: int, keep_alive: bool) -> None:
        self.request, self.at, self.keep_alive, self.kept = request, at, keep_alive, request.kept
        start = head.lower().index(b"\r\ncontent-length:") + 17
        while head[start] in b" \t":
            start += 1
        self.prefix = head[:start]
        self.prefix_bytes = start
        self.suffix = head[head.index(b"\r\n", start) :]

    def with_length(self, digits: bytes) -> Request:
        first = self.request
        request = Request()
        request.method, request.target, request.path, request.query = first.method, first.target, first.path, first.query
        request.http10 = False
        request.headers = headers = first.headers.copy()
        headers[self.at] = (b"content-length", digits)
        request.body = b""
        request.context = None
        request.kept = self.kept
        return request


class Intake:
    """After ``head``: ``length``, ``keep_alive``, ``expects``. ``complete``: the whole message was fed. ``drop``: forget the body."""

    __slots__ = (
        "_chunks",
        "_feed",
        "_framing_bytes",
        "_headers",
        "_left",
        "_limits",
        "_parser",
        "_pieces",
        "_repeat",
        "_tail",
        "complete",
        "drop",
        "expects",
        "fault",
        "glimpse",
        "keep_alive",
        "length",
        "size",
    )

    # Not of interest; looking up an absent callback would cost more.
    on_message_begin = on_url = on_headers_complete = on_chunk_complete = None

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._tail = b""
        self._left = self._framing_bytes = self._chunks = 0
        self.complete = self.drop = self.expects = False
        self.keep_alive = True
        self.length = self.size = 0
        self.fault: Fault | None = None
        self.glimpse: Request | None = None
        self._repeat: Repeat | None = None
        self._renew()

    def _renew(self) -> None:
        self._parser = HttpRequestParser(self)
        self._feed = self._parser.feed_data

    # Called by llhttp.

    def on_header(self, name: bytes, value: bytes) -> None:
        # llhttp leaves white space behind a value; other control bytes, which rstrip would take too, it refuses.
        self._headers.append((name.lower(), value.rstrip()))

    def on_chunk_header(self) -> None:
        self._chunks += 1

    def on_body(self, piece: bytes) -> None:
        self.size += len(piece)
        if not self.drop:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        self.complete = True

    # Called by the connection.

    def head(self, data: bytes, start: int, end: int) -> Request | None:
        """Parses ``data[start:end]``, a head with its blank line. None: refused, see ``fault``."""
        repeat = self._repeat
        if repeat is not None and data.startswith(repeat.prefix, start):
            request = self._again(repeat, data, start + repeat.prefix_bytes, end)
            if request is not None:
                return request
        limits = self._limits
        line_end = data.find(b"\r\n", start)
        words = data[start:line_end].split(b" ")
        if len(words) != 3 or (words[2] != b"HTTP/1.1" and words[2] != b"HTTP/1.0") or line_end - start > limits.line_bytes:
            return self._refuse(refuse_line(data[start:line_end], limits))
        if end - line_end > limits.headers_bytes:
            return self._refuse(fault("headers_too_large", limit=limits.headers_bytes), words)
        if not 65 <= data[start] <= 90:  # llhttp would skip line ends here
            return self._refuse(malformed("it does not begin with a method"), words)
        headers: list[tuple[bytes, bytes]] = []
        self._headers = headers
        self.complete = upgraded = False
        self.size = 0
        try:
            self._feed(data[start:end])
        except HttpParserUpgrade:
            upgraded = True
        except HttpParserError as error:
            return self._refuse(malformed(str(error)), words)
        if len(headers) > limits.headers_count:
            return self._refuse(fault("headers_too_large", limit=limits.headers_bytes), words)
        request = Request()
        request.method, request.target, version = words
        request.http10 = version == b"HTTP/1.0"
        request.headers = headers
        request.body = b""
        request.context = None
        request.kept = Kept()
        framing = examine(request)
        if isinstance(framing, Fault):
            return self._refuse(framing, words)
        length, self.keep_alive, self.expects = framing
        self.length = length
        if self.complete is not (length == 0) and not upgraded:
            return self._refuse(malformed("the framing of the body is ambiguous"), words)
        if length or upgraded:
            self._begin_body(length, upgraded)
            if length > 0 and not (upgraded or self.expects or request.http10):
                at = next(at for at, (name, _) in enumerate(headers) if name == b"content-length")
                self._repeat = Repeat(request, data[start:end], at, self.keep_alive)
        return request

    def _again(self, repeat: Repeat, data: bytes, at: int, end: int) -> Request | None:
        """The request of a repeated head; None when it is none after all. No parser has to see it, nor its body."""
        stop = data.find(b"\r\n", at, end)
        digits = data[at:stop]
        if data[stop:end] != repeat.suffix or not digits.isdigit() or len(digits) > 18:
            return None
        self.length = self._left = length = int(digits)
        self.size = 0
        self.keep_alive = repeat.keep_alive
        self.expects = self.drop = False
        self.complete = not length
        return repeat.with_length(digits)

    def _begin_body(self, length: int, upgraded: bool) -> None:
        self.complete = self.drop = False
        self._left = length
        if length != CHUNKED:
            self.complete = not length
            self._renew()
            return
        self._framing_bytes = self._chunks = 0
        self._tail = b""
        if upgraded:  # an Upgrade is not taken (RFC 9110 section 7.8); llhttp, which stopped there, is set to the body
            self._renew()
            self._headers = []
            self._feed(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")

    def _refuse(self, refused: Fault, words: list[bytes] | None = None) -> Request | None:
        """``glimpse`` is what of a refused call may be known: its line, so that it is refused in the right dialect."""
        self.fault, self.glimpse = refused, None
        if words is not None and words[0] == b"POST":
            self.glimpse = glimpse = Request()
            glimpse.method, glimpse.target, version = words
            glimpse.path, _, glimpse.query = glimpse.target.partition(b"?")
            glimpse.headers, glimpse.body, glimpse.peer = [], b"", ""
            glimpse.http10, glimpse.context, glimpse.kept = version == b"HTTP/1.0", None, Kept()
        return None

    def body(self, data: bytes, start: int) -> int:
        """Takes the body from ``data[start:]``; the position behind what belonged to it. 0: refused, see ``fault``."""
        left = self._left
        if left < 0:
            return self._chunked_body(data, start)
        end = min(start + left, len(data))
        self.size += end - start
        if not self.drop:
            self._pieces.append(data[start:end])
        self._left = left = left - (end - start)
        self.complete = not left
        return end

    def _chunked_body(self, data: bytes, start: int) -> int:
        end = self._next_stop(data, start)
        before = self.size
        try:
            self._feed(memoryview(data)[start:end])
        except (HttpParserError, HttpParserUpgrade) as error:
            self.fault = malformed(str(error))
            return 0
        self._framing_bytes += end - start - (self.size - before)
        self._tail = (self._tail + data[max(start, end - 3) : end])[-3:]
        if self._framing_bytes > self._limits.headers_bytes + _CHUNK_FRAME_BYTES * self._chunks:
            self.fault = malformed("the chunk extensions or trailers are too long")
            return 0
        return end

    def _next_stop(self, data: bytes, start: int) -> int:
        """Where a chunked body can end next: behind a blank line, which may have begun in the piece before."""
        tail = self._tail
        if tail:
            at = (tail + data[start : start + 3]).find(_END)
            if at >= 0:
                return start + at + 4 - len(tail)
        at = data.find(_END, start)
        return at + 4 if at >= 0 else len(data)

    def take_body(self) -> bytes:
        """The body, once; what was read of it is forgotten."""
        pieces = self._pieces
        if len(pieces) == 1:
            return pieces.pop()
        self._pieces = []
        return b"".join(pieces)
