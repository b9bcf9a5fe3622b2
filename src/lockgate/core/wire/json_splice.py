"""
Edits of a JSON object's top-level members that leave every other byte as it was: nothing is decoded and encoded again.

Not a parser: what a value holds is skipped, and the body must have been accepted by msgspec before. Parsers differ on
which of two members of one name wins, so a body with such a pair is never edited: it raises DuplicateMember.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import msgspec

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode
_SMALL_BYTES = 2048
MOST_MEMBERS = 1024
_WHITESPACE = b" \t\n\r"
_NEAR_BYTES = 16
"""So far whitespace is looked at byte by byte, which is faster for the usual amount; what a caller piles up is not."""
_spaces = re.compile(rb"[ \t\n\r]*+").match
_string = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL).match
_QUOTE, _COLON, _COMMA, _CLOSE, _BACKSLASH, _SPACE = 34, 58, 44, 125, 92, 32


class DuplicateMember(ValueError):
    """Two top-level members have one name."""


class TooManyMembers(ValueError):
    """The object has more top-level members than anybody needs, and walking them all would take long."""


class _Member(msgspec.Struct, frozen=True):
    key: str
    start: int
    """Where the key's opening quote is."""
    value: int
    stop: int


def replace(body: bytes, key: str, value: bytes) -> bytes:
    """Give the top-level member ``key`` another value. The caller has decoded the body and knows that the member is there."""
    start, stop = place(body, key)
    return body[:start] + value + body[stop:]


def place(body: bytes, key: str) -> tuple[int, int]:
    """
    Where the value of the top-level member ``key`` begins and ends; KeyError when there is none and another place has the name.

    ``key`` is a plain name (letters, digits, ``_``). When its literal occurs once and no ``\\u`` could spell it
    differently, that occurrence is the member: the member exists, so it has to be written somewhere.
    """
    quoted, compact = _needles(key)
    if len(body) > _SMALL_BYTES:
        # Walking skips values faster than a search for short words reads them.
        return spans(body)[key]
    if b"\\" not in body:
        # As most are: written without spaces, and no string has an escape, so that the next quote ends it.
        at = body.find(compact)
        if at >= 0 and body.count(quoted) == 1:
            start = at + len(compact) - 1
            return start, body.index(b'"', start + 1) + 1
    if body.count(quoted) == 1 and (b"\\" not in body or b"\\u" not in body):
        at = body.index(quoted) + len(quoted)
        if body[at] != _COLON:
            at = _skip(body, at)
        if body[at] == _COLON:
            start = at + 1 if body[at + 1] > _SPACE else _skip(body, at + 1)
            if body[start] == _QUOTE:
                return start, _end_of_string(body, start)
    return spans(body)[key]


@lru_cache(maxsize=64)
def _needles(key: str) -> tuple[bytes, bytes]:
    """How a member of this name is written, and how with a string for its value when there are no spaces."""
    return b'"%b"' % key.encode(), b'"%b":"' % key.encode()


def spans(body: bytes) -> dict[str, tuple[int, int]]:
    """Where the value of each top-level member begins and ends, in the order of the body."""
    return {member.key: (member.value, member.stop) for member in _walk(body)}


def add(body: bytes, member: bytes) -> bytes:
    """Insert ``member`` (``"key":value``) at the end of the object."""
    close = body.rindex(b"}")
    last = close - 1
    if body[last] in _WHITESPACE:
        last = len(body[:close].rstrip(_WHITESPACE)) - 1
    comma = b"" if last == body.index(b"{") else b","
    return body[: last + 1] + comma + member + body[last + 1 :]


def remove(body: bytes, key: str) -> bytes:
    """Drop the top-level member ``key`` and one comma with it; the body unchanged when there is no such member."""
    members = _walk(body)
    for index, member in enumerate(members):
        if member.key == key:
            if index + 1 < len(members):
                return body[: member.start] + body[members[index + 1].start :]
            if index:
                return body[: members[index - 1].stop] + body[member.stop :]
            return body[: member.start] + body[member.stop :]
    return body


def has_duplicates(body: bytes) -> bool:
    """Whether two top-level members have one name. The body is a JSON object."""
    try:
        _walk(body)
    except DuplicateMember:
        return True
    return False


def ambiguous(body: bytes, keys: Iterable[str], missing: Iterable[str] = ()) -> str:
    """
    The first of ``keys`` under which some parser may find another value than ours, or nothing: the name occurs twice, or
    also in other letter case, which the parsers of several servers do not tell apart (Go's, for one, to which also the long
    s is an s and the Kelvin sign a k). Of ``missing`` names, which are not there as they are, any such spelling is one too many.
    May raise TooManyMembers.
    """
    if len(_members(body)) > MOST_MEMBERS:
        raise TooManyMembers
    try:
        names = [member.key for member in _walk(body)]
    except DuplicateMember:
        # Rare, so the plain way: the hook sees the pairs of every object, those of the outermost last.
        names = []

        def see(pairs: list[tuple[str, object]]) -> None:
            names[:] = [name for name, _ in pairs]

        json.loads(body, object_pairs_hook=see, parse_int=str, parse_float=str)
    folded = Counter(name.casefold() for name in names)
    return next((key for key in keys if folded[key] > 1), "") or next((key for key in missing if folded[key]), "")


def _walk(body: bytes) -> list[_Member]:
    """
    The members with their places. The decoder gives each value's length but keeps only the last of equal names, in the
    place of the first: so any disagreement between the body and what was decoded means that a name occurs twice.
    """
    members: list[_Member] = []
    at = body.index(b"{") + 1
    for key, raw in _members(body).items():
        start = _skip(body, at)
        key_stop = _end_of_string(body, start)
        value = _skip(body, _skip(body, key_stop) + 1)
        stop = value + len(memoryview(raw))
        at = _skip(body, stop)
        if body[value:stop] != bytes(raw) or body[at] not in (_COMMA, _CLOSE) or _text(body[start:key_stop]) != key:
            raise DuplicateMember
        members.append(_Member(key, start, value, stop))
        at += 1
    if members and body[at - 1] == _COMMA:
        raise DuplicateMember
    return members


def _skip(body: bytes, at: int) -> int:
    """The first position from ``at`` on that is not whitespace."""
    near = at + _NEAR_BYTES
    while body[at] in _WHITESPACE:
        at += 1
        if at == near:
            found = _spaces(body, at)
            return at if found is None else found.end()
    return at


def _end_of_string(body: bytes, start: int) -> int:
    """The position after the string whose opening quote is at ``start``."""
    at = body.index(b'"', start + 1)
    if body[at - 1] == _BACKSLASH:
        found = _string(body, start)
        if found is None:
            raise ValueError("a string does not end")
        return found.end()
    return at + 1
