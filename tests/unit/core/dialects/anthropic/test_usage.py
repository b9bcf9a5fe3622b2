"""Usage in Anthropic's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.dialects.anthropic.usage import most, read_usage, write_usage
from lockgate.model.usage import Usage

SMALL = st.integers(0, 1000)
USAGES = st.builds(Usage, input=SMALL, cached=SMALL, cache_write_5m=SMALL, cache_write_1h=SMALL, output=st.just(1000), reasoning=SMALL)


@given(USAGES)
def test_what_is_written_is_read_again(usage: Usage) -> None:
    assert read_usage(write_usage(usage)) == usage


@given(USAGES, USAGES)
def test_most_is_the_larger_of_each_class(one: Usage, other: Usage) -> None:
    assert most(one, other) == most(other, one)
    assert most(one, other).prompt >= max(one.prompt, other.prompt)
    assert most(None, one) == most(one, one) == one


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        (
            {"cache_creation_input_tokens": 10, "cache_creation": {"ephemeral_1h_input_tokens": 4}},
            Usage(cache_write_5m=6, cache_write_1h=4),
        ),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 3}}, Usage(cache_write_5m=3)),
        ({"input_tokens": None, "output_tokens": 3}, Usage(output=3)),
        ({"input_tokens": "5", "cache_creation": 7}, Usage(input=5)),
        ({"output_tokens": 3, "output_tokens_details": {"thinking_tokens": 9}}, Usage(output=3, reasoning=3)),
        ({"output_tokens": 3, "output_tokens_details": 7}, Usage(output=3)),
        ({"input_tokens": -5}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_partial_and_odd_usage(said: object, usage: Usage | None) -> None:
    assert read_usage(said) == usage
