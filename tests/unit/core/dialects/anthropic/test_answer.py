"""Whole answers in Anthropic's words, read and written. Most cases are golden files."""

import json

import pytest

from lockgate.core.dialects.anthropic.answer import neutral_finish, read_answer, stop_reason, write_answer
from lockgate.model.chat import ChatAnswer, Image, Reasoning, Text, ToolCall
from lockgate.model.dialect import Stamp
from lockgate.model.faults import Fault


@pytest.mark.parametrize("finish", ["stop", "length", "tool_calls", "content_filter"])
def test_finishes_survive_a_round_trip(finish: str) -> None:
    assert neutral_finish(stop_reason(finish, "")) == finish


def test_unknown_finishes_are_ordinary_ends() -> None:
    assert neutral_finish("new") == neutral_finish(None) == ""
    assert stop_reason("", "") == stop_reason("new", "") == "end_turn"
    assert stop_reason("stop", "END") == "stop_sequence"


def test_every_part_of_an_answer_is_written() -> None:
    parts = (Reasoning("Hm", "sig"), Text("a"), ToolCall("c", "f", "{"), ToolCall("d", "g", ""), Image(url="u"))
    said = json.loads(write_answer(ChatAnswer("", "m", parts, "tool_calls"), Stamp("alias", "minted", 7)))
    assert (said["id"], said["model"], said["stop_reason"]) == ("minted", "alias", "tool_use")
    assert said["content"] == [
        {"type": "thinking", "thinking": "Hm", "signature": "sig"},
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "c", "name": "f", "input": {"arguments": "{"}},
        {"type": "tool_use", "id": "d", "name": "g", "input": {}},
        {"type": "text", "text": ""},
    ]


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b'{"content":5}', b'{"content":[5]}'])
def test_what_is_no_answer_is_a_decode_error(body: bytes) -> None:
    found = read_answer(body)
    assert isinstance(found, Fault)
    assert found.kind == "upstream_decode_error"
