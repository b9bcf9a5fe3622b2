"""Body edits of a provider key: renames, then bounds, then defaults, every other byte as it was."""

import pytest

from lockgate.core.providers.edits import compile_edits, output_limit_edit
from lockgate.model.resources.provider_key import ParamConstraints, RequestOverrides, ResponseOverrides


def edited(
    body: bytes,
    renames: dict[str, str] | None = None,
    low: float | None = None,
    high: float | None = None,
    defaults: dict[str, object] | None = None,
    flatten: bool = False,
) -> bytes:
    request = RequestOverrides(
        param_renames=renames or {},
        param_constraints=ParamConstraints(temperature_min=low, temperature_max=high),
        default_body_fields=defaults or {},
    )
    edit = compile_edits(request, ResponseOverrides(content_list_to_string=flatten))
    return edit(body) if edit else body


def test_a_key_that_asks_for_nothing_has_no_edit() -> None:
    assert compile_edits(None) is None
    assert compile_edits(RequestOverrides(), ResponseOverrides()) is None
    assert compile_edits(RequestOverrides(param_constraints=ParamConstraints())) is None


def test_a_renamed_member_keeps_its_value_byte_for_byte() -> None:
    body = b'{ "max_tokens" : 1.50e1 , "m": [1,  2] }'
    assert edited(body, {"max_tokens": "max_completion_tokens"}) == b'{ "m": [1,  2],"max_completion_tokens":1.50e1 }'


def test_a_member_that_is_not_there_is_not_renamed() -> None:
    body = b'{"a": 1,   "nested": {"max_tokens": 5}}'
    assert edited(body, {"max_tokens": "max_completion_tokens"}) == body


def test_two_names_can_be_swapped() -> None:
    assert edited(b'{"a":1,"b":2}', {"a": "b", "b": "a"}) == b'{"b":1,"a":2}'


def test_a_member_already_under_the_new_name_stays() -> None:
    assert edited(b'{"old":1,"new":2}', {"old": "new"}) == b'{"new":2}'


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("3", "2.0"),
        ("2.0", "2.0"),
        ("-1", "0.5"),
        ("0.5", "0.5"),
        ("1", "1"),
        ("1e0", "1e0"),
        ("null", "null"),
        ('"3"', '"3"'),
        ("true", "true"),
    ],
)
def test_temperature_is_moved_into_its_bounds(given: str, wanted: str) -> None:
    assert edited(b'{"temperature": %b, "x": 9}' % given.encode(), low=0.5, high=2.0) == b'{"temperature": %b, "x": 9}' % wanted.encode()


def test_without_a_temperature_nothing_is_moved() -> None:
    assert edited(b'{"x":{"temperature":9}}', low=0, high=1) == b'{"x":{"temperature":9}}'


def test_defaults_are_added_only_where_nothing_was_said() -> None:
    body = b'{"a": null, "m": {"b": 1}}'
    assert edited(body, defaults={"a": 1, "b": {"x": [1, "ü"]}}) == '{"a": null, "m": {"b": 1},"b":{"x":[1,"ü"]}}'.encode()
    assert edited(b"{}", defaults={"a": 1}) == b'{"a":1}'


def test_renames_come_before_bounds_and_bounds_before_defaults() -> None:
    assert (
        edited(b'{"temp":9}', {"temp": "temperature"}, high=1.0, defaults={"temperature": 0.2, "temp": 0})
        == b'{"temperature":1.0,"temp":0}'
    )
    assert edited(b"{}", high=1.0, defaults={"temperature": 5}) == b'{"temperature":5}'


def test_of_two_equal_members_only_the_last_is_sent() -> None:
    assert edited(b'{"a":1,"a":2}', {"a": "b"}) == b'{"b":2}'
    assert edited(b'{"temperature":9,"temperature":1}', high=2.0) == b'{"temperature":1}'
    assert edited(b'{"temperature":1,"temperatur\\u0065":9}', high=2.0) == b'{"temperature":2.0}'


def test_lists_of_text_become_text_and_other_lists_stay() -> None:
    body = (
        b'{"messages":[{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]},'
        b'{"role":"user","content":"plain"},{"role":"assistant"},'
        b'{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"u"}}]}], "n": 1}'
    )
    flat = edited(body, flatten=True)
    assert flat == (
        b'{"messages":[{"role":"user","content":"one\\ntwo"},{"role":"user","content":"plain"},{"role":"assistant"},'
        b'{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"u"}}]}], "n": 1}'
    )
    for same in (b'{"prompt":"x"}', b'{"messages": [{"content": "x"}]}', b'{"messages":"odd"}', b'{"messages":[{"content":[1]}]}'):
        assert edited(same, flatten=True) == same


def test_a_bridge_calls_the_output_limit_what_the_provider_calls_it() -> None:
    assert output_limit_edit("max_completion_tokens")(b'{"max_tokens":5}') == b'{"max_completion_tokens":5}'
    assert output_limit_edit("max_tokens")(b'{"max_completion_tokens":5}') == b'{"max_tokens":5}'
    assert output_limit_edit("max_tokens")(b'{"max_tokens":5}') == b'{"max_tokens":5}'
