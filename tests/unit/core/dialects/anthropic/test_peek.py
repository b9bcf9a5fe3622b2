"""Peeking at requests in Anthropic's words. The shapes of single bodies are golden files (tests/golden/dialects/anthropic)."""

import json

import pytest

from lockgate.core.dialects.anthropic.peek import peek_count, peek_messages
from lockgate.model.dialect import Ask
from lockgate.model.faults import Fault

HELLO = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}


def test_a_request_is_bounded_and_always_wants_usage() -> None:
    assert peek_messages(json.dumps(HELLO).encode()) == Ask("m", False, 9, True)
    assert peek_messages(json.dumps({**HELLO, "stream": True}).encode()) == Ask("m", True, 9, True)


def test_counting_needs_no_bound_and_makes_no_output() -> None:
    assert peek_count(json.dumps({"model": "m", "messages": HELLO["messages"]}).encode()) == Ask("m", max_output=0)


@pytest.mark.parametrize("twice", ["model", "messages", "max_tokens", "stream", "Max_Tokens"])
def test_a_second_member_of_a_name_we_act_on_is_refused(twice: str) -> None:
    first = json.dumps({**HELLO, "stream": False})[:-1]
    found = peek_messages(f'{first},"{twice}":{json.dumps({**HELLO, "stream": False}[twice.lower()])}}}'.encode())
    assert isinstance(found, Fault)
    assert found.param == twice.lower()


@pytest.mark.parametrize("peek", [peek_messages, peek_count])
@pytest.mark.parametrize("bad", [b"", b"[]", b"{", b"\xff", b'{"model":"m"}', b'{"model":"m","messages":[]}'])
def test_no_operation_takes_a_body_it_cannot_read(peek: object, bad: bytes) -> None:
    assert callable(peek)
    found = peek(bad)
    assert isinstance(found, Fault)
    assert found.status == 400


def test_texts_are_required_where_there_is_a_text_block() -> None:
    found = peek_count(b'{"model":"m","messages":[{"role":"user","content":[{"type":"image"},{"type":"text"}]}]}')
    assert isinstance(found, Fault)
    assert found.param == "messages[0].content[1].text"
