"""
Neutral requests to OpenAI's words, for a bridge.

Thinking of earlier turns is not written: only the provider that made it could check it. Tool results carry text only,
so what else a result holds follows in a user message.
"""

from collections.abc import Iterable, Iterator

import msgspec

from lockgate.core.wire.data_url import join_data_url
from lockgate.model.chat import (
    ChatRequest,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

_encode = msgspec.json.Encoder().encode
_Json = dict[str, object]

_SEE_NEXT = "The result is in the next message."
_NO_PARAMETERS = msgspec.Raw(b'{"type":"object","properties":{}}')


def write_request(request: ChatRequest, model: str) -> bytes:
    said: _Json = {"model": model, "messages": [written for message in request.messages for written in _write_message(message)]}
    settings: _Json = {
        "max_tokens": request.max_output,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "seed": request.seed,
        "reasoning_effort": request.reasoning_effort or None,
        "user": request.user or None,
        "logprobs": request.logprobs or None,
        "top_logprobs": request.top_logprobs,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
        "response_format": _write_format(request.response_format),
        "tools": [_write_tool(tool) for tool in request.tools] or None,
    }
    said.update((key, value) for key, value in settings.items() if value is not None)
    if request.tools and request.tool_choice is not None:
        said["tool_choice"] = _write_choice(request.tool_choice)
        if not request.tool_choice.parallel:
            said["parallel_tool_calls"] = False
    if request.stream:
        said["stream"] = True
    return _encode(said)


def _write_message(message: Message) -> Iterator[_Json]:
    """One message, or several: each tool result is a message of its own, before what the user says beside it."""
    beside: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            content, more = _write_result(part)
            beside += more
            yield {"role": "tool", "tool_call_id": part.id, "content": content}
    if message.role == "assistant":
        yield _write_assistant(message)
        return
    beside += [part for part in message.parts if not isinstance(part, (ToolResult, ToolCall, Reasoning))]
    if beside or not message.parts:
        said: _Json = {"role": message.role, "content": _write_content(beside)}
        if message.name:
            said["name"] = message.name
        yield said


def _write_assistant(message: Message) -> _Json:
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    calls = [_write_call(part) for part in message.parts if isinstance(part, ToolCall)]
    said: _Json = {"role": "assistant", "content": text if text or not calls else None}
    if calls:
        said["tool_calls"] = calls
    if message.name:
        said["name"] = message.name
    return said


def _write_call(call: ToolCall) -> _Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _write_result(result: ToolResult) -> tuple[str, list[Part]]:
    """The text of a result, and the parts that a tool message cannot hold."""
    text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
    more: list[Part] = [part for part in result.parts if not isinstance(part, Text)]
    if more and not text:
        text = _SEE_NEXT
    if result.is_error:
        # There is no member for it, and the model should know.
        text = f"Error: {text}" if text else "Error"
    return text, more


def _write_content(parts: Iterable[Part]) -> object:
    """A plain string where that says it all: not every server takes arrays."""
    parts = list(parts)
    if all(isinstance(part, Text) for part in parts):
        texts = [part.text for part in parts if isinstance(part, Text)]
        if len(texts) <= 1:
            return texts[0] if texts else ""
    return [_write_part(part) for part in parts]


def _write_part(part: Part) -> _Json:
    if isinstance(part, Image):
        shown: _Json = {"url": part.url or join_data_url(part.media_type, part.data)}
        if part.detail:
            shown["detail"] = part.detail
        return {"type": "image_url", "image_url": shown}
    if isinstance(part, Document):
        return _write_document(part)
    assert isinstance(part, Text)
    return {"type": "text", "text": part.text}


def _write_document(part: Document) -> _Json:
    if part.text:
        return {"type": "text", "text": f"{part.name}\n{part.text}" if part.name else part.text}
    if part.url:
        # The format has no files by address; a model that can follow one needs to see it.
        return {"type": "text", "text": f"{part.name}: {part.url}" if part.name else part.url}
    if part.file_id:
        return {"type": "file", "file": {"file_id": part.file_id}}
    return {"type": "file", "file": {"filename": part.name or "document", "file_data": join_data_url(part.media_type, part.data)}}


def _write_tool(tool: Tool) -> _Json:
    declared: _Json = {"name": tool.name}
    if tool.description:
        declared["description"] = tool.description
    declared["parameters"] = tool.parameters if bytes(tool.parameters) != b"{}" else _NO_PARAMETERS
    if tool.strict is not None:
        declared["strict"] = tool.strict
    return {"type": "function", "function": declared}


def _write_choice(choice: ToolChoice) -> object:
    return {"type": "function", "function": {"name": choice.name}} if choice.mode == "tool" else choice.mode


def _write_format(said: ResponseFormat | None) -> object:
    if said is None:
        return None
    if said.kind != "json_schema":
        return {"type": said.kind}
    schema: _Json = {"name": said.name or "answer", "schema": said.schema}
    if said.strict is not None:
        schema["strict"] = said.strict
    return {"type": "json_schema", "json_schema": schema}
