"""
What all connections of one server share: the handler, limits, deadlines and the counts that draining waits for.

``Handler`` is what whoever serves something implements; the rest is the server's own.
"""

import asyncio
from email.utils import formatdate
from typing import Protocol

from lockgate.model.faults import Fault
from lockgate.runtime.deadlines import Deadlines
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request
from lockgate.runtime.outbox import outbox_of
from lockgate.runtime.tasks import TaskFailed, places


class Handler(Protocol):
    """
    An exception from ``head`` or ``request`` is answered as ``internal`` when nothing was sent, else the connection is cut; it is
    reported to the loop's exception handler.
    """

    def head(self, request: Request, reply: Reply) -> None:
        """The head is complete, the body not yet read. Answering here drops the body, and ``request`` is not called."""

    def request(self, request: Request, reply: Reply) -> None:
        """The body is complete: answer through ``reply``, now or later."""

    def refuse(self, fault: Fault, request: Request | None) -> tuple[bytes, bytes]:
        """The header block and body for what the server itself refuses; ``head`` may have been called for the request before."""

    def body_refused(self, request: Request, fault: Fault, outcome: str) -> None:
        """The rest of a refused body was read away: completed, cap_reached, timeout or client_read_error."""


class Timed(Protocol):
    """A connection, as far as its deadlines and the closing of the server need it."""

    def header_expired(self) -> None: ...
    def body_expired(self) -> None: ...
    def drain_expired(self) -> None: ...
    def write_expired(self) -> None: ...
    def close_now(self) -> None: ...
    def kill(self) -> None: ...


class Shared:
    """``in_flight`` counts exchanges from the end of the request's head to the end of its answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, handler: Handler, limits: Limits) -> None:
        self.loop = loop
        self.handler = handler
        self.limits = limits
        self.draining = False
        self.in_flight = 0
        self.connections: set[Timed] = set()
        self.heads: Deadlines[Timed] = Deadlines(loop, limits.header_timeout_s, lambda timed: timed.header_expired())
        self.bodies: Deadlines[Timed] = Deadlines(loop, limits.body_timeout_s, lambda timed: timed.body_expired())
        self.idles: Deadlines[Timed] = Deadlines(loop, limits.idle_timeout_s, lambda timed: timed.close_now())
        self.drains: Deadlines[Timed] = Deadlines(loop, limits.drain_timeout_s, lambda timed: timed.drain_expired())
        self.writes: Deadlines[Timed] = Deadlines(loop, limits.write_timeout_s, lambda timed: timed.write_expired())
        self.outbox = outbox_of(loop)
        self.outbox.servers.append(self)
        self.waiting: list[asyncio.Future[None]] = []
        self.gone: asyncio.Event | None = None
        self.second = -1
        self.date = b""

    def renew_date(self, second: int) -> bytes:
        """The Date field of answers (RFC 9110 section 6.6.1), made once per second."""
        self.second = second
        self.date = b"date: %b\r\n" % formatdate(second, usegmt=True).encode()
        return self.date

    def settled(self) -> None:
        """One exchange less."""
        self.in_flight -= 1
        if not self.in_flight and self.waiting:
            waiting, self.waiting = self.waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def lost(self, connection: Timed) -> None:
        """One connection less."""
        self.connections.discard(connection)
        if not self.connections and self.gone is not None:
            self.gone.set()

    async def wait_gone(self) -> None:
        """Returns when there is no connection."""
        if self.connections:
            self.gone = asyncio.Event()
            await self.gone.wait()

    async def wait_idle(self) -> None:
        while self.in_flight:
            future: asyncio.Future[None] = self.loop.create_future()
            self.waiting.append(future)
            await future

    def report(self, what: str, error: BaseException) -> None:
        """An exception of the handler: its type and places, for its text may quote the request."""
        self.loop.call_exception_handler({"message": what, "exception": TaskFailed(f"{what}: {places(error)}")})
