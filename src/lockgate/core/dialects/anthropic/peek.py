"""
What routing, limits and metering must know of a request in Anthropic's words; the body itself stays bytes.

Types are checked for every member the gateway or a bridge reads. Content blocks are open: their kinds are the upstream's business.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from lockgate.core.wire.bodies import UNREADABLE, invalid, unreadable, unsound
from lockgate.core.wire.unshown import Unshown
from lockgate.model.dialect import Ask
from lockgate.model.faults import Fault

_Name = Annotated[str, Meta(min_length=1)]


class _Block(Unshown):
    type: str
    text: str | None = None


class _Message(Unshown):
    # A system role inside the messages is kept rather than refused (the reference's section 1.8).
    role: Literal["user", "assistant", "system"]
    content: str | list[_Block]


class _Tool(Unshown):
    # Not required: a set of tools of another server has none.
    name: str | None = None
    type: str | None = None
    description: str | None = None


class _ToolChoice(Unshown):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Thinking(Unshown):
    type: str
    budget_tokens: int | None = None


class _Metadata(Unshown):
    user_id: str | None = None


class _Count(Unshown):
    """Both operations share these; counting tokens needs no ``max_tokens``."""

    model: _Name
    messages: Annotated[list[_Message], Meta(min_length=1)]
    system: str | list[_Block] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _ToolChoice | None = None
    thinking: _Thinking | None = None


class _Messages(Unshown):
    model: _Name
    messages: Annotated[list[_Message], Meta(min_length=1)]
    max_tokens: Annotated[int, Meta(ge=1, le=1 << 31)]
    stream: bool | UnsetType | None = UNSET
    system: str | list[_Block] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _ToolChoice | None = None
    thinking: _Thinking | None = None
    metadata: _Metadata | None = None


_decode_messages = msgspec.json.Decoder(_Messages).decode
_decode_count = msgspec.json.Decoder(_Count).decode

# A second member of one of these names could make the upstream do other than we decided, metered or held.
_ACTED_ON = (b'"model"', b'"messages"', b'"max_tokens"')
_STREAM = (b'"stream"',)
_ACTED_ON_STREAM = (*_ACTED_ON, *_STREAM)


def peek_messages(body: bytes) -> Ask | Fault:
    """Streams of this dialect always tell usage."""
    try:
        said = _decode_messages(body)
    except UNREADABLE as error:
        return unreadable(error, body)
    checked = (_ACTED_ON, _STREAM) if said.stream is UNSET else (_ACTED_ON_STREAM, ())
    found = unsound(body, *checked) or _wrong_message(said.messages)
    return found or Ask(said.model, said.stream is True, said.max_tokens, True)


def peek_count(body: bytes) -> Ask | Fault:
    """Counting makes no output: the bound is 0."""
    try:
        said = _decode_count(body)
    except UNREADABLE as error:
        return unreadable(error, body)
    found = unsound(body, (b'"model"', b'"messages"')) or _wrong_message(said.messages)
    return found or Ask(said.model, max_output=0)


def _wrong_message(messages: list[_Message]) -> Fault | None:
    for index, message in enumerate(messages):
        content = message.content
        if content.__class__ is list:
            for number, block in enumerate(content):
                if block.type == "text" and block.text is None:
                    return invalid(f"messages[{index}].content[{number}].text", "is required")
    return None
