"""The exchange as a conversation: events in, commands out."""

import random

import pytest

from lockgate.core.exchange.commands import Command as Do
from lockgate.core.exchange.events import Event as Ev
from lockgate.core.exchange.machine import COMMANDS, TABLE, Exchange, Phase
from lockgate.model.faults import fault

BUSY = fault("upstream_failed")
BAD = fault("upstream_refused", reason="no")
ENDS = (Do.SETTLE, Do.OBSERVE)


def test_a_whole_answer_is_recorded_before_it_is_shown() -> None:
    x = Exchange(COMMANDS)
    assert x.receive(Ev.ARRIVED) == (Do.HOLD,)
    assert x.receive(Ev.ADMITTED) == (Do.DIAL,)
    assert x.receive(Ev.UPSTREAM_HEAD) == ()
    assert x.receive(Ev.UPSTREAM_END) == (Do.RECORD, Do.FINISH, *ENDS)
    assert x.phase is Phase.DONE


def test_a_stream_shows_its_head_with_the_first_chunk() -> None:
    x = Exchange(COMMANDS)
    for event in (Ev.ARRIVED, Ev.ADMITTED, Ev.UPSTREAM_HEAD):
        x.receive(event)
    assert x.receive(Ev.UPSTREAM_CHUNK) == (Do.SEND_HEAD, Do.SEND_DATA)
    assert x.receive(Ev.UPSTREAM_CHUNK) == (Do.SEND_DATA,)
    assert x.receive(Ev.SILENCE) == (Do.SEND_BEAT,)
    assert x.receive(Ev.UPSTREAM_END) == (Do.RECORD, Do.FINISH, *ENDS)


def test_a_silent_stream_shows_its_head_and_beats() -> None:
    x = Exchange(COMMANDS)
    for event in (Ev.ARRIVED, Ev.ADMITTED, Ev.UPSTREAM_HEAD):
        x.receive(event)
    assert x.receive(Ev.SILENCE) == (Do.SEND_HEAD, Do.SEND_BEAT)


def test_a_retryable_failure_dials_the_next_target_and_records_the_attempt() -> None:
    x = Exchange(COMMANDS, targets=2)
    x.receive(Ev.ARRIVED)
    x.receive(Ev.ADMITTED)
    assert x.receive(Ev.UPSTREAM_FAILED, BUSY) == (Do.RECORD, Do.DIAL)
    assert x.receive(Ev.UPSTREAM_FAILED, BUSY) == (Do.RECORD, Do.SEND_FAULT, *ENDS)


def test_a_final_failure_stops_the_walk() -> None:
    x = Exchange(COMMANDS, targets=3)
    x.receive(Ev.ARRIVED)
    x.receive(Ev.ADMITTED)
    assert x.receive(Ev.UPSTREAM_FAILED, BAD) == (Do.RECORD, Do.SEND_FAULT, *ENDS)


def test_after_the_first_byte_no_other_target_is_dialled() -> None:
    x = Exchange(COMMANDS, targets=3)
    for event in (Ev.ARRIVED, Ev.ADMITTED, Ev.UPSTREAM_HEAD, Ev.UPSTREAM_CHUNK):
        x.receive(event)
    assert Do.DIAL not in x.receive(Ev.UPSTREAM_FAILED, BUSY)


def test_a_timeout_drops_the_upstream() -> None:
    x = Exchange(COMMANDS, targets=2)
    x.receive(Ev.ARRIVED)
    x.receive(Ev.ADMITTED)
    late = fault("upstream_timeout")
    assert x.receive(Ev.TIMED_OUT, late) == (Do.ABORT, Do.RECORD, Do.DIAL)
    assert x.receive(Ev.TIMED_OUT, late)[0] is Do.ABORT


def test_a_caller_who_leaves_cancels_the_upstream_and_is_billed() -> None:
    x = Exchange(COMMANDS)
    for event in (Ev.ARRIVED, Ev.ADMITTED, Ev.UPSTREAM_HEAD, Ev.UPSTREAM_CHUNK):
        x.receive(event)
    assert x.receive(Ev.CALLER_GONE) == (Do.ABORT, Do.RECORD, *ENDS)


def test_a_hold_in_flight_is_still_answered_when_the_caller_left() -> None:
    x = Exchange(COMMANDS)
    x.receive(Ev.ARRIVED)
    assert x.receive(Ev.CALLER_GONE) == ()
    assert x.receive(Ev.ADMITTED) == ENDS


def test_an_event_out_of_order_is_a_bug() -> None:
    with pytest.raises(ValueError, match="UPSTREAM_END is not legal while ADMITTING"):
        Exchange(COMMANDS).receive(Ev.UPSTREAM_END)


def test_every_random_life_keeps_the_promises() -> None:
    """Settled once per admission, recorded once per dial, observed once, silent upstream after done, no dial after showing."""
    dice = random.Random(7)
    for _ in range(20_000):
        x, out = Exchange(COMMANDS, dice.randint(1, 3)), list[Do]()
        admitted = 0
        while x.phase is not Phase.DONE:
            event = dice.choice([e for e in TABLE[x.phase] if e is not Ev.ARRIVED])
            admitted += event is Ev.ADMITTED
            shown = x.phase is Phase.SHOWING
            commands = x.receive(event, dice.choice((BUSY, BAD)) if event in (Ev.UPSTREAM_FAILED, Ev.TIMED_OUT) else None)
            assert not (shown and Do.DIAL in commands)
            out += commands
        assert out.count(Do.SETTLE) == admitted
        assert out.count(Do.RECORD) == out.count(Do.DIAL)
        assert out.count(Do.OBSERVE) == 1
        assert out.count(Do.FINISH) + out.count(Do.SEND_FAULT) <= 1
