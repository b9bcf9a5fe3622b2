"""Peeking at requests in OpenAI's words. The shapes of single bodies are golden files (tests/golden/dialects/openai_chat)."""

import json

import pytest

from lockgate.core.dialects.openai_chat.peek import peek_chat, peek_completions, peek_embeddings
from lockgate.model.dialect import Ask
from lockgate.model.faults import Fault

HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def body(**members: object) -> bytes:
    return json.dumps({**HELLO, **members}).encode()


def ask(found: Ask | Fault) -> Ask:
    assert isinstance(found, Ask), found
    return found


def refused(found: Ask | Fault) -> str:
    assert isinstance(found, Fault), found
    assert found.status == 400
    return found.param


def test_the_bound_counts_every_choice() -> None:
    assert ask(peek_chat(body())).max_output is None
    assert ask(peek_chat(body(n=3))).max_output is None
    assert ask(peek_chat(body(max_tokens=10, n=3))).max_output == 30
    assert ask(peek_chat(body(max_tokens=10, n=None))).max_output == 10
    assert ask(peek_chat(body(max_tokens=10, max_completion_tokens=20))).max_output == 20
    assert ask(peek_chat(body(max_tokens=10, max_completion_tokens=None))).max_output == 10


def test_every_prompt_of_a_completion_is_bounded() -> None:
    for prompt, bound in (("a", 7), (["a"], 7), (["a", "b"], 14), ([1, 2, 3], 7), ([[1], [2]], 14)):
        assert ask(peek_completions(json.dumps({"model": "m", "prompt": prompt, "max_tokens": 7}).encode())).max_output == bound


def test_stream_options_are_noticed_unless_null() -> None:
    wanted = ask(peek_chat(body(stream=True, stream_options={"include_usage": True})))
    assert (wanted.stream, wanted.wants_usage, wanted.sets_stream_options) == (True, True, True)
    declined = ask(peek_chat(body(stream=True, stream_options={"include_usage": False})))
    assert (declined.wants_usage, declined.sets_stream_options) == (False, True)
    silent = ask(peek_chat(body(stream=True, stream_options=None)))
    assert (silent.wants_usage, silent.sets_stream_options) == (False, False)
    legacy = ask(peek_completions(json.dumps({"model": "m", "prompt": "x", "stream_options": {"include_usage": True}}).encode()))
    assert (legacy.wants_usage, legacy.sets_stream_options) == (True, True)


def test_only_assistants_may_be_silent() -> None:
    for role in ("system", "developer", "user"):
        assert refused(peek_chat(body(messages=[{"role": role}]))) == "messages[0].content"
    assert ask(peek_chat(body(messages=[{"role": "assistant"}, {"role": "function", "name": "f", "content": None}])))


@pytest.mark.parametrize(
    "twice", ["model", "messages", "stream", "max_tokens", "max_completion_tokens", "n", "stream_options", "Model", "MAX_TOKENS"]
)
def test_a_second_member_of_a_name_we_act_on_is_refused(twice: str) -> None:
    known = {"stream": False, "max_tokens": 5, "max_completion_tokens": 5, "n": 1, "stream_options": None}
    first = json.dumps({**HELLO, **known})[:-1]
    value = json.dumps({**HELLO, **known}[twice.lower()])
    assert refused(peek_chat(f'{first},"{twice}":{value}}}'.encode())) == twice.lower()


def test_a_second_prompt_or_input_is_refused() -> None:
    assert refused(peek_completions(b'{"model":"m","prompt":"a","prompt":"b"}')) == "prompt"
    assert refused(peek_completions(b'{"model":"m","prompt":"a","best_of":1,"best_of":9}')) == "best_of"
    assert refused(peek_embeddings(b'{"model":"m","input":"a","input":"b"}')) == "input"


def test_embeddings_make_no_output() -> None:
    assert ask(peek_embeddings(b'{"model":"m","input":"a"}')).max_output == 0


@pytest.mark.parametrize("peek", [peek_chat, peek_completions, peek_embeddings])
@pytest.mark.parametrize("bad", [b"", b"[]", b"{", b"\xff", b'{"model":"m"}', b"null"])
def test_no_operation_takes_a_body_it_cannot_read(peek: object, bad: bytes) -> None:
    assert callable(peek)
    assert isinstance(peek(bad), Fault)
