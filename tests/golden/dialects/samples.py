"""Samples of the neutral words, one feature each: what the matrix sends through every pair of dialects."""

import msgspec

from lockgate.model.chat import (
    Began,
    ChatAnswer,
    ChatRequest,
    Document,
    Finished,
    Image,
    Message,
    Part,
    Reasoning,
    ReasoningDelta,
    ResponseFormat,
    StreamEvent,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallBegan,
    ToolCallDelta,
    ToolChoice,
    ToolResult,
    UsageSaid,
)
from lockgate.model.usage import Usage

_HELLO = Message("user", (Text("Hello"),))
_SCHEMA = msgspec.Raw(b'{"type":"object"}')
_TOOLS = (Tool("f", "F.", _SCHEMA), Tool("g", "", _SCHEMA))
_CALLED = Message("assistant", (Text("Looking."), ToolCall("c1", "f", '{"a":1}'), ToolCall("c2", "g", "{}")))


def _of(*parts: Part) -> ChatRequest:
    return ChatRequest((Message("user", parts),), max_output=9)


def _with(**settings: object) -> ChatRequest:
    return msgspec.structs.replace(ChatRequest((_HELLO,), max_output=9), **settings)


REQUESTS: dict[str, ChatRequest] = {
    "text": _with(),
    "texts": _of(Text("a"), Text("b")),
    "conversation": _with(messages=(_HELLO, Message("assistant", (Text("Hi"),)), _HELLO)),
    "system": _with(messages=(Message("system", (Text("Be brief."),)), _HELLO)),
    "system_midway": _with(messages=(_HELLO, Message("system", (Text("Be brief."),)), Message("assistant", (Text("Hi"),)))),
    "no_bound": _with(max_output=None),
    "stream": _with(stream=True),
    "image_url": _of(Image(url="https://example.com/a.png"), Text("What?")),
    "image_data": _of(Image(media_type="image/png", data="AAAA"), Text("What?")),
    "image_detail": _of(Image(url="https://example.com/a.png", detail="low"), Text("What?")),
    "document_data": _of(Document(media_type="application/pdf", data="AAAA", name="a.pdf"), Text("What?")),
    "document_text": _of(Document(text="Words."), Text("What?")),
    "document_url": _of(Document(url="https://example.com/a.pdf"), Text("What?")),
    "tools": _with(tools=_TOOLS),
    "tool_strict": _with(tools=(Tool("f", "", _SCHEMA, True),)),
    "tool_choice_auto": _with(tools=_TOOLS, tool_choice=ToolChoice("auto")),
    "tool_choice_none": _with(tools=_TOOLS, tool_choice=ToolChoice("none")),
    "tool_choice_required": _with(tools=_TOOLS, tool_choice=ToolChoice("required", parallel=False)),
    "tool_choice_named": _with(tools=_TOOLS, tool_choice=ToolChoice("tool", "g")),
    "tool_results": _with(
        tools=_TOOLS,
        messages=(_HELLO, _CALLED, Message("user", (ToolResult("c1", (Text("one"),)), ToolResult("c2", (Text("two"),)), Text("Go on")))),
    ),
    "tool_result_error": _with(tools=_TOOLS, messages=(_HELLO, _CALLED, Message("user", (ToolResult("c1", (Text("broke"),), True),)))),
    "tool_result_image": _with(tools=_TOOLS, messages=(_HELLO, _CALLED, Message("user", (ToolResult("c1", (Image(url="https://x"),)),)))),
    "tools_called_but_not_declared": _with(messages=(_HELLO, _CALLED)),
    "thinking_history": _with(messages=(_HELLO, Message("assistant", (Reasoning("Hm", "sig"), Text("Hi"))), _HELLO)),
    "speaker_name": _with(messages=(Message("user", (Text("Hello"),), "bob"),)),
    "temperature": _with(temperature=0.5),
    "temperature_above_one": _with(temperature=1.5),
    "top_p": _with(top_p=0.5),
    "top_k": _with(top_k=5),
    "stop": _with(stop=("END", "STOP")),
    "user": _with(user="u-1"),
    "seed": _with(seed=7),
    "penalties": _with(frequency_penalty=0.5, presence_penalty=0.5),
    "logprobs": _with(logprobs=True, top_logprobs=2),
    "reasoning_effort": _with(reasoning_effort="low"),
    "json_object": _with(response_format=ResponseFormat("json_object")),
    "json_schema": _with(response_format=ResponseFormat("json_schema", "answer", _SCHEMA, True)),
    "json_schema_name": _with(response_format=ResponseFormat("json_schema", "weather", _SCHEMA, True)),
    "cache_markers": _of(Text("Long.", "1h"), Text("Short.")),
    "cache_marker_of_a_tool": _with(tools=(Tool("f", "", _SCHEMA, cache="5m"),)),
}


def _answer(*parts: Part, finish: str = "stop", usage: Usage | None = None, **members: object) -> ChatAnswer:
    plain = ChatAnswer("x", "alias", parts, finish, usage or Usage(input=3, output=2), created_s=7)
    return msgspec.structs.replace(plain, **members)


ANSWERS: dict[str, ChatAnswer] = {
    "text": _answer(Text("Hi")),
    "length": _answer(Text("Hi"), finish="length"),
    "content_filter": _answer(Text("Hi"), finish="content_filter"),
    "tools": _answer(Text("Looking."), ToolCall("c", "f", '{"a":1}'), ToolCall("d", "g", "{}"), finish="tool_calls"),
    "tools_without_text": _answer(ToolCall("c", "f", '{"a":1}'), finish="tool_calls"),
    "arguments_that_are_no_object": _answer(ToolCall("c", "f", "[1]"), finish="tool_calls"),
    "reasoning": _answer(Reasoning("Hm"), Text("42")),
    "reasoning_signature": _answer(Reasoning("Hm", "sig"), Text("42")),
    "texts_around_a_call": _answer(Text("a"), ToolCall("c", "f", "{}"), Text("b"), finish="tool_calls"),
    "stop_sequence": _answer(Text("Hi"), stop_sequence="END"),
    "cached": _answer(Text("Hi"), usage=Usage(input=3, cached=4, output=2)),
    "cache_writes": _answer(Text("Hi"), usage=Usage(input=3, cache_write_5m=4, cache_write_1h=5, output=2)),
    "reasoning_tokens": _answer(Text("Hi"), usage=Usage(input=3, output=5, reasoning=4)),
    "audio_tokens": _answer(Text("Hi"), usage=Usage(input=3, audio_input=4, output=5, audio_output=4)),
    "logprobs": _answer(Text("Hi"), logprobs=msgspec.Raw(b'{"content":[]}')),
}

_BEGAN, _END = Began("x", "alias"), UsageSaid(Usage(input=3, output=2))

STREAMS: dict[str, list[StreamEvent]] = {
    "text": [_BEGAN, TextDelta("Hé"), TextDelta("llo"), Finished("stop"), _END],
    "length": [_BEGAN, TextDelta("a"), Finished("length"), _END],
    "no_usage": [_BEGAN, TextDelta("a"), Finished("stop")],
    "tools": [
        _BEGAN,
        TextDelta("Looking."),
        ToolCallBegan(0, "c", "f"),
        ToolCallDelta(0, '{"a":'),
        ToolCallDelta(0, "1}"),
        ToolCallBegan(1, "d", "g"),
        ToolCallDelta(1, "{}"),
        Finished("tool_calls"),
        _END,
    ],
    "reasoning": [_BEGAN, ReasoningDelta("Hm"), ReasoningDelta(" so"), TextDelta("42"), Finished("stop"), _END],
    "reasoning_signature": [_BEGAN, ReasoningDelta("Hm", "sig"), TextDelta("42"), Finished("stop"), _END],
    "text_after_a_call": [_BEGAN, ToolCallBegan(0, "c", "f"), ToolCallDelta(0, "{}"), TextDelta("a"), Finished("tool_calls"), _END],
    "stop_sequence": [_BEGAN, TextDelta("a"), Finished("stop", "END"), _END],
    "cached": [_BEGAN, TextDelta("a"), Finished("stop"), UsageSaid(Usage(input=3, cached=4, output=2))],
    "usage_at_the_beginning": [Began("x", "alias", Usage(input=3)), TextDelta("a"), Finished("stop"), _END],
    "logprobs": [_BEGAN, TextDelta("a", msgspec.Raw(b'{"content":[]}')), Finished("stop"), _END],
}
