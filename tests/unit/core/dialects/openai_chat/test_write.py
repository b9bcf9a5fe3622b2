"""Neutral requests to OpenAI's words. Most cases are golden files (bridges/*-openai_chat)."""

import json
from typing import Any

from lockgate.core.dialects.openai_chat.write import write_request
from lockgate.model.chat import ChatRequest, Document, Image, Message, Part, Reasoning, ResponseFormat, Text, ToolCall, ToolResult


def messages(*said: Message) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = json.loads(write_request(ChatRequest(said), "up"))["messages"]
    return written


def content(*parts: Part) -> Any:
    return messages(Message("user", parts))[0]["content"]


def test_one_text_is_a_string_and_several_are_parts() -> None:
    assert content(Text("a")) == "a"
    assert content() == ""
    assert content(Text("a"), Text("b")) == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]


def test_every_document_finds_a_form() -> None:
    assert content(Document(text="words"))[0] == {"type": "text", "text": "words"}
    assert content(Document(url="https://x", name="n"))[0] == {"type": "text", "text": "n: https://x"}
    assert content(Document(file_id="f"))[0] == {"type": "file", "file": {"file_id": "f"}}
    assert content(Document(media_type="a/b", data="AA"))[0]["file"] == {"filename": "document", "file_data": "data:a/b;base64,AA"}
    assert content(Image(url="https://x", detail="low"))[0] == {"type": "image_url", "image_url": {"url": "https://x", "detail": "low"}}


def test_results_come_before_what_the_user_says_beside_them() -> None:
    result = ToolResult("c", (Text("r"), Image(url="https://x")))
    written = messages(Message("user", (Text("and"), result)))
    assert [message["role"] for message in written] == ["tool", "user"]
    assert written[0]["content"] == "r"
    assert [part["type"] for part in written[1]["content"]] == ["image_url", "text"]


def test_errors_of_tools_are_told_in_the_text() -> None:
    assert messages(Message("user", (ToolResult("c", (Text("r"),), is_error=True),)))[0]["content"] == "Error: r"


def test_thinking_of_earlier_turns_is_not_written() -> None:
    assert messages(Message("assistant", (Reasoning("Hm", "sig"), Text("a")), "bob")) == [
        {"role": "assistant", "content": "a", "name": "bob"}
    ]


def test_content_is_null_beside_calls_only() -> None:
    assert messages(Message("assistant", (ToolCall("c", "f", "{}"),)))[0]["content"] is None
    assert messages(Message("assistant", ()))[0]["content"] == ""


def test_names_and_formats_are_written() -> None:
    assert messages(Message("user", (Text("x"),), "bob"))[0]["name"] == "bob"
    said = json.loads(write_request(ChatRequest((), response_format=ResponseFormat("json_object")), "up"))
    assert said["response_format"] == {"type": "json_object"}
