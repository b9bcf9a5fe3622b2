"""
Sums over usage records: what a table of usage has in one of its lines.

``input`` is all input tokens, of which ``cached`` were read from a provider's cache; ``reasoning`` is part of ``output``.
Money is added up per attempt at the rates given, and what has none is counted as unpriced, not as free.
"""

from lockgate.core.metering.pricing import Rates, price
from lockgate.model.money import Money
from lockgate.model.records import Settlement

COLUMNS = ("attempts", "ok", "failed", "recovered", "open", "estimated", "input", "cached", "output", "reasoning")


class Tally:
    """Every attempt is exactly one of ok, failed, recovered and open (not settled, or not yet)."""

    __slots__ = (*COLUMNS, "cost", "unpriced")

    def __init__(self) -> None:
        self.attempts = self.ok = self.failed = self.recovered = self.open = self.estimated = 0
        self.input = self.cached = self.output = self.reasoning = 0
        self.cost = Money(0)
        self.unpriced = 0
        """Attempts that used something and have no rates."""

    def add(self, settlement: Settlement | None, rates: Rates | None = None) -> None:
        """Count one attempt."""
        self.attempts += 1
        if settlement is None:
            self.open += 1
            return
        if settlement.recovered:
            self.recovered += 1
        elif settlement.error_class or settlement.status >= 400:
            self.failed += 1
        else:
            self.ok += 1
        usage = settlement.usage
        self.estimated += usage.estimated
        prompt = usage.prompt
        self.input += prompt
        self.cached += usage.cached
        self.output += usage.output
        self.reasoning += usage.reasoning
        if rates is not None:
            self.cost = Money(self.cost + price(usage, rates))
        elif prompt or usage.output:
            self.unpriced += 1

    def include(self, other: "Tally") -> None:
        """Add another's sums, as a line of totals does."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
