"""Errors of the Responses API: whole answers as everywhere in OpenAI's words, but an event of its own kind in a stream."""

import msgspec

from lockgate.core.wire.error_object import Told, openai_envelope, read_told, said_nothing
from lockgate.model.faults import Fault, upstream_fault

_encode = msgspec.json.Encoder().encode


def read_fault(status: int, body: bytes) -> Fault:
    """The fault to show for an error answer: a 4xx keeps its words, anything else keeps none."""
    if not 400 <= status < 500:
        return upstream_fault(status, "")
    told = read_told(body) or Told()
    return upstream_fault(status, told.message or said_nothing(status), code=told.code, param=told.param)


def write_fault(shown: Fault) -> bytes:
    return openai_envelope(shown)


def write_stream_fault(shown: Fault) -> bytes:
    """The reference's section 1.4. The code is never left out: the format requires the member."""
    said = {"type": "error", "code": shown.code or shown.type, "message": shown.message}
    return b"event: error\ndata: " + _encode(said) + b"\n\n"
