"""
The kinds of resource: the name of each collection in a resources file, and its type. A kind with several forms is a
union told apart by the field ``kind``.
"""

from typing import Any

from lockgate.model.resources.agents import A2aAgent, McpAuthSettings, McpPolicy, McpServer
from lockgate.model.resources.api_key import ApiKey
from lockgate.model.resources.exporter import AnyExporter
from lockgate.model.resources.guardrail import AnyGuardrail, GuardrailAttachment
from lockgate.model.resources.model import Model
from lockgate.model.resources.oidc import ClaimMapping, OidcProvider
from lockgate.model.resources.passthrough_route import PassthroughRoute
from lockgate.model.resources.policy import CachePolicy, RateLimitPolicy
from lockgate.model.resources.provider_key import ProviderKey

KINDS: dict[str, Any] = {
    "provider_keys": ProviderKey,
    "models": Model,
    "api_keys": ApiKey,
    "guardrails": AnyGuardrail,
    "guardrail_attachments": GuardrailAttachment,
    "cache_policies": CachePolicy,
    "rate_limit_policies": RateLimitPolicy,
    "observability_exporters": AnyExporter,
    "mcp_servers": McpServer,
    "mcp_policies": McpPolicy,
    "mcp_auth_settings": McpAuthSettings,
    "a2a_agents": A2aAgent,
    "passthrough_routes": PassthroughRoute,
    "oidc_providers": OidcProvider,
    "claim_mappings": ClaimMapping,
}

ALIASES: dict[str, dict[str, str]] = {
    "provider_keys": {"secret": "api_key"},
    "mcp_servers": {"display_name": "name"},
    "a2a_agents": {"display_name": "name"},
    "passthrough_routes": {"display_name": "name"},
}
"""Second spellings of fields, by kind: alias to name."""
