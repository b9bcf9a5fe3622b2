"""
One row of a resources document to a resource: environment, second spellings, names for ids, then type and rules.
Every problem of the row is found in one go; of several about one field only the first is told.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from lockgate.core.providers.sign.reference import reference
from lockgate.core.publishing import rules
from lockgate.core.publishing.forms import ENVIRONMENT_NAME
from lockgate.core.publishing.identity import derived_id, naming_fields
from lockgate.core.publishing.interpolate import interpolate
from lockgate.core.publishing.walk import Report, examine, meant
from lockgate.model.resources.kinds import ALIASES, KINDS
from lockgate.model.resources.secret import decode

HEADER_VALUES = {"provider_keys": "request.default_headers"}
"""Where header variables are allowed, by kind."""

Row = dict[str, Any]


class Context(msgspec.Struct, frozen=True):
    """What a row is read against. ``env`` None: a document whose texts are final. ``ids``: names to ids, by kind."""

    env: Mapping[str, str] | None
    tolerant: bool = False
    ids: Mapping[str, Mapping[str, str]] = {}


def fill(kind: str, row: Row, context: Context, report: Report) -> Row:
    """The row with the environment put into its texts and one spelling per field."""
    if context.env is not None:
        row = interpolate(row, context.env, "", report.say, HEADER_VALUES.get(kind))
    return _one_spelling(kind, row, report)


def read(kind: str, row: Row, context: Context, report: Report) -> Any:
    """The resource, or None when the report has a problem. ``row`` has been filled."""
    row = _sugar(kind, row, context, report)
    if kind == "models" and context.tolerant:
        row = _without_unread(row, report)
    clean = examine(row, KINDS[kind], report)
    for rule in rules.RULES.get(kind, ()):
        for field, sentence in rule(row):
            report.say(field, sentence)
    return None if report.problems else msgspec.convert(clean, KINDS[kind], dec_hook=decode)


def _one_spelling(kind: str, row: Row, report: Report) -> Row:
    """Both spellings of a field are the same field only when they say the same."""
    for alias, name in ALIASES.get(kind, {}).items():
        if alias not in row:
            continue
        if name in row and row[name] != row[alias]:
            report.say(alias, f"is another spelling of {name}, and the two differ; give one")
        row = {(name if field == alias else field): value for field, value in row.items() if field != alias or name not in row}
        report.spelt[name] = alias
    return row


def _sugar(kind: str, row: Row, context: Context, report: Report) -> Row:
    if kind == "api_keys":
        if not row.get("display_name") and not (context.tolerant and row.get("id")):
            report.say("display_name", "is missing; the key's id is derived from it")
        return _hashed(row, context, report) if "key_env" in row else row
    if kind == "models" and "provider_key" in row:
        return _referred(row, context, report)
    if kind == "provider_keys":
        _reference_set(row.get("api_key"), context, report)
    return row


def _reference_set(secret: object, context: Context, report: Report) -> None:
    """A credential given as ``env:NAME`` is read when it is used; here it is only seen that there is one."""
    kind, name = (reference(secret) if isinstance(secret, str) else None) or ("", "")
    if kind == "env" and context.env is not None and ENVIRONMENT_NAME.fullmatch(name) and not context.env.get(name):
        report.say("api_key", f"refers to the environment variable {name}, which is not set or empty")


def _hashed(row: Row, context: Context, report: Report) -> Row:
    """``key_env`` names the variable that holds the key. Only the hash goes on."""
    row = dict(row)
    name = row.pop("key_env")
    if "key_hash" in row:
        report.say("key_env", "cannot stand beside key_hash; remove one of them")
        return row
    row["key_hash"] = "0" * 64  # so that nothing more is said about a missing hash
    if not isinstance(name, str) or not ENVIRONMENT_NAME.fullmatch(name):
        report.say("key_env", "must be the name of an environment variable")
    elif not (key := (context.env or {}).get(name)):
        report.say("key_env", f"names the environment variable {name}, which is not set or empty")
    else:
        row["key_hash"] = sha256(key.encode()).hexdigest()
    return row


def _referred(row: Row, context: Context, report: Report) -> Row:
    """``provider_key`` is a name; the row goes on with the id."""
    row = dict(row)
    name = row.pop("provider_key")
    if "provider_key_id" in row:
        report.say("provider_key", "cannot stand beside provider_key_id; remove one of them")
        return row
    known = context.ids.get("provider_keys", {})
    row["provider_key_id"] = "unknown"
    if not isinstance(name, str) or not name:
        report.say("provider_key", "must be the display_name of a provider key")
    elif name in known:
        row["provider_key_id"] = known[name]
    elif context.tolerant:
        row["provider_key_id"] = derived_id("provider_keys", name)
    else:
        report.say("provider_key", f"names no provider key of this file{meant(name, known)}")
    return row


def _without_unread(row: Row, report: Report) -> Row:
    unread = [field for field in rules.INAPPLICABLE[rules.shape_of(row)] if field in row]
    for field in unread:
        report.skip(f"inapplicable:{field}")
    return {field: value for field, value in row.items() if field not in unread} if unread else row


def name_field(kind: str) -> str:
    """The field a duplicate name is reported at."""
    return next(iter(naming_fields(kind)), "")
