"""Errors in Anthropic's words: read from an upstream's error answer or stream, written as a whole answer or as the last frame of a stream."""

import msgspec

from lockgate.core.wire.error_object import Told, fault_in_stream, read_told, said_nothing
from lockgate.model.faults import Fault, upstream_fault

# Inner type of our own answers by status (the reference's section 1.3): the official client treats these as a closed list.
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
}
# Code shown for an upstream's inner type (section 1.2); others have none.
_CODES = {
    "authentication_error": "invalid_api_key",
    "permission_error": "permission_denied",
    "not_found_error": "model_not_found",
    "request_too_large": "request_too_large",
    "rate_limit_error": "rate_limit_exceeded",
    "overloaded_error": "overloaded",
}
# In a stream the inner type is the only status there is.
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}

_encode = msgspec.json.Encoder().encode


def read_fault(status: int, body: bytes) -> Fault:
    """The fault to show for an error answer: a 4xx keeps its message, anything else keeps nothing."""
    if not 400 <= status < 500:
        return upstream_fault(status, "")
    told = read_told(body) or Told()
    return upstream_fault(status, told.message or said_nothing(status), code=_CODES.get(told.type, ""))


def read_stream_fault(told: Told) -> Fault:
    """The fault for an ``error`` event, or for an error object in a 2xx answer."""
    status = told.status or _STATUSES.get(told.type, 0)
    return fault_in_stream(msgspec.structs.replace(told, status=status, code=_CODES.get(told.type, ""), param=""))


def write_fault(shown: Fault) -> bytes:
    return _envelope(_TYPES.get(shown.status, "api_error"), shown.message)


def write_stream_fault(shown: Fault) -> bytes:
    """An abnormal end, told by the gateway's own word; no ``message_stop`` follows (section 1.4)."""
    return b"event: error\ndata: " + _envelope(shown.type, shown.message) + b"\n\n"


def _envelope(kind: str, message: str) -> bytes:
    return _encode({"type": "error", "error": {"type": kind, "message": message}})
