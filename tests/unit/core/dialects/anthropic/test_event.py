"""Events are read strictly where they fit, and by their kind alone where they do not."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.dialects.anthropic.event import Event, read_event

LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
NAMES = st.sampled_from(["type", "index", "delta", "text", "content_block", "message", "usage", "error", "input"])
ODD = st.recursive(LEAF, lambda inner: st.dictionaries(NAMES, inner, max_size=5) | st.lists(inner, max_size=3), max_leaves=12)


@given(st.dictionaries(NAMES, ODD))
def test_no_object_is_too_odd_to_be_read(said: object) -> None:
    assert isinstance(read_event(json.dumps(said).encode()), Event)


def test_what_is_no_object_is_no_event() -> None:
    for data in (b"", b"[]", b"5", b"{", b"\xff", b"[" * 5000 + b"]" * 5000):
        assert read_event(data) is None


def test_an_event_that_does_not_fit_keeps_its_kind_usage_and_error() -> None:
    event = read_event(b'{"type":"message_delta","delta":5,"usage":{"output_tokens":3},"error":{"type":"x"}}')
    assert event is not None
    assert (event.type, event.delta, event.usage, event.error) == ("message_delta", None, {"output_tokens": 3}, {"type": "x"})
