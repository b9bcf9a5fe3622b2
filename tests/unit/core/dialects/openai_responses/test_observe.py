"""Whole Responses objects. Single shapes are golden files."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.dialects.openai_responses.observe import observe
from lockgate.model.dialect import Seen
from lockgate.model.faults import Fault

LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(["id", "model", "usage", "error", "status", "input_tokens", "incomplete_details", "reason"])
ODD = st.recursive(LEAF, lambda inner: st.dictionaries(NAMES, inner, max_size=4) | st.lists(inner, max_size=2), max_leaves=8)


@given(st.dictionaries(NAMES, ODD))
def test_no_answer_is_too_odd_to_be_read(said: object) -> None:
    assert isinstance(observe(json.dumps(said).encode()), Seen | Fault)


@given(st.binary(max_size=40))
def test_no_bytes_are_too_odd_to_be_refused(body: bytes) -> None:
    assert isinstance(observe(body), Seen | Fault)


def test_a_failed_response_is_an_answer_and_a_bare_error_is_a_fault() -> None:
    assert observe(b'{"id":"r","status":"failed","error":{"message":"m"}}') == Seen(None, "failed", "r")
    assert isinstance(observe(b'{"error":{"message":"m"}}'), Fault)
    assert isinstance(observe(b""), Fault)
