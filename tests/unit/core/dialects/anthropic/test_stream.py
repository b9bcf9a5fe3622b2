"""Streams in Anthropic's words, read and written. Most cases are golden files."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.dialects.anthropic.stream import Reader, Writer
from lockgate.core.wire.sse import Splitter, data_of, event_of
from lockgate.model.chat import (
    Began,
    Ended,
    Finished,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    ToolCallBegan,
    ToolCallDelta,
    UsageSaid,
)
from lockgate.model.dialect import Stamp
from lockgate.model.faults import Fault
from lockgate.model.usage import Usage

EVENTS: st.SearchStrategy[StreamEvent] = st.one_of(
    st.builds(Began, st.just("x"), st.just("m")),
    st.builds(TextDelta, st.text(max_size=3)),
    st.builds(ReasoningDelta, st.text(max_size=3), st.sampled_from(["", "sig"])),
    st.builds(ToolCallDelta, st.integers(0, 3), st.text(max_size=3)),
    st.builds(ToolCallBegan, st.integers(0, 3), st.text(max_size=3), st.text(max_size=3)),
    st.builds(Finished, st.sampled_from(["", "stop", "length"])),
    st.builds(UsageSaid, st.builds(Usage, input=st.integers(0, 9))),
    st.builds(Ended),
)


def written(*events: StreamEvent) -> list[dict[str, Any]]:
    writer = Writer(Stamp("alias", "minted", 7))
    out = b"".join(writer.feed(event) for event in events) + writer.close()
    said: list[dict[str, Any]] = []
    for frame in Splitter().feed(out):
        data = data_of(frame)
        assert data is not None
        said.append(json.loads(data))
        assert event_of(frame).decode() == said[-1]["type"]
    return said


@given(st.lists(EVENTS, max_size=20))
def test_whatever_happens_a_closed_stream_is_well_formed(events: list[StreamEvent]) -> None:
    said = written(*events)
    assert [event["type"] for event in said[:1] + said[-2:]] == ["message_start", "message_delta", "message_stop"]
    assert [event["type"] for event in said].count("message_start") == 1
    started: list[int] = []
    open_block: int | None = None
    for event in said:
        if event["type"] == "content_block_start":
            assert open_block is None
            open_block = event["index"]
            started.append(open_block)
        elif event["type"] == "content_block_stop":
            assert event["index"] == open_block
            open_block = None
        elif event["type"] == "content_block_delta":
            assert event["index"] in started
    assert open_block is None
    assert started == list(range(len(started)))


def test_a_thinking_block_ends_with_its_signature() -> None:
    said = written(ReasoningDelta("", "a"), ReasoningDelta("Hm", ""), ReasoningDelta("", "b"), TextDelta("x"))
    assert [event.get("delta", {}).get("signature") for event in said if event["type"] == "content_block_delta"] == [None, "ab", None]


def test_arguments_go_to_the_block_of_their_call() -> None:
    said = written(TextDelta("x"), ToolCallBegan(0, "a", "f"), ToolCallBegan(1, "b", "g"), ToolCallDelta(0, "{}"), ToolCallDelta(7, "?"))
    assert [event["index"] for event in said if event["type"] == "content_block_delta"] == [0, 1]


def test_the_end_tells_reason_and_usage() -> None:
    usage = UsageSaid(Usage(input=3, cached=2, output=4))
    last = written(Began("x", "m"), Finished("stop", "END"), usage, Ended())[-2]
    assert last["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    assert last["usage"] == {"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 4}
    assert written(ToolCallBegan(0, "a", "f"))[-2]["delta"]["stop_reason"] == "tool_use"
    assert written(TextDelta("x"))[-2]["usage"] == {"output_tokens": 0}


def read(kind: str, **members: object) -> list[StreamEvent] | Fault:
    return Reader().feed(b"data: " + json.dumps({"type": kind, **members}).encode() + b"\n\n")


def test_events_that_lack_what_they_are_for_say_nothing() -> None:
    for kind in ("content_block_delta", "content_block_start", "content_block_stop", "message_start", "message_delta", "ping", "new"):
        assert read(kind) == []
    assert read("content_block_start", content_block={"type": "text", "text": ""}) == []
    assert read("content_block_delta", delta={"type": "citations_delta"}) == []
    assert Reader().feed(b": c\n\n") == []
    assert Reader().feed(b"data: x\n\n") == []


def test_blocks_that_begin_with_content_say_it() -> None:
    assert read("content_block_start", content_block={"type": "thinking", "thinking": "Hm"}) == [ReasoningDelta("Hm")]
    assert read("content_block_start", content_block={"type": "text", "text": "a"}) == [TextDelta("a")]
    assert read("content_block_start", content_block={"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}) == [
        ToolCallBegan(0, "t", "f"),
        ToolCallDelta(0, '{"a":1}'),
    ]


def test_errors_are_faults() -> None:
    for found in (read("error", error={"type": "api_error"}), read("x", error="y"), Reader().feed(b"event: error\ndata: x\n\n")):
        assert isinstance(found, Fault)
