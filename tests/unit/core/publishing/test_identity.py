"""Names and ids of rows."""

from uuid import uuid5

import pytest

from lockgate.core.publishing.identity import NAMESPACE, derived_id, id_of, name_of, naming_fields


def test_ids_are_version_five_uuids_of_kind_and_name() -> None:
    for name in ("small", "ü", "", "a/b"):
        assert derived_id("models", name) == str(uuid5(NAMESPACE, f"models/{name}"))


def test_ids_never_change() -> None:
    """State is kept by them: this value may not be edited."""
    assert derived_id("models", "gpt-4o") == "accf53c8-d191-574c-b770-90d1e18746c9"


@pytest.mark.parametrize(
    ("kind", "row", "name"),
    [
        ("models", {"display_name": "small"}, "small"),
        ("models", {"name": "small"}, ""),
        ("models", {"display_name": 7}, ""),
        ("guardrails", {"name": "pii"}, "pii"),
        ("guardrail_attachments", {"guardrail_id": "g", "scope_type": "env"}, "g/env/"),
        ("guardrail_attachments", {"guardrail_id": "a/b", "scope_type": "env", "scope_id": "%"}, "a%2Fb/env/%25"),
        ("guardrail_attachments", {}, ""),
        ("mcp_policies", {"scope": "team", "scope_ref": "t"}, "team/t"),
        ("mcp_auth_settings", {}, "mcp_auth_settings"),
    ],
)
def test_names_are_made_of_the_naming_fields(kind: str, row: dict[str, object], name: str) -> None:
    assert name_of(kind, row) == name


def test_an_explicit_id_wins() -> None:
    assert id_of("models", {"id": "m1", "display_name": "small"}) == "m1"
    assert id_of("models", {"id": "", "display_name": "small"}) == derived_id("models", "small")
    assert id_of("models", {"id": 7, "display_name": "small"}) == derived_id("models", "small")
    assert id_of("models", {}) == ""


def test_kinds_without_a_rule_are_named_by_name() -> None:
    assert naming_fields("a2a_agents") == ("name",)
