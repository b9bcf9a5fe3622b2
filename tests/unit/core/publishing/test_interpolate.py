"""The environment in texts, and header variables beside it."""

from typing import Any

import pytest

from lockgate.core.publishing.interpolate import interpolate

ENV = {"NAME": "value", "_x1": "y", "EMPTY": "", "TRICKY": "${NAME} $$"}


def put(value: Any, headers_at: str | None = None) -> tuple[Any, list[tuple[str, str]]]:
    said: list[tuple[str, str]] = []
    return interpolate(value, ENV, "", lambda path, what: said.append((path, what)), headers_at), said


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${NAME}", "value"),
        ("a${NAME}b${_x1}", "avalueby"),
        ("$NAME", "$NAME"),
        ("$$", "$"),
        ("$${NAME}", "${NAME}"),
        ("$$$NAME", "$$NAME"),
        ("$$$${NAME}", "$${NAME}"),
        ("$", "$"),
        ("5$", "5$"),
        ("no dollar", "no dollar"),
        ("${TRICKY}", "${NAME} $$"),
    ],
)
def test_texts_are_filled(text: str, result: str) -> None:
    assert put(text) == (result, [])


@pytest.mark.parametrize("text", ["${MISSING}", "${EMPTY}", "${}", "${a b}", "${NAME", "${request.id}", "${1A}"])
def test_what_cannot_be_filled_is_told(text: str) -> None:
    _, said = put({"a": [{"b": text}]})
    assert [path for path, _ in said] == ["a[0].b"]


def test_every_problem_is_told() -> None:
    _, said = put({"a": "${A} ${B}", "b": "${C}"})
    assert len(said) == 3
    assert "A, which is not set" in said[0][1]


def test_keys_and_other_values_are_untouched() -> None:
    assert put({"${NAME}": 7, "x": [None, True, 1.5]}) == ({"${NAME}": 7, "x": [None, True, 1.5]}, [])


def test_header_variables_stay_where_they_are_allowed() -> None:
    row = {"request": {"default_headers": {"a": "${request.id} ${NAME} $$5"}}}
    filled, said = put(row, "request.default_headers")
    assert filled["request"]["default_headers"]["a"] == "${request.id} value $5"
    assert said == []


def test_a_literal_reference_cannot_stand_in_a_header_value() -> None:
    _, said = put({"h": {"a": "$${request.id}"}}, "h")
    assert [path for path, _ in said] == ["h.a"]


def test_the_original_is_not_changed() -> None:
    row = {"a": ["${NAME}"]}
    put(row)
    assert row == {"a": ["${NAME}"]}
