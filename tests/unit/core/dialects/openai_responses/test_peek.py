"""Peeking at requests to the Responses API. The shapes of single bodies are golden files."""

import pytest

from lockgate.core.dialects.openai_responses.peek import peek
from lockgate.model.dialect import Ask
from lockgate.model.faults import Fault


def test_a_request_is_known_by_its_model_bound_and_stream() -> None:
    assert peek(b'{"model":"m","input":"x"}') == Ask("m", wants_usage=True)
    assert peek(b'{"model":"m","input":[{"role":"user"}],"stream":true,"max_output_tokens":9}') == Ask("m", True, 9, True)
    assert peek(b'{"model":"m","prompt":{"id":"p"},"max_output_tokens":null}') == Ask("m", wants_usage=True)


@pytest.mark.parametrize("twice", ["model", "input", "stream", "max_output_tokens"])
def test_a_second_member_of_a_name_we_act_on_is_refused(twice: str) -> None:
    value = {"model": '"m"', "input": '"x"', "stream": "true", "max_output_tokens": "9"}[twice]
    found = peek(f'{{"model":"m","input":"x","stream":true,"max_output_tokens":9,"{twice}":{value}}}'.encode())
    assert isinstance(found, Fault)
    assert found.param == twice


@pytest.mark.parametrize("bad", [b"", b"[]", b"{", b"\xff", b'{"input":"x"}', b'{"model":"m","input":[1]}', b'{"model":"m","tools":[{}]}'])
def test_what_cannot_be_read_is_refused(bad: bytes) -> None:
    found = peek(bad)
    assert isinstance(found, Fault)
    assert found.status == 400
