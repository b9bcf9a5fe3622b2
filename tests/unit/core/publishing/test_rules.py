"""Rules between fields, one by one. That they agree with the published schemas is tested with the kinds."""

from typing import Any

import pytest

from lockgate.core.publishing import rules
from lockgate.model.resources.kinds import KINDS

DIRECT = {"display_name": "m", "provider": "openai", "model_name": "m", "provider_key_id": "k"}
ROUTE = {"name": "r", "path_prefix": "/x", "target_url": "https://x.example", "provider_key_id": "k"}


def fields(kind: str, row: dict[str, Any]) -> list[str]:
    return [field for rule in rules.RULES[kind] for field, _ in rule(row)]


@pytest.mark.parametrize(
    ("kind", "row", "wrong"),
    [
        ("models", DIRECT, []),
        ("models", {}, ["provider", "model_name", "provider_key"]),
        ("models", {**DIRECT, "routing": {}}, ["provider", "model_name", "provider_key"]),
        ("models", {"routing": {}, "semantic": {}}, ["semantic"]),
        ("models", {"ensemble": {}, "timeout": 1, "retries": 1}, ["timeout", "retries"]),
        ("models", {**DIRECT, "display_name": "a*b*"}, ["display_name"]),
        ("models", {**DIRECT, "model_name": "a*"}, ["model_name"]),
        ("models", {**DIRECT, "display_name": "a*", "model_name": "b*"}, []),
        ("models", {**DIRECT, "display_name": 7, "model_name": None}, []),
        ("provider_keys", {"provider": "openai"}, []),
        ("provider_keys", {"provider": ""}, []),
        ("provider_keys", {"provider": "nobody-knows"}, ["provider"]),
        ("provider_keys", {"provider": "nobody-knows", "api_base": "https://x.example"}, []),
        ("provider_keys", {"request": {"param_constraints": {"temperature_min": 1, "temperature_max": 1}}}, []),
        (
            "provider_keys",
            {"request": {"param_constraints": {"temperature_min": 2, "temperature_max": 1}}},
            ["request.param_constraints.temperature_min"],
        ),
        ("provider_keys", {"request": {"param_constraints": {"temperature_min": "2", "temperature_max": 1}}}, []),
        ("guardrails", {"kind": "semantic", "fail_open": False}, ["fail_open"]),
        ("guardrails", {"kind": "pii", "fail_open": False}, []),
        ("rate_limit_policies", {}, ["scope", "scope_ref", "window", "max_requests"]),
        ("rate_limit_policies", {"limits": {}, "scope": "team"}, ["scope"]),
        ("rate_limit_policies", {"conditions": []}, ["conditions"]),
        ("rate_limit_policies", {"limits": {}, "conditions": [{"logic": "and"}]}, ["conditions[0]"]),
        (
            "rate_limit_policies",
            {"limits": {}, "conditions": [{"logic": "and", "children": [{"operator": "=="}]}]},
            ["conditions[0].children[0]"],
        ),
        ("rate_limit_policies", {"limits": {}, "conditions": [{"logic": "and", "children": [], "value": "x"}, 7]}, ["conditions[0]"]),
        (
            "rate_limit_policies",
            {"limits": {}, "schedules": [{}, {"dates": []}, {"dates": [], "days_of_week": []}]},
            ["schedules[0]", "schedules[2]"],
        ),
        ("observability_exporters", {"kind": "object_store"}, ["credential_ref"]),
        ("observability_exporters", {"kind": "object_store", "auth_mode": "cloud_identity", "provider": "azure_blob"}, ["auth_mode"]),
        ("observability_exporters", {"kind": "otlp_http"}, []),
        ("mcp_servers", {"auth_type": "oauth2", "secret": "x"}, ["client_id", "token_url"]),
        ("mcp_servers", {"spec": {}}, ["spec"]),
        ("mcp_servers", {"type": "openapi", "spec": {"swagger": "2.0"}}, ["spec"]),
        ("mcp_servers", {"type": "openapi", "api_key_header": "x-key"}, ["spec", "api_key_header"]),
        (
            "mcp_servers",
            {"type": "openapi", "spec": {}, "auth_type": "api_key", "secret": "x", "api_key_header": "x key"},
            ["api_key_header"],
        ),
        ("mcp_policies", {"scope": "team"}, ["scope_ref"]),
        ("mcp_policies", {"scope": "env"}, []),
        ("a2a_agents", {"auth_type": "bearer"}, ["secret"]),
        ("a2a_agents", {"auth_type": ["bearer"]}, []),
        ("passthrough_routes", ROUTE, []),
        ("passthrough_routes", {**ROUTE, "path_prefix": "/v1/x"}, ["path_prefix"]),
        ("passthrough_routes", {**ROUTE, "path_prefix": "/v1x"}, []),
        ("passthrough_routes", {**ROUTE, "hosts": []}, ["hosts"]),
        ("passthrough_routes", {**ROUTE, "preserve_host": True}, ["target_url", "hosts"]),
        ("passthrough_routes", {**ROUTE, "auth_mode": "anonymous"}, ["anonymous_key_id", "source_cidrs"]),
        ("passthrough_routes", {**ROUTE, "identity_header": "cookie"}, ["identity_header"]),
        ("passthrough_routes", {**ROUTE, "auth_header_name": "x-key", "anonymous_key_id": "k"}, ["auth_header_name", "anonymous_key_id"]),
        ("passthrough_routes", {**ROUTE, "credential_mode": "forward_client"}, ["provider_key_id"]),
        ("passthrough_routes", {}, ["path_prefix", "target_url", "provider_key_id"]),
    ],
)
def test_a_row_is_judged(kind: str, row: dict[str, Any], wrong: list[str]) -> None:
    assert fields(kind, row) == wrong


def test_rules_are_for_kinds_that_exist() -> None:
    assert set(rules.RULES) <= set(KINDS)
    assert set(rules.INAPPLICABLE) == {"direct", *rules.SHAPES}
    assert {field for unread in rules.INAPPLICABLE.values() for field in unread} <= set(KINDS["models"].__struct_fields__)
