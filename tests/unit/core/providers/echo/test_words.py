"""Tokens of the echo."""

import pytest

from lockgate.core.providers.echo.words import count, pieces


@pytest.mark.parametrize("text", ["", " ", "a", "a b", "  a  b  ", "\n\na\tb\n", "日本 語", "a" * 100])
def test_pieces_join_to_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_a_piece_is_a_word_with_the_space_before_it() -> None:
    assert pieces("one  two three ") == ["one", "  two", " three", " "]
    assert count("one  two three ") == 3
