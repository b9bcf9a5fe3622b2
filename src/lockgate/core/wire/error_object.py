"""
Error objects of upstreams, in the shapes that are met, and the faults they become. Also the OpenAI family's own envelope.

Shapes: an ``error`` object or string; the members at the top (Mistral); ``detail`` as text or a list (FastAPI servers);
a list holding one of these (Gemini's compatible API). Anything else tells nothing, and nothing of it is shown.
"""

import msgspec

from lockgate.core.wire.counts import count
from lockgate.model.faults import Fault, fault, upstream_fault

CLIP_BYTES = 1024
"""As much is kept of any string an upstream sends in an error (the reference's section 1.2)."""

_decode = msgspec.json.Decoder().decode


class Told(msgspec.Struct, frozen=True):
    """What an upstream said about its error. ``status`` is a number it embedded, 0 when none."""

    message: str = ""
    type: str = ""
    code: str = ""
    param: str = ""
    inner_code: str = ""
    status: int = 0


def read_told(body: bytes) -> Told | None:
    """From the body of an error answer, whatever its content type says; None when it is no JSON."""
    try:
        return told_of(_decode(body))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def told_of(value: object) -> Told:
    while isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str):
        return Told(message=_text(value))
    if not isinstance(value, dict):
        return Told()
    inner = value.get("error")
    if isinstance(inner, dict):
        told = _from_members(inner)
        return told if told.status else msgspec.structs.replace(told, status=_status(value))
    if isinstance(inner, str):
        return Told(message=_text(inner), status=_status(value))
    return _from_members(value)


def fault_in_stream(told: Told) -> Fault:
    """An error inside a 2xx answer: an embedded 4xx is kept, all else is a 502 (the reference's section 1.2)."""
    if 400 <= told.status < 500:
        return upstream_fault(told.status, told.message or said_nothing(told.status), code=told.code, param=told.param)
    reason = "its details are not shown" if told.status >= 500 else told.message or "it gave no reason"
    return msgspec.structs.replace(fault("stream_error", reason=reason), code="" if told.status >= 500 else told.code)


def said_nothing(status: int) -> str:
    """The sentence for a refusal without a readable message."""
    return f"The model's provider refused the request with status {status}."


class _Envelope(msgspec.Struct, omit_defaults=True):
    message: str
    type: str
    param: str = ""
    code: str = ""


_encode = msgspec.json.Encoder().encode


def openai_envelope(shown: Fault) -> bytes:
    """The reference's section 1.2: ``param`` and ``code`` only when set."""
    return _encode({"error": _Envelope(shown.message, shown.type, shown.param, shown.code)})


def _from_members(members: dict[str, object]) -> Told:
    inner = members.get("innererror")
    code = members.get("code")
    return Told(
        message=_message(members),
        type=_text(members.get("type")),
        # A number that is no HTTP status is a code of the provider's own.
        code=_text(str(code)) if isinstance(code, int) and code > 599 else _text(code),
        param=_text(members.get("param")),
        inner_code=_text(inner.get("code")) if isinstance(inner, dict) else "",
        status=_status(members),
    )


def _message(members: dict[str, object]) -> str:
    for name in ("message", "detail", "msg", "title"):
        value = members.get(name)
        if isinstance(value, str) and value:
            return _text(value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return _text(value[0].get("msg"))
        if isinstance(value, dict):
            return _text(value.get("message") or value.get("detail"))
    return ""


def _status(members: dict[str, object]) -> int:
    for name in ("status", "status_code", "code", "http_status"):
        status = count(members.get(name))
        if status is not None and 400 <= status <= 599:
            return status
    return 0


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value if len(value) <= CLIP_BYTES // 4 else value.encode()[:CLIP_BYTES].decode(errors="ignore")
