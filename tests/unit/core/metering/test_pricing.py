"""Prices are exact, and sums of them agree with prices of sums to the rounding of each."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.metering.pricing import Rates, compile_rates, price
from lockgate.model.resources.model import ModelCost
from lockgate.model.usage import Usage


def rates(input_per_1k: float, output_per_1k: float) -> Rates:
    compiled = compile_rates(ModelCost(input_per_1k=input_per_1k, output_per_1k=output_per_1k))
    assert compiled is not None
    return compiled


def test_a_model_without_a_cost_has_no_rates() -> None:
    assert compile_rates(None) is None


def test_a_model_that_costs_nothing_is_priced_at_nothing() -> None:
    assert price(Usage(input=10, output=10), rates(0, 0)) == 0


@pytest.mark.parametrize(
    ("input_per_1k", "output_per_1k", "usage", "nano_dollars"),
    [
        (0.1, 0.2, Usage(input=1000), 100_000_000),
        (0.1, 0.2, Usage(output=1000), 200_000_000),
        (0.00015, 0.0006, Usage(input=1, output=1), 750),
        (0.0000001, 0, Usage(input=3), 0),
        (0.0000001, 0, Usage(input=5), 1),
        (0.0000001, 0, Usage(input=15), 2),
        (1e-12, 0, Usage(input=10**12), 1_000_000),
        (3, 15, Usage(input=10**15), 3 * 10**21),
        (1, 0, Usage(input=1, cached=1, cache_write_5m=1, cache_write_1h=1, audio_input=1), 5_000_000),
        (0, 1, Usage(output=10, reasoning=7, audio_output=3), 10_000_000),
    ],
)
def test_usage_costs(input_per_1k: float, output_per_1k: float, usage: Usage, nano_dollars: int) -> None:
    assert price(usage, rates(input_per_1k, output_per_1k)) == nano_dollars


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_price_is_within_half_a_nano_dollar_of_the_exact_one(tokens_in: int, tokens_out: int, micro_in: int, micro_out: int) -> None:
    compiled = rates(micro_in / 10**6, micro_out / 10**6)
    exact = (Fraction(micro_in, 10**6) * tokens_in + Fraction(micro_out, 10**6) * tokens_out) * 10**6
    assert abs(price(Usage(input=tokens_in, output=tokens_out), compiled) - exact) <= Fraction(1, 2)
