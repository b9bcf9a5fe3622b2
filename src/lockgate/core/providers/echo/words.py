"""The echo's tokens: a token is a word with the white space before it, so that the tokens of a text join to the text."""

import re

_PIECE = re.compile(r"\s*\S+|\s+\Z")


def pieces(text: str) -> list[str]:
    return _PIECE.findall(text)


def count(text: str) -> int:
    return len(text.split())
