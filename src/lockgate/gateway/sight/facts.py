"""
Facts: what an exchange must be able to say of itself when it is over, so that it can be observed.

Protocols, because the driver's own objects are the facts: nothing is copied to be observed. ``TargetLabels`` is made once per
row when a snapshot is compiled; its identity finds the metric cell. Two models appear: ``model`` is the row the caller named,
a target's ``model`` is the row one attempt dialled. No fact is content, a key, or text that a caller or an upstream wrote,
save the ids that are checked before they get here.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from lockgate.model.faults import Fault
from lockgate.model.money import Money
from lockgate.model.operations import Operation
from lockgate.model.principal import Principal
from lockgate.model.records import AttemptKind
from lockgate.model.usage import Usage


class Outcome(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    """The caller left, before or while the answer was sent."""


class TargetLabels(msgspec.Struct, frozen=True):
    """What logs and metrics call one target: names and ids of rows."""

    model: str
    """Display name of the target's row; a wildcard row's own name, never what the caller wrote."""
    upstream_model: str
    provider: str
    provider_key_id: str
    provider_key_name: str


class Attempted(Protocol):
    """One attempt, over."""

    @property
    def target(self) -> TargetLabels: ...
    @property
    def kind(self) -> AttemptKind: ...
    @property
    def reached(self) -> bool:
        """The request was sent to the upstream; false when no connection could be made."""

    @property
    def status(self) -> int:
        """What the caller was or would have been told."""

    @property
    def fault(self) -> Fault | None: ...
    @property
    def usage(self) -> Usage | None: ...
    @property
    def latency_s(self) -> float: ...
    @property
    def ttft_s(self) -> float | None: ...
    @property
    def finish_reason(self) -> str: ...
    @property
    def provider_request_id(self) -> str: ...


class Finished(Protocol):
    """One exchange, over (or, for ``Sight.stream_started``, at its first byte out)."""

    @property
    def method(self) -> str: ...
    @property
    def endpoint(self) -> str:
        """The route's template; ``other`` for a path that matched nothing."""

    @property
    def operation(self) -> Operation | None: ...
    @property
    def inbound_protocol(self) -> str: ...
    @property
    def principal(self) -> Principal | None: ...
    @property
    def model(self) -> str:
        """Display name of the row the caller named; empty when it named none that exists."""

    @property
    def target(self) -> TargetLabels | None:
        """Of the last attempt; or, without attempts, of the one that would have been dialled, when that is known."""

    @property
    def attempts(self) -> Sequence[Attempted]: ...
    @property
    def records(self) -> int:
        """How many usage records were written."""

    @property
    def stream(self) -> bool:
        """A stream was asked for."""

    @property
    def streamed(self) -> bool:
        """``stream_started`` was called, so the access line is written."""

    @property
    def status(self) -> int:
        """What the caller was told; 499 when it left before a head."""

    @property
    def outcome(self) -> Outcome: ...
    @property
    def fault(self) -> Fault | None: ...
    @property
    def started(self) -> float:
        """Ticks, as ``ended``."""

    @property
    def ended(self) -> float: ...
    @property
    def ttft_s(self) -> float | None:
        """First frame of any kind, from the start of the attempt that answered; None when there was no stream."""

    @property
    def usage(self) -> Usage | None: ...
    @property
    def spend(self) -> Money | None: ...
    @property
    def request_id(self) -> str: ...
    @property
    def provider_request_id(self) -> str: ...
    @property
    def client_ip(self) -> str: ...
    @property
    def user_agent(self) -> bytes: ...
