"""Counting: the scheme, the bounds, the choice of encoding. Exact vocabularies are tested in runtime/test_vocabulary.py."""

import pytest

from lockgate.core.metering.estimate import (
    CL100K,
    O200K,
    approximate,
    count,
    encoding_of,
    output_tokens,
    prompt_tokens,
    text_tokens,
    tokens_in,
)
from lockgate.model.chat import ChatRequest, Document, Image, Message, Part, Reasoning, Text, Tool, ToolCall, ToolResult


def words(text: str) -> int:
    return len(text.split())


def chat(*messages: Message, tools: tuple[Tool, ...] = ()) -> ChatRequest:
    return ChatRequest(messages, tools=tools)


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini", O200K),
        ("gpt-4.1", O200K),
        ("gpt-5-nano", O200K),
        ("o3", O200K),
        ("openai/gpt-4o", O200K),
        ("ft:gpt-4o-mini-2024-07-18:acme::x", O200K),
        ("gpt-4", CL100K),
        ("gpt-4-turbo", CL100K),
        ("GPT-3.5-Turbo", CL100K),
        ("gpt-35-turbo", CL100K),
        ("ft:gpt-3.5-turbo:acme::x", CL100K),
        ("text-embedding-3-small", CL100K),
        ("claude-sonnet-4-5", O200K),
        ("", O200K),
    ],
)
def test_the_encoding_follows_the_family(model: str, encoding: str) -> None:
    assert encoding_of(model) == encoding


@pytest.mark.parametrize(("length", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_a_length_alone_counts_a_token_for_four_bytes(length: int, tokens: int) -> None:
    assert tokens_in(length) == tokens
    assert approximate("x" * length) == tokens


def test_text_that_is_no_unicode_is_counted_too() -> None:
    assert approximate("a\ud800") == 1


def test_a_message_costs_three_a_name_one_and_the_answer_three() -> None:
    assert prompt_tokens(chat(), words) == 3
    assert prompt_tokens(chat(Message("user", (Text("one two"),))), words) == 3 + 3 + 1 + 2
    assert prompt_tokens(chat(Message("user", (Text("one two"),), name="ann")), words) == 3 + 3 + 1 + 2 + 1 + 1


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        (Reasoning("a b c"), 3),
        (ToolCall("id", "look", '{"a": 1}'), 3),
        (ToolResult("id", (Text("a b"), Image(url="u", detail="low"))), 87),
        (Image(url="u", detail="low"), 85),
        (Image(url="u"), 765),
        (Document(text="a b"), 2),
        (Document(url="u"), 1500),
    ],
)
def test_every_part_of_a_message_counts(part: Part, tokens: int) -> None:
    assert prompt_tokens(chat(Message("user", (part,))), words) == 7 + tokens


def test_tools_count_as_they_are_rendered() -> None:
    assert prompt_tokens(chat(tools=(Tool("f"),)), words) == 3 + len(["type", "f", "=", "()", "=>", "any;"])


def test_an_answer_counts_its_texts_and_calls() -> None:
    assert output_tokens((Text("a b"), ToolCall("i", "f", "{}")), words) == 4


def test_a_long_text_is_counted_in_samples() -> None:
    counted: list[int] = []

    def counter(text: str) -> int:
        counted.append(len(text))
        return len(text)

    assert count("x" * 1_000_000, counter) == 1_000_000
    assert sum(counted) == 32 * 1024


def test_samples_reach_both_ends() -> None:
    text = "a" + "x" * 100_000 + "b"
    assert count(text, lambda piece: piece.count("a") + piece.count("b")) > 0
    seen: list[str] = []
    count(text, lambda piece: seen.append(piece) or 0)  # type: ignore[func-returns-value]
    assert (seen[0][0], seen[-1][-1]) == ("a", "b")


def test_many_texts_have_one_bound() -> None:
    counted: list[int] = []

    def counter(text: str) -> int:
        counted.append(len(text))
        return len(text)

    assert text_tokens(["x" * 1000] * 1000, counter) == 1_000_000
    assert sum(counted) == 32 * 1024
    assert text_tokens(["", "ab", "c"], counter) == 3


def test_nothing_counts_nothing() -> None:
    assert count("", words) == 0
    assert text_tokens([], words) == 0
