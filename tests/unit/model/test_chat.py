"""Neutral words hold content, so they do not show it."""

import pytest

from lockgate.model import chat
from lockgate.model.chat import ChatAnswer, ChatRequest, Message, Text, TextDelta, ToolCall, ToolResult, _Word

WORDS = [word for word in vars(chat).values() if isinstance(word, type) and issubclass(word, _Word) and word is not _Word]


@pytest.mark.parametrize(
    "word",
    [
        Text("secret"),
        TextDelta("secret"),
        ToolCall("c", "f", "secret"),
        Message("user", (Text("secret"),)),
        ChatRequest((Message("user", (ToolResult("c", (Text("secret"),)),)),)),
        ChatAnswer("x", "m", (Text("secret"),), "stop"),
    ],
)
def test_printing_a_word_shows_its_kind_and_nothing_else(word: _Word) -> None:
    assert repr(word) == str(word) == f"{word}" == f"<{type(word).__name__}>"


def test_all_words_are_frozen() -> None:
    assert len(WORDS) >= 18
    assert all(word.__struct_config__.frozen for word in WORDS)
