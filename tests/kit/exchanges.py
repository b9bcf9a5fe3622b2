"""Exchanges that are over, as gateway/sight asks for them: values for tests, changed with ``dataclasses.replace``."""

from dataclasses import dataclass, field

from lockgate.gateway.sight import Outcome, TargetLabels
from lockgate.model.faults import Fault
from lockgate.model.money import Money
from lockgate.model.operations import Operation
from lockgate.model.principal import Principal
from lockgate.model.records import AttemptKind
from lockgate.model.usage import Usage

TARGET = TargetLabels("gpt", "gpt-4o-2024", "openai", "pk-1", "main")
OTHER_TARGET = TargetLabels("claude", "claude-5", "anthropic", "pk-2", "spare")
ANN = Principal("key-1", "ann's", "team-1", "user-1", "Ann")
USAGE = Usage(input=10, cached=2, output=30)
SPEND = Money(1_500)


@dataclass
class AttemptOver:
    target: TargetLabels = TARGET
    kind: AttemptKind = AttemptKind.INITIAL
    reached: bool = True
    status: int = 200
    fault: Fault | None = None
    usage: Usage | None = USAGE
    latency_s: float = 0.25
    ttft_s: float | None = None
    finish_reason: str = "stop"
    provider_request_id: str = "chatcmpl-1"


@dataclass
class ExchangeOver:
    method: str = "POST"
    endpoint: str = "/v1/chat/completions"
    operation: Operation | None = Operation.CHAT
    inbound_protocol: str = "openai"
    principal: Principal | None = ANN
    model: str = "gpt"
    target: TargetLabels | None = TARGET
    attempts: list[AttemptOver] = field(default_factory=lambda: [AttemptOver()])
    records: int = 1
    stream: bool = False
    streamed: bool = False
    status: int = 200
    outcome: Outcome = Outcome.SUCCESS
    fault: Fault | None = None
    started: float = 100.0
    ended: float = 100.3
    ttft_s: float | None = None
    usage: Usage | None = USAGE
    spend: Money | None = SPEND
    request_id: str = "request-1"
    provider_request_id: str = "chatcmpl-1"
    client_ip: str = "203.0.113.77"
    user_agent: bytes = b"OpenAI/Python 2.1"
