"""
Neutral requests to Anthropic's words, for a bridge.

System messages, wherever they stand, become the one ``system`` of this format, as in the provider's own compatible API.
Neighbouring messages of one role become one, because the results of parallel calls have to come together.
"""

from collections.abc import Iterable

import msgspec

from lockgate.model.chat import (
    ChatRequest,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

_encode = msgspec.json.Encoder().encode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_Json = dict[str, object]

_DEFAULT_MAX_TOKENS = 4096
"""The format requires a bound; this one is used when the caller set none (the reference's section 2.1)."""

_MODES = {"auto": "auto", "required": "any", "none": "none", "tool": "tool"}
_NO_INPUT = msgspec.Raw(b'{"type":"object","properties":{}}')


def write_request(request: ChatRequest, model: str) -> bytes:
    said: _Json = {"model": model, "max_tokens": request.max_output or _DEFAULT_MAX_TOKENS}
    system = _write_system(request.messages)
    messages = _write_messages(request.messages)
    if system and messages:
        said["system"] = system
    # The format requires a message: a system prompt alone has to be one.
    said["messages"] = messages or [{"role": "user", "content": system}]
    if request.temperature is not None:
        # The range ends at 1 here, at 2 elsewhere.
        said["temperature"] = min(request.temperature, 1.0)
    for name, value in (("top_p", request.top_p), ("top_k", request.top_k)):
        if value is not None:
            said[name] = value
    # Sequences of nothing but whitespace are refused there.
    stop = [sequence for sequence in request.stop if sequence.strip()]
    if stop:
        said["stop_sequences"] = stop
    called = {part.name: None for message in request.messages for part in message.parts if isinstance(part, ToolCall)}
    if request.tools:
        said["tools"] = [_write_tool(tool) for tool in request.tools]
        if request.tool_choice is not None:
            said["tool_choice"] = _write_choice(request.tool_choice)
    elif called:
        # Tools that were called must be declared, which other formats do not ask for; they are not offered again.
        said["tools"] = [_write_tool(Tool(name)) for name in called]
        said["tool_choice"] = {"type": "none"}
    if request.response_format is not None and request.response_format.kind == "json_schema":
        said["output_config"] = {"format": {"type": "json_schema", "schema": request.response_format.schema}}
    if request.user:
        said["metadata"] = {"user_id": request.user}
    if request.stream:
        said["stream"] = True
    return _encode(said)


def _write_system(messages: Iterable[Message]) -> object:
    """One string, or blocks when one of them carries a cache marker."""
    parts = [part for message in messages if message.role == "system" for part in message.parts]
    texts = [part for part in parts if isinstance(part, Text) and part.text]
    if any(part.cache for part in texts):
        return [_write_part(part) for part in texts]
    return "\n\n".join(part.text for part in texts)


def _write_messages(messages: Iterable[Message]) -> list[_Json]:
    written: list[_Json] = []
    for message in messages:
        if message.role == "system":
            continue
        blocks = [_write_part(part) for part in message.parts if not isinstance(part, Reasoning) and not _is_empty(part)]
        if not blocks:
            continue
        before = written[-1] if written else None
        if before is not None and before["role"] == message.role:
            earlier = before["content"]
            assert isinstance(earlier, list)
            earlier += blocks
        else:
            written.append({"role": message.role, "content": blocks})
    for said in written:
        said["content"] = _shorten(said["content"])
    return written


def _is_empty(part: Part) -> bool:
    """Text blocks must not be empty there."""
    return isinstance(part, Text) and not part.text


def _shorten(content: object) -> object:
    """A single plain text needs no array."""
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content


def _write_part(part: Part) -> _Json:
    said: _Json
    if isinstance(part, Text):
        said = {"type": "text", "text": part.text}
    elif isinstance(part, Image):
        said = {"type": "image", "source": _write_source(part)}
    elif isinstance(part, Document):
        said = {"type": "document", "source": _write_source(part)}
        if part.name:
            said["title"] = part.name
    elif isinstance(part, ToolCall):
        return {"type": "tool_use", "id": _write_id(part.id), "name": part.name, "input": _write_input(part.arguments)}
    else:
        assert isinstance(part, ToolResult)
        said = _write_result(part)
    if part.cache:
        said["cache_control"] = {"type": "ephemeral", "ttl": "1h"} if part.cache == "1h" else {"type": "ephemeral"}
    return said


def _write_source(part: Image | Document) -> _Json:
    if part.url:
        return {"type": "url", "url": part.url}
    if isinstance(part, Document):
        if part.file_id:
            return {"type": "file", "file_id": part.file_id}
        if part.text:
            return {"type": "text", "media_type": "text/plain", "data": part.text}
    return {"type": "base64", "media_type": part.media_type, "data": part.data}


def _write_id(said: str) -> str:
    """Ids of calls are letters, digits, ``_`` and ``-`` there; other providers put more into theirs."""
    if said.isascii() and said.replace("_", "").replace("-", "").isalnum():
        return said
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in said) or "_"


def _write_input(arguments: str) -> object:
    """The format takes only objects; what is none is handed over as the text it is."""
    try:
        _decode_object(arguments.encode())
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return {"arguments": arguments} if arguments.strip() else {}
    return msgspec.Raw(arguments.encode())


def _write_result(result: ToolResult) -> _Json:
    said: _Json = {"type": "tool_result", "tool_use_id": _write_id(result.id)}
    blocks = [_write_part(part) for part in result.parts if not _is_empty(part)]
    if blocks:
        said["content"] = _shorten(blocks)
    if result.is_error:
        said["is_error"] = True
    return said


def _write_tool(tool: Tool) -> _Json:
    said: _Json = {"name": tool.name}
    if tool.description:
        said["description"] = tool.description
    said["input_schema"] = tool.parameters if bytes(tool.parameters) != b"{}" else _NO_INPUT
    if tool.cache:
        said["cache_control"] = {"type": "ephemeral", "ttl": "1h"} if tool.cache == "1h" else {"type": "ephemeral"}
    return said


def _write_choice(choice: ToolChoice) -> _Json:
    said: _Json = {"type": _MODES[choice.mode]}
    if choice.mode == "tool":
        said["name"] = choice.name
    if not choice.parallel and choice.mode != "none":
        said["disable_parallel_tool_use"] = True
    return said
