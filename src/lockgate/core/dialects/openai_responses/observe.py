"""
What whole Responses objects tell the meter, whether they are an answer or come in the last event of a stream.

Only the members named here are decoded; output is skipped.
"""

from typing import Any

import msgspec

from lockgate.core.wire.counts import counts_of, read_loosely, to_usage
from lockgate.core.wire.error_object import fault_in_stream, told_of
from lockgate.core.wire.unshown import Unshown
from lockgate.model.dialect import Seen
from lockgate.model.faults import Fault, fault


class Response(Unshown):
    id: Any = None
    model: Any = None
    status: Any = None
    usage: Any = None
    error: Any = None
    incomplete_details: Any = None


_decode = msgspec.json.Decoder(Response).decode


def observe(body: bytes) -> Seen | Fault:
    """A 2xx answer that is nothing but an error object, or no JSON object at all, is a fault; a failed response is an answer."""
    try:
        said = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        reason = "the body is not a JSON object" if body.strip() else "the body is empty"
        return fault("upstream_decode_error", reason=reason)
    if said.error and said.status is None:
        return fault_in_stream(told_of({"error": said.error}))
    return seen_in(said)


def seen_in(said: Response) -> Seen:
    """The finish reason is the response's status, or why it is incomplete."""
    counts = counts_of(read_loosely(said.usage))
    details = said.incomplete_details
    reason = _text(details.get("reason")) if isinstance(details, dict) else ""
    return Seen(to_usage(counts) if counts else None, reason or _text(said.status), _text(said.id), _text(said.model))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
