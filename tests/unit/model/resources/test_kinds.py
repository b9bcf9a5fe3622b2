"""
The kinds against examples of our own and, where they are at hand, against the published schemas of the resources.

The schemas are looked for in the folder RESOURCE_SCHEMAS or beside the repository; they are not part of it.
"""

import os
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.unit.model.resources.variations import variations, with_parts_of

from lockgate.core.publishing.document import parse
from lockgate.core.publishing.rows import Context, fill, read
from lockgate.core.publishing.walk import Report
from lockgate.model.resources.kinds import ALIASES, KINDS

ROOT = Path(__file__).parents[4]
ROWS = ROOT / "tests/golden/resources/rows"
SCHEMAS = Path(os.environ.get("RESOURCE_SCHEMAS", ROOT / "../shared/spec/resources"))

needs_schemas = pytest.mark.skipif(
    not (SCHEMAS / "model.schema.json").is_file(),
    reason="the schemas of the resources are not at hand; name their folder in RESOURCE_SCHEMAS",
)

SCHEMA_NAMES = {
    "cache_policies": "cache_policy",
    "rate_limit_policies": "rate_limit_policy",
    "mcp_policies": "mcp_policy",
    "mcp_auth_settings": "mcp_auth_settings",
}

STRICTER: dict[str, tuple[str, ...]] = {
    "provider_keys": (
        "api_base",
        "tls.ca_cert",
        "strip_headers",
        "request.default_headers",
        "request.forward_client_headers",
        "request.param_constraints",
        "provider",
    ),
    "models": ("allowed_cidrs", "model_name", "display_name"),
    "api_keys": ("key_hash", "display_name"),
    "mcp_auth_settings": ("anonymous.source_cidrs",),
    "passthrough_routes": ("source_cidrs",),
}
"""Texts whose form is checked here and not by the schemas, and the name that an id is derived from."""

OURS = ("id", "allow_private")

OPEN = ("cache_policies", "guardrail_attachments")
"""Kinds whose schemas let unknown fields pass."""

NULL_HERE = re.compile(r"(routing|ensemble|semantic)\.|rate_limit\.|limits\.")
"""Blocks that two schemas describe, one of which allows null. Null means "left out" in both readings."""


def rows(kind: str, case: str) -> list[dict[str, Any]]:
    found = parse((ROWS / f"{kind}.{case}.yaml").read_bytes())
    assert isinstance(found, list)
    return found


def problems(kind: str, row: Any) -> dict[str, str]:
    report = Report()
    context = Context(env=None)
    if not isinstance(row, dict):
        return {"": "must be a map"}
    value = read(kind, fill(kind, row, context, report), context, report)
    assert (value is None) == bool(report.problems)
    return report.problems


def schema_of(kind: str) -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads((SCHEMAS / f"{SCHEMA_NAMES.get(kind, kind.removesuffix('s'))}.schema.json").read_text())
    return found


def cases() -> list[tuple[str, str]]:
    return [(kind, case) for kind in KINDS for case in ("minimal", "full")]


@pytest.mark.parametrize(("kind", "case"), cases())
def test_examples_load(kind: str, case: str) -> None:
    for row in rows(kind, case):
        assert problems(kind, row) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_full_examples_use_every_field(kind: str) -> None:
    import msgspec

    used = {(row.get("kind"), key) for row in rows(kind, "full") for key in row}
    info = msgspec.inspect.type_info(KINDS[kind])
    assert isinstance(info, msgspec.inspect.StructType | msgspec.inspect.UnionType)
    types = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    for struct in types:
        assert isinstance(struct, msgspec.inspect.StructType)
        common = {"id", "name", "enabled", "hook_point", "enforcement_mode", "fail_open", "mandatory", "direction", "created_at"}
        for field in struct.fields:
            tags = {tag for tag, key in used if key == field.name}
            assert struct.tag in tags or (struct.tag is not None and field.name in common and tags), f"{kind} {struct.tag} {field.name}"


@needs_schemas
@pytest.mark.parametrize(("kind", "case"), cases())
def test_examples_are_valid_by_the_schemas(kind: str, case: str) -> None:
    validator = jsonschema_rs.validator_for(schema_of(kind))
    for row in rows(kind, case):
        assert [error.message for error in validator.iter_errors(_as_published(row))] == []


@needs_schemas
@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_and_we_agree_on_every_variation(kind: str) -> None:
    schema = schema_of(kind)
    validator = jsonschema_rs.validator_for(schema)
    small, large = rows(kind, "minimal"), rows(kind, "full")
    tried, wrong = 0, []
    for row in small + large:
        others = [other for other in large if other.get("kind") == row.get("kind")]
        made = [
            *variations(schema, _as_published(row)),
            *(part for other in others for part in with_parts_of(_as_published(row), _as_published(other))),
        ]
        for path, what, document in made:
            tried += 1
            valid, found = validator.is_valid(document), problems(kind, document)
            if valid != (not found) and not _excused(kind, path, what, document, valid, found):
                wrong.append((path, what, document if not path else _at(document, path), "valid" if valid else "invalid", found))
    assert wrong[:20] == []
    assert tried > 50


@needs_schemas
@pytest.mark.parametrize("block", ["routing", "ensemble", "semantic", "embedding", "rate_limit"])
def test_blocks_agree_with_the_schemas_of_their_own(block: str) -> None:
    schema = schema_of(block)
    validator = jsonschema_rs.validator_for(schema)
    wrong = []
    for row in rows("models", "full"):
        if block not in row:
            continue
        for path, what, document in variations(schema, row[block]):
            found = problems("models", {**row, block: document})
            if document is not None and validator.is_valid(document) != (not found):
                wrong.append((path, what, found))
    assert wrong == []


def _as_published(row: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that only we have."""
    return {key: value for key, value in row.items() if key not in OURS}


def _at(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        if isinstance(document, dict) and step not in document:
            return "(removed)"
        document = document[step]
    return document


def _excused(kind: str, path: tuple[str | int, ...], what: str, document: Any, valid: bool, found: dict[str, str]) -> bool:
    """Differences that are meant."""
    if valid:
        stricter = STRICTER.get(kind, ())
        if all(any(field == spot or field.startswith((f"{spot}[", f"{spot}.")) for spot in stricter) for field in found):
            return True
        if what == "unknown" and kind in OPEN:
            return True
        # Two spellings of one field that say different things.
        return any(alias in document and name in document for alias, name in ALIASES.get(kind, {}).items())
    dotted = ".".join(str(step) for step in path)
    return _at(document, path) is None and bool(NULL_HERE.match(dotted))
