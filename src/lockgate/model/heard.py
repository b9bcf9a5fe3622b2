"""
What a stream's output said, kept to be counted when its provider reports no usage; as content, which shows nothing of itself.

The text is kept up to a bound; beyond it only its length grows. Pieces are joined now and then, since a token is a few letters
and an object of its own costs ten times that.
"""

from lockgate.model.content import Purpose

KEPT_CHARACTERS = 32 * 1024
_JOIN_AT = 128


class Heard:
    """``byte_count`` is the length of all output in UTF-8."""

    __slots__ = ("__pieces", "_kept", "byte_count")

    def __init__(self) -> None:
        self.byte_count = 0
        self._kept = 0
        self.__pieces: list[str] = []

    def add(self, text: str) -> None:
        length = len(text)
        self.byte_count += length if text.isascii() else len(text.encode(errors="replace"))
        if self._kept < KEPT_CHARACTERS:
            self._kept += length
            pieces = self.__pieces
            pieces.append(text)
            if len(pieces) > _JOIN_AT:
                pieces[:] = ["".join(pieces)]

    def open(self, purpose: Purpose) -> tuple[str, float]:
        """The text that was kept, and how many times longer all of it was."""
        if purpose.__class__ is not Purpose:
            raise TypeError("content opens only for a Purpose")
        text = "".join(self.__pieces)
        kept_bytes = len(text.encode(errors="replace"))
        return text, self.byte_count / kept_bytes if kept_bytes else 1.0

    def __repr__(self) -> str:
        return f"<content, {self.byte_count} bytes>"
