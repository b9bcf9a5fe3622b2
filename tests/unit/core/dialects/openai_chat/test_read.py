"""Requests in OpenAI's words to neutral words. Most cases are golden files (bridges/openai_chat-*)."""

import json

from lockgate.core.dialects.openai_chat.read import read_request
from lockgate.model.chat import ChatRequest, Document, Image, Message, Text, ToolChoice, ToolResult
from lockgate.model.faults import Fault

HELLO = [{"role": "user", "content": "Hello"}]
TOOLS = [{"type": "function", "function": {"name": "f"}}]


def read(**members: object) -> ChatRequest:
    found = read_request(json.dumps({"model": "m", "messages": HELLO, **members}).encode())
    assert isinstance(found, ChatRequest), found
    return found


def test_members_without_a_word_are_kept_apart() -> None:
    assert {key: bytes(value) for key, value in read(store=True, stream=True, metadata={"a": "b"}).extras.items()} == {
        "store": b"true",
        "metadata": b'{"a": "b"}',
    }


def test_names_of_speakers_and_refusals_are_kept() -> None:
    request = read(messages=[{"role": "user", "name": "bob", "content": "x"}, {"role": "assistant", "refusal": "No."}])
    assert request.messages == (Message("user", (Text("x"),), "bob"), Message("assistant", (Text("No."),)))


def test_parts_of_every_kind_that_has_a_word() -> None:
    parts = [
        {"type": "refusal", "refusal": "No."},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}},
        {"type": "file", "file": {"file_data": "AAAA", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": "data:text/plain;base64,AA"}},
        {"type": "file", "file": {"file_id": "f"}},
    ]
    assert read(messages=[{"role": "user", "content": parts}]).messages[0].parts == (
        Text("No."),
        Image(media_type="image/png", data="AA", detail="low"),
        Document(media_type="application/pdf", data="AAAA", name="a.pdf"),
        Document(media_type="text/plain", data="AA"),
        Document(file_id="f"),
    )


def test_a_file_without_anything_in_it_is_refused() -> None:
    for file in ({}, {"file_data": "data:text/plain,AA"}, None):
        found = read_request(json.dumps({"messages": [{"role": "user", "content": [{"type": "file", "file": file}]}]}).encode())
        assert isinstance(found, Fault)
        assert found.param == "messages[0].content[0]"


def test_cache_markers_of_messages_and_tools_are_kept() -> None:
    marker = {"type": "ephemeral", "ttl": "1h"}
    request = read(
        messages=[{"role": "user", "content": "x", "cache_control": marker}, {"role": "tool", "tool_call_id": "c", "content": "y"}],
        tools=[{**TOOLS[0], "cache_control": {"type": "ephemeral"}}],
    )
    assert request.messages[0].parts == (Text("x", "1h"),)
    assert request.messages[1].parts == (ToolResult("c", (Text("y"),)),)
    assert request.tools[0].cache == "5m"


def test_legacy_function_choices_are_understood() -> None:
    assert read(functions=[{"name": "f"}], function_call="none").tool_choice == ToolChoice("none")
    assert read(functions=[{"name": "f"}], function_call={"name": "f"}).tool_choice == ToolChoice("tool", "f")


def test_formats_are_understood() -> None:
    assert read(response_format={"type": "text"}).response_format is None
    made = read(response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": None}}).response_format
    assert made is not None
    assert bytes(made.schema) == b"{}"


def test_what_is_no_request_is_refused() -> None:
    for body in (b"{", b"{}", b'{"messages":[{"role":"user","content":5}]}'):
        assert isinstance(read_request(body), Fault)
