"""Reasoning told under another name."""

import json

import pytest

from lockgate.core.dialects.openai_chat import lifting
from lockgate.core.dialects.openai_chat.reasoning import lift_in_frame, lift_reasoning, reasoning_path
from lockgate.model.chat import ChatAnswer, Reasoning, ReasoningDelta


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("", ()),
        ("reasoning", ("reasoning",)),
        ("message.reasoning", ("reasoning",)),
        ("delta.reasoning", ("reasoning",)),
        ("choices[0].message.reasoning", ("reasoning",)),
        ("$.choices[*].delta.provider.thoughts", ("provider", "thoughts")),
        ("reasoning_details[0].text", ("reasoning_details", "0", "text")),
    ],
)
def test_one_path_may_be_written_in_several_ways(field: str, path: tuple[str, ...]) -> None:
    assert reasoning_path(field) == path


def answer(message: object) -> bytes:
    return json.dumps({"id": "x", "choices": [{"index": 0, "message": message}], "usage": {"a": 1.50}}).encode()


def lifted(message: object, field: str) -> object:
    return json.loads(lift_reasoning(answer(message), reasoning_path(field)))["choices"][0]["message"].get("reasoning_content")


def test_the_text_is_told_again_under_the_usual_name() -> None:
    assert lifted({"content": "42", "reasoning": "Hm"}, "reasoning") == "Hm"
    assert lifted({"details": [{"text": "Hm"}]}, "details[0].text") == "Hm"
    assert lifted({"a": {"b": "Hm"}}, "a.b") == "Hm"


@pytest.mark.parametrize(
    "message", [{"reasoning": None}, {"reasoning": ""}, {"reasoning": 5}, {"reasoning": "a", "reasoning_content": "b"}, 5, {}]
)
def test_without_a_text_of_its_own_an_answer_stays_byte_for_byte(message: object) -> None:
    assert lift_reasoning(answer(message), ("reasoning",)) == answer(message)


@pytest.mark.parametrize("body", [b'{"reasoning":1}', b'{"choices":5,"reasoning":1}', b'"reasoning"', b'{"a":1,"a":2,"reasoning":3}', b"{"])
def test_what_cannot_be_read_stays_as_it_is(body: bytes) -> None:
    assert lift_reasoning(body, ("reasoning",)) == body


def test_a_path_through_a_text_leads_nowhere() -> None:
    assert lift_reasoning(answer({"a": "x", "b": "b"}), ("a", "b")) == answer({"a": "x", "b": "b"})


def test_frames_without_an_object_stay() -> None:
    for frame in (b": c\n\n", b"data: [DONE]\n\n", b"data: a\ndata: b\n\n"):
        assert lift_in_frame(frame, ("reasoning",)) == frame


def test_a_dialect_that_lifts_reads_answers_and_streams() -> None:
    dialect = lifting(("thoughts",))
    assert dialect.read_answer is not None
    assert dialect.reader is not None
    read = dialect.read_answer(answer({"content": "42", "thoughts": "Hm"}))
    assert isinstance(read, ChatAnswer)
    assert Reasoning("Hm") in read.parts
    frame = b'data: {"choices":[{"index":0,"delta":{"thoughts":"Hm"}}]}\n\n'
    events = dialect.reader().feed(frame)
    assert isinstance(events, list)
    assert ReasoningDelta("Hm") in events
    assert b'"reasoning_content":"Hm"' in dialect.relay(None, True).feed(frame)


def test_the_usual_name_needs_no_lifting() -> None:
    assert lifting(("reasoning_content",)) is lifting(())
