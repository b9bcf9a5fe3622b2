"""
A caller's connection: bytes in, one exchange at a time, answers out in order.

HEAD --head accepted--> BODY --complete--> WAIT --answer complete--> HEAD      (no body: HEAD -> WAIT)
any --refused, or answered before the body came--> DRAIN or BODY with the body dropped --> CLOSED or HEAD

1. The handler sees a head only when all of it was accepted, and a request only when all of it was.
2. An exchange ends exactly once: its answer is complete, or cut, or refused, or the caller is gone (told to the listener).
3. While an exchange is in progress reading goes on, so that a caller who leaves is noticed, until 64 KiB are kept ahead.
4. After a refusal nothing is parsed any more. The connection is half-closed, and what still comes is read away for a while, since
   closing at once would reset it and could destroy the answer before it is read (RFC 9112 section 9.6).
"""

import asyncio
from functools import partial
from time import time
from typing import cast

from lockgate.model.faults import Fault, fault
from lockgate.runtime.deadlines import Deadlines
from lockgate.runtime.http1.head import check_partial
from lockgate.runtime.http1.intake import Intake
from lockgate.runtime.http1.limits import AHEAD_BYTES, DRAIN_BYTES
from lockgate.runtime.http1.outlet import Outlet
from lockgate.runtime.http1.reply import CONTINUE, Reply
from lockgate.runtime.http1.request import Request
from lockgate.runtime.http1.shared import Shared, Timed

HEAD, BODY, WAIT, DRAIN, CLOSED = range(5)


class CallerConnection(Outlet):
    """See the module. Public are the callbacks of asyncio, of the deadlines and of ``Reply``."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._intake = Intake(shared.limits)
        self._state, self._held = HEAD, bytearray()
        self._request: Request | None = None
        self._refused: Fault | None = None
        self._deadline: Deadlines[Timed] | None = None
        self._handle_head, self._handle = shared.handler.head, shared.handler.request
        self._body_limit = shared.limits.body_bytes
        self._times_idle = shared.limits.idle_timeout_s > 0
        self._looping = self._reading_paused = False
        self._discarded, self._peer = 0, ""

    def _timed(self) -> Timed:
        return self

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)
        self.write = partial(self._shared.outbox.write, transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]).removeprefix("::ffff:") if isinstance(peer, tuple) else ""
        shared = self._shared
        shared.connections.add(self)
        shared.heads.arm(self)
        self._deadline = shared.heads

    def data_received(self, data: bytes) -> None:
        if not self._held:
            self._read(data)
        elif self._state == WAIT or self.paused:
            self._hold(data)
        else:
            self._read_more_of_head(data)

    def eof_received(self) -> bool:
        if self._state != CLOSED:
            self.close_now()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose()
        self._state = CLOSED
        self._time(None)
        shared = self._shared
        shared.writes.disarm(self)
        shared.lost(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._state == HEAD and self._held and not self._looping:
            self._take_held()

    # Reading.

    def _read(self, data: bytes) -> None:
        """Takes as many messages from ``data`` as may be taken now; keeps the rest."""
        self._looping = True
        at, size = 0, len(data)
        while at < size:
            state = self._state
            if state == HEAD and at:
                self._shared.outbox.flush()  # A caller who does not read what it asked for is not served more.
            if state == HEAD and not self.paused:
                at = self._read_head(data, at)
            elif state == BODY:
                at = self._read_body(data, at)
            else:
                self._set_aside(data[at:], state)
                break
        self._looping = False
        if self._deadline is None and self._state != WAIT:
            if self._state == BODY:
                self._time(self._shared.bodies)
            elif self._times_idle and self._state == HEAD and not self._held:
                self._time(self._shared.idles)

    def _read_head(self, data: bytes, at: int) -> int:
        begin = at
        if data[at] == 13 and data.startswith(b"\r\n", at):  # RFC 9112 section 2.2: one empty line before a request is ignored
            at += 2
        end = data.find(b"\r\n\r\n", at) + 4
        if end == 3:
            if self._deadline is not self._shared.heads:
                self._time(self._shared.heads)
            self._read_more_of_head(data[begin:])
            return len(data)
        intake = self._intake
        request = intake.head(data, at, end)
        if request is None:
            self._refuse(intake.fault or fault("internal"), intake.glimpse)
            return end
        if self._deadline is not None:
            self._time(None)
        return self._begin(request, data, end, intake)

    def _read_more_of_head(self, data: bytes) -> None:
        """A head that cannot become one is refused now, rather than when it ends."""
        held = self._held
        checked = len(held)
        held += data
        start = 2 if held.startswith(b"\r\n") else 0
        if held.find(b"\r\n\r\n", max(start, checked - 3)) >= 0:
            self._take_held()
            return
        refused = check_partial(held, checked, self._shared.limits)
        if refused is not None:
            self._refuse(refused, None)

    def _begin(self, request: Request, data: bytes, at: int, intake: Intake) -> int:
        request.peer = self._peer
        self._request = request
        length, limit = intake.length, self._body_limit
        if limit and length > limit:
            self._refuse_body(fault("body_too_large", limit=limit), request)
            return at
        self._reply = reply = Reply(self, request.method == b"HEAD", request.http10)
        self._shared.in_flight += 1
        end = at + length
        whole = length >= 0 and end <= len(data)  # the usual case: the body came with the head
        intake.complete = whole
        self._state = WAIT if whole else BODY
        try:
            self._handle_head(request, reply)
            if whole and not reply.started and not reply.done:
                request.body = data[at:end]
                self._handle(request, reply)
        except Exception as error:
            self._fail(error, reply)
        if whole:
            return end
        if self._state == BODY:
            if reply.started:
                self._drop_body()
            elif intake.expects:
                intake.expects = False
                self.write(CONTINUE)
        return at

    def _read_body(self, data: bytes, at: int) -> int:
        intake = self._intake
        end = intake.body(data, at)
        if not end:
            self._refuse(intake.fault or fault("internal"), self._request)
            return at
        if intake.drop:
            self._discarded += end - at
            if self._discarded > DRAIN_BYTES:
                self._give_up("cap_reached")
                return end
        elif self._body_limit and intake.size > self._body_limit:
            self._refuse_body(fault("body_too_large", limit=self._body_limit), cast(Request, self._request))
        if intake.complete:
            self._end_body(intake)
        elif not intake.drop and self._deadline is not None:
            self._deadline.touch(self)
        return end

    def _end_body(self, intake: Intake) -> None:
        if self._deadline is not None:
            self._time(None)
        if self._refused is not None:
            self._give_up("completed")
            return
        reply, request = self._reply, self._request
        if reply is None or request is None:
            raise RuntimeError("a body without a request")
        self._state = WAIT
        if reply.done:
            self._next()
        elif not intake.drop:
            request.body = intake.take_body()
            try:
                self._handle(request, reply)
            except Exception as error:
                self._fail(error, reply)

    def _set_aside(self, data: bytes, state: int) -> None:
        """Bytes whose turn has not come are kept; those after a refusal are counted and forgotten."""
        if state == DRAIN:
            self._discarded += len(data)
            if self._discarded > DRAIN_BYTES:
                self._shut()
        elif state != CLOSED:
            self._hold(data)

    def _hold(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > AHEAD_BYTES and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def _take_held(self) -> None:
        data = bytes(self._held)
        self._held.clear()
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()
        self._read(data)

    # Ends of an exchange.

    def fields(self, close: bool) -> bytes:
        shared, intake = self._shared, self._intake
        second = int(time())
        date = shared.date if second == shared.second else shared.renew_date(second)
        # A body that the caller announced but was not told to send may come or not: its end cannot be found.
        if close or not intake.keep_alive or shared.draining or (intake.expects and not intake.complete):
            intake.keep_alive = False
            return date + b"connection: close\r\n"
        return date + b"connection: keep-alive\r\n" if cast(Request, self._request).http10 else date

    def answered(self) -> None:
        shared = self._shared
        if shared.waiting:
            shared.settled()
        else:
            shared.in_flight -= 1
        if self._state == WAIT:
            self._next()
        elif self._state == BODY:
            if not self._intake.keep_alive and self._intake.expects:
                self._linger()
            else:
                self._drop_body()

    def _next(self) -> None:
        self._reply = self._request = None
        if not self._intake.keep_alive:
            self._shut()
            return
        self._state = HEAD
        if not self._looping:
            if self._held:
                self._shared.outbox.flush()
                if not self.paused:
                    self._take_held()
            elif self._times_idle:
                self._time(self._shared.idles)

    def cut(self, reset: bool) -> None:
        self._shared.settled()
        if reset:
            self._state = CLOSED
            self._reset()
        else:
            self._shut()

    def _fail(self, error: Exception, reply: Reply) -> None:
        self._shared.report("the request handler failed", error)
        if reply.done:
            return
        if reply.started:
            reply.abort()
        else:
            self._refuse(fault("internal"), self._request)

    def _lose(self) -> None:
        """The caller is gone; whoever writes the answer is told."""
        reply = self._reply
        if reply is not None and not reply.done:
            reply.done = True
            self._shared.settled()
            if reply.listener is not None:
                try:
                    reply.listener.caller_gone()
                except Exception as error:  # the connection must be cleared away all the same
                    self._shared.report("the listener failed", error)
        if self._refused is not None:
            self._give_up("client_read_error")

    # Refusals.

    def _refuse(self, refused: Fault, request: Request | None) -> None:
        """Answers with the fault and takes nothing more from this connection."""
        if (self._reply is not None and self._reply.started) or self._refused is not None:
            self.close_now()
            return
        self._intake.keep_alive = False
        self._write_refusal(refused, request)
        self._linger()

    def _refuse_body(self, refused: Fault, request: Request) -> None:
        """413 at once; then the body is read away, so that the caller gets to read the answer."""
        self._intake.keep_alive = False
        self._write_refusal(refused, request)
        self._refused = refused
        if self._intake.expects and not self._intake.complete:
            self._give_up("completed")  # it waits for our permission: there is nothing to read away
            return
        self._state = BODY
        self._drop_body()

    def _drop_body(self) -> None:
        self._intake.drop = True
        self._intake.take_body()
        self._discarded = 0
        self._time(self._shared.drains)

    def _give_up(self, outcome: str) -> None:
        """The reading away has ended."""
        refused, self._refused = self._refused, None
        if refused is not None:
            try:
                self._shared.handler.body_refused(cast(Request, self._request), refused, outcome)
            except Exception as error:
                self._shared.report("the outcome of a refusal could not be told", error)
        self._shut()

    def _linger(self) -> None:
        self._state = DRAIN
        self._discarded = 0
        self._held.clear()
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()
        self._shared.outbox.flush()
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._time(self._shared.drains)
        else:
            self._shut()

    def _shut(self) -> None:
        """Closes when what was written is sent; gives up on that when nothing moves."""
        self._state = CLOSED
        self._time(None)
        self._held.clear()
        self._close()

    # Time.

    def _time(self, deadlines: Deadlines[Timed] | None) -> None:
        """What is waited for from now on."""
        if self._deadline is not None:
            self._deadline.disarm(self)
        self._deadline = deadlines
        if deadlines is not None:
            deadlines.arm(self)

    def header_expired(self) -> None:
        if self._held:
            self._refuse(fault("request_timeout"), None)
        else:
            self._shut()

    def body_expired(self) -> None:
        self._refuse(fault("request_timeout"), self._request)

    def drain_expired(self) -> None:
        if self._refused is not None:
            self._give_up("timeout")
        self.kill()

    # Called by the server.

    def close_now(self) -> None:
        """Closes; an answer in progress is cut."""
        self._lose()
        self._shut()

    def kill(self) -> None:
        self._lose()
        self._state = CLOSED
        self._transport.abort()
