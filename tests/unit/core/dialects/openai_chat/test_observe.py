"""Whole answers in OpenAI's words. Single shapes are golden files."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.dialects.openai_chat.observe import observe
from lockgate.model.dialect import Seen
from lockgate.model.faults import Fault
from lockgate.model.usage import Usage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["id", "model", "choices", "usage", "error", "status", "finish_reason", "prompt_tokens", "prompt_tokens_details"])
ODD = st.recursive(JSON, lambda inner: st.dictionaries(NAMES, inner, max_size=4) | st.lists(inner, max_size=2), max_leaves=8)


@given(st.dictionaries(NAMES, ODD))
def test_no_answer_is_too_odd_to_be_read(said: object) -> None:
    assert isinstance(observe(json.dumps(said).encode()), Seen | Fault)


@given(st.binary(max_size=40))
def test_no_bytes_are_too_odd_to_be_refused(body: bytes) -> None:
    assert isinstance(observe(body), Seen | Fault)


def test_nothing_of_the_body_is_told_when_it_cannot_be_read() -> None:
    found = observe(b"<html>secret</html>")
    assert isinstance(found, Fault)
    assert "secret" not in found.message


def test_a_typed_and_a_loose_answer_tell_the_same() -> None:
    answer = {"id": "x", "model": "m", "choices": [{"finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    expected = Seen(Usage(input=3, output=1), "stop", "x", "m")
    assert observe(json.dumps(answer).encode()) == expected
    assert observe(json.dumps({**answer, "choices": [{"finish_reason": "stop"}, 5]}).encode()) == expected


def test_a_broken_loose_answer_is_refused() -> None:
    found = observe(b"7")
    assert isinstance(found, Fault)
    assert found.kind == "upstream_decode_error"
