"""Clocks tell wall time and ticks; the manual one only when told."""

import pytest

from lockgate.runtime.clock import Clock, ManualClock, SystemClock


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
def test_wall_time_in_seconds_and_milliseconds_agrees(clock: Clock) -> None:
    before = clock.now_ms()
    assert before <= clock.now_s() * 1000 + 1
    assert clock.now_s() * 1000 <= clock.now_ms() + 1


def test_the_system_clock_ticks_forward() -> None:
    clock: Clock = SystemClock()
    first = clock.ticks()
    assert clock.ticks() >= first
    assert clock.now_s() > 1_700_000_000


def test_a_manual_clock_moves_both_hands_when_time_passes() -> None:
    clock = ManualClock(now_ms=5_000, ticks=10.0)
    clock.pass_s(1.5)
    assert (clock.now_ms(), clock.now_s(), clock.ticks()) == (6_500, 6.5, 11.5)


def test_setting_the_wall_clock_leaves_ticks_alone() -> None:
    clock = ManualClock(now_ms=5_000, ticks=10.0)
    clock.jump_ms(1_000)
    assert (clock.now_ms(), clock.ticks()) == (1_000, 10.0)


def test_time_does_not_pass_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        ManualClock().pass_s(-1)
