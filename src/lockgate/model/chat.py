"""
Chat in neutral words: what every chat dialect is read into and written from. No dialect's habits, no behaviour.

Owned by the dialects' golden files: a word is here because at least two dialects can say it.
The words hold content while it is bridged, so none of them shows itself when printed.
"""

import msgspec

from lockgate.model.usage import Usage


class _Word(msgspec.Struct, frozen=True, tag=True):
    """What may hold content: printing it gives its kind only."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


# Parts of a message -----------------------------------------------------------------------------------------------


class Text(_Word, frozen=True):
    text: str
    cache: str = ""
    """Cache marker of the caller: "", "5m" or "1h"."""


class Image(_Word, frozen=True):
    """Either ``url`` or ``media_type`` and base64 ``data``."""

    url: str = ""
    media_type: str = ""
    data: str = ""
    detail: str = ""
    cache: str = ""


class Document(_Word, frozen=True):
    """A file: ``url``, or ``media_type`` with base64 ``data``, or plain ``text``, or a provider's ``file_id``."""

    url: str = ""
    media_type: str = ""
    data: str = ""
    text: str = ""
    file_id: str = ""
    name: str = ""
    cache: str = ""


class Reasoning(_Word, frozen=True):
    """Thinking the model showed. ``signature`` is opaque and only its own provider can check it."""

    text: str
    signature: str = ""


class ToolCall(_Word, frozen=True):
    """``arguments`` is JSON text exactly as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


class ToolResult(_Word, frozen=True):
    id: str
    parts: "tuple[Text | Image | Document, ...]"
    is_error: bool = False
    cache: str = ""


Part = Text | Image | Document | Reasoning | ToolCall | ToolResult


class Message(_Word, frozen=True):
    """``role``: system, user or assistant. Tool results are parts of a user message."""

    role: str
    parts: tuple[Part, ...]
    name: str = ""


class Tool(_Word, frozen=True):
    """``parameters`` is a JSON Schema, kept as raw JSON."""

    name: str
    description: str = ""
    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    strict: bool | None = None
    cache: str = ""


class ToolChoice(_Word, frozen=True):
    """``mode``: auto, none, required, or tool (then ``name``)."""

    mode: str
    name: str = ""
    parallel: bool = True


class ResponseFormat(_Word, frozen=True):
    """``kind``: text, json_object or json_schema (then ``schema`` as raw JSON)."""

    kind: str
    name: str = ""
    schema: msgspec.Raw = msgspec.Raw(b"{}")
    strict: bool | None = None


class ChatRequest(_Word, frozen=True):
    """One chat request. ``extras`` are top-level members no neutral word exists for: kept for the same dialect, dropped on a bridge."""

    messages: tuple[Message, ...]
    stream: bool = False
    max_output: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str = ""
    user: str = ""
    logprobs: bool = False
    top_logprobs: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    extras: dict[str, msgspec.Raw] = {}


class ChatAnswer(_Word, frozen=True):
    """One whole answer. ``finish``: stop, length, tool_calls, content_filter, or "" when unknown."""

    id: str
    model: str
    parts: tuple[Part, ...]
    finish: str
    usage: Usage | None = None
    stop_sequence: str = ""
    created_s: int = 0
    logprobs: msgspec.Raw | None = None


# Events of a stream -----------------------------------------------------------------------------------------------


class Began(_Word, frozen=True):
    id: str
    model: str
    usage: Usage | None = None


class TextDelta(_Word, frozen=True):
    text: str
    logprobs: msgspec.Raw | None = None


class ReasoningDelta(_Word, frozen=True):
    text: str = ""
    signature: str = ""


class ToolCallBegan(_Word, frozen=True):
    """``index`` counts the calls of this answer from 0."""

    index: int
    id: str
    name: str


class ToolCallDelta(_Word, frozen=True):
    index: int
    arguments: str


class Finished(_Word, frozen=True):
    finish: str
    stop_sequence: str = ""


class UsageSaid(_Word, frozen=True):
    """All usage so far: a later one takes the place of an earlier one, and of that of ``Began``."""

    usage: Usage


class Ended(_Word, frozen=True):
    """The dialect's own terminator was seen."""


StreamEvent = Began | TextDelta | ReasoningDelta | ToolCallBegan | ToolCallDelta | Finished | UsageSaid | Ended
