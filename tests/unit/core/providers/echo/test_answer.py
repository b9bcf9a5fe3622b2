"""Answers of the echo: bounds and counts. Their bytes are golden files of the scripts."""

import msgspec

from lockgate.core.providers.echo import answer
from lockgate.core.providers.echo.answer import Said
from lockgate.core.providers.echo.request import Asked, understand
from lockgate.model.operations import Operation


def said(text: str, **more: object) -> Said:
    body = msgspec.json.encode({"messages": [{"role": "user", "content": text}], **more})
    asked = understand(Operation.CHAT, body)
    assert isinstance(asked, Asked)
    return answer.say(asked, body)


def test_the_output_limit_counts_thoughts_and_words() -> None:
    cut = said("/reasoning a b c\nd e f", max_tokens=4)
    assert (cut.thoughts, cut.words, cut.finish) == (["a", " b", " c"], ["d"], "length")
    assert cut.usage is not None
    assert cut.usage["completion_tokens"] == 4
    none = said("/reasoning a b c\nd", max_tokens=2)
    assert (none.thoughts, none.words) == (["a", " b"], [])


def test_exactly_at_the_limit_is_not_cut() -> None:
    assert said("a b c", max_tokens=3).finish == "stop"


def test_the_earliest_stop_sequence_ends_the_text() -> None:
    assert said("one two three", stop=["three", "two", ""]).words == ["one", " "]
    assert said("one two", stop="x").words == ["one", " two"]


def test_usage_is_counted_or_given_or_withheld() -> None:
    assert said("a b").usage == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
    assert said("/usage 7 9\na").usage == {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}
    assert said("/usage none\na").usage is None


def test_an_answer_shows_nothing_of_what_was_said() -> None:
    assert "secret" not in repr(said("secret"))
