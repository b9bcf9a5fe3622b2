"""
Time, as an argument: wall time for people and records, ticks for durations.

The core never reads a clock; shells read one per event and pass the number on. Wall time may jump (NTP, an operator);
ticks only grow. ``ManualClock`` ships with the product, so that whoever tests against us needs no patching either.
"""

import time
from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int:
        """UTC, milliseconds since the epoch."""

    def now_s(self) -> float:
        """UTC, seconds since the epoch."""

    def ticks(self) -> float:
        """Seconds since an unknown instant, never going back."""


class SystemClock:
    """The machine's clock. ``now_s`` and ``ticks`` are the C functions themselves: calling them costs nothing extra."""

    __slots__ = ()
    now_s = staticmethod(time.time)
    ticks = staticmethod(time.monotonic)

    @staticmethod
    def now_ms() -> int:
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that stands still until it is moved."""

    __slots__ = ("_now_ms", "_ticks")

    def __init__(self, now_ms: int = 1_700_000_000_000, ticks: float = 1000.0) -> None:
        self._now_ms = now_ms
        self._ticks = ticks

    def now_ms(self) -> int:
        return self._now_ms

    def now_s(self) -> float:
        return self._now_ms / 1000

    def ticks(self) -> float:
        return self._ticks

    def pass_s(self, seconds: float) -> None:
        """Both hands move on."""
        if seconds < 0:
            raise ValueError("time does not pass backwards; use jump_ms to set the wall clock")
        self._ticks += seconds
        self._now_ms += round(seconds * 1000)

    def jump_ms(self, now_ms: int) -> None:
        """Somebody set the wall clock: ticks do not move."""
        self._now_ms = now_ms
