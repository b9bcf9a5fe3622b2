"""
Names with at most one ``*``: the patterns of access lists, and of model rows that serve many names.

Compiled once. A pattern with a second ``*`` matches nothing: what a pattern was meant to allow is not guessed at.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Globs:
    """An access list. ``allows`` costs a set look-up when no pattern has a ``*``."""

    __slots__ = ("_all", "_exact", "_open")

    def __init__(self, patterns: Iterable[str]) -> None:
        exact: set[str] = set()
        opened: list[tuple[str, str]] = []
        for pattern in patterns:
            start, star, end = pattern.partition("*")
            if not star:
                exact.add(pattern)
            elif "*" not in end:
                opened.append((start, end))
        self._all = ("", "") in opened
        self._exact = frozenset(exact)
        self._open = tuple(opened)

    def allows(self, name: str) -> bool:
        """A ``*`` stands for any text, also for none."""
        if self._all or name in self._exact:
            return True
        for start, end in self._open:  # noqa: SIM110  # a generator would double the cost
            if name.startswith(start) and name.endswith(end) and len(name) >= len(start) + len(end):
                return True
        return False

    __contains__ = allows


class Names(Generic[T]):
    """Rows by the name callers ask for: exact names first, then the pattern with the longest literal part (gateway.md 2.2)."""

    __slots__ = ("_exact", "_open")

    def __init__(self, rows: Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, tuple[T, str]] = {}
        opened: list[tuple[str, str, T]] = []
        for name, row in rows:
            start, star, end = name.partition("*")
            if not star:
                self._exact[name] = (row, "")
            elif "*" not in end:
                opened.append((start, end, row))
        # Equal lengths: the longer beginning, then the alphabet, so that the order of a file never decides.
        opened.sort(key=lambda found: (-len(found[0]) - len(found[1]), -len(found[0]), found[0], found[1]))
        self._open = tuple(opened)

    def find(self, name: str) -> tuple[T, str] | None:
        """The row and what its ``*`` stands for ("" for an exact name), or None. Here a ``*`` stands for something."""
        found = self._exact.get(name)
        if found is not None:
            return found
        for start, end, row in self._open:
            if name.startswith(start) and name.endswith(end) and len(name) > len(start) + len(end):
                return row, name[len(start) : len(name) - len(end)]
        return None
