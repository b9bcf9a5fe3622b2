"""What the provider said is the truth; estimates fill only what it left out."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.metering.observe import fill, merge, needs_estimate
from lockgate.model.usage import Usage

usages = st.builds(Usage, *[st.integers(0, 1000)] * 8, st.booleans())


def test_the_first_said_is_taken_as_it_is() -> None:
    said = Usage(input=3)
    assert merge(None, said) is said


def test_later_counts_add_what_earlier_ones_lacked() -> None:
    assert merge(Usage(input=25, cached=10, output=1), Usage(output=40)) == Usage(input=25, cached=10, output=40)


@given(usages, usages, usages)
def test_the_order_of_saying_does_not_matter(a: Usage, b: Usage, c: Usage) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(c, b))
    assert merge(a, a) == a


@given(usages, usages)
def test_no_field_is_forgotten(a: Usage, b: Usage) -> None:
    merged = msgspec.structs.asdict(merge(a, b))
    assert merged == {name: max(getattr(a, name), getattr(b, name)) for name in Usage.__struct_fields__}


@pytest.mark.parametrize(
    ("said", "filled"),
    [
        (None, Usage(input=7, output=9, estimated=True)),
        (Usage(), Usage(input=7, output=9, estimated=True)),
        (Usage(input=1), Usage(input=1, output=9, estimated=True)),
        (Usage(cached=1), Usage(cached=1, output=9, estimated=True)),
        (Usage(output=2, reasoning=1), Usage(input=7, output=2, reasoning=1, estimated=True)),
        (Usage(input=1, output=2), Usage(input=1, output=2)),
    ],
)
def test_estimates_fill_what_was_left_at_zero(said: Usage | None, filled: Usage) -> None:
    assert fill(said, input_tokens=7, output_tokens=9) == filled


def test_an_estimate_of_nothing_is_no_estimate() -> None:
    said = Usage(input=5)
    assert fill(said, input_tokens=7, output_tokens=0) is said
    assert fill(None, input_tokens=0, output_tokens=0) == Usage()


@pytest.mark.parametrize(
    ("said", "needed"),
    [(None, (True, True)), (Usage(input=1), (False, True)), (Usage(cached=1), (False, True)), (Usage(input=1, output=1), (False, False))],
)
def test_only_what_is_missing_needs_an_estimate(said: Usage | None, needed: tuple[bool, bool]) -> None:
    assert needs_estimate(said) == needed
