"""
Requests in OpenAI's words to neutral words, for a bridge. ``peek`` has checked the types before.

What no neutral word exists for is dropped when it is a setting of the whole request, and refused when it is content or
would change the number of answers: a caller must not lose part of a prompt without learning of it.
"""

import msgspec

from lockgate.core.wire.bodies import UNREADABLE, invalid, unreadable
from lockgate.core.wire.data_url import split_data_url
from lockgate.core.wire.unshown import Unshown
from lockgate.model.chat import (
    ChatRequest,
    Document,
    Image,
    Message,
    Part,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from lockgate.model.faults import Fault

_NO_SCHEMA = msgspec.Raw(b"{}")


class _Cache(Unshown):
    ttl: str | None = None


class _ImageUrl(Unshown):
    url: str
    detail: str | None = None


class _File(Unshown):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class _Part(Unshown):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | _ImageUrl | None = None
    file: _File | None = None
    cache_control: _Cache | None = None


class _Function(Unshown):
    name: str
    arguments: str = ""


class _Call(Unshown):
    id: str | None = None
    function: _Function | None = None


class _Message(Unshown):
    role: str
    content: str | list[_Part] | None = None
    name: str | None = None
    refusal: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: _Function | None = None
    cache_control: _Cache | None = None


class _Declared(Unshown):
    name: str
    description: str | None = None
    parameters: msgspec.Raw = _NO_SCHEMA
    strict: bool | None = None


class _Tool(Unshown):
    type: str
    function: _Declared | None = None
    cache_control: _Cache | None = None


class _Named(Unshown):
    name: str


class _Chosen(Unshown):
    type: str = ""
    function: _Named | None = None


class _Schema(Unshown):
    name: str = ""
    schema: msgspec.Raw = _NO_SCHEMA
    strict: bool | None = None


class _Format(Unshown):
    type: str
    json_schema: _Schema | None = None


class _Request(Unshown):
    messages: list[_Message]
    stream: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    tools: list[_Tool] | None = None
    tool_choice: str | _Chosen | None = None
    functions: list[_Declared] | None = None
    function_call: str | _Named | None = None
    parallel_tool_calls: bool | None = None
    response_format: _Format | None = None
    reasoning_effort: str | None = None
    user: str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None


_decode = msgspec.json.Decoder(_Request).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KNOWN = frozenset(_Request.__struct_fields__) | {"model", "stream_options"}


def read_request(body: bytes) -> ChatRequest | Fault:
    try:
        said = _decode(body)
        extras = {key: value for key, value in _decode_members(body).items() if key not in _KNOWN}
    except UNREADABLE as error:
        return unreadable(error, body)
    if said.n is not None and said.n > 1:
        return invalid("n", "must be 1 for this model, whose provider gives one answer per request")
    messages = _read_messages(said.messages)
    if isinstance(messages, Fault):
        return messages
    tools = _read_tools(said)
    choice = _read_choice(said, bool(tools))
    if isinstance(choice, Fault):
        return choice
    return ChatRequest(
        messages=messages,
        stream=said.stream is True,
        max_output=said.max_completion_tokens or said.max_tokens,
        temperature=said.temperature,
        top_p=said.top_p,
        top_k=said.top_k,
        stop=(said.stop,) if isinstance(said.stop, str) else tuple(said.stop or ()),
        seed=said.seed,
        tools=tools,
        tool_choice=choice,
        response_format=_read_format(said.response_format),
        reasoning_effort=said.reasoning_effort or "",
        user=said.user or "",
        logprobs=said.logprobs is True,
        top_logprobs=said.top_logprobs,
        frequency_penalty=said.frequency_penalty,
        presence_penalty=said.presence_penalty,
        extras=extras,
    )


def _read_messages(said: list[_Message]) -> tuple[Message, ...] | Fault:
    messages: list[Message] = []
    for index, message in enumerate(said):
        parts = _read_content(message, f"messages[{index}].content")
        if isinstance(parts, Fault):
            return parts
        role = message.role
        if role in ("tool", "function"):
            result = tuple(part for part in parts if isinstance(part, (Text, Image, Document)))
            parts = [ToolResult(message.tool_call_id or message.name or "", result, cache=_read_cache(message.cache_control))]
            role = "user"
        elif role == "assistant":
            parts += _read_calls(message)
        elif role == "developer":
            role = "system"
        messages.append(Message(role, tuple(parts), (message.name or "") if role == message.role else ""))
    return tuple(messages)


def _read_content(message: _Message, where: str) -> list[Part] | Fault:
    content = message.content
    if content is None:
        return [Text(message.refusal)] if message.refusal else []
    if isinstance(content, str):
        return [Text(content, _read_cache(message.cache_control))]
    parts: list[Part] = []
    for index, said in enumerate(content):
        part = _read_part(said)
        if part is None:
            return invalid(f"{where}[{index}]", "is of a type that cannot be sent to this model")
        parts.append(part)
    return parts


def _read_part(said: _Part) -> Part | None:
    cache = _read_cache(said.cache_control)
    if said.type in ("text", "input_text", "output_text"):
        return Text(said.text or "", cache)
    if said.type == "refusal":
        return Text(said.refusal or "", cache)
    if said.type == "image_url" and said.image_url is not None:
        shown = _ImageUrl(said.image_url) if isinstance(said.image_url, str) else said.image_url
        if not shown.url.startswith("data:"):
            return Image(url=shown.url, detail=shown.detail or "", cache=cache)
        inline = split_data_url(shown.url)
        return inline and Image(media_type=inline[0], data=inline[1], detail=shown.detail or "", cache=cache)
    if said.type == "file" and said.file is not None:
        return _read_file(said.file, cache)
    return None


def _read_file(said: _File, cache: str) -> Document | None:
    name = said.filename or ""
    if said.file_data is None:
        return Document(file_id=said.file_id, name=name, cache=cache) if said.file_id else None
    if not said.file_data.startswith("data:"):
        return Document(media_type="application/pdf", data=said.file_data, name=name, cache=cache)
    inline = split_data_url(said.file_data)
    return inline and Document(media_type=inline[0], data=inline[1], name=name, cache=cache)


def _read_calls(message: _Message) -> list[Part]:
    calls: list[Part] = [
        ToolCall(call.id or "", call.function.name, call.function.arguments)
        for call in message.tool_calls or ()
        if call.function is not None
    ]
    if message.function_call is not None:
        # The legacy form has no ids: the name stands in, here and in the result.
        calls.append(ToolCall(message.function_call.name, message.function_call.name, message.function_call.arguments))
    return calls


def _read_tools(said: _Request) -> tuple[Tool, ...]:
    """Function tools only: hosted ones are their provider's own."""
    declared = [(tool.function, tool.cache_control) for tool in said.tools or () if tool.function is not None]
    declared += [(function, None) for function in said.functions or ()]
    return tuple(
        Tool(function.name, function.description or "", _read_schema(function.parameters), function.strict, _read_cache(cache))
        for function, cache in declared
    )


def _read_choice(said: _Request, has_tools: bool) -> ToolChoice | Fault | None:
    parallel = said.parallel_tool_calls is not False
    chosen = said.tool_choice
    if not has_tools:
        return None
    if chosen is None and said.function_call is not None:
        legacy = said.function_call
        return ToolChoice(legacy, parallel=parallel) if isinstance(legacy, str) else ToolChoice("tool", legacy.name, parallel)
    if chosen is None:
        return None if parallel else ToolChoice("auto", parallel=False)
    if isinstance(chosen, str):
        if chosen in ("auto", "none", "required"):
            return ToolChoice(chosen, parallel=parallel)
    elif chosen.type == "function" and chosen.function is not None:
        return ToolChoice("tool", chosen.function.name, parallel)
    return invalid("tool_choice", "has a value that cannot be sent to this model")


def _read_format(said: _Format | None) -> ResponseFormat | None:
    if said is None or said.type == "text":
        return None
    schema = said.json_schema
    if schema is None:
        return ResponseFormat(said.type)
    return ResponseFormat(said.type, schema.name, _read_schema(schema.schema), schema.strict)


def _read_schema(said: msgspec.Raw) -> msgspec.Raw:
    return _NO_SCHEMA if bytes(said) == b"null" else said


def _read_cache(said: _Cache | None) -> str:
    if said is None:
        return ""
    return "1h" if said.ttl == "1h" else "5m"
