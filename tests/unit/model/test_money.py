"""Dollars to nano-dollars."""

from decimal import Decimal

import pytest

from lockgate.model.money import to_money


@pytest.mark.parametrize(
    ("dollars", "nano"),
    [
        (1, 1_000_000_000),
        (0.1, 100_000_000),
        ("0.000000001", 1),
        (Decimal("0.0000000005"), 0),
        (Decimal("0.0000000015"), 2),
        (0.1 + 0.2, 300_000_000),
        (10**12, 10**21),
    ],
)
def test_dollars_become_whole_nano_dollars(dollars: Decimal | int | str | float, nano: int) -> None:
    assert to_money(dollars) == nano
