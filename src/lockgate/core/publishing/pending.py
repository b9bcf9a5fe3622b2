"""
What can be declared but is not acted on yet: THE table. A resource that uses a row of it is refused, by that row's
sentence, rather than accepted and ignored. Whoever builds the feature deletes its row.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from lockgate.model.resources.provider_key import CREDENTIAL_HEADERS


class Pending(msgspec.Struct, frozen=True):
    """
    ``path`` is dotted, below a row of ``kind``; an empty path is the whole kind. Only the values in ``only`` are refused
    when there are any, all but those in ``but`` otherwise; absent, null and empty values never are.
    """

    kind: str
    path: str
    sentence: str
    only: tuple[Any, ...] = ()
    but: tuple[Any, ...] = ()


_ROUTING = "is not supported yet: give each row provider, model_name and provider_key instead"
_LIMITS = "is not supported yet: remove it, or set the limit at the provider"
_JWT = "is not supported yet: callers authenticate with caller keys only"
_MCP = "is not supported yet: there are no MCP endpoints"
_FAILOVER = "is not supported yet: every request is tried once, with one target"

PENDING: tuple[Pending, ...] = (
    Pending("provider_keys", "adapter", "names a wire family that is not supported yet; use openai, anthropic or azure-openai", only=("bedrock", "vertex")),
    Pending("provider_keys", "response.error_envelope", "has no effect anywhere; remove it"),
    Pending("provider_keys", "strip_headers", "is for passthrough routes, which are not supported yet; remove it", but=(CREDENTIAL_HEADERS,)),
    Pending("models", "routing", _ROUTING),
    Pending("models", "ensemble", _ROUTING),
    Pending("models", "semantic", _ROUTING),
    Pending("models", "rate_limit", _LIMITS),
    Pending("models", "retries", _FAILOVER, but=(0,)),
    Pending("models", "cooldown", _FAILOVER),
    Pending("models", "background_model_check", "is not supported yet: models are only tried by requests"),
    Pending("api_keys", "rate_limit", _LIMITS),
    Pending("api_keys", "mcp_access", _MCP),
    Pending("api_keys", "mcp_rate_limits", _MCP),
    Pending("api_keys", "jwt_provider", _JWT),
    Pending("api_keys", "jwt_subject", _JWT),
    Pending("api_keys", "allowed_agents", "is not supported yet: there are no A2A endpoints"),
    Pending("api_keys", "allowed_routes", "is not supported yet: there are no passthrough routes"),
    Pending("guardrails", "", "are not supported yet: nothing would be checked"),
    Pending("guardrail_attachments", "", "are not supported yet: there are no guardrails"),
    Pending("cache_policies", "", "are not supported yet: no answer is cached"),
    Pending("rate_limit_policies", "", "are not supported yet: no limit would be kept"),
    Pending("observability_exporters", "", "are not supported yet: use the metrics listener and the access log"),
    Pending("mcp_servers", "", "are not supported yet: there are no MCP endpoints"),
    Pending("mcp_policies", "", "are not supported yet: there are no MCP endpoints"),
    Pending("mcp_auth_settings", "", "are not supported yet: there are no MCP endpoints"),
    Pending("a2a_agents", "", "are not supported yet: there are no A2A endpoints"),
    Pending("passthrough_routes", "", "are not supported yet: only the listed endpoints are served"),
    Pending("oidc_providers", "", "are not supported yet: callers authenticate with caller keys only"),
    Pending("claim_mappings", "", "are not supported yet: callers authenticate with caller keys only"),
)  # fmt: skip

WHOLE: dict[str, str] = {row.kind: row.sentence for row in PENDING if not row.path}
"""Kinds that are refused as a whole."""

_BY_KIND: dict[str, tuple[tuple[Pending, tuple[str, ...]], ...]] = {
    kind: tuple((row, tuple(row.path.split("."))) for row in PENDING if row.kind == kind and row.path)
    for kind in dict.fromkeys(row.kind for row in PENDING)
}


def refusals(kind: str, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, sentence) for everything in this row that is not acted on yet."""
    for pending, path in _BY_KIND.get(kind, ()):
        value: Any = row
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None or value == [] or value == {}:
            continue
        if isinstance(value, list):
            value = tuple(item if isinstance(item, str) else "" for item in value)
        if _refused(value, pending):
            yield pending.path, pending.sentence


def _refused(value: Any, pending: Pending) -> bool:
    if pending.only:
        return value in pending.only
    # False is not the 0 that a row may except.
    return not (value in pending.but and value.__class__ in {item.__class__ for item in pending.but})
