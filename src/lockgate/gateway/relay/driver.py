"""
The driver: one object per exchange that feeds the machine events and executes its commands in place.

It listens to the caller; its attempts (gateway/attempt) listen to upstreams; both are called directly by the protocols, so
the plain path has no task, queue or future. What it decides is only *how* to do what the machine says; *when* is
core/exchange/machine's. Its attributes are also the facts that logs and metrics tell (gateway/sight/facts.Finished).
"""

from collections.abc import Callable

from lockgate.core.exchange.commands import Command
from lockgate.core.exchange.events import Event
from lockgate.core.exchange.machine import Exchange, Phase, Play
from lockgate.core.metering.bound import input_bound
from lockgate.core.metering.pricing import price
from lockgate.gateway.plan.endpoints import Endpoint
from lockgate.gateway.plan.plan import KeyRow, Route
from lockgate.gateway.plan.way import Way, outgoing
from lockgate.gateway.relay.attempt import Attempt
from lockgate.gateway.relay.roles import House
from lockgate.gateway.sight.facts import Outcome, TargetLabels
from lockgate.model.content import Content, Purpose
from lockgate.model.dialect import Ask, Seen
from lockgate.model.faults import Fault, fault
from lockgate.model.money import Money
from lockgate.model.operations import Operation
from lockgate.model.records import AttemptKind, Intent, Settlement
from lockgate.model.usage import NO_USAGE, Usage
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request
from lockgate.runtime.ids import record_id

HELD_OUTPUT_TOKENS = 4096
"""Held when the caller sets no maximum: what a recovered record charges."""

_NOTHING = Ask("")
_EMPTY = Content(b"")
_UNTOLD = Seen()


class Driver:
    """
    One exchange. What it keeps of content it keeps as ``Content``.

    What is the same for most exchanges stands in the class and costs nothing to set; the plain path is written for few calls.
    """

    method = "POST"
    way: Way
    reply: Reply
    headers: list[tuple[bytes, bytes]]
    body = _EMPTY
    """What is sent upstream."""
    out = b""
    ask = _NOTHING
    route: Route | None = None
    model = ""
    target: TargetLabels | None = None
    stream = False
    fault: Fault | None = None
    usage: Usage | None = None
    spend: Money | None = None
    status = 0
    records = 0
    shown_at = 0.0
    ended = 0.0
    streamed = False
    outcome = Outcome.SUCCESS
    ttft_s: float | None = None

    def __init__(
        self, house: House, endpoint: Endpoint, key: KeyRow, request_id: str, client_ip: str, user_agent: bytes, started: float
    ) -> None:
        self.house, self.endpoint_row, self.key, self.request_id = house, endpoint, key, request_id
        self.client_ip, self.user_agent, self.started = client_ip, user_agent, started
        self.principal = key.principal
        self.endpoint = endpoint.template
        self.machine = Exchange(_PLAY)
        self.attempts: list[Attempt] = []

    # From the caller ------------------------------------------------------------------------------------------------

    def begin(self, request: Request, reply: Reply) -> None:
        """The request is complete: everything a caller can be refused for is decided here, before an upstream is touched."""
        self.reply = reply
        reply.listen(self)
        body, request.body = request.body, b""
        self.headers = request.headers
        try:
            refusal = self._understand(body)
            if refusal is None:
                self.feed(Event.ARRIVED)
            else:
                self.feed(Event.REFUSED, refusal)
        except Exception as error:
            self.broken(error)

    def _understand(self, body: bytes) -> Fault | None:
        endpoint = self.endpoint_row
        ask = endpoint.dialect.peek[endpoint.operation](body)
        if isinstance(ask, Fault):
            return ask
        self.ask = ask
        self.stream = ask.stream
        route = self.key.route(self.house.plan, ask.model, self.client_ip)
        if isinstance(route, Fault):
            self.model = self.house.plan.known(ask.model)
            return route
        self.route, self.target = route, route.labels
        self.model = route.labels.model
        way = route.way(endpoint)
        if isinstance(way, Fault):
            return way
        self.way = way
        made = outgoing(way, route, endpoint, ask, body)
        if isinstance(made, Fault):
            return made
        self.body = Content(made)
        return None

    def broken(self, error: Exception) -> None:
        """A bug of ours: reported without its text, and the exchange ends like any other failure."""
        self.house.report(error)
        failure, phase = fault("internal"), self.machine.phase
        try:
            if phase is Phase.ADMITTING:
                self.feed(Event.REFUSED, failure)
            elif phase is not Phase.DONE:
                self.attempts[-1].abort()
                self.feed(Event.UPSTREAM_FAILED, failure)
            else:
                self._end_plainly(failure)
        except Exception as another:
            self.house.report(another)
            self._end_plainly(failure)

    def _end_plainly(self, failure: Fault) -> None:
        """The bug is in how exchanges end: what is left to do of that is done without what may have failed."""
        self.fault, attempt = failure, self.attempts[-1] if self.attempts else None
        if attempt is not None:
            attempt.abort()
            if attempt.record:
                # Without effect when it is settled.
                self._write(Settlement(attempt.record, self.house.clock.now_ms(), failure.status, NO_USAGE, failure.kind))
            if not attempt.ended_at:
                attempt.end(self.house.clock.ticks(), failure)
        if not self.reply.done:
            self._send_fault()
        if not self.ended:
            self._observe()

    def caller_gone(self) -> None:
        if self.machine.phase is not Phase.DONE:
            try:
                self.feed(Event.CALLER_GONE, fault("caller_gone"))
            except Exception as error:
                self.broken(error)

    def caller_paused(self) -> None:
        if self.attempts:
            self.attempts[-1].pause()

    def caller_resumed(self) -> None:
        if self.attempts:
            self.attempts[-1].resume()

    def silent(self) -> None:
        """Nothing was sent for a while. Only a stream that its upstream accepted is kept alive."""
        if self.machine.phase is Phase.RELAYING or self.machine.phase is Phase.SHOWING:
            self.feed(Event.SILENCE)

    # Events in, commands out ----------------------------------------------------------------------------------------

    def feed(self, event: Event, failure: Fault | None = None) -> None:
        """Also called by the attempts."""
        if failure is not None:
            self.fault = failure
        for action in self.machine.receive(event, failure):
            action(self)

    def _hold(self) -> None:
        self.feed(Event.ADMITTED)

    def _dial(self) -> None:
        house, ask, route, endpoint, principal = self.house, self.ask, self.route, self.endpoint_row, self.principal
        assert route is not None
        attempts = self.attempts
        kind = AttemptKind.FALLBACK if attempts else AttemptKind.INITIAL
        body = self.body.open(Purpose.ROUTE)
        labels, record, clock = route.labels, record_id(), house.clock
        intent = Intent(
            record, clock.now_ms(), self.request_id, len(attempts), kind, endpoint.operation_name, endpoint.protocol, ask.stream,
            principal.api_key_id, principal.team_id, principal.user_id, route.requested, route.model_id, labels.model,
            labels.provider, route.provider_key_id, input_bound(len(body)),
            HELD_OUTPUT_TOKENS if ask.max_output is None else ask.max_output, route.tags,
        )  # fmt: skip
        attempt = Attempt(self, route, self.way, kind, clock.ticks())
        attempts.append(attempt)
        self.fault = None
        try:
            house.spool.intend(intent)
        except OSError:
            attempt.refused(fault("records_unavailable"))
            return
        attempt.record = record
        self.records += 1
        attempt.dial(body)

    def _send_head(self) -> None:
        self.shown_at = self.house.clock.ticks()
        self.status = 200
        self.streamed = True
        house = self.house
        house.grace.disarm(self)
        if house.beats is not None:
            house.beats.arm(self)
        self.reply.start(200, house.heads.stream(self.request_id, self.endpoint_row.names_call))
        self.house.sight.stream_started(self, self.shown_at)

    def _send_data(self) -> None:
        self.reply.data(self.out)
        beats = self.house.beats
        if beats is not None:
            beats.touch(self)

    def _send_beat(self) -> None:
        beats = self.house.beats
        if beats is not None:  # Without them the head alone is shown.
            self.reply.data(b": keep-alive\n\n")
            beats.arm(self)

    def _finish(self) -> None:
        attempt = self.attempts[-1]
        if attempt.flow is None:
            self.status = 200
            self.shown_at = attempt.ended_at
            self.reply.send(200, self.house.heads.whole(self.request_id, self.endpoint_row.names_call), self.out)
            return
        if not self.streamed:
            self._send_head()
        self.reply.end(self.out)

    def _send_fault(self) -> None:
        failure, reply, dialect = self.fault, self.reply, self.endpoint_row.dialect
        assert failure is not None
        if not self.streamed:
            self.status = failure.status
            self.shown_at = self.house.clock.ticks()
            reply.send(failure.status, self.house.heads.fault(self.request_id, failure), dialect.write_fault(failure))
            return
        frame = dialect.write_stream_fault(failure)
        if frame:
            reply.end(frame)
        else:
            reply.abort()

    def _abort(self) -> None:
        self.attempts[-1].abort()

    def _record(self) -> None:
        """The settlement, before the caller is told (core/exchange/machine, rule 5)."""
        house, attempt, failure = self.house, self.attempts[-1], self.fault
        told = attempt.told
        usage = None if told is None else told.usage
        if failure is not None or usage is None or not usage.input or not usage.output:
            usage = house.meter.used(attempt, failure)
        self.usage = attempt.usage = usage
        ended = house.clock.ticks()
        attempt.end(ended, failure)
        if not attempt.record:
            return
        ttft_s = self.ttft_s = attempt.ttft_s
        said = told or _UNTOLD
        self._write(
            Settlement(
                attempt.record, house.clock.now_ms(), attempt.status, usage or NO_USAGE, "" if failure is None else failure.kind,
                said.finish_reason, said.response_id, said.model_version, int((ended - attempt.dialled_at) * 1000),
                0 if ttft_s is None else int(ttft_s * 1000), int(((self.shown_at or ended) - self.started) * 1000),
            )
        )  # fmt: skip

    def _write(self, settlement: Settlement) -> None:
        try:
            self.house.spool.settle(settlement)
        except OSError as error:  # The answer is good, and the next start settles what is open.
            self.house.report(error)

    def _settle(self) -> None:
        """What was held becomes what was used."""
        rates = self.route.rates if self.route is not None else None
        if rates is not None and self.usage is not None:
            self.spend = price(self.usage, rates)

    def _observe(self) -> None:
        house, failure = self.house, self.fault
        self.ended = house.clock.ticks()
        if self.ask.stream:
            house.grace.disarm(self)
            if house.beats is not None:
                house.beats.disarm(self)
        if failure is not None:
            self.outcome = Outcome.CANCELLED if failure.kind == "caller_gone" else Outcome.FAILURE
            if not self.status:
                self.status = failure.status
        house.observed(self.endpoint, self)
        # Nothing of the exchange outlives it, and nothing of it waits for the garbage collector: the references that go round end.
        self.body = _EMPTY
        self.out = b""
        self.attempts = []
        self.reply.listener = None

    # Facts that are not attributes ----------------------------------------------------------------------------------

    @property
    def operation(self) -> Operation:
        return self.endpoint_row.operation

    @property
    def inbound_protocol(self) -> str:
        return self.endpoint_row.protocol

    @property
    def provider_request_id(self) -> str:
        return self.attempts[-1].provider_request_id if self.attempts else ""


_PLAY: Play[Callable[[Driver], None]] = Play(
    {
        Command.HOLD: Driver._hold,
        Command.DIAL: Driver._dial,
        Command.SEND_HEAD: Driver._send_head,
        Command.SEND_DATA: Driver._send_data,
        Command.SEND_BEAT: Driver._send_beat,
        Command.FINISH: Driver._finish,
        Command.SEND_FAULT: Driver._send_fault,
        Command.ABORT: Driver._abort,
        Command.RECORD: Driver._record,
        Command.SETTLE: Driver._settle,
        Command.OBSERVE: Driver._observe,
    }
)
