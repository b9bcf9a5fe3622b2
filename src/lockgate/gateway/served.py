"""Served: what there is to tell of an answer that needed no exchange (a list, a refusal before one), as gateway/sight asks for it."""

from lockgate.gateway.sight.facts import Attempted, Outcome, TargetLabels
from lockgate.model.faults import Fault
from lockgate.model.money import Money
from lockgate.model.operations import Operation
from lockgate.model.principal import Principal
from lockgate.model.usage import Usage


class Served:
    __slots__ = (
        "client_ip",
        "ended",
        "endpoint",
        "fault",
        "inbound_protocol",
        "method",
        "principal",
        "request_id",
        "started",
        "status",
        "user_agent",
    )

    operation: Operation | None = None
    model = ""
    target: TargetLabels | None = None
    attempts: tuple[Attempted, ...] = ()
    records = 0
    stream = streamed = False
    ttft_s: float | None = None
    usage: Usage | None = None
    spend: Money | None = None
    provider_request_id = ""

    def __init__(
        self, method: str, endpoint: str, protocol: str, principal: Principal | None, request_id: str, client_ip: str, started: float, ended: float,
        status: int, failure: Fault | None,
    ) -> None:  # fmt: skip
        self.method, self.endpoint, self.inbound_protocol, self.principal = method, endpoint, protocol, principal
        self.request_id, self.client_ip, self.started, self.ended = request_id, client_ip, started, ended
        self.status, self.fault, self.user_agent = status, failure, b""

    @property
    def outcome(self) -> Outcome:
        return Outcome.SUCCESS if self.fault is None else Outcome.FAILURE
