"""Vectors of the echo: fixed, of length one, near for texts that share words."""

import struct
from base64 import b64decode
from math import isclose

import pytest

from lockgate.core.providers.echo.vector import packed, vector


def similarity(one: str, other: str) -> float:
    return sum(a * b for a, b in zip(vector(one, 256), vector(other, 256), strict=True))


@pytest.mark.parametrize("text", ["", "hello", "hello world", "日本語 \udcff"])
@pytest.mark.parametrize("dimensions", [1, 3, 256])
def test_a_vector_has_the_asked_length_and_length_one(text: str, dimensions: int) -> None:
    values = vector(text, dimensions)
    assert len(values) == dimensions
    assert isclose(sum(value * value for value in values), 1.0, abs_tol=1e-3)
    assert values == vector(text, dimensions)


def test_shared_words_make_texts_similar() -> None:
    assert similarity("the red car", "THE red car") > 0.999
    assert similarity("the red car drives", "the red car stops") > 0.5
    assert abs(similarity("apple", "gearbox")) < 0.3


def test_the_packed_form_is_little_endian_floats() -> None:
    values = vector("hello", 3)
    assert struct.unpack("<3f", b64decode(packed(values))) == pytest.approx(values, abs=1e-6)
