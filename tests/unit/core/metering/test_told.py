"""What is kept of an upstream's words: ids that are ids, reasons that are known."""

import pytest

from lockgate.core.metering.told import FINISH_WORDS, OTHER, finish_word, id_word


@pytest.mark.parametrize(
    "said",
    [
        "chatcmpl-ABC123",
        "msg_bdrk_01X",
        "resp_0a=",
        "gpt-4o-2024-08-06",
        "us.anthropic.claude-3-5:0",
        "meta/llama@v1",
        "accounts/f/models/x~1+2",
        "",
    ],
)
def test_an_id_or_the_name_of_a_model_is_kept(said: str) -> None:
    assert id_word(said) == said


@pytest.mark.parametrize("said", ["a prompt", '{"a":1}', "line\nbreak", "ä", "a" * 257, "tab\t", "quote'", "\x00", "half\ud800"])
def test_text_where_an_id_belongs_is_not_kept(said: str) -> None:
    assert id_word(said) == ""


def test_known_reasons_are_kept_and_all_others_are_one_word() -> None:
    assert {finish_word(said) for said in FINISH_WORDS} == FINISH_WORDS
    assert [finish_word(said) for said in ("stop ", "myPassword", "a prompt", "STOP")] == [OTHER] * 4
