"""Tools and agents: MCP servers with their policies and settings, and A2A agents."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from lockgate.model.resources.words import Block, Cidr, Count64, Nullable, OptionalSecret, Resource, Text

ServerName = Annotated[str, Meta(min_length=1, pattern="^(?:[^_]|_[^_])*$")]
"""``__`` separates server and tool in the names of tools."""
SegmentName = Annotated[str, Meta(min_length=1, pattern="^[^/?#%\\s\\x00-\\x1f\\x7f-\\x9f]+$")]
"""One segment of a path, unescaped."""


class McpServer(Resource, frozen=True, kw_only=True):
    name: ServerName
    """Unique name without ``__``; also spelt ``display_name``."""
    url: Text
    """Address of the server, or of the REST API."""
    type: Literal["mcp", "openapi"] = "mcp"
    """An MCP server, or a REST API that an OpenAPI document describes."""
    transport: Literal["streamable_http"] = "streamable_http"
    """How the server is spoken to."""
    auth_type: Literal["none", "bearer", "api_key", "oauth2"] = "none"
    """How the server is signed in to."""
    secret: Nullable[OptionalSecret] = None
    """Token, key or client secret; needed unless ``auth_type`` is none."""
    client_id: Nullable[str] = None
    """Client id (oauth2)."""
    token_url: Nullable[str] = None
    """Where tokens are had (oauth2)."""
    scopes: Nullable[tuple[str, ...]] = None
    """Scopes asked for (oauth2)."""
    spec: Any = None
    """The OpenAPI document (openapi)."""
    api_key_header: Nullable[Text] = None
    """Header field of the key (openapi with auth_type api_key); ``x-api-key`` when left out."""
    protocol_version: Nullable[Literal["2026-07-28"]] = None
    """MCP version spoken; agreed upon when left out."""
    timeout_ms: Nullable[Count64] = None
    """Longest time per call; 30 seconds when left out."""
    enabled: bool = True
    """Whether the server is offered."""


class McpPolicy(Resource, frozen=True, kw_only=True):
    scope: Literal["env", "team"]
    """Whom it holds for: everybody or one team."""
    allow: tuple[str, ...]
    """Tools allowed."""
    scope_ref: Nullable[Text] = None
    """Id of the team (team)."""
    deny: tuple[str, ...] = ()
    """Tools denied; wins over ``allow``."""
    enabled: bool = True
    """Whether the policy counts."""


class McpAnonymousAccess(Block, frozen=True, kw_only=True):
    api_key_id: Text
    """Id of the caller key that such calls run as."""
    servers: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Names of the servers reached."""
    source_cidrs: Annotated[tuple[Cidr, ...], Meta(min_length=1)]
    """Networks calls may come from."""
    aggregate_entry: bool = False
    """Whether ``/mcp`` itself is reached too."""
    enabled: bool = True
    """Whether calls without a credential are served."""


class McpAuthSettings(Resource, frozen=True, kw_only=True):
    """There is one of these."""

    resource_url: Text | None = None
    """Public address of the MCP endpoint, ending in ``/mcp``."""
    anonymous: McpAnonymousAccess | None = None
    """Calls without a credential."""


class A2aAgent(Resource, frozen=True, kw_only=True):
    name: SegmentName
    """Unique name, one segment of a path; also spelt ``display_name``."""
    url: Text
    """Address of the agent."""
    auth_type: Literal["none", "bearer", "api_key"] = "none"
    """How the agent is signed in to."""
    secret: Nullable[OptionalSecret] = None
    """Token or key; needed unless ``auth_type`` is none."""
    protocol_version: Literal["1.0", "0.3"] = "1.0"
    """A2A version spoken."""
    timeout_ms: Nullable[Count64] = None
    """Longest time per call; 30 seconds when left out."""
    enabled: bool = True
    """Whether the agent is offered."""
