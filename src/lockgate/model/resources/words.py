"""
The words the resource types are spelt with: bounded numbers, texts of a known form, and what several kinds share.

``form`` names a check of ``core/publishing/forms.py`` that goes beyond what a type can say. A type with ``| None``
means "may be left out"; only ``Nullable`` fields may also be written as null.
Patterns hold for the whole text: the reader matches them from end to end; ``words`` says the pattern to people.
"""

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from lockgate.model.resources.secret import Secret

T = TypeVar("T")

Nullable = Annotated[T | None, Meta(extra={"null": True})]
"""A field that may be left out or written as null, which mean the same."""

Text = Annotated[str, Meta(min_length=1)]
U8 = Annotated[int, Meta(ge=0, le=255)]
U32 = Annotated[int, Meta(ge=0, le=4_294_967_295)]
U64 = Annotated[int, Meta(ge=0, le=9_223_372_036_854_775_807)]
Count32 = Annotated[int, Meta(ge=1, le=4_294_967_295)]
Count64 = Annotated[int, Meta(ge=1, le=9_223_372_036_854_775_807)]
I32 = Annotated[int, Meta(ge=-2_147_483_648, le=2_147_483_647)]
Status = Annotated[int, Meta(ge=100, le=599)]
ErrorStatus = Annotated[int, Meta(ge=400, le=599)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Meta(ge=0.0)]

Id = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern="^[A-Za-z0-9][A-Za-z0-9._:-]*$",
        extra={"words": "begin with a letter or digit, followed by letters, digits, '.', '_', ':' and '-'"},
    ),
]
"""The explicit id of a resource."""
Glob = Annotated[str, Meta(extra={"form": "glob"})]
"""A name with at most one ``*``."""
Cidr = Annotated[str, Meta(min_length=1, extra={"form": "cidr"})]
HeaderName = Annotated[str, Meta(extra={"form": "header_name"})]
Url = Annotated[str, Meta(extra={"form": "url"})]
Moment = Annotated[datetime, Meta(tz=True)]
"""An instant as RFC 3339 writes it, with its offset."""
SecretText = Annotated[Secret, Meta(extra={"form": "secret"})]
OptionalSecret = Annotated[Secret, Meta(extra={"form": "any_secret"})]
"""A secret that may be empty, as kinds allow whose authentication can be off."""


class Resource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every kind has. ``id`` is empty only until the resource is compiled into a snapshot."""

    id: Id = ""
    """Explicit id. Left out, the id is derived from the kind and the name, and stays the same across reloads."""


class Block(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A block inside a resource."""


class RateLimit(Block, frozen=True, kw_only=True):
    """Upper bounds per window. A bound that is left out does not exist; there is none per second or hour for tokens."""

    rps: Nullable[U64] = None
    """Requests per second."""
    rpm: Nullable[U64] = None
    """Requests per minute."""
    rph: Nullable[U64] = None
    """Requests per hour."""
    rpd: Nullable[U64] = None
    """Requests per day."""
    tpm: Nullable[U64] = None
    """Tokens per minute."""
    tpd: Nullable[U64] = None
    """Tokens per day."""
    concurrency: Nullable[U32] = None
    """Requests at the same time."""
