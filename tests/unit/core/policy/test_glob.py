"""Names with at most one star."""

import pytest

from lockgate.core.policy.glob import Globs, Names


@pytest.mark.parametrize(
    ("pattern", "name", "wanted"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o", "GPT-4o", False),
        ("gpt-*", "gpt-4o", True),
        ("gpt-*", "gpt-", True),
        ("gpt-*", "xgpt-4", False),
        ("*-mini", "gpt-4o-mini", True),
        ("gpt-*-mini", "gpt-4o-mini", True),
        ("gpt-*-mini", "gpt-mini", False),
        ("aba*ba", "aba", False),
        ("*", "anything", True),
        ("*", "", True),
        ("a*b*c", "abc", False),
        ("a*b*c", "a*b*c", False),
        ("**", "x", False),
        ("?", "x", False),
        ("[a-z]", "a", False),
    ],
)
def test_a_pattern_allows_what_its_star_can_stand_for(pattern: str, name: str, wanted: bool) -> None:
    assert Globs([pattern]).allows(name) is wanted
    assert (name in Globs(["other", pattern])) is wanted


def test_an_empty_list_denies_everything() -> None:
    assert not Globs([]).allows("m")
    assert not Globs([]).allows("")


ROWS = Names([("gpt-4o", "exact"), ("gpt-*", "gpt"), ("*", "all"), ("gpt-4*", "gpt4"), ("*-mini", "mini"), ("a*b*", "never")])


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("gpt-4o", ("exact", "")),
        ("gpt-4x", ("gpt4", "x")),
        ("gpt-5", ("gpt", "5")),
        ("gpt-mini", ("mini", "gpt")),
        ("gpt-4-mini", ("gpt4", "-mini")),
        ("o-mini", ("mini", "o")),
        ("other", ("all", "other")),
        ("gpt-", ("all", "gpt-")),
        ("", None),
    ],
)
def test_the_exact_name_wins_then_the_longest_literal_part(name: str, wanted: tuple[str, str] | None) -> None:
    assert ROWS.find(name) == wanted


def test_the_order_of_rows_never_decides() -> None:
    rows = [("ab*", 1), ("*ab", 2), ("a*b", 3)]
    for order in (rows, rows[::-1]):
        assert Names(order).find("ab-ab") == (1, "-ab")


def test_an_unknown_name_has_no_row() -> None:
    assert Names([("a", 1), ("b-*", 2)]).find("c") is None
