"""The shapes that dialects share."""

import dataclasses

import pytest

from lockgate.core.providers.dialects import DIALECTS
from lockgate.model.dialect import Ask, Seen, Stamp, StreamRelay
from lockgate.model.operations import DialectName


def test_what_is_not_said_says_nothing() -> None:
    assert Ask("m") == Ask("m", False, None, False, False)
    assert Seen() == Seen(None, "", "", "")
    assert not Stamp("m", "x", 0).include_usage


def test_a_dialect_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DIALECTS[DialectName.ANTHROPIC].terminator = b"x"  # type: ignore[misc]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_every_relay_has_what_the_meter_reads(dialect: object) -> None:
    made = DIALECTS[dialect.name].relay(None, False)  # type: ignore[attr-defined]
    assert all(hasattr(made, name) for name in StreamRelay.__annotations__)
    assert (made.usage, made.fault, made.done, made.content, made.heard.byte_count) == (None, None, False, False, 0)
