"""What is wrong with a body is said by name, and never with the caller's own words."""

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from lockgate.core.wire.bodies import UNREADABLE, invalid, unreadable, unsound
from lockgate.model.faults import Fault


class Inner(msgspec.Struct):
    role: Literal["user"]


class Body(msgspec.Struct):
    model: str
    items: Annotated[list[Inner], Meta(min_length=1)] = msgspec.field(default_factory=list)
    weight: float | None = None
    count: Annotated[int, Meta(ge=1)] = 1
    bias: dict[str, float] | None = None


def said(body: bytes) -> Fault:
    with pytest.raises(UNREADABLE) as caught:
        msgspec.json.decode(body, type=Body)
    return unreadable(caught.value, body)


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        (b"{}", "model", "'model' is required."),
        (b'{"model":1}', "model", "'model' must be a string, not an integer."),
        (b'{"model":"m","items":[]}', "items", "'items' must be an array of length >= 1."),
        (b'{"model":"m","items":[{}]}', "items[0].role", "'items[0].role' is required."),
        (b'{"model":"m","items":[{"role":"secret"}]}', "items[0].role", "'items[0].role' has a value that is not allowed."),
        (b'{"model":"m","items":["secret"]}', "items[0]", "'items[0]' must be an object, not a string."),
        (b'{"model":"m","weight":"secret"}', "weight", "'weight' must be a number or null, not a string."),
        (b'{"model":"m","weight":1e999}', "weight", "'weight' has a value that is not allowed."),
        (b'{"model":"m","count":0}', "count", "'count' must be an integer >= 1."),
        (b'{"model":"m","bias":{"secret":"x"}}', "bias[...]", "'bias[...]' must be a number, not a string."),
        (b'["secret"]', "", "The request body must be a JSON object."),
        (b" ", "", "The request body is empty."),
        (b'{"model":"m"', "", "The request body is not valid JSON: it ends too early."),
        (b'{"model":secret}', "", "The request body is not valid JSON: invalid character (byte 9)."),
        (b'{"model":"m","x":"\\ud800"}', "", "The request body is not valid JSON: it holds half of a surrogate pair, or ends too early."),
        (b'{"model":"\xff"}', "", "The request body is not valid UTF-8."),
        (b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "", "The request body is nested too deeply."),
    ],
)
def test_a_body_that_does_not_decode_is_refused_by_name(body: bytes, param: str, message: str) -> None:
    fault = said(body)
    assert (fault.status, fault.type, fault.param, fault.message) == (400, "invalid_request_error", param, message)
    assert "secret" not in fault.message


def test_sound_bodies_pass() -> None:
    assert unsound(b'{"model":"m"}', [b'"model"']) is None
    assert unsound('{"model":"é"}'.encode(), [b'"model"']) is None
    assert unsound(b'{"model":"m","x":{"model":"n"}}', [b'"model"']) is None
    assert unsound(b'{"model":"m","x":"' + b"y" * 5000 + b'"}', [b'"model"']) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","model":"n"}',
        b'{"model":"m","Model":"n"}',
        b'{"model":"m","\\u006dodel":"n"}',
        b'{"model":"m","x":"' + b"y" * 5000 + b'","model":"n"}',
    ],
)
def test_two_members_of_a_name_we_act_on_are_refused(body: bytes) -> None:
    fault = unsound(body, [b'"model"'])
    assert fault is not None
    assert (fault.status, fault.param, fault.message) == (400, "model", "The request body has more than one member 'model'.")


@pytest.mark.parametrize("name", ["\u017ftream", "\\u017ftream", "STREAM"])
def test_a_spelling_that_some_parsers_take_for_the_same_name_is_refused(name: str) -> None:
    for filler in ("", "y" * 5000):
        found = unsound(f'{{"model":"m","stream":false,"x":"{filler}","{name}":true}}'.encode(), [b'"model"', b'"stream"'])
        assert found is not None
        assert found.param == "stream"
    assert unsound('{"model":"m","stream":false,"x":"\u017f\u212a"}'.encode(), [b'"model"', b'"stream"']) is None


def test_a_body_of_very_many_members_is_refused() -> None:
    body = b'{"model":"m"' + b"".join(b',"%d":1' % number for number in range(2000)) + b"}"
    fault = unsound(body, [b'"model"'])
    assert fault is not None
    assert fault.message == "The request body has more than 1024 members."


def test_doubled_members_around_very_deep_ones_are_refused_one_way_or_the_other() -> None:
    for depth in (10, 900, 980, 995):
        body = b'{"model":"m","model":"n","x":' + b"[" * depth + b"]" * depth + b"}"
        assert unsound(body, [b'"model"']) is not None


def test_bytes_that_are_no_utf8_are_refused_wherever_they_are() -> None:
    fault = unsound(b'{"model":"m","x":"\xff"}', [b'"model"'])
    assert fault is not None
    assert fault.message == "The request body is not valid UTF-8."


def test_invalid_begins_with_the_name() -> None:
    assert invalid("n", "must be 1").message == "'n' must be 1."


def test_a_member_that_is_not_there_may_not_be_there_in_other_letters() -> None:
    missing = (b'"stream"', b'"max_tokens"')
    for body in (b'{"model":"m","Stream":true}', b'{"model":"m","MAX_TOKENS":9,"x":1}', b'{"model":"m","s\\u0074ream":1}'):
        found = unsound(body, (b'"model"',), missing)
        assert found is not None
        assert found.status == 400
    assert unsound(b'{"model":"m","x":{"Stream":true}}', (b'"model"',), missing) is None
    assert unsound(b'{"model":"m"}' + b" " * 4000, (b'"model"',), missing) is None
