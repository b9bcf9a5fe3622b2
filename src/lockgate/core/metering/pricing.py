"""
What usage costs, in whole nano-dollars, at the rates of a model's row. Whole numbers only, so that sums agree everywhere.

A row without a cost has no rates, and what has no rates has no price: that is None ("unpriced"), never 0.
A row prices all input classes alike and all output alike, because that is all it says.
"""

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from lockgate.model.money import Money
from lockgate.model.resources.model import ModelCost
from lockgate.model.usage import Usage

_FEMTO_PER_TOKEN = Decimal(10) ** 12
"""From dollars per thousand tokens to femto-dollars (1e-15) per token."""
_FEMTO_PER_NANO = 1_000_000
_HALF = _FEMTO_PER_NANO // 2


class Rates(msgspec.Struct, frozen=True):
    """Femto-dollars per token: exact for prices of up to twelve decimals per thousand tokens."""

    input: int
    output: int


def compile_rates(cost: ModelCost | None) -> Rates | None:
    """A row's cost as rates; a price of more than twelve decimals is rounded, half to even."""
    if cost is None:
        return None
    return Rates(_rate(cost.input_per_1k), _rate(cost.output_per_1k))


def price(usage: Usage, rates: Rates) -> Money:
    """The cost of one attempt, rounded once, half up."""
    return Money((usage.prompt * rates.input + usage.output * rates.output + _HALF) // _FEMTO_PER_NANO)


def _rate(dollars_per_1k: float) -> int:
    """A float is read by its shortest decimal form, which is what somebody wrote."""
    return int((Decimal(str(dollars_per_1k)) * _FEMTO_PER_TOKEN).to_integral_value(ROUND_HALF_EVEN))
