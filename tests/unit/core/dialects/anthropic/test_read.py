"""Requests in Anthropic's words to neutral words. Most cases are golden files (bridges/anthropic-*)."""

import json

import pytest

from lockgate.core.dialects.anthropic.read import read_request
from lockgate.model.chat import ChatRequest, Document, Message, Text, ToolCall, ToolResult
from lockgate.model.faults import Fault

HELLO = [{"role": "user", "content": "Hello"}]


def read(**members: object) -> ChatRequest:
    found = read_request(json.dumps({"model": "m", "max_tokens": 9, "messages": HELLO, **members}).encode())
    assert isinstance(found, ChatRequest), found
    return found


def content(*blocks: object) -> tuple[object, ...]:
    return read(messages=[{"role": "user", "content": list(blocks)}]).messages[0].parts


def test_members_without_a_word_are_kept_apart() -> None:
    assert set(read(service_tier="auto", mcp_servers=[]).extras) == {"service_tier", "mcp_servers"}


def test_a_system_role_inside_the_messages_stays_where_it_is() -> None:
    request = read(system="One.", messages=[*HELLO, {"role": "system", "content": "Two."}])
    assert [message.role for message in request.messages] == ["system", "user", "system"]


def test_empty_texts_make_no_parts() -> None:
    assert read(system="").messages == (Message("user", (Text("Hello"),)),)
    assert read(messages=[{"role": "user", "content": ""}]).messages == (Message("user", ()),)


def test_thinking_and_the_providers_own_tools_are_dropped() -> None:
    assert content(
        {"type": "thinking", "thinking": "x"}, {"type": "server_tool_use"}, {"type": "web_fetch_tool_result"}, {"type": "text", "text": "a"}
    ) == (Text("a"),)


def test_arguments_are_compact_and_never_null() -> None:
    assert content({"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1, 2.50]}}) == (ToolCall("t", "f", '{"a":[1,2.5]}'),)
    assert content({"type": "tool_use", "id": "t", "name": "f", "input": None}) == (ToolCall("t", "f", "{}"),)
    assert content({"type": "tool_use", "id": "t", "name": "f"}) == (ToolCall("t", "f", "{}"),)


def test_results_may_hold_text_or_blocks_or_nothing() -> None:
    marked = {"type": "tool_result", "tool_use_id": "t", "is_error": True, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert content(marked) == (ToolResult("t", (), True, "1h"),)
    document = {"type": "document", "source": {"type": "text", "data": "d"}}
    assert content({"type": "tool_result", "tool_use_id": "t", "content": [document]}) == (ToolResult("t", (Document(text="d"),)),)


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({"type": "hologram"}, "messages[0].content[0]"),
        ({"type": "image"}, "messages[0].content[0]"),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, "messages[0].content[0]"),
        ({"type": "document", "source": {"type": "file", "file_id": "f"}}, "messages[0].content[0].source"),
        ({"type": "document", "source": "x"}, "messages[0].content[0]"),
        ({"type": "search_result", "content": "x"}, "messages[0].content[0]"),
        ({"type": "tool_result", "content": [{"type": "hologram"}]}, "messages[0].content[0].content[0]"),
    ],
)
def test_content_that_cannot_be_carried_is_refused_by_name(block: object, param: str) -> None:
    found = read_request(json.dumps({"messages": [{"role": "user", "content": [block]}]}).encode())
    assert isinstance(found, Fault)
    assert (found.status, found.param) == (400, param)


def test_a_system_block_that_cannot_be_carried_is_refused() -> None:
    found = read_request(json.dumps({"system": [{"type": "hologram"}], "messages": HELLO}).encode())
    assert isinstance(found, Fault)
    assert found.param == "system[0]"


def test_documents_in_every_source() -> None:
    sources = [
        {"type": "base64", "data": "AA"},
        {"type": "url", "url": "https://x"},
        {"type": "content", "content": "c"},
        {"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]
    assert content(*({"type": "document", "source": source} for source in sources)) == (
        Document(media_type="application/pdf", data="AA"),
        Document(url="https://x"),
        Document(text="c"),
        Document(text="a\nb"),
    )


def test_what_is_no_request_is_refused() -> None:
    for body in (b"{", b"{}", b'{"messages":[{"role":"user","content":5}]}'):
        assert isinstance(read_request(body), Fault)
