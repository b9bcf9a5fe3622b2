"""Whole answers in Anthropic's words. Single shapes are golden files."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.dialects.anthropic.observe import observe
from lockgate.model.dialect import Seen
from lockgate.model.faults import Fault

LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(["id", "model", "usage", "error", "input_tokens", "cache_creation", "ephemeral_1h_input_tokens", "stop_reason"])
ODD = st.recursive(LEAF, lambda inner: st.dictionaries(NAMES, inner, max_size=4) | st.lists(inner, max_size=2), max_leaves=8)


@given(st.dictionaries(NAMES, ODD))
def test_no_answer_is_too_odd_to_be_read(said: object) -> None:
    assert isinstance(observe(json.dumps(said).encode()), Seen | Fault)


@given(st.binary(max_size=40))
def test_no_bytes_are_too_odd_to_be_refused(body: bytes) -> None:
    assert isinstance(observe(body), Seen | Fault)


def test_counting_tokens_costs_nothing() -> None:
    assert observe(b'{"input_tokens":14}') == Seen()


def test_nothing_of_the_body_is_told_when_it_cannot_be_read() -> None:
    for body, reason in ((b"secret", "not a JSON object"), (b"", "empty")):
        found = observe(body)
        assert isinstance(found, Fault)
        assert reason in found.message
        assert "secret" not in found.message
