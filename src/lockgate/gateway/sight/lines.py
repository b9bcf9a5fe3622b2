"""
Lines: what the log says about exchanges. One access line each; for a stream, which is logged at its first byte, a second line
per attempt that carries what was not known then.

``error`` is the sentence of the fault table with its blanks left blank: what would fill them may be the caller's or the
upstream's words.
"""

import re

from lockgate.core.metering.told import finish_word, id_word
from lockgate.gateway.sight.clients import masked
from lockgate.gateway.sight.facts import Attempted, Finished
from lockgate.model.faults import TABLE, Fault
from lockgate.model.records import AttemptKind
from lockgate.model.usage import NO_USAGE
from lockgate.runtime.logs import Line


class ExchangeLine(Line, frozen=True, tag="proxy request completed"):
    method: str
    path: str
    status: int
    latency_ms: int
    provider: str = ""
    model: str = ""
    api_key_id: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    request_id: str = ""
    provider_request_id: str = ""
    served_by_model: str = ""
    routing_attempt_count: int = 0
    routing_fallback_count: int = 0
    error_kind: str = ""
    error: str = ""
    client: str = ""
    drain_outcome: str = ""


class AttemptLine(Line, frozen=True, tag="provider call completed"):
    request_id: str
    attempt_index: int
    attempt_kind: str
    status: int
    latency_ms: int
    provider: str
    model: str
    served_by_model: str
    provider_key_id: str
    api_key_id: str = ""
    ttft_ms: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    provider_request_id: str = ""
    finish_reason: str = ""
    error_kind: str = ""
    error: str = ""


def _blank(sentence: str) -> str:
    text = re.sub(r"\{\w+\}", "…", sentence)
    return "" if text == "…" else text


_ERROR = {kind: _blank(row.sentence) for kind, row in TABLE.items()}
_KIND = {kind: kind for kind in TABLE} | {"caller_gone": TABLE["caller_gone"].type}


def exchange_line(facts: Finished, now: float, *, begun: bool = False) -> ExchangeLine:
    """``begun``: a stream's first byte goes out, so its tokens are not known and its provider id is not waited for."""
    principal, target, attempts, fault = facts.principal, facts.target, facts.attempts, facts.fault
    usage = None if begun else facts.usage
    if usage is None:
        prompt = output = total = None
    else:
        prompt, output = usage.prompt, usage.output
        total = prompt + output
    kind = "" if fault is None else fault.kind
    return ExchangeLine(
        facts.method,
        facts.endpoint,
        facts.status,
        round((now - facts.started) * 1000),
        "" if target is None else target.provider,
        facts.model,
        "" if principal is None else principal.api_key_id,
        prompt,
        output,
        total,
        facts.request_id,
        "" if begun else id_word(facts.provider_request_id),
        "" if target is None or not attempts else target.model,
        len(attempts),
        fallbacks(facts) if len(attempts) > 1 else 0,
        _KIND.get(kind, kind),
        _ERROR.get(kind, ""),
        masked(facts.client_ip),
    )


def attempt_line(facts: Finished, index: int, attempt: Attempted) -> AttemptLine:
    target, usage, ttft_s = attempt.target, attempt.usage or NO_USAGE, attempt.ttft_s
    kind = "" if attempt.fault is None else attempt.fault.kind
    return AttemptLine(
        facts.request_id,
        index,
        attempt.kind.value,
        attempt.status,
        round(attempt.latency_s * 1000),
        target.provider,
        facts.model,
        target.model,
        target.provider_key_id,
        facts.principal.api_key_id if facts.principal is not None else "",
        None if ttft_s is None else round(ttft_s * 1000),
        usage.prompt,
        usage.output,
        usage.prompt + usage.output,
        id_word(attempt.provider_request_id),
        finish_word(attempt.finish_reason),
        _KIND.get(kind, kind),
        _ERROR.get(kind, ""),
    )


def refused_body_line(
    method: str, endpoint: str, fault: Fault, outcome: str, request_id: str, client_ip: str, latency_s: float
) -> ExchangeLine:
    """The line of a body over the cap: it carries how the rest of the body was disposed of."""
    return ExchangeLine(
        method,
        endpoint,
        fault.status,
        round(latency_s * 1000),
        request_id=request_id,
        error_kind=fault.kind,
        error=_ERROR.get(fault.kind, ""),
        client=masked(client_ip),
        drain_outcome=outcome,
    )


def fallbacks(facts: Finished) -> int:
    return sum(1 for attempt in facts.attempts if attempt.kind is AttemptKind.FALLBACK)
