"""
One attempt: the upstream's side of an exchange. It receives one answer, makes of it what the caller is to see, and tells the
exchange what happened; it never decides what happens next.

Its attributes are also the facts that logs, metrics and the record tell of it (gateway/sight/facts.Attempted).
"""

from lockgate.core.dialects.openai_chat import lift_reasoning
from lockgate.core.exchange.events import Event
from lockgate.core.exchange.flow import closing_of, ended_cleanly, flow_of
from lockgate.core.exchange.whole import shown
from lockgate.core.wire.sse import FrameTooLong, Splitter
from lockgate.gateway.echo import Playing
from lockgate.gateway.plan.plan import Route, Timed
from lockgate.gateway.plan.way import Way
from lockgate.gateway.relay.roles import Owner
from lockgate.gateway.sight.facts import TargetLabels
from lockgate.model.content import Content
from lockgate.model.dialect import Dialect, Seen, Stamp, StreamRelay
from lockgate.model.faults import Fault, fault
from lockgate.model.operations import Operation
from lockgate.model.records import AttemptKind
from lockgate.model.usage import Usage
from lockgate.runtime.deadlines import Deadlines
from lockgate.runtime.http1.client import Call

ANSWER_LIMIT_BYTES = 64 << 20
"""A whole answer larger than this is refused as unreadable: it has to be held to be checked."""
FAULT_LIMIT_BYTES = 64 << 10
"""As much of an upstream's error body is kept (section 1.2)."""
DRAIN_LIMIT_BYTES = 1 << 20
"""As much of an error body is read so that the connection can be used again; beyond it the connection is dropped."""


class Attempt:
    """
    Receives an upstream's answer (runtime/http1/client.Answering).

    Every callback catches whatever goes wrong in it: a bug of ours ends the exchange, not the connection.
    """

    call: Call | Playing | None = None
    flow: StreamRelay | None = None
    splitter: Splitter | None = None
    told: Seen | StreamRelay | None = None
    """What the upstream said of its answer, as far as it came."""
    usage: Usage | None = None
    fault: Fault | None = None
    retry_after: bytes | None = None
    status = 0
    upstream_status = 0
    kept_bytes = 0
    first_at = 0.0
    ended_at = 0.0
    reached = False
    token = b""
    """The minted token it was sent with, if any."""
    record = b""
    """Id of its usage record; empty while no intent is written."""

    def __init__(self, owner: Owner, route: Route, way: Way, kind: AttemptKind, dialled_at: float) -> None:
        self.owner, self.route, self.way, self.kind, self.dialled_at = owner, route, way, kind, dialled_at
        self.chunks: list[bytes] = []
        self.deadline: Deadlines[Timed] | None = route.gap if owner.ask.stream else route.total

    # What the exchange asks -----------------------------------------------------------------------------------------

    def dial(self, body: bytes) -> None:
        """Sends the request; what comes of it arrives by the callbacks below, never before this returns."""
        owner, way, route = self.owner, self.way, self.route
        house, target = owner.house, route.target
        head = way.head
        if target.render is not None or target.forward is not None:
            head += target.lines(owner.request_id, owner.key.principal, owner.headers)
        head += house.heads.upstream(owner.request_id, len(body))
        if self.deadline is not None:
            self.deadline.arm(self)
        if target.credential is not None:
            house.dial_minted(self, target.credential, head, body)
        elif target.in_process:
            self.call = house.echo.call(owner.endpoint_row.operation, head, body, self)
        else:
            self.send(head, body)

    def send(self, head: bytes, body: bytes) -> None:
        self.call = self.owner.house.pool.call(self.route.origin, head, body, self)

    def refused(self, failure: Fault) -> None:
        """It cannot be dialled."""
        self._fail(failure)

    def end(self, now: float, failure: Fault | None) -> None:
        """It is over, and what of it is kept is what it tells."""
        self.ended_at, self.fault = now, failure
        self.status = 200 if failure is None else failure.status
        if self.deadline is not None:
            self.deadline.disarm(self)
        self.chunks = []

    def silent(self) -> None:
        """Its stream is over, but the upstream did not end its answer: the connection is given up."""
        self.abort()

    def abort(self) -> None:
        if self.call is not None:
            self.call.abort()
            self.call = None

    def pause(self) -> None:
        """The caller does not read. The upstream is not late while we are not reading either."""
        if self.call is not None:
            self.call.pause()
            if self.deadline is not None:
                self.deadline.disarm(self)

    def resume(self) -> None:
        if self.call is not None:
            self.call.resume()
            if self.deadline is not None:
                self.deadline.arm(self)

    # What the upstream does -----------------------------------------------------------------------------------------

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.upstream_status = status
        self.reached = True
        try:
            fields = dict(headers)
            if not 200 <= status < 300:
                self.retry_after = fields.get(b"retry-after")
                return
            if b"content-encoding" in fields and fields[b"content-encoding"].lower() != b"identity":
                return self._unreadable("it is compressed, which was not asked for")
            streamed = fields.get(b"content-type", b"")[:17].lower() == b"text/event-stream"
            owner = self.owner
            if not owner.ask.stream:
                if streamed:
                    return self._unreadable("it is a stream, which was not asked for")
                return owner.feed(Event.UPSTREAM_HEAD)
            if streamed:  # Else read on: it may be an error object, and is no answer in any case.
                self._flow(owner)
        except Exception as error:
            self.owner.broken(error)

    def _flow(self, owner: Owner) -> None:
        self.splitter = Splitter()
        endpoint, ask = owner.endpoint_row, owner.ask
        self.told = self.flow = flow_of(
            endpoint.dialect,
            self.way.dialect,
            Stamp(ask.model, owner.request_id, owner.house.clock.now_ms() // 1000, ask.wants_usage),
            restamps=endpoint.restamps,
            drops_usage=not ask.wants_usage,
        )
        if self.deadline is not None:
            self.deadline.touch(self)
        owner.feed(Event.UPSTREAM_HEAD)
        owner.house.grace.arm(owner)

    def upstream_data(self, data: bytes) -> None:
        try:
            flow = self.flow
            if flow is None:
                self._keep(data)
                return
            if not self.first_at:
                self.first_at = self.owner.house.clock.ticks()
            if self.deadline is not None:
                self.deadline.touch(self)
            splitter = self.splitter
            if splitter is not None:  # What follows a stream's own end is nobody's.
                self._relay(flow, splitter.feed(data))
        except FrameTooLong:
            self._unreadable("an event of the stream is too long")
        except Exception as error:
            self.owner.broken(error)

    def upstream_end(self) -> None:
        self.call = None
        try:
            flow = self.flow
            if flow is None:
                self._end_whole()
                return
            splitter = self.splitter
            if splitter is None:
                return self.owner.house.grace.disarm(self)
            self._relay(flow, splitter.end())
            if self.ended_at:
                return
            if ended_cleanly(flow, self.way.done_marker):
                self._finish(flow, b"")
            else:
                self._fail(fault("upstream_decode_error", reason="the stream ended before its end"))
        except FrameTooLong:
            self._unreadable("an event of the stream is too long")
        except Exception as error:
            self.owner.broken(error)

    def upstream_failed(self, failure: Fault) -> None:
        self.call = None
        if self.ended_at:
            return self.owner.house.grace.disarm(self)
        try:
            self._fail(failure)
        except Exception as error:
            self.owner.broken(error)

    def timed_out(self) -> None:
        """Its deadline passed."""
        try:
            self.owner.feed(Event.TIMED_OUT, fault("upstream_timeout"))
        except Exception as error:
            self.owner.broken(error)

    # Streams --------------------------------------------------------------------------------------------------------

    def _relay(self, flow: StreamRelay, frames: list[bytes]) -> None:
        out = b""
        for frame in frames:
            out += flow.feed(frame)
            if flow.done or flow.fault is not None:
                break
        if flow.done:
            return self._finish(flow, out)
        owner = self.owner
        if out:
            owner.out = out
            owner.feed(Event.UPSTREAM_CHUNK)
        if flow.fault is not None and not self.ended_at:  # Writing to the caller may have shown that it left.
            self._drop(self.way.named(flow.fault))

    def _finish(self, flow: StreamRelay, out: bytes) -> None:
        """
        The stream came to its own end, which is the caller's end too. The upstream's answer may end a little later; if it does,
        its connection is used again.
        """
        owner, call, self.splitter = self.owner, self.call, None
        owner.out = out + closing_of(flow, owner.endpoint_row.dialect)
        if call is not None:
            owner.house.grace.arm(self)
        owner.feed(Event.UPSTREAM_END)
        if call is not None:
            call.resume()

    # Whole answers --------------------------------------------------------------------------------------------------

    def _keep(self, data: bytes) -> None:
        """A part of a whole answer, or of an error body."""
        before, kept = self.kept_bytes, self.kept_bytes + len(data)
        self.kept_bytes = kept
        if self.upstream_status < 300:
            if kept > ANSWER_LIMIT_BYTES:
                return self._unreadable("it is too large")
        elif kept > DRAIN_LIMIT_BYTES:
            return self._drop(self._refusal())
        elif before >= FAULT_LIMIT_BYTES:
            return
        self.chunks.append(data)

    def answer(self) -> bytes:
        """The whole answer, while it is held."""
        return self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)

    def _end_whole(self) -> None:
        if self.upstream_status >= 300:
            return self._fail(self._refusal())
        chunks, way, owner = self.chunks, self.way, self.owner
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        seen = way.dialect.observe(body)
        if isinstance(seen, Fault):
            return self._fail(way.named(seen))
        if owner.ask.stream:
            return self._fail(fault("upstream_decode_error", reason="it is not the stream that was asked for"))
        self.told = seen
        if way.reasoning:
            body = lift_reasoning(body, way.reasoning)
        endpoint = owner.endpoint_row
        out = shown(
            endpoint.dialect, way.dialect, owner.ask.model, owner.request_id, owner.house.clock.now_ms, body, seen, endpoint.restamps
        )
        if isinstance(out, Fault):
            return self._fail(out)
        owner.out = out
        owner.feed(Event.UPSTREAM_END)

    # Failures -------------------------------------------------------------------------------------------------------

    def _refusal(self) -> Fault:
        """The fault of an error answer; a 429's Retry-After in seconds goes on to the caller (section 1.2)."""
        if self.token and self.upstream_status == 401 and self.route.target.credential is not None:
            self.owner.house.token_refused(self.route.target.credential, self.token)
        failure = self.way.named(self.way.dialect.read_fault(self.upstream_status, self.answer()[:FAULT_LIMIT_BYTES]))
        after = self.retry_after
        if failure.status != 429 or after is None or not after.isdigit() or len(after) > 9:
            return failure
        return Fault(
            failure.kind, failure.status, failure.type, failure.source, failure.retryable, failure.message, failure.code, failure.param, int(after)
        )  # fmt: skip

    def _unreadable(self, reason: str) -> None:
        self._drop(fault("upstream_decode_error", reason=reason))

    def _drop(self, failure: Fault) -> None:
        """The upstream is still talking, but its attempt is over."""
        self.abort()
        self._fail(failure)

    def _fail(self, failure: Fault) -> None:
        self.owner.feed(Event.UPSTREAM_FAILED, failure)

    # Facts ----------------------------------------------------------------------------------------------------------

    @property
    def target(self) -> TargetLabels:
        return self.route.labels

    @property
    def operation(self) -> Operation:
        return self.owner.endpoint_row.operation

    @property
    def dialect(self) -> Dialect:
        return self.way.dialect

    @property
    def upstream_model(self) -> str:
        return self.route.upstream_model

    @property
    def sent(self) -> Content:
        return self.owner.body

    @property
    def latency_s(self) -> float:
        return self.ended_at - self.dialled_at

    @property
    def ttft_s(self) -> float | None:
        return self.first_at - self.dialled_at if self.flow is not None and self.first_at else None

    @property
    def finish_reason(self) -> str:
        return self.told.finish_reason if self.told is not None else ""

    @property
    def provider_request_id(self) -> str:
        return self.told.response_id if self.told is not None else ""

    @property
    def model_version(self) -> str:
        return self.told.model_version if self.told is not None else ""
