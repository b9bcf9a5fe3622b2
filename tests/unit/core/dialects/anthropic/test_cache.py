"""Automatic prompt caching."""

import pytest

from lockgate.core.dialects.anthropic.cache import mark_cache
from lockgate.model.chat import ChatRequest, Document, Image, Message, Part, Text, Tool, ToolCall, ToolResult


def request(*last: Part, system: tuple[Part, ...] = (Text("s"), Text("t"))) -> ChatRequest:
    return ChatRequest((Message("system", system), Message("user", (Text("early"),)), Message("user", last)))


def test_the_system_prompt_and_the_final_message_end_in_a_breakpoint() -> None:
    marked = mark_cache(request(Text("a"), Text("b")), "1h")
    assert marked.messages == (
        Message("system", (Text("s"), Text("t", "1h"))),
        Message("user", (Text("early"),)),
        Message("user", (Text("a"), Text("b", "1h"))),
    )


def test_the_last_part_that_can_carry_a_marker_does() -> None:
    for part in (Image(url="u"), Document(text="d"), ToolResult("c", ())):
        last = mark_cache(request(part, Text(""), ToolCall("c", "f", "{}")), "5m").messages[-1].parts
        assert getattr(last[0], "cache", "") == "5m"
        assert last[1:] == (Text(""), ToolCall("c", "f", "{}"))


def test_a_message_that_can_carry_none_stays() -> None:
    assert mark_cache(request(ToolCall("c", "f", "{}"), system=()), "5m") == request(ToolCall("c", "f", "{}"), system=())
    assert mark_cache(ChatRequest(()), "5m") == ChatRequest(())


@pytest.mark.parametrize(
    "marked",
    [
        request(Text("a", "5m")),
        request(Text("a"), system=(Text("s", "1h"),)),
        request(ToolResult("c", (), cache="5m")),
        request(ToolResult("c", (Text("a", "5m"),))),
        request(Image(url="u", cache="5m")),
        ChatRequest((Message("user", (Text("a"),)),), tools=(Tool("f", cache="5m"),)),
    ],
)
def test_a_caller_who_set_any_marker_is_left_alone(marked: ChatRequest) -> None:
    assert mark_cache(marked, "1h") is marked
