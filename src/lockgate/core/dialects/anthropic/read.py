"""
Requests in Anthropic's words to neutral words, for a bridge. ``peek`` has checked the types before.

Thinking of earlier turns is dropped, since no other provider can check it, and so are blocks of the provider's own tools.
Settings no neutral word exists for are dropped too; content that cannot be carried is refused by name.
"""

import msgspec

from lockgate.core.wire.bodies import UNREADABLE, invalid, unreadable
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

_EMPTY = msgspec.Raw(b"{}")

# Blocks that say nothing to another provider: its own thinking, and what its own tools did (also all ``*_tool_result``).
_DROPPED = frozenset(
    (
        "thinking",
        "redacted_thinking",
        "compaction",
        "server_tool_use",
        "mcp_tool_use",
        "tool_reference",
        "browser_state",
        "container_upload",
    )
)


class _Cache(Unshown):
    ttl: str | None = None


class _Source(Unshown):
    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    content: "str | list[_Block] | None" = None


class _Block(Unshown):
    type: str
    text: str | None = None
    source: _Source | str | None = None
    title: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = _EMPTY
    tool_use_id: str | None = None
    content: "str | list[_Block] | msgspec.UnsetType | None" = None
    is_error: bool | None = None
    cache_control: _Cache | None = None


class _Message(Unshown):
    role: str
    content: str | list[_Block]


class _Tool(Unshown):
    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: msgspec.Raw = _EMPTY
    strict: bool | None = None
    cache_control: _Cache | None = None


class _Choice(Unshown):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Thinking(Unshown):
    type: str
    budget_tokens: int | None = None


class _Metadata(Unshown):
    user_id: str | None = None


class _Format(Unshown):
    type: str
    schema: msgspec.Raw = _EMPTY


class _OutputConfig(Unshown):
    effort: str | None = None
    format: _Format | None = None


class _Request(Unshown):
    messages: list[_Message]
    max_tokens: int | None = None
    stream: bool | None = None
    system: str | list[_Block] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _Choice | None = None
    thinking: _Thinking | None = None
    metadata: _Metadata | None = None
    output_config: _OutputConfig | None = None


_decode = msgspec.json.Decoder(_Request).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KNOWN = frozenset(_Request.__struct_fields__) | {"model"}
_MODES = {"auto": "auto", "any": "required", "none": "none", "tool": "tool"}
_EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


def read_request(body: bytes) -> ChatRequest | Fault:
    try:
        said = _decode(body)
        extras = {key: value for key, value in _decode_members(body).items() if key not in _KNOWN}
    except UNREADABLE as error:
        return unreadable(error, body)
    messages: list[Message] = []
    system = _read_content(said.system or "", "system")
    if isinstance(system, Fault):
        return system
    if system:
        messages.append(Message("system", tuple(system)))
    for index, message in enumerate(said.messages):
        parts = _read_content(message.content, f"messages[{index}].content")
        if isinstance(parts, Fault):
            return parts
        messages.append(Message(message.role, tuple(parts)))
    tools = tuple(_read_tool(tool) for tool in said.tools or () if tool.type in (None, "custom"))
    chosen = said.tool_choice
    if chosen is not None and chosen.type not in _MODES:
        return invalid("tool_choice.type", "has a value that is not allowed")
    config = said.output_config or _OutputConfig()
    return ChatRequest(
        messages=tuple(messages),
        stream=said.stream is True,
        max_output=said.max_tokens,
        temperature=said.temperature,
        top_p=said.top_p,
        top_k=said.top_k,
        stop=tuple(said.stop_sequences or ()),
        tools=tools,
        tool_choice=_read_choice(chosen, tools),
        response_format=_read_format(config.format),
        reasoning_effort=_EFFORTS.get(config.effort or "", "") or _read_thinking(said.thinking),
        user=(said.metadata.user_id or "") if said.metadata else "",
        extras=extras,
    )


def _read_content(content: str | list[_Block], where: str) -> list[Part] | Fault:
    if isinstance(content, str):
        return [Text(content)] if content else []
    parts: list[Part] = []
    for index, block in enumerate(content):
        if block.type in _DROPPED or block.type.endswith("_tool_result"):
            continue
        part = _read_block(block, f"{where}[{index}]")
        if isinstance(part, Fault):
            return part
        parts.append(part)
    return parts


def _read_block(block: _Block, where: str) -> Part | Fault:
    cache = _read_cache(block.cache_control)
    if block.type == "text":
        return Text(block.text or "", cache)
    if block.type == "tool_use":
        return ToolCall(block.id or "", block.name or "", _arguments(block.input))
    if block.type == "tool_result":
        return _read_result(block, where)
    source = block.source
    if block.type == "image" and isinstance(source, _Source):
        if source.type == "base64":
            return Image(media_type=source.media_type or "", data=source.data or "", cache=cache)
        if source.type == "url":
            return Image(url=source.url or "", cache=cache)
    if block.type == "document" and isinstance(source, _Source):
        return _read_document(block, source, where)
    if block.type == "search_result" and isinstance(block.content, list):
        text = "\n".join(inner.text or "" for inner in block.content)
        return Document(text=text, name=block.title or "", cache=cache)
    return invalid(where, "is of a type that cannot be sent to this model")


def _arguments(said: msgspec.Raw) -> str:
    text = msgspec.json.format(bytes(said), indent=-1).decode()
    return "{}" if text == "null" else text


def _read_result(block: _Block, where: str) -> ToolResult | Fault:
    content = _read_content(block.content if isinstance(block.content, (str, list)) else "", f"{where}.content")
    if isinstance(content, Fault):
        return content
    shown = tuple(part for part in content if isinstance(part, (Text, Image, Document)))
    return ToolResult(block.tool_use_id or "", shown, block.is_error is True, _read_cache(block.cache_control))


def _read_document(block: _Block, source: _Source, where: str) -> Document | Fault:
    name, cache = block.title or "", _read_cache(block.cache_control)
    if source.type == "base64":
        return Document(media_type=source.media_type or "application/pdf", data=source.data or "", name=name, cache=cache)
    if source.type == "text":
        return Document(text=source.data or "", name=name, cache=cache)
    if source.type == "url":
        return Document(url=source.url or "", name=name, cache=cache)
    if source.type == "content":
        inner = source.content or ""
        text = inner if isinstance(inner, str) else "\n".join(part.text or "" for part in inner)
        return Document(text=text, name=name, cache=cache)
    # A file kept by the provider exists nowhere else.
    return invalid(f"{where}.source", "is of a type that cannot be sent to this model")


def _read_tool(tool: _Tool) -> Tool:
    return Tool(tool.name, tool.description or "", tool.input_schema, tool.strict, _read_cache(tool.cache_control))


def _read_choice(chosen: _Choice | None, tools: tuple[Tool, ...]) -> ToolChoice | None:
    """A choice of a tool that was dropped is none."""
    if chosen is None or not tools:
        return None
    name = chosen.name or ""
    if chosen.type == "tool" and all(tool.name != name for tool in tools):
        return None
    return ToolChoice(_MODES[chosen.type], name, chosen.disable_parallel_tool_use is not True)


def _read_format(said: _Format | None) -> ResponseFormat | None:
    return None if said is None else ResponseFormat(said.type, "answer", said.schema, True)


def _read_thinking(said: _Thinking | None) -> str:
    """A coarse word for a budget (the reference's section 1.8)."""
    if said is None or said.type == "disabled":
        return ""
    if said.budget_tokens is None:
        return "medium"
    return "low" if said.budget_tokens < 4096 else "medium" if said.budget_tokens < 16384 else "high"


def _read_cache(said: _Cache | None) -> str:
    if said is None:
        return ""
    return "1h" if said.ttl == "1h" else "5m"
