"""Money is a whole number of nano-dollars (1e-9 USD), never a float."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NewType

Money = NewType("Money", int)

NANO_PER_DOLLAR = 1_000_000_000
NANO_PER_MICRO = 1_000


def to_money(dollars: Decimal | int | str | float) -> Money:
    """Dollars to nano-dollars; a float is read by its shortest decimal form, so that 0.1 is a tenth."""
    exact = dollars if isinstance(dollars, Decimal) else Decimal(str(dollars))
    return Money(int((exact * NANO_PER_DOLLAR).to_integral_value(ROUND_HALF_EVEN)))
