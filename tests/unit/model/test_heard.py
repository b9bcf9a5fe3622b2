"""Output is kept as far as it is counted, measured beyond that, and shown nowhere."""

import pytest

from lockgate.model.content import Purpose
from lockgate.model.heard import KEPT_CHARACTERS, Heard


def test_what_was_said_in_pieces_is_one_text() -> None:
    heard = Heard()
    for number in range(1000):
        heard.add(f"{number} ")
    text, factor = heard.open(Purpose.METER)
    assert text == "".join(f"{number} " for number in range(1000))
    assert factor == 1.0


def test_beyond_the_bound_only_the_length_grows() -> None:
    heard = Heard()
    for _ in range(10 * KEPT_CHARACTERS // 8):
        heard.add("é" * 8)
    text, factor = heard.open(Purpose.METER)
    assert len(text) == KEPT_CHARACTERS
    assert heard.byte_count == 20 * KEPT_CHARACTERS
    assert factor == pytest.approx(10.0)


def test_nothing_heard_is_no_text() -> None:
    assert Heard().open(Purpose.METER) == ("", 1.0)


def test_it_shows_nothing_and_opens_for_purposes_only() -> None:
    heard = Heard()
    heard.add("a secret")
    assert repr(heard) == "<content, 8 bytes>"
    with pytest.raises(TypeError):
        heard.open("meter")  # type: ignore[arg-type]
