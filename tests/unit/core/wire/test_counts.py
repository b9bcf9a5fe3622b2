"""Token counts of the OpenAI family: every spelling, loose types, joined by their maximum, split into disjoint classes."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.wire.counts import Counts, Said, count, counts_of, most, read_loosely, to_usage
from lockgate.model.usage import Usage

SMALL = st.integers(0, 1000)


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (5, 5), (0, 0), (5.0, 5), (5.9, 5), ("12", 12), (-1, None), (-0.5, None), (True, None), (None, None), ("", None), ("1e3", None),
        ("٣", None), (10**30, None), (float("inf"), None), (float("nan"), None), ("9" * 17, None), ([], None), (1 << 50, 1 << 50),
    ],
)  # fmt: skip
def test_a_count_is_a_small_whole_number_however_typed(value: object, counted: int | None) -> None:
    assert count(value) == counted


@given(st.builds(Counts, SMALL, SMALL, SMALL, SMALL, SMALL, SMALL, SMALL, SMALL))
def test_classes_are_disjoint_and_details_never_exceed_their_whole(counts: Counts) -> None:
    usage = to_usage(counts)
    assert min(msgspec.structs.astuple(usage)) >= 0
    assert usage.prompt >= counts.prompt
    assert usage.output >= counts.completion
    assert max(usage.reasoning, usage.audio_output) <= usage.output


@given(st.builds(Counts, SMALL, SMALL), st.builds(Counts, SMALL, SMALL))
def test_most_is_the_larger_of_each_field_in_any_order(one: Counts, other: Counts) -> None:
    assert most(one, other) == most(other, one) == Counts(max(one.prompt, other.prompt), max(one.completion, other.completion))
    assert most(None, one) == one


def test_the_strict_and_the_loose_way_agree() -> None:
    body = (
        b'{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":1},'
        b'"completion_tokens_details":{"reasoning_tokens":2},"prompt_cache_hit_tokens":3}'
    )
    strict = msgspec.json.decode(body, type=Said)
    assert read_loosely(msgspec.json.decode(body)) == strict
    assert counts_of(strict) == Counts(9, 4, 13, 3, 0, 1, 2, 0)


@pytest.mark.parametrize("usage", [None, 5, "x", []])
def test_what_is_no_object_counts_nothing(usage: object) -> None:
    assert read_loosely(usage) is None
    assert counts_of(None) is None


@pytest.mark.parametrize(
    "usage", [{}, {"prompt_tokens": None}, {"prompt_tokens": -3}, {"other": 5}, {"prompt_tokens_details": {"cached_tokens": 3}}]
)
def test_an_object_without_counters_counts_nothing(usage: object) -> None:
    assert counts_of(read_loosely(usage)) is None


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 5, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}}, Usage(input=1, cached=4, output=2)),
        ({"prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 1, "completion_tokens": 2}, Usage(input=1, cached=4, output=2)),
        ({"prompt_tokens": 5, "cached_tokens": 4}, Usage(input=1, cached=4)),
        ({"completion_tokens": 2, "total_tokens": 9}, Usage(input=7, output=2)),
        ({"prompt_tokens": 5, "total_tokens": 9}, Usage(input=5, output=4)),
        ({"total_tokens": 9}, Usage(input=9)),
        ({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 10, "reasoning_tokens": 3}, Usage(input=5, output=5, reasoning=3)),
        ({"prompt_tokens": "5", "completion_tokens_details": 7}, Usage(input=5)),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cache_creation_tokens": 2}}, Usage(input=3, cache_write_5m=2)),
        ({"prompt_tokens": {"x": 1}, "completion_tokens": 2}, Usage(output=2)),
    ],
)
def test_every_spelling_is_understood(usage: object, expected: Usage) -> None:
    counts = counts_of(read_loosely(usage))
    assert counts is not None
    assert to_usage(counts) == expected
