"""Streams in OpenAI's words, read and written. Most cases are golden files."""

import json
from typing import Any

from lockgate.core.dialects.openai_chat.stream import DONE, Reader, Writer
from lockgate.core.wire.sse import Splitter, data_of
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
from lockgate.model.usage import Usage


def written(*events: StreamEvent, include_usage: bool = False) -> list[Any]:
    writer = Writer(Stamp("alias", "minted", 7, include_usage))
    out = b"".join(writer.feed(event) for event in events) + writer.close()
    frames = [data_of(frame) for frame in Splitter().feed(out)]
    assert frames[-1] == b"[DONE]"
    return [json.loads(data) for data in frames[:-1] if data is not None]


def deltas(chunks: list[Any]) -> list[Any]:
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]


def test_a_stream_begins_with_the_role_even_when_nobody_began_it() -> None:
    for events in ([TextDelta("a")], [Began("x", "m"), TextDelta("a")]):
        chunks = written(*events)
        assert deltas(chunks) == [{"role": "assistant", "content": ""}, {"content": "a"}, {}]
    assert {chunk["id"] for chunk in written(TextDelta("a"))} == {"minted"}
    assert {chunk["id"] for chunk in written(Began("x", "m"))} == {"x"}
    assert {chunk["model"] for chunk in written(Began("x", "m"))} == {"alias"}


def test_beginning_twice_is_beginning_once() -> None:
    assert len(written(Began("x", "m"), Began("y", "m"))) == 2


def test_a_finish_is_always_told() -> None:
    assert written()[-1]["choices"][0]["finish_reason"] == "stop"
    assert written(ToolCallBegan(0, "c", "f"))[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert written(TextDelta("a"), Finished("length"))[-1]["choices"][0]["finish_reason"] == "length"
    assert written(TextDelta("a"), Finished(""), Ended())[-1]["choices"][0]["finish_reason"] == "stop"


def test_usage_is_told_last_and_only_when_wanted() -> None:
    events = (Began("x", "m", Usage(input=3)), TextDelta("a"), UsageSaid(Usage(input=3, output=4)))
    assert all("usage" not in chunk for chunk in written(*events))
    last = written(*events, include_usage=True)[-1]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 7)


def test_signatures_have_no_place_here() -> None:
    assert deltas(written(ReasoningDelta("Hm"), ReasoningDelta("", "sig")))[1:-1] == [{"reasoning_content": "Hm"}]


def test_nothing_that_is_cut_has_a_terminator() -> None:
    writer = Writer(Stamp("alias", "minted", 7))
    assert DONE not in b"".join(writer.feed(event) for event in (TextDelta("a"), Finished("stop"), Ended()))


def read(*said: object) -> list[StreamEvent]:
    reader = Reader()
    events: list[StreamEvent] = []
    for chunk in said:
        found = reader.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        assert isinstance(found, list)
        events += found
    return events


def calls(*said: dict[str, Any]) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"tool_calls": list(said)}}]}


def test_calls_are_told_apart_by_index_or_by_id() -> None:
    assert read(
        calls({"index": 3, "id": "a", "function": {"name": "f", "arguments": "{"}}), calls({"index": 3, "function": {"arguments": "}"}})
    )[1:] == [
        ToolCallBegan(0, "a", "f"),
        ToolCallDelta(0, "{"),
        ToolCallDelta(0, "}"),
    ]
    assert read(calls({"index": 0, "id": "a", "function": {"name": "f"}}), calls({"index": 0, "id": "b", "function": {"name": "g"}}))[
        1:
    ] == [
        ToolCallBegan(0, "a", "f"),
        ToolCallBegan(1, "b", "g"),
    ]
    assert read(calls({"id": "a"}), calls({"id": "a", "function": {"arguments": "{}"}}))[1:] == [
        ToolCallBegan(0, "a", ""),
        ToolCallDelta(0, "{}"),
    ]


def test_usage_is_told_when_it_changes_and_never_falls() -> None:
    usages = [{"prompt_tokens": 5, "completion_tokens": 1}] * 2 + [{"prompt_tokens": 5, "completion_tokens": 0}]
    told = [event for event in read(*({"choices": [], "usage": usage} for usage in usages)) if isinstance(event, UsageSaid)]
    assert told == [UsageSaid(Usage(input=5, output=1))] * 2


def test_comments_say_nothing() -> None:
    assert Reader().feed(b": c\n\n") == []
    assert Reader().feed(b"data: x\n\n") == []
    assert Reader().feed(DONE) == [Ended()]
