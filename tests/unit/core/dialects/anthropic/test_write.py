"""Neutral requests to Anthropic's words. Most cases are golden files (bridges/*-anthropic)."""

import json
from typing import Any

from lockgate.core.dialects.anthropic.write import write_request
from lockgate.model.chat import ChatRequest, Document, Image, Message, Part, Reasoning, Text, Tool, ToolCall, ToolChoice, ToolResult


def write(request: ChatRequest) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(write_request(request, "up"))
    return said


def content(*parts: Part) -> Any:
    return write(ChatRequest((Message("user", parts),)))["messages"][0]["content"]


def test_a_bound_is_always_written() -> None:
    assert write(ChatRequest(()))["max_tokens"] == 4096
    assert write(ChatRequest((), max_output=5))["max_tokens"] == 5


def test_system_is_a_string_or_blocks_when_one_is_marked() -> None:
    plain = write(ChatRequest((Message("system", (Text("a"), Text(""))), Message("user", (Text("b"),)), Message("system", (Text("c"),)))))
    assert plain["system"] == "a\n\nc"
    marked = write(ChatRequest((Message("system", (Text("a"), Text("b", "1h"))), Message("user", (Text("c"),)))))
    assert marked["system"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ]


def test_a_system_prompt_alone_becomes_the_message() -> None:
    said = write(ChatRequest((Message("system", (Text("a"),)),)))
    assert "system" not in said
    assert said["messages"] == [{"role": "user", "content": "a"}]


def test_thinking_of_earlier_turns_is_not_written() -> None:
    assert write(ChatRequest((Message("assistant", (Reasoning("Hm", "sig"), Text("a"))),)))["messages"][0]["content"] == "a"


def test_every_source_is_written() -> None:
    assert content(Image(url="u"))[0]["source"] == {"type": "url", "url": "u"}
    assert content(Image(media_type="image/png", data="AA"))[0]["source"] == {"type": "base64", "media_type": "image/png", "data": "AA"}
    assert content(Document(file_id="f"))[0]["source"] == {"type": "file", "file_id": "f"}
    assert content(Document(text="t", name="n"))[0] == {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "t"},
        "title": "n",
    }


def test_arguments_that_are_no_object_are_handed_over_as_text() -> None:
    for arguments, given in (('{"a": 1}', {"a": 1}), ("", {}), (" ", {}), ("[1]", {"arguments": "[1]"}), ("{", {"arguments": "{"})):
        assert content(ToolCall("c", "f", arguments))[0]["input"] == given


def test_results_are_written_with_what_they_hold() -> None:
    assert content(ToolResult("c", (Text("r"),)))[0]["content"] == "r"
    assert content(ToolResult("c", (Text(""),), is_error=True))[0] == {"type": "tool_result", "tool_use_id": "c", "is_error": True}
    assert [block["type"] for block in content(ToolResult("c", (Text("r"), Image(url="u")), cache="5m"))[0]["content"]] == ["text", "image"]
    assert content(ToolResult("c", (), cache="5m"))[0]["cache_control"] == {"type": "ephemeral"}


def test_tools_are_written_with_their_markers() -> None:
    said = write(
        ChatRequest((), tools=(Tool("f", cache="5m"), Tool("g", "G.", cache="1h")), tool_choice=ToolChoice("none", parallel=False))
    )
    assert said["tools"] == [
        {"name": "f", "input_schema": {"type": "object", "properties": {}}, "cache_control": {"type": "ephemeral"}},
        {
            "name": "g",
            "description": "G.",
            "input_schema": {"type": "object", "properties": {}},
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
        },
    ]
    assert said["tool_choice"] == {"type": "none"}
