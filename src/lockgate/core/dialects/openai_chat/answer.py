"""Whole answers: OpenAI's words to neutral words and back."""

from typing import Any

import msgspec

from lockgate.core.wire.counts import counts_of, read_loosely, to_usage
from lockgate.core.wire.error_object import fault_in_stream, told_of
from lockgate.model.chat import ChatAnswer, Part, Reasoning, Text, ToolCall
from lockgate.model.dialect import Stamp
from lockgate.model.faults import Fault, fault
from lockgate.model.usage import NO_USAGE, Usage

_FINISHES = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}

_Json = dict[str, object]
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


def neutral_finish(reason: str | None, has_calls: bool) -> str:
    """Some servers say ``stop`` where they mean that tools are called."""
    finish = _FINISHES.get(reason or "", "")
    return "tool_calls" if has_calls and finish in ("", "stop") else finish


def read_answer(body: bytes) -> ChatAnswer | Fault:
    """The first choice. Members of unexpected types count as missing."""
    try:
        said = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        reason = "the body is not a JSON object" if body.strip() else "the body is empty"
        return fault("upstream_decode_error", reason=reason)
    if said.get("error"):
        return fault_in_stream(told_of(said))
    choices = said.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if isinstance(choice, dict) and choice.get("error"):
        return fault_in_stream(told_of(choice))
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return fault("upstream_decode_error", reason="the answer has no message")
    parts = tuple(_read_parts(message))
    counts, created, logprobs = counts_of(read_loosely(said.get("usage"))), said.get("created"), choice.get("logprobs")
    return ChatAnswer(
        id=_text(said.get("id")),
        model=_text(said.get("model")),
        parts=parts,
        finish=neutral_finish(_text(choice.get("finish_reason")), any(isinstance(part, ToolCall) for part in parts)),
        usage=to_usage(counts) if counts else None,
        # vLLM names the sequence that stopped it, where others name none.
        stop_sequence=_text(choice.get("stop_reason")),
        created_s=int(created) if isinstance(created, (int, float)) else 0,
        logprobs=msgspec.Raw(_encode(logprobs)) if isinstance(logprobs, dict) else None,
    )


def write_answer(answer: ChatAnswer, stamp: Stamp) -> bytes:
    choice: _Json = {"index": 0, "message": _write_message(answer.parts), "finish_reason": answer.finish or "stop"}
    if answer.logprobs is not None:
        choice["logprobs"] = answer.logprobs
    said: _Json = {
        "id": answer.id or stamp.response_id,
        "object": "chat.completion",
        "created": answer.created_s or stamp.created_s,
        "model": stamp.model,
        "choices": [choice],
        "usage": write_usage(answer.usage or NO_USAGE),
    }
    return _encode(said)


def write_usage(usage: Usage) -> _Json:
    """The three counters always; details only when there is something to tell (the reference's section 1.7)."""
    said: _Json = {"prompt_tokens": usage.prompt, "completion_tokens": usage.output, "total_tokens": usage.total}
    inputs = {"cached_tokens": usage.cached, "audio_tokens": usage.audio_input}
    outputs = {"reasoning_tokens": usage.reasoning, "audio_tokens": usage.audio_output}
    for name, details in (("prompt_tokens_details", inputs), ("completion_tokens_details", outputs)):
        told = {key: value for key, value in details.items() if value}
        if told:
            said[name] = told
    return said


def _read_parts(message: dict[str, Any]) -> list[Part]:
    parts: list[Part] = []
    reasoning = _text(message.get("reasoning_content")) or _text(message.get("reasoning"))
    content = message.get("content")
    texts: list[str] = []
    if isinstance(content, list):
        for part in content:
            if isinstance(part, dict) and part.get("type") == "thinking":
                reasoning += _joined(part.get("thinking"))
            elif isinstance(part, dict):
                texts.append(_text(part.get("text")))
    else:
        texts.append(_text(content))
    if reasoning:
        parts.append(Reasoning(reasoning))
    text = "".join(texts) or _text(message.get("refusal"))
    if text:
        parts.append(Text(text))
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            parts.append(ToolCall(_text(call.get("id")), _text(function.get("name")), _arguments(function.get("arguments"))))
    return parts


def _write_message(parts: tuple[Part, ...]) -> _Json:
    text = "".join(part.text for part in parts if isinstance(part, Text))
    reasoning = "".join(part.text for part in parts if isinstance(part, Reasoning))
    calls = [part for part in parts if isinstance(part, ToolCall)]
    # Explicitly null beside tool calls: clients tell the kinds of reply apart by it (section 1.7).
    message: _Json = {"role": "assistant", "content": text if text or not calls else None}
    if reasoning:
        message["reasoning_content"] = reasoning
    if calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}} for call in calls
        ]
    return message


def _arguments(said: object) -> str:
    """Their text; some servers send the object itself."""
    return _encode(said).decode() if isinstance(said, dict) else _text(said)


def _joined(thinking: object) -> str:
    if isinstance(thinking, list):
        return "".join(_text(part.get("text")) for part in thinking if isinstance(part, dict))
    return _text(thinking)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
