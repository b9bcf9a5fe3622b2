"""
What whole answers in Anthropic's words tell the meter. Only the members named here are decoded; content is skipped.

An answer to count_tokens tells nothing: counting costs nothing.
"""

from typing import Any

import msgspec

from lockgate.core.dialects.anthropic.fault import read_stream_fault
from lockgate.core.dialects.anthropic.usage import read_usage
from lockgate.core.wire.error_object import told_of
from lockgate.core.wire.unshown import Unshown
from lockgate.model.dialect import Seen
from lockgate.model.faults import Fault, fault


class _Answer(Unshown):
    id: Any = None
    model: Any = None
    stop_reason: Any = None
    usage: Any = None
    error: Any = None


_decode = msgspec.json.Decoder(_Answer).decode


def observe(body: bytes) -> Seen | Fault:
    """A 2xx answer whose body is an error object, or no JSON object at all, is a fault."""
    try:
        said = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        reason = "the body is not a JSON object" if body.strip() else "the body is empty"
        return fault("upstream_decode_error", reason=reason)
    if said.error:
        return read_stream_fault(told_of({"error": said.error}))
    return Seen(read_usage(said.usage), _text(said.stop_reason), _text(said.id), _text(said.model))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
