"""Relaying OpenAI's chunks. Single streams are golden files."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.dialects.openai_chat.relay import Relay
from lockgate.core.wire.sse import data_of
from lockgate.model.usage import Usage

CONTENT = st.text(max_size=20)


def frame(said: object, *, escape: bool = False) -> bytes:
    return b"data: " + json.dumps(said, ensure_ascii=escape).encode() + b"\n\n"


def chunk(text: str, **members: object) -> dict[str, Any]:
    return {"id": "x", "object": "chat.completion.chunk", "model": "up", "choices": [{"index": 0, "delta": {"content": text}}], **members}


@given(st.lists(CONTENT, min_size=1), st.booleans(), CONTENT)
def test_only_the_model_changes_whatever_the_content(texts: list[str], escape: bool, alias: str) -> None:
    relay = Relay(alias, True)
    for text in texts:
        data = data_of(relay.feed(frame(chunk(text), escape=escape)))
        assert data is not None
        assert json.loads(data) == {**chunk(text), "model": alias}
    assert relay.heard.byte_count == sum(len(text.encode()) for text in texts)


@given(st.lists(st.tuples(CONTENT, st.sampled_from(["up", "other", '"model":"x"'])), min_size=1))
def test_members_in_any_order_and_any_model_are_restamped(cases: list[tuple[str, str]]) -> None:
    relay = Relay("alias", True)
    for text, model in cases:
        said = {"choices": [{"index": 0, "delta": {"content": text}, "model": "nested"}], "model": model, "id": text}
        data = data_of(relay.feed(frame(said)))
        assert data is not None
        assert json.loads(data) == {**said, "model": "alias"}


def test_without_a_model_frames_pass_as_they_are() -> None:
    relay = Relay(None, False)
    given_frame = frame(chunk("a")).replace(b": ", b" :  ", 3).replace(b"data :  ", b"data: ")
    assert relay.feed(given_frame) is given_frame


def test_usage_is_the_most_that_was_said() -> None:
    relay = Relay(None, False)
    for usage in ({"prompt_tokens": 9, "completion_tokens": 4}, {"prompt_tokens": 9, "completion_tokens": 2}, {"completion_tokens": 3}):
        relay.feed(frame(chunk("a", usage=usage)))
    assert relay.usage == Usage(input=9, output=4)


def test_a_frame_of_nothing_but_usage_goes_only_when_it_is_to_go() -> None:
    last = frame({"id": "x", "model": "up", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})
    assert Relay(None, True).feed(last) == b""
    assert Relay(None, False).feed(last) == last


def test_a_frame_without_choices_and_without_counts_stays() -> None:
    relay = Relay(None, True)
    silent: list[dict[str, Any]] = [{"prompt_filter_results": []}, {"usage": {}}, {"usage": None}]
    for said in silent:
        said["choices"] = []
        assert relay.feed(frame(said)) == frame(said)
    assert relay.usage is None


def test_an_event_of_another_name_is_read_like_any() -> None:
    relay = Relay("alias", True)
    relay.feed(b"event: message\n" + frame(chunk("a")))
    assert relay.content
    assert relay.fault is None


def test_reasoning_is_lifted_from_where_the_provider_key_says() -> None:
    relay = Relay("alias", True, ("thoughts",))
    out = relay.feed(frame({"id": "x", "model": "up", "choices": [{"index": 0, "delta": {"thoughts": "Hm"}}]}))
    assert b'"reasoning_content":"Hm"' in out
    assert relay.heard.byte_count == 2
