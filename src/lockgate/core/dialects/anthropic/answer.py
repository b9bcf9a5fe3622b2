"""Whole answers: Anthropic's words to neutral words and back."""

import msgspec

from lockgate.core.dialects.anthropic.fault import read_stream_fault
from lockgate.core.dialects.anthropic.usage import read_usage, write_usage
from lockgate.core.wire.error_object import told_of
from lockgate.core.wire.unshown import Unshown
from lockgate.model.chat import ChatAnswer, Part, Reasoning, Text, ToolCall
from lockgate.model.dialect import Stamp
from lockgate.model.faults import Fault, fault
from lockgate.model.usage import NO_USAGE

_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}

_encode = msgspec.json.Encoder().encode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_Json = dict[str, object]


class _Block(Unshown):
    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = msgspec.Raw(b"{}")


class _Answer(Unshown):
    id: str | None = None
    model: str | None = None
    content: list[_Block] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: object = None
    error: object = None


_decode = msgspec.json.Decoder(_Answer).decode


def neutral_finish(reason: str | None) -> str:
    return _FINISHES.get(reason or "", "")


def stop_reason(finish: str, stop_sequence: str) -> str:
    if finish in ("", "stop"):
        return "stop_sequence" if stop_sequence else "end_turn"
    return _REASONS.get(finish, "end_turn")


def read_answer(body: bytes) -> ChatAnswer | Fault:
    try:
        said = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        reason = "the body is not a message" if body.strip() else "the body is empty"
        return fault("upstream_decode_error", reason=reason)
    if said.error:
        return read_stream_fault(told_of({"error": said.error}))
    if said.content is None:
        return fault("upstream_decode_error", reason="the answer has no content")
    return ChatAnswer(
        id=said.id or "",
        model=said.model or "",
        parts=tuple(part for part in map(_read_block, said.content) if part is not None),
        finish=neutral_finish(said.stop_reason),
        usage=read_usage(said.usage),
        stop_sequence=said.stop_sequence or "",
    )


def write_answer(answer: ChatAnswer, stamp: Stamp) -> bytes:
    said: _Json = {
        "id": answer.id or stamp.response_id,
        "type": "message",
        "role": "assistant",
        "model": stamp.model,
        "content": [_write_part(part) for part in answer.parts],
        "stop_reason": stop_reason(answer.finish, answer.stop_sequence),
        "stop_sequence": answer.stop_sequence or None,
        "usage": write_usage(answer.usage or NO_USAGE),
    }
    return _encode(said)


def _read_block(block: _Block) -> Part | None:
    """None for what the provider's own tools did."""
    if block.type == "text":
        return Text(block.text or "")
    if block.type == "thinking":
        return Reasoning(block.thinking or "", block.signature or "")
    if block.type == "tool_use":
        return ToolCall(block.id or "", block.name or "", msgspec.json.format(bytes(block.input), indent=-1).decode())
    return None


def _write_part(part: Part) -> _Json:
    if isinstance(part, Reasoning):
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    if isinstance(part, ToolCall):
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": _write_input(part.arguments)}
    return {"type": "text", "text": part.text if isinstance(part, Text) else ""}


def _write_input(arguments: str) -> object:
    """The format takes only objects; what is none is handed over as the text it is."""
    try:
        _decode_object(arguments.encode())
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return {"arguments": arguments} if arguments.strip() else {}
    return msgspec.Raw(arguments.encode())
