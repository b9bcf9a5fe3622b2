"""Chunks are read strictly where they fit and loosely where they do not."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.dialects.openai_chat.chunk import Chunk, failure_in, read_chunk
from lockgate.model.faults import Fault

LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(
    ["id", "choices", "delta", "content", "tool_calls", "function", "name", "arguments", "type", "text", "thinking", "usage"]
)
ODD = st.recursive(LEAF, lambda inner: st.dictionaries(NAMES, inner, max_size=5) | st.lists(inner, max_size=3), max_leaves=20)


@given(st.dictionaries(NAMES, ODD))
def test_no_object_is_too_odd_to_be_read(said: object) -> None:
    assert isinstance(read_chunk(json.dumps(said).encode()), Chunk)


def test_what_is_no_object_is_no_chunk() -> None:
    for data in (b"", b"[]", b"5", b"{", b"\xff", b"[" * 5000 + b"]" * 5000):
        assert read_chunk(data) is None


def read(delta: object) -> Chunk:
    chunk = read_chunk(json.dumps({"choices": [{"index": 0, "delta": delta}, 5]}).encode())
    assert chunk is not None
    return chunk


def test_content_in_parts_is_text_and_thinking() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}, 5]},
        {"type": "thinking", "thinking": "so"},
        {"type": "text", "text": "4"},
        {"type": "text", "text": "2"},
        "x",
    ]
    chunk = read({"content": parts})
    assert chunk.choices is not None
    delta = chunk.choices[0].delta
    assert delta is not None
    assert (delta.content, delta.reasoning_content) == ("42", "Hmso")


def test_arguments_as_an_object_become_text() -> None:
    chunk = read({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": {"a": 1}}}, 5, {"index": True}]})
    assert chunk.choices is not None
    delta = chunk.choices[0].delta
    assert delta is not None
    assert delta.tool_calls is not None
    assert [(call.index, call.id, call.function and call.function.arguments) for call in delta.tool_calls] == [
        (0, "c", '{"a":1}'),
        (None, None, None),
    ]


def test_log_probabilities_are_kept_as_they_are() -> None:
    chunk = read_chunk(b'{"choices":[{"delta":{"content":[]},"logprobs":{"content":[1.50]}}]}')
    assert chunk is not None
    assert chunk.choices is not None
    assert bytes(chunk.choices[0].logprobs) == b'{"content":[1.5]}'


def failure(frame: bytes, data: bytes) -> Fault | None:
    return failure_in(frame, data, read_chunk(data))


def test_errors_are_objects_or_events_called_error() -> None:
    told = failure(b"data: x\n\n", b'{"error":{"message":"m","code":404}}')
    assert told is not None
    assert told.status == 404
    for data, status in ((b'{"message":"m","status":403}', 403), (b"m", 502), (b"\xff", 502), (b"[5]", 502)):
        told = failure(b"event: error\ndata: x\n\n", data)
        assert told is not None
        assert told.status == status
    assert failure(b"event: ping\ndata: x\n\n", b"{}") is None
    assert failure(b"data: x\n\n", b'{"error":null}') is None
