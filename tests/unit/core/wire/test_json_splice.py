"""Edits of top-level members: right for any JSON object, and byte for byte elsewhere."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.wire.json_splice import (
    MOST_MEMBERS,
    DuplicateMember,
    TooManyMembers,
    add,
    ambiguous,
    has_duplicates,
    place,
    remove,
    replace,
    spans,
)

KEYS = st.sampled_from(["model", "a", "b", 'x"model', "mod\\el", "back\\", 'back\\"', "é", ""]) | st.text(max_size=4)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.just('"model":'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=6)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """An object and some spelling of it."""
    said = draw(OBJECTS)
    indent = draw(st.sampled_from([None, 0, 2]))
    separators = draw(st.sampled_from([None, (",", ":"), (" , ", "\t: ")]))
    text = json.dumps(said, indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))
    return said, (draw(st.sampled_from(["", " ", "\n"])) + text + draw(st.sampled_from(["", " ", "\r\n"]))).encode()


@given(bodies())
def test_spans_find_every_value(case: tuple[dict[str, Any], bytes]) -> None:
    said, body = case
    assert {key: json.loads(body[start:stop]) for key, (start, stop) in spans(body).items()} == said
    assert list(spans(body)) == list(said)
    assert not has_duplicates(body)


@given(bodies(), VALUES)
def test_replacing_changes_that_member_and_no_other_byte(case: tuple[dict[str, Any], bytes], value: object) -> None:
    said, body = case
    for key in said:
        if key.isidentifier() and key.isascii():
            start, stop = place(body, key)
            changed = replace(body, key, json.dumps(value).encode())
            assert json.loads(changed) == {**said, key: value}
            assert changed.startswith(body[:start])
            assert changed.endswith(body[stop:])


@given(bodies(), VALUES)
def test_adding_appends_a_member(case: tuple[dict[str, Any], bytes], value: object) -> None:
    said, body = case
    assert json.loads(add(body, b'"never there":' + json.dumps(value).encode())) == {**said, "never there": value}


@given(bodies())
def test_removing_leaves_an_object_of_the_others(case: tuple[dict[str, Any], bytes]) -> None:
    said, body = case
    for key in said:
        assert json.loads(remove(body, key)) == {name: value for name, value in said.items() if name != key}
    assert remove(body, "never there") == body


@given(OBJECTS, st.data())
def test_a_name_given_twice_is_always_noticed(said: dict[str, Any], data: st.DataObject) -> None:
    members = [f"{json.dumps(key, ensure_ascii=data.draw(st.booleans()))}:{json.dumps(value)}" for key, value in said.items()]
    if not members:
        return
    key = data.draw(st.sampled_from(sorted(said)))
    members.insert(data.draw(st.integers(0, len(members))), f"{json.dumps(key)}:{json.dumps(data.draw(VALUES))}")
    body = ("{" + ",".join(members) + "}").encode()
    assert has_duplicates(body)
    with pytest.raises(DuplicateMember):
        spans(body)


def test_a_nested_member_of_the_same_name_is_never_taken_for_the_top_level_one() -> None:
    body = b'{"tool":{"model":"inner"},"\\u006dodel":"outer"}'
    assert replace(body, "model", b'"new"') == b'{"tool":{"model":"inner"},"\\u006dodel":"new"}'
    body = b'{"tool":{"model":"inner"},"model":"outer"}'
    assert replace(body, "model", b'"new"') == b'{"tool":{"model":"inner"},"model":"new"}'


def test_a_value_that_looks_like_the_member_is_not_the_member() -> None:
    assert replace(b'{"object":"model" , "model" :\n"x\\"}"}', "model", b"1") == b'{"object":"model" , "model" :\n1}'
    assert replace(b'{"model":["model",{"model":2}]}', "model", b"1") == b'{"model":1}'


def test_a_large_body_is_edited_like_a_small_one() -> None:
    filler = b'"filler":"' + b"x\\u0041" * 1000 + b'",'
    assert replace(b"{" + filler + b'"model":"old"}', "model", b'"new"') == b"{" + filler + b'"model":"new"}'


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'{"a":221,"a":22}', b'{"a":1,"b":2,"a":1}', b'{"b":{"a":1},"a":2,"\\u0061":3}'])
def test_duplicates_raise(body: bytes) -> None:
    with pytest.raises(DuplicateMember):
        spans(body)


def test_a_missing_member_has_no_place() -> None:
    with pytest.raises(KeyError):
        place(b'{"a":1}', "model")


def test_ambiguous_names_the_member_that_parsers_disagree_on() -> None:
    assert ambiguous(b'{"model":1,"MODEL":2}', ["stream", "model"]) == "model"
    assert ambiguous(b'{"model":1,"model":2,"x":{"stream":1}}', ["stream", "model"]) == "model"
    assert ambiguous(b'{"model":1,"other":1,"other":2}', ["stream", "model"]) == ""
    assert ambiguous(b'{"model":1,"x":{"Model":2}}', ["model"]) == ""


def test_letters_beyond_ascii_that_some_parsers_fold_are_the_same_letters() -> None:
    assert ambiguous('{"max_tokens":1,"max_to\u212aens":2}'.encode(), ["max_tokens"]) == "max_tokens"
    assert ambiguous('{"max_tokens":1,"max_token\u017f":2}'.encode(), ["max_tokens"]) == "max_tokens"


@pytest.mark.parametrize("spaces", [1, 15, 16, 17, 40, 3000])
def test_whitespace_of_any_length_is_passed_over(spaces: int) -> None:
    gap = (b" \t\r\n" * spaces)[:spaces]
    body = gap.join([b"{", b'"a"', b":", b"1", b",", b'"model"', b":", b'"m"', b"}"])
    start, stop = spans(body)["model"]
    assert body[start:stop] == b'"m"'
    assert add(body, b'"b":2') == body[: -1 - spaces] + b',"b":2' + gap + b"}"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 2000, 2001])
def test_names_of_any_number_of_escapes_end_where_they_end(count: int) -> None:
    for escape in (b"\\\\", b'\\"', b"\\n"):
        body = b'{"' + escape * count + b'":1,"model":"' + escape * count + b'"}'
        start, stop = spans(body)["model"]
        assert body[start:stop] == b'"' + escape * count + b'"'


def test_numbers_of_any_length_do_not_hinder() -> None:
    assert ambiguous(b'{"model":1,"model":2,"x":' + b"9" * 5000 + b',"y":1.' + b"9" * 5000 + b"}", ["model"]) == "model"


def test_more_members_than_anybody_needs_are_not_walked() -> None:
    body = json.dumps({str(number): number for number in range(MOST_MEMBERS + 1)}).encode()
    with pytest.raises(TooManyMembers):
        ambiguous(body, ["model"])


def test_empty_objects_take_members() -> None:
    assert add(b" { } ", b'"a":1') == b' {"a":1 } '
    assert remove(b'{"a":1}', "a") == b"{}"
