"""
One answer to one caller: whole (``send``) or in pieces (``start``, ``data``, ``end``), each as one write.

After the answer is complete, or the caller is gone, every method is without effect, so that whoever writes need not ask first.
The connection it travels on is seen through ``Carrier`` only.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

STATUS_LINES = {status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus}
STATUS_LINES[499] = b"HTTP/1.1 499 Client Closed Request\r\n"

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

JOIN_BYTES = 65_536
"""A body larger than this is written beside its head rather than copied behind it."""


def status_line(status: int) -> bytes:
    """The line for a status; one without a registered phrase gets none."""
    return STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


class Listener(Protocol):
    """Told about the caller while an answer is in progress; called directly, never queued."""

    def caller_gone(self) -> None:
        """The caller closed (also half), reset, or did not read for too long; at most once, never after the answer was complete."""

    def caller_paused(self) -> None:
        """The caller reads slower than the answer is written: stop until ``caller_resumed``."""

    def caller_resumed(self) -> None: ...


class Carrier(Protocol):
    """The connection, as far as an answer needs it."""

    write: Callable[[bytes], None]
    paused: bool

    def fields(self, close: bool) -> bytes:
        """The fields that the connection adds to an answer: date, and connection when it is not the default."""

    def answered(self) -> None:
        """The answer is complete and written."""

    def cut(self, reset: bool) -> None:
        """The answer stays incomplete; ``reset`` when only a reset shows that."""


class Reply:
    """``started``: a byte of the answer was written. ``done``: nothing more can be. ``paused``: wait for ``caller_resumed``."""

    __slots__ = ("_bodiless", "_carrier", "_chunked", "_http10", "_write", "done", "listener", "paused", "started")

    def __init__(self, carrier: Carrier, bodiless: bool, http10: bool) -> None:
        self._carrier = carrier
        self._write = carrier.write
        self._bodiless = bodiless
        self._http10 = http10
        self._chunked = False
        self.listener: Listener | None = None
        self.started = False
        self.done = False
        self.paused = carrier.paused

    def listen(self, listener: Listener) -> None:
        """Attaches the listener; it is told at once when the caller already reads too slowly."""
        self.listener = listener
        if self.paused:
            listener.caller_paused()

    def send(self, status: int, headers: bytes, body: bytes) -> None:
        """The whole answer. ``headers`` are ready lines; content-length, date and connection are added."""
        if self.done:
            return
        if self.started:
            raise RuntimeError("the answer has already been started")
        self.started = self.done = True
        carrier = self._carrier
        line = STATUS_LINES.get(status) or status_line(status)
        length = len(body)
        if length > JOIN_BYTES or self._bodiless or status == 204 or status == 304:
            self._send_apart(status, line, headers, body)
        else:
            self._write(b"%b%b%bcontent-length: %d\r\n\r\n%b" % (line, headers, carrier.fields(False), length, body))
        carrier.answered()

    def _send_apart(self, status: int, line: bytes, headers: bytes, body: bytes) -> None:
        fields = self._carrier.fields(False)
        if status == 204 or status == 304:  # RFC 9110 section 8.6: no Content-Length with 204
            self._write(b"%b%b%b\r\n" % (line, headers, fields))
            return
        self._write(b"%b%b%bcontent-length: %d\r\n\r\n" % (line, headers, fields, len(body)))
        if not self._bodiless:
            self._write(body)

    def start(self, status: int, headers: bytes, first: bytes = b"") -> None:
        """The head of an answer whose length is not known: chunked, or ended by closing for HTTP/1.0."""
        if self.done:
            return
        if self.started:
            raise RuntimeError("the answer has already been started")
        self.started = True
        line = STATUS_LINES.get(status) or status_line(status)
        if status == 204 or status == 304:
            self._bodiless = True
            self._write(b"%b%b%b\r\n" % (line, headers, self._carrier.fields(False)))
        elif self._http10:
            self._write(b"%b%b%b\r\n%b" % (line, headers, self._carrier.fields(True), b"" if self._bodiless else first))
        else:
            self._chunked = True
            head = b"%b%b%btransfer-encoding: chunked\r\n\r\n" % (line, headers, self._carrier.fields(False))
            if first and not self._bodiless:
                head = b"%b%x\r\n%b\r\n" % (head, len(first), first)
            self._write(head)

    def data(self, data: bytes) -> None:
        """One piece of a started answer."""
        if self.done or self._bodiless or not data:  # an empty chunk would end the answer
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        elif not self.started:
            raise RuntimeError("the answer has not been started")
        self._write(data)

    def end(self, last: bytes = b"") -> None:
        """The end of a started answer, with its last piece if there is one."""
        if self.done:
            return
        if not self.started:
            raise RuntimeError("the answer has not been started")
        self.done = True
        if not self._bodiless:
            if self._chunked:
                self._write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(last), last) if last else b"0\r\n\r\n")
            elif last:
                self._write(last)
        self._carrier.answered()

    def abort(self) -> None:
        """Cuts the connection, so that the caller sees that the answer is incomplete."""
        if self.done:
            return
        self.done = True
        self._carrier.cut(reset=self.started and not self._chunked)
