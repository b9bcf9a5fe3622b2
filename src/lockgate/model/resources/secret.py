"""
A secret of a resource: a credential somebody wrote down, or a reference to where it lies.

Printing, formatting, hashing, pickling or JSON-encoding a secret shows nothing of it, or raises. Two secrets
may be compared, because two snapshots must be told apart. ``reveal`` is the one way in.

References (``env:NAME``, ``file:PATH``) stay references here; the program that needs the value resolves them.
"""

from typing import NoReturn


class Secret:
    """``Secret(text).reveal()`` is text; everything else yields ``<secret>`` or raises TypeError."""

    __slots__ = ("__text",)
    __hash__ = None  # type: ignore[assignment]  # a secret is never a key

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        return self.__text

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self.__text == other.__text

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def decode(kind: type, value: object) -> object:
    """msgspec's ``dec_hook`` for the types of this room."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError("expected a string")
