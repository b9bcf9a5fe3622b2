"""
Checks of a request body that hold for every dialect, and the sentences for bodies that fail them.

A sentence names the member and what was expected. It never repeats what the caller wrote there: that is content.
"""

from collections.abc import Iterable

import msgspec

from lockgate.core.wire import json_splice
from lockgate.model.faults import Fault, fault

UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""What decoding a body may raise."""

_SMALL_BYTES = 2048
_LONG_S, _KELVIN = "\u017f".encode(), "\u212a".encode()
"""The two characters beyond ASCII that some parsers take for letters of a member's name: an s and a k."""

_NOUNS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def unsound(body: bytes, acted_on: Iterable[bytes], missing: Iterable[bytes] = ()) -> Fault | None:
    """
    What decoding does not notice: bytes that are not UTF-8 in members it skipped, and members we act on of which the
    upstream might read another value than we did. ``acted_on`` are the quoted lower-case names of members known to be there,
    ``missing`` those that we would act on and that are not: nor may they be there in other letters.
    """
    plain = True
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            return fault("body_invalid", reason="The request body is not valid UTF-8.")
        plain = _LONG_S not in body and _KELVIN not in body
    if plain and len(body) <= _SMALL_BYTES and (b"\\" not in body or b"\\u" not in body):
        lowered = body.lower()
        for key in acted_on:
            if lowered.count(key) != 1:
                break
        else:
            for key in missing:
                if key in lowered:
                    break
            else:
                return None
    try:
        twice = json_splice.ambiguous(body, [key[1:-1].decode() for key in acted_on], [key[1:-1].decode() for key in missing])
    except json_splice.TooManyMembers:
        return fault("body_invalid", reason=f"The request body has more than {json_splice.MOST_MEMBERS} members.")
    except RecursionError as error:
        return unreadable(error, body)
    return fault("body_invalid", param=twice, reason=f"The request body has more than one member '{twice}'.") if twice else None


def unreadable(error: Exception, body: bytes) -> Fault:
    """The fault for one of UNREADABLE."""
    if isinstance(error, msgspec.ValidationError):
        return _misshapen(str(error))
    if isinstance(error, RecursionError):
        why = "is nested too deeply"
    elif isinstance(error, UnicodeDecodeError):
        why = "is not valid UTF-8"
    elif not body.strip():
        why = "is empty"
    elif "truncated" in str(error) and b"\\ud" not in body.lower():
        why = "is not valid JSON: it ends too early"
    elif "surrogate" in str(error) or "truncated" in str(error):
        why = "is not valid JSON: it holds half of a surrogate pair, or ends too early"
    else:
        # What the decoder says here names a kind of character and a place, never what stands there.
        why = f"is not valid JSON: {str(error).removeprefix('JSON is malformed: ')}"
    return fault("body_invalid", reason=f"The request body {why}.")


def invalid(param: str, what: str) -> Fault:
    """The fault for the member ``param``: ``what`` completes a sentence that begins with its name."""
    return fault("body_invalid", param=param, reason=f"'{param}' {what}.")


def _misshapen(said: str) -> Fault:
    """msgspec's words to ours. They hold the caller's value only for enumerations, which is the one form not taken over."""
    problem, _, where = said.partition(" - at ")
    param = where.strip("`").removeprefix("$").removeprefix(".")
    if problem.startswith("Object missing required field "):
        field = problem.removeprefix("Object missing required field ").strip("`")
        return invalid(f"{param}.{field}" if param else field, "is required")
    if not param:
        return fault("body_invalid", reason="The request body must be a JSON object.")
    if problem.startswith("Expected ") and "Invalid" not in problem:
        expected, _, got = problem.removeprefix("Expected ").partition(", got ")
        kinds, _, bound = expected.removeprefix("`").partition("`")
        what = f"must be {_spoken(kinds)}{bound}"
        return invalid(param, what + (f", not {_spoken(got.strip('`'))}" if got else ""))
    return invalid(param, "has a value that is not allowed")


def _spoken(kinds: str) -> str:
    """``str | array | null`` in English."""
    nouns = [_NOUNS.get(kind, kind) for kind in kinds.split(" | ")]
    return nouns[0] if len(nouns) == 1 else ", ".join(nouns[:-1]) + " or " + nouns[-1]
