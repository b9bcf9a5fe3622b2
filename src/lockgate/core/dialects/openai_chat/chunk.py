"""
One chunk of a stream in OpenAI's words, as far as the gateway reads it: for the relay and for the bridge.

The typed decoder is the fast way. A chunk that does not fit it (content in parts, numbers for texts) is read member by
member: a stream is not given up for a member nobody needs.
"""

from typing import Any

import msgspec

from lockgate.core.wire.counts import Said, read_loosely
from lockgate.core.wire.error_object import Told, fault_in_stream, read_told, told_of
from lockgate.core.wire.sse import event_of
from lockgate.core.wire.unshown import Unshown
from lockgate.model.faults import Fault


class CalledFunction(Unshown):
    name: str | None = None
    arguments: str | None = None


class Call(Unshown):
    index: int | None = None
    id: str | None = None
    function: CalledFunction | None = None


class Delta(Unshown):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None


class Choice(Unshown):
    index: int | None = None
    delta: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: msgspec.Raw = msgspec.Raw()
    usage: Said | None = None
    """Moonshot counts inside the choice."""
    error: Any = None
    """OpenRouter tells here that the provider behind it failed."""


class _Groq(Unshown):
    usage: Said | None = None


class Chunk(Unshown):
    id: str | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: Said | None = None
    error: Any = None
    status: Any = None
    x_groq: _Groq | None = None
    """Groq counts here unless it is asked to count where others do."""


_decode = msgspec.json.Decoder(Chunk).decode
_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def read_chunk(data: bytes) -> Chunk | None:
    """None when the data is no JSON object."""
    try:
        return _decode(data)
    except msgspec.ValidationError:
        return _read_loosely(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def failure_in(frame: bytes, data: bytes, chunk: Chunk | None) -> Fault | None:
    """The fault for an error object, or for an event that calls itself ``error``; None when the frame is no error."""
    if chunk is not None and chunk.error:
        return fault_in_stream(told_of({"error": chunk.error, "status": chunk.status}))
    if frame[:5] == b"data:" or event_of(frame) != b"error":
        return None
    told = told_of(data.decode(errors="replace")) if chunk is None else read_told(data)
    return fault_in_stream(told or Told())


def _read_loosely(data: bytes) -> Chunk | None:
    try:
        said = _decode_any(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if not isinstance(said, dict):
        return None
    choices = said.get("choices")
    return Chunk(
        id=_text(said.get("id")),
        model=_text(said.get("model")),
        choices=[_choice(choice) for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else None,
        usage=read_loosely(said.get("usage")),
        error=said.get("error"),
        status=said.get("status"),
    )


def _choice(said: dict[str, Any]) -> Choice:
    delta, logprobs = said.get("delta"), said.get("logprobs")
    return Choice(
        index=_whole(said.get("index")),
        delta=_delta(delta) if isinstance(delta, dict) else None,
        text=_text(said.get("text")),
        finish_reason=_text(said.get("finish_reason")),
        logprobs=msgspec.Raw(_encode(logprobs) if isinstance(logprobs, dict) else b""),
        usage=read_loosely(said.get("usage")),
        error=said.get("error"),
    )


def _delta(said: dict[str, Any]) -> Delta:
    content, reasoning = said.get("content"), _text(said.get("reasoning_content"))
    if isinstance(content, list):
        # Mistral's reasoning models send parts: texts, and thinking made of texts.
        texts = [part for part in content if isinstance(part, dict)]
        reasoning = reasoning or "".join(_joined(part.get("thinking")) for part in texts if part.get("type") == "thinking")
        content = "".join(_text(part.get("text")) or "" for part in texts if part.get("type") == "text")
    calls = said.get("tool_calls")
    return Delta(
        content=_text(content),
        reasoning_content=reasoning,
        reasoning=_text(said.get("reasoning")),
        refusal=_text(said.get("refusal")),
        tool_calls=[_call(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else None,
    )


def _call(said: dict[str, Any]) -> Call:
    function = said.get("function")
    called = None
    if isinstance(function, dict):
        arguments = function.get("arguments")
        # Some servers send the arguments as an object instead of its text.
        text = _encode(arguments).decode() if isinstance(arguments, dict) else _text(arguments)
        called = CalledFunction(_text(function.get("name")), text)
    return Call(_whole(said.get("index")), _text(said.get("id")), called)


def _joined(thinking: object) -> str:
    if isinstance(thinking, list):
        return "".join(_text(part.get("text")) or "" for part in thinking if isinstance(part, dict))
    return _text(thinking) or ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
