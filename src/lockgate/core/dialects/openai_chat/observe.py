"""
What whole answers in OpenAI's words tell the meter: chat, completions and embeddings alike.

Only the members named here are decoded; texts and vectors are skipped. A loosely typed answer is still read.
"""

from typing import Any

import msgspec

from lockgate.core.wire.counts import Said, counts_of, read_loosely, to_usage
from lockgate.core.wire.error_object import fault_in_stream, told_of
from lockgate.core.wire.unshown import Unshown
from lockgate.model.dialect import Seen
from lockgate.model.faults import Fault, fault


class _Choice(Unshown):
    finish_reason: str | None = None
    error: Any = None
    """OpenRouter tells here that the provider behind it failed."""


class _Answer(Unshown):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: Said | None = None
    error: Any = None
    status: Any = None


_decode = msgspec.json.Decoder(_Answer).decode
_decode_loosely = msgspec.json.Decoder(dict[str, Any]).decode


def observe(body: bytes) -> Seen | Fault:
    """A 2xx answer whose body is an error object, or no JSON object at all, is a fault."""
    try:
        said = _decode(body)
    except msgspec.ValidationError:
        loose = _read_loosely(body)
        if isinstance(loose, Fault):
            return loose
        said = loose
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _undecodable(body)
    if said.error:
        return fault_in_stream(told_of({"error": said.error, "status": said.status}))
    counts = counts_of(said.usage)
    finish_reason = ""
    for choice in said.choices or ():
        if choice.error:
            return fault_in_stream(told_of({"error": choice.error}))
        finish_reason = finish_reason or choice.finish_reason or ""
    return Seen(to_usage(counts) if counts else None, finish_reason, said.id or "", said.model or "")


def _undecodable(body: bytes) -> Fault:
    return fault("upstream_decode_error", reason="the body is empty" if not body.strip() else "the body is not a JSON object")


def _read_loosely(body: bytes) -> _Answer | Fault:
    """An answer whose members have unexpected types: those that can be used."""
    try:
        said = _decode_loosely(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _undecodable(body)
    answer_id, model, choices = said.get("id"), said.get("model"), said.get("choices")
    reasons = [choice.get("finish_reason") for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    return _Answer(
        id=answer_id if isinstance(answer_id, str) else None,
        model=model if isinstance(model, str) else None,
        choices=[_Choice(reason) for reason in reasons if isinstance(reason, str)],
        usage=read_loosely(said.get("usage")),
        error=said.get("error"),
        status=said.get("status"),
    )
