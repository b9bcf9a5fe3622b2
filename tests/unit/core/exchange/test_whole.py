"""Whole answers: passed on untouched but for the model, or read and written again."""

import msgspec

from lockgate.core.dialects import anthropic, openai_chat
from lockgate.core.exchange.whole import shown
from lockgate.model.dialect import Dialect
from lockgate.model.faults import Fault

CHAT, MESSAGES = openai_chat.DIALECT, anthropic.DIALECT
ANSWER = (
    b'{ "id":"c1","model" : "up","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"new":1.0}'
)


def show(inbound: Dialect, upstream: Dialect, body: bytes, *, restamps: bool = True) -> bytes | Fault:
    seen = upstream.observe(body)
    assert not isinstance(seen, Fault)
    return shown(inbound, upstream, "alias", "r-1", lambda: 7000, body, seen, restamps)


def test_the_model_is_the_caller_s_name_for_it_and_nothing_else_changes() -> None:
    assert show(CHAT, CHAT, ANSWER) == ANSWER.replace(b'"up"', b'"alias"')
    assert show(CHAT, CHAT, ANSWER, restamps=False) == ANSWER


def test_an_answer_that_names_no_model_or_names_it_oddly_names_the_caller_s() -> None:
    assert show(CHAT, CHAT, b'{"choices":[]}') == b'{"choices":[],"model":"alias"}'
    assert show(CHAT, CHAT, b"{ }") == b'{"model":"alias" }'
    for odd in (b"5", b"null", b'""', b'{"a":1}'):
        assert show(CHAT, CHAT, b'{"model":%b,"choices":[]}' % odd) == b'{"model":"alias","choices":[]}'


def test_a_name_that_is_not_utf_8_cannot_be_read() -> None:
    found = show(CHAT, CHAT, b'{"x\xff":1,"choices":[]}')
    assert isinstance(found, Fault)
    assert found.kind == "upstream_decode_error"


def test_two_members_of_one_name_cannot_be_read() -> None:
    found = show(CHAT, CHAT, b'{"model":"a","model":"b"}')
    assert isinstance(found, Fault)
    assert found.kind == "upstream_decode_error"


def test_another_dialect_is_written_anew() -> None:
    found = show(MESSAGES, CHAT, ANSWER)
    assert isinstance(found, bytes)
    said = msgspec.json.decode(found)
    assert (said["type"], said["model"], said["content"][0]["text"]) == ("message", "alias", "x")


def test_what_another_dialect_cannot_read_is_a_fault() -> None:
    found = show(MESSAGES, CHAT, b'{"id":"c1","choices":[]}')
    assert isinstance(found, Fault)
    assert found.kind == "upstream_decode_error"
