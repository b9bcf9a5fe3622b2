"""
Usage records: exactly one per attempt, written as an intent before dialling and a settlement at the end.

No content, no key, no upstream text: a record holds ids, counts, times and words from closed lists.
A settlement repeats nothing of its intent but the id. An intent without a settlement is settled, on the next
start, with the amount it held, and flagged ``recovered``.
"""

from enum import StrEnum

import msgspec

from lockgate.model.usage import NO_USAGE, Usage


class AttemptKind(StrEnum):
    INITIAL = "initial"
    RETRY = "retry"
    FALLBACK = "fallback"


class Intent(msgspec.Struct, frozen=True, tag="i", array_like=True):
    """About to dial. Written before the first byte to the upstream."""

    id: bytes
    """16 bytes, unique for ever, made before dialling."""
    at_ms: int
    """UTC, milliseconds since the epoch."""
    request_id: str
    attempt_index: int
    attempt_kind: AttemptKind
    operation: str
    inbound_protocol: str
    """``openai`` or ``anthropic``."""
    stream: bool
    api_key_id: str
    team_id: str
    user_id: str
    requested_model: str
    """The name the caller used. It resolved to a row; under a wildcard row the caller chose the rest of it."""
    model_id: str
    model_name: str
    """Display name of the target's row."""
    provider: str
    provider_key_id: str
    held_input: int
    """Upper bound of the input tokens; what a recovered settlement charges."""
    held_output: int
    tags: dict[str, str] = {}
    """Telemetry tags of the provider key."""


class Settlement(msgspec.Struct, frozen=True, tag="s", array_like=True):
    """How the attempt ended. Exactly one per intent."""

    id: bytes
    at_ms: int
    status: int
    """What the caller was or would have been told; 499 when the caller left."""
    usage: Usage = NO_USAGE
    error_class: str = ""
    """Kind of the fault (a row of the table), empty on success."""
    finish_reason: str = ""
    provider_request_id: str = ""
    provider_model_version: str = ""
    upstream_latency_ms: int = 0
    upstream_ttft_ms: int = 0
    downstream_latency_ms: int = 0
    recovered: bool = False


Entry = Intent | Settlement
