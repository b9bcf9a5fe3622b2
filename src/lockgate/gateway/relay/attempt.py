"""
One attempt: the upstream's side of an exchange. It receives one answer, makes of it what the caller is to see, and tells the
exchange what happened; it never decides what happens next.

Its attributes are also the facts that logs, metrics and the record tell of it (gateway/sight/facts.Attempted).
"""

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
    """Receives an upstream's answer (runtime/http1/roles.Answering)."""

    __slots__ = (
        "call", "chunks", "deadline", "dialled_at", "ended_at", "fault", "first_at", "flow", "kept_bytes", "kind", "owner", "reached", "record",
        "retry_after", "route", "seen", "splitter", "status", "token", "upstream_status", "usage", "way",
    )  # fmt: skip

    def __init__(self, owner: Owner, route: Route, way: Way, kind: AttemptKind, dialled_at: float) -> None:
        self.owner, self.route, self.way, self.kind, self.dialled_at = owner, route, way, kind, dialled_at
        self.record = b""
        """Id of its usage record; empty while no intent is written."""
        self.call: Call | Playing | None = None
        self.flow: StreamRelay | None = None
        self.splitter: Splitter | None = None
        self.seen: Seen | None = None
        self.usage: Usage | None = None
        self.fault: Fault | None = None
        self.retry_after: bytes | None = None
        self.chunks: list[bytes] = []
        self.status = self.upstream_status = self.kept_bytes = 0
        self.first_at = self.ended_at = 0.0
        self.reached = False
        self.token = b""
        """The minted token it was sent with, if any."""
        self.deadline: Deadlines[Timed] | None = route.gap if owner.ask.stream else route.total

    # What the owner asks -------------------------------------------------------------------------------------------

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
        try:
            self._head(status, headers)
        except Exception as error:
            self.owner.broken(error)

    def _head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.upstream_status = status
        self.reached = True
        fields = dict(headers)
        if not 200 <= status < 300:
            self.retry_after = fields.get(b"retry-after")
            return
        if fields.get(b"content-encoding", b"identity").lower() != b"identity":
            return self._unreadable("it is compressed, which was not asked for")
        owner = self.owner
        streamed = fields.get(b"content-type", b"")[:17].lower() == b"text/event-stream"
        if not owner.ask.stream:
            if streamed:
                return self._unreadable("it is a stream, which was not asked for")
            return owner.feed(Event.UPSTREAM_HEAD)
        if not streamed:
            return  # Read on: it may be an error object, and is no answer in any case.
        self.splitter = Splitter()
        endpoint, ask = owner.endpoint_row, owner.ask
        self.flow = flow_of(
            endpoint.dialect,
            self.way.dialect,
            Stamp(ask.model, owner.request_id, owner.house.clock.now_ms() // 1000, ask.wants_usage),
            restamps=endpoint.restamps,
            drops_usage=not ask.wants_usage,
        )
        owner.feed(Event.UPSTREAM_HEAD)
        owner.house.grace.arm(owner)

    def upstream_data(self, data: bytes) -> None:
        try:
            self._data(data)
        except Exception as error:
            self.owner.broken(error)

    def _data(self, data: bytes) -> None:
        if not self.first_at:
            self.first_at = self.owner.house.clock.ticks()
        if self.flow is None:
            return self._keep(data)
        if self.deadline is not None:
            self.deadline.touch(self)
        assert self.splitter is not None
        try:
            frames = self.splitter.feed(data)
        except FrameTooLong:
            return self._unreadable("an event of the stream is too long")
        self._relay(self.flow, frames)

    def upstream_end(self) -> None:
        try:
            self._end()
        except Exception as error:
            self.owner.broken(error)

    def _end(self) -> None:
        self.call = None
        flow = self.flow
        if flow is None:
            return self._end_whole()
        assert self.splitter is not None
        try:
            rest = self.splitter.end()
        except FrameTooLong:
            return self._unreadable("an event of the stream is too long")
        if not self._relay(flow, rest):
            return
        owner = self.owner
        if ended_cleanly(flow, self.way.done_marker):
            owner.out = closing_of(flow, owner.endpoint_row.dialect)
            owner.feed(Event.UPSTREAM_END)
        else:
            self._fail(fault("upstream_decode_error", reason="the stream ended before its end"))

    def upstream_failed(self, failure: Fault) -> None:
        self.call = None
        self._fail(failure)

    def timed_out(self) -> None:
        """Its deadline passed."""
        self.owner.feed(Event.TIMED_OUT, fault("upstream_timeout"))

    # Streams --------------------------------------------------------------------------------------------------------

    def _relay(self, flow: StreamRelay, frames: list[bytes]) -> bool:
        """False when the attempt is over: the frames held an error, or writing to the caller ended it."""
        out = b""
        for frame in frames:
            out += flow.feed(frame)
            if flow.fault is not None:
                break
        owner = self.owner
        if out:
            owner.out = out
            owner.feed(Event.UPSTREAM_CHUNK)
        if self.ended_at:  # Writing to the caller showed that it left.
            return False
        if flow.fault is not None:
            self._drop(flow.fault)
            return False
        return True

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
        body = self.answer()
        way, owner = self.way, self.owner
        seen = way.dialect.observe(body)
        if isinstance(seen, Fault):
            return self._fail(way.named(seen))
        if owner.ask.stream:
            return self._fail(fault("upstream_decode_error", reason="it is not the stream that was asked for"))
        self.seen = seen
        endpoint = owner.endpoint_row
        out = shown(
            endpoint.dialect, way.dialect, owner.ask.model, owner.request_id, owner.house.clock.now_ms, body, restamps=endpoint.restamps
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
    def told(self) -> Seen | StreamRelay | None:
        """What the upstream said of its answer, as far as it came."""
        return self.seen if self.seen is not None else self.flow

    @property
    def finish_reason(self) -> str:
        return self.told.finish_reason if self.told is not None else ""

    @property
    def provider_request_id(self) -> str:
        return self.told.response_id if self.told is not None else ""

    @property
    def model_version(self) -> str:
        return self.told.model_version if self.told is not None else ""
