"""
Who a row is: its name within its kind, and an id that stays the same across reloads and machines.

A row keeps its ``id`` when it has one. Else the id is the UUID (version 5) of ``<kind>/<name>`` in the namespace below,
so that renaming a row makes another row of it, and nothing else does.
"""

from collections.abc import Mapping
from hashlib import sha1
from typing import Any
from uuid import UUID

NAMESPACE = UUID("5d2f6a0e-3c1b-5b7e-9a44-7e1c0f8f6d21")
"""Fixed for ever: state is kept by ids made in it."""

_NAMED_BY: dict[str, tuple[str, ...]] = {
    "provider_keys": ("display_name",),
    "models": ("display_name",),
    "api_keys": ("display_name",),
    "guardrail_attachments": ("guardrail_id", "scope_type", "scope_id"),
    "mcp_policies": ("scope", "scope_ref"),
    "mcp_auth_settings": (),
}
"""Fields that name a row, where it is not ``name``."""


def naming_fields(kind: str) -> tuple[str, ...]:
    return _NAMED_BY.get(kind, ("name",))


def name_of(kind: str, row: Mapping[str, Any]) -> str:
    """The row's name, "" when it has none (yet). A singleton is named after its kind."""
    fields = naming_fields(kind)
    if not fields:
        return kind
    if len(fields) == 1:
        name = row.get(fields[0])
        return name if isinstance(name, str) else ""
    # Several parts: "/" and "%" inside a part are escaped, so that no two rows share a name by accident.
    parts = [str(row.get(field) or "").replace("%", "%25").replace("/", "%2F") for field in fields]
    return "/".join(parts) if any(parts) else ""


def derived_id(kind: str, name: str) -> str:
    """RFC 9562, section 5.5. Written out because ``uuid.uuid5`` costs twice as much for thousands of rows."""
    digest = bytearray(sha1(NAMESPACE.bytes + f"{kind}/{name}".encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def id_of(kind: str, row: Mapping[str, Any]) -> str:
    """The row's id, "" when it has neither an id nor a name."""
    given = row.get("id")
    if isinstance(given, str) and given:
        return given
    name = name_of(kind, row)
    return derived_id(kind, name) if name else ""
