"""Whole answers in OpenAI's words, read and written. Most cases are golden files."""

import json

import pytest

from lockgate.core.dialects.openai_chat.answer import neutral_finish, read_answer, write_answer, write_usage
from lockgate.model.chat import ChatAnswer, Reasoning, Text, ToolCall
from lockgate.model.dialect import Stamp
from lockgate.model.faults import Fault
from lockgate.model.usage import Usage

STAMP = Stamp("alias", "minted", 7)


@pytest.mark.parametrize(
    ("reason", "has_calls", "finish"),
    [
        ("stop", False, "stop"), ("stop", True, "tool_calls"), (None, True, "tool_calls"), (None, False, ""), ("length", True, "length"),
        ("function_call", False, "tool_calls"), ("content_filter", False, "content_filter"), ("eos", False, ""), ("eos", True, "tool_calls"),
    ],
)  # fmt: skip
def test_a_finish_reason_yields_to_the_calls_that_are_there(reason: str | None, has_calls: bool, finish: str) -> None:
    assert neutral_finish(reason, has_calls) == finish


def test_an_answer_without_id_and_time_gets_ours() -> None:
    said = json.loads(write_answer(ChatAnswer("", "", (Text("a"),), ""), STAMP))
    assert (said["id"], said["created"], said["model"]) == ("minted", 7, "alias")
    assert said["choices"][0]["finish_reason"] == "stop"
    assert said["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def test_details_of_usage_are_written_only_when_there_are_any() -> None:
    assert write_usage(Usage(input=1, cached=2, audio_input=4, output=8, reasoning=5, audio_output=3)) == {
        "prompt_tokens": 7,
        "completion_tokens": 8,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 3},
    }


def test_empty_arguments_become_an_empty_object() -> None:
    said = json.loads(write_answer(ChatAnswer("x", "m", (ToolCall("c", "f", ""),), "tool_calls"), STAMP))
    assert said["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert said["choices"][0]["message"]["content"] is None


def test_odd_members_count_as_missing() -> None:
    message = {"content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "a"}, 5], "tool_calls": [5, {"function": 5}]}
    answer = read_answer(json.dumps({"id": 5, "created": "x", "choices": [{"message": message, "logprobs": 5}]}).encode())
    assert answer == ChatAnswer("", "", (Reasoning("Hm"), Text("a")), "")


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b'{"choices":[5]}', b'{"choices":[{"message":5}]}', b'{"choices":5}'])
def test_what_is_no_answer_is_a_decode_error(body: bytes) -> None:
    found = read_answer(body)
    assert isinstance(found, Fault)
    assert found.kind == "upstream_decode_error"
