"""The shared words."""

import msgspec
import pytest

from lockgate.core.publishing.forms import FORMS
from lockgate.model.resources import words


def test_every_form_that_a_word_names_exists() -> None:
    named = 0
    for name in dir(words):
        for meta in getattr(getattr(words, name), "__metadata__", ()):
            if isinstance(meta, msgspec.Meta) and meta.extra and "form" in meta.extra:
                assert meta.extra["form"] in FORMS, name
                named += 1
    assert named > 4


def test_blocks_are_strict_and_frozen() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"rpq": 1}, words.RateLimit)
    with pytest.raises(AttributeError):
        words.RateLimit().rpm = 1  # type: ignore[misc]


def test_limits_are_absent_by_default() -> None:
    assert all(getattr(words.RateLimit(), field) is None for field in words.RateLimit.__struct_fields__)
