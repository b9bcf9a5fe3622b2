"""A value against a type: all problems, their paths and sentences."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from lockgate.core.publishing.walk import MAX_PARTIAL, Report, examine, meant
from lockgate.model.resources.words import Block, Cidr, Nullable, SecretText


class Inner(Block, frozen=True, kw_only=True):
    size: Annotated[int, Meta(ge=1, le=9)]
    self_again: "Inner | None" = None


class Left(Block, frozen=True, kw_only=True, tag_field="kind", tag="left"):
    a: int = 0


class Right(Block, frozen=True, kw_only=True, tag_field="kind", tag="right"):
    b: str


class Thing(Block, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=2, max_length=4)]
    count: int = 0
    ratio: Annotated[float, Meta(gt=0)] = 1.0
    flag: bool = False
    mode: Literal["a", "b"] = "a"
    only: Literal["x"] = "x"
    inner: Inner | None = None
    nullable: Nullable[int] = None
    nets: Annotated[tuple[Cidr, ...], Meta(max_length=2)] = ()
    some: Annotated[tuple[int, ...], Meta(min_length=2)] = (1, 2)
    table: dict[Annotated[str, Meta(pattern="^[a-z]+$", extra={"words": "be small letters"})], int] = {}
    either: bool | tuple[str, ...] = False
    word_or_thing: Literal["w"] | Inner | None = None
    side: Left | Right | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    secret: SecretText | None = None
    free: Any = None
    form: Annotated[str, Meta(pattern="^[0-9]+$")] = "0"


def found(**fields: Any) -> dict[str, str]:
    report = Report()
    examine({"name": "abc", **fields}, Thing, report)
    return report.problems


@pytest.mark.parametrize(
    ("fields", "path", "sentence"),
    [
        ({"name": "a"}, "name", "must have at least 2 characters"),
        ({"name": "abcde"}, "name", "must have at most 4 characters"),
        ({"name": 7}, "name", "must be text; put it in quotes"),
        ({"name": None}, "name", "must be text"),
        ({"count": "7"}, "count", "must be a whole number"),
        ({"count": True}, "count", "must be a whole number"),
        ({"count": 1.0}, "count", "must be a whole number"),
        ({"ratio": 0}, "ratio", "must be a number above 0"),
        ({"ratio": float("inf")}, "ratio", "must be a number above 0"),
        ({"ratio": float("nan")}, "ratio", "must be a number above 0"),
        ({"flag": 1}, "flag", "must be true or false"),
        ({"mode": "c"}, "mode", "must be one of a, b"),
        ({"mode": ["a"]}, "mode", "must be one of a, b"),
        ({"only": "y"}, "only", "must be x"),
        ({"inner": {"size": 10}}, "inner.size", "must be a whole number from 1 to 9"),
        ({"inner": {}}, "inner.size", "is missing"),
        ({"inner": None}, "inner", "must not be empty; give a value or leave the field out"),
        ({"inner": []}, "inner", "must be a map"),
        ({"inner": {"size": 1, "self_again": {"size": 0}}}, "inner.self_again.size", "must be a whole number from 1 to 9"),
        ({"nets": ["10.0.0.0/8", "x"]}, "nets[1]", "must be a network such as 10.0.0.0/8 or 2001:db8::/32, or one address"),
        ({"nets": ["::1", "::2", "::3"]}, "nets", "must have at most 2 entries"),
        ({"nets": "::1"}, "nets", "must be a list"),
        ({"some": [1]}, "some", "must have at least 2 entries"),
        ({"table": {"A": 1}}, "table.A", "must be small letters"),
        ({"table": {"a": "1"}}, "table.a", "must be a whole number"),
        ({"table": []}, "table", "must be a map"),
        ({"either": "yes"}, "either", "must be true or false or a list"),
        ({"either": [1]}, "either[0]", "must be text; put it in quotes"),
        ({"word_or_thing": "v"}, "word_or_thing", "must be w"),
        ({"word_or_thing": 7}, "word_or_thing", "must be one of the known words or a map"),
        ({"side": {"a": 1}}, "side.kind", "must be one of left, right"),
        ({"side": {"kind": "up"}}, "side.kind", "must be one of left, right"),
        ({"side": {"kind": "right"}}, "side.b", "is missing"),
        ({"side": {"kind": "left", "b": "x"}}, "side.b", "is not a known field"),
        ({"side": 7}, "side", "must be a map"),
        ({"at": "2030-01-31T12:00:00"}, "at", "must be a date and time with its offset, as in 2030-01-31T12:00:00Z"),
        ({"at": 7}, "at", "must be a date and time with its offset, as in 2030-01-31T12:00:00Z"),
        ({"secret": ""}, "secret", "must not be empty"),
        ({"form": "7\n"}, "form", "must have the form ^[0-9]+$"),
        ({"cuont": 7}, "cuont", "is not a known field; did you mean count?"),
        ({"zzz": 7}, "zzz", "is not a known field"),
    ],
)
def test_one_problem_is_told(fields: dict[str, Any], path: str, sentence: str) -> None:
    assert found(**fields) == {path: sentence}


def test_everything_sound_passes_and_converts() -> None:
    row = {
        "name": "abc",
        "ratio": 2,
        "nullable": None,
        "inner": {"size": 1},
        "nets": ["::1"],
        "either": ["a"],
        "word_or_thing": {"size": 2},
        "side": {"kind": "right", "b": "x"},
        "at": "2030-01-31T12:00:00.5+02:00",
        "free": [{"anything": None}],
    }
    report = Report()
    clean = examine(row, Thing, report)
    assert report.problems == {}
    assert clean == row
    assert msgspec.convert(clean, Thing).side == Right(b="x")


def test_all_problems_are_found_at_once() -> None:
    assert len(found(count="x", flag=7, inner={"size": 0, "x": 1}, nets=["a", "b"])) == 6


def test_the_first_problem_of_a_field_counts_and_second_names_are_used() -> None:
    report = Report()
    report.spelt["name"] = "title"
    report.say("name", "first")
    report.say("name", "second")
    assert report.problems == {"title": "first"}


def test_a_tolerant_walk_reads_over_unknown_fields_and_counts_them() -> None:
    report = Report(tolerant=True)
    clean = examine({"name": "abc", "x": 1, "inner": {"size": 1, "y": 2}}, Thing, report)
    assert report.problems == {}
    assert report.unknown == {"x": 1, "inner.y": 1}
    assert clean == {"name": "abc", "inner": {"size": 1}}


def test_unknown_fields_of_list_entries_share_a_path() -> None:
    report = Report(tolerant=True)
    examine([{"size": 1, "x": 1}, {"size": 1, "x": 2}], tuple[Inner, ...], report)
    assert report.unknown == {"[].x": 2}


def test_at_most_so_many_unknown_fields_are_reported() -> None:
    report = Report(tolerant=True)
    examine({"name": "abc"} | {f"x{n}": n for n in range(2 * MAX_PARTIAL)}, Thing, report)
    assert len(report.unknown) == MAX_PARTIAL


def test_what_was_meant_is_guessed() -> None:
    assert meant("modles", ["models", "api_keys"]) == "; did you mean models?"
    assert meant("zzz", ["models"]) == ""
