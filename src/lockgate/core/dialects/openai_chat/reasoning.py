"""
Reasoning under another name: some upstreams tell it as ``reasoning``, callers look for ``reasoning_content``.

A provider key names the place (``response.reasoning_field``, the reference's section 2.1). The text is told again under
the usual name; what the upstream wrote stays.
"""

from typing import Any

import msgspec

from lockgate.core.wire import json_splice
from lockgate.core.wire.sse import data_of

_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def reasoning_path(field: str) -> tuple[str, ...]:
    """
    The steps from a message (or a delta) to its reasoning text. The setting may also say how one gets there from the top:
    ``reasoning``, ``message.reasoning`` and ``$.choices[0].delta.reasoning`` are one path.
    """
    steps = [step for step in field.removeprefix("$").replace("[", ".").replace("]", "").split(".") if step]
    if steps[:1] == ["choices"]:
        steps = steps[2:]
    if steps[:1] in (["message"], ["delta"]):
        steps = steps[1:]
    return tuple(steps)


def lift_reasoning(body: bytes, path: tuple[str, ...]) -> bytes:
    """An answer or a chunk with the text at ``path`` also told as ``reasoning_content``; unchanged when there is none."""
    if not path or path == ("reasoning_content",) or b'"%b"' % path[-1].encode() not in body:
        return body
    try:
        place = json_splice.spans(body).get("choices")
        choices = None if place is None else _decode_any(body[place[0] : place[1]])
    except (*_UNREADABLE, json_splice.DuplicateMember, ValueError):
        return body
    lifted = [_lift(choice, path) for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    if place is None or not any(lifted):
        return body
    return body[: place[0]] + _encode(choices) + body[place[1] :]


def lift_in_frame(frame: bytes, path: tuple[str, ...]) -> bytes:
    """The same for a frame of a stream."""
    data = data_of(frame)
    at = -1 if data is None else frame.find(data)
    if data is None or at < 0 or data[:1] != b"{":
        return frame
    return frame[:at] + lift_reasoning(data, path) + frame[at + len(data) :]


def _lift(choice: dict[str, Any], path: tuple[str, ...]) -> bool:
    message = choice.get("delta", choice.get("message"))
    if not isinstance(message, dict) or message.get("reasoning_content"):
        return False
    found: Any = message
    for step in path:
        if isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, dict):
            found = found.get(step)
        else:
            return False
    if not isinstance(found, str) or not found:
        return False
    message["reasoning_content"] = found
    return True
