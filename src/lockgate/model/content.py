"""
Content: any byte of a prompt or an answer, as a type that cannot leak by accident.

Rule 1: printing, formatting, hashing, pickling, comparing or JSON-encoding content shows nothing of it, or raises.
Rule 2: content opens only for a purpose from the closed list; a test names the modules that may open it.
Rule 3: bytes on their way through a relay may be local variables; what is kept on an object is Content.
"""

from enum import StrEnum
from typing import NoReturn


class Purpose(StrEnum):
    """Why content is opened (the privacy policy, section 3). There is no purpose for training or improvement."""

    ROUTE = "route"
    METER = "meter"
    CACHE = "cache"
    LIMIT = "limit"
    GUARD = "guard"
    LOG = "log"
    OBSERVE = "observe"
    SUPPORT = "support"


class Content:
    """Sealed bytes. ``open(purpose)`` is the only way in; everything else yields a marker or raises TypeError."""

    __slots__ = ("__data",)
    __hash__ = None  # type: ignore[assignment]  # content is never a key

    def __init__(self, data: bytes) -> None:
        self.__data = data

    def open(self, purpose: Purpose) -> bytes:
        if purpose.__class__ is not Purpose:
            raise TypeError("content opens only for a Purpose")
        return self.__data

    def __len__(self) -> int:
        return len(self.__data)

    def __repr__(self) -> str:
        return f"<content, {len(self.__data)} bytes>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("content is not compared; open it for a purpose")

    def __bytes__(self) -> NoReturn:
        raise TypeError("content is not converted; open it for a purpose")

    def __reduce__(self) -> NoReturn:
        raise TypeError("content is not pickled")

    def __copy__(self) -> NoReturn:
        raise TypeError("content is not copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("content is not copied")
