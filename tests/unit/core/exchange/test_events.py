from lockgate.core.exchange.events import Event
from lockgate.core.exchange.machine import TABLE, Phase


def test_every_event_is_legal_somewhere() -> None:
    assert {event for phase in Phase for event in TABLE[phase]} == set(Event)
