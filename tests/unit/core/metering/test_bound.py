"""The bound holds for every text, whatever its tokens."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.metering.bound import input_bound
from lockgate.core.metering.estimate import prompt_tokens
from lockgate.model.chat import ChatRequest, Message, Text


def one_per_byte(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


@given(st.lists(st.text(max_size=200), max_size=20))
def test_no_request_of_text_costs_more_than_its_bound(texts: list[str]) -> None:
    messages = tuple(Message("user", (Text(text),)) for text in texts)
    body = msgspec.json.encode({"messages": [{"role": "user", "content": text} for text in texts]})
    assert prompt_tokens(ChatRequest(messages), one_per_byte) <= input_bound(len(body))


def test_an_empty_body_still_holds_what_a_provider_may_add() -> None:
    assert input_bound(0) > 0
