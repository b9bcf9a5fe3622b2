"""Sums over records."""

import pytest

from lockgate.core.metering.pricing import Rates
from lockgate.core.metering.tally import Tally
from lockgate.model.records import Settlement
from lockgate.model.usage import NO_USAGE, Usage

DOLLAR_PER_TOKEN = 10**15
ID = bytes(16)


@pytest.mark.parametrize(
    ("settlement", "kind"),
    [
        (None, "open"),
        (Settlement(ID, 1, 200), "ok"),
        (Settlement(ID, 1, 504, error_class="upstream_timeout"), "failed"),
        (Settlement(ID, 1, 499), "failed"),
        (Settlement(ID, 1, 500, error_class="recovered", recovered=True), "recovered"),
    ],
)
def test_every_attempt_is_exactly_one_of_four(settlement: Settlement | None, kind: str) -> None:
    tally = Tally()
    tally.add(settlement)
    assert tally.attempts == 1
    assert {name: getattr(tally, name) for name in ("open", "ok", "failed", "recovered") if getattr(tally, name)} == {kind: 1}


def test_tokens_and_costs_add_up() -> None:
    tally = Tally()
    tally.add(Settlement(ID, 1, 200, Usage(input=1, cached=2, output=3, reasoning=1)), Rates(DOLLAR_PER_TOKEN, 2 * DOLLAR_PER_TOKEN))
    tally.add(Settlement(ID, 1, 200, Usage(input=10, output=1, estimated=True)), Rates(DOLLAR_PER_TOKEN, 0))
    assert (tally.input, tally.cached, tally.output, tally.reasoning, tally.estimated) == (13, 2, 4, 1, 1)
    assert tally.cost == (3 + 6 + 10) * 10**9
    assert tally.unpriced == 0


def test_what_has_no_rates_is_unpriced_unless_nothing_was_used() -> None:
    tally = Tally()
    tally.add(Settlement(ID, 1, 200, Usage(input=1)))
    tally.add(Settlement(ID, 1, 504, NO_USAGE, "upstream_timeout"))
    tally.add(None)
    assert (tally.unpriced, tally.cost) == (1, 0)


def test_totals_include_every_sum() -> None:
    one, total = Tally(), Tally()
    one.add(Settlement(ID, 1, 200, Usage(1, 2, 3, 4, 5, 6, 7, 8, True)), Rates(1, 1))
    one.add(Settlement(ID, 1, 200, Usage(1)))
    total.include(one)
    total.include(one)
    assert {name: getattr(total, name) for name in Tally.__slots__} == {name: 2 * getattr(one, name) for name in Tally.__slots__}
