"""Caller keys (``api_keys``): what callers present, as a hash, and what they may do. The key itself is never kept."""

from typing import Annotated

from msgspec import Meta

from lockgate.model.resources.words import U32, U64, Block, Glob, Moment, Nullable, RateLimit, Resource, Text


class McpAccess(Block, frozen=True, kw_only=True):
    """This key's layer of the access rules for MCP tools."""

    allow: tuple[str, ...]
    """Tools allowed."""
    deny: tuple[str, ...] = ()
    """Tools denied; wins over ``allow``."""


class McpRateLimit(Block, frozen=True, kw_only=True):
    """Limits for one MCP server. There are no token limits."""

    rps: Nullable[U64] = None
    """Calls per second."""
    rpm: Nullable[U64] = None
    """Calls per minute."""
    rph: Nullable[U64] = None
    """Calls per hour."""
    rpd: Nullable[U64] = None
    """Calls per day."""
    concurrency: Nullable[U32] = None
    """Calls at the same time."""


class ApiKey(Resource, frozen=True, kw_only=True):
    key_hash: Annotated[str, Meta(min_length=1, extra={"form": "sha256"})]
    """SHA-256 of the key, 64 lower-case hexadecimal digits. A file may name an environment variable that holds the key
    instead, as ``key_env``; only its hash is kept."""
    allowed_models: tuple[Glob, ...]
    """Names of models the key may use, each with at most one ``*``. An empty list denies every model."""
    allowed_agents: Nullable[tuple[Glob, ...]] = None
    """Names of agents the key may call; none when left out."""
    allowed_routes: Nullable[tuple[Glob, ...]] = None
    """Names of passthrough routes the key may use; none when left out."""
    mcp_access: Nullable[McpAccess] = None
    """MCP tools the key may call."""
    mcp_rate_limits: Nullable[dict[str, McpRateLimit]] = None
    """Limits per MCP server name."""
    rate_limit: Nullable[RateLimit] = None
    """Limits of this key."""
    expires_at: Nullable[Moment] = None
    """The last instant at which the key is valid; never expires when left out."""
    disabled: bool = False
    """True refuses the key."""
    team_id: Nullable[Text] = None
    """Team the key belongs to."""
    user_id: Nullable[Text] = None
    """Person the key belongs to."""
    user_name: Nullable[str] = None
    """Name of that person, as a label."""
    display_name: Nullable[str] = None
    """Name of the key. A file must give one, because the key's id is derived from it."""
    jwt_provider: Nullable[Text] = None
    """Name of the OIDC provider whose tokens can run as this key."""
    jwt_subject: Nullable[Text] = None
    """Subject of such a token."""

    def __repr__(self) -> str:
        return f"ApiKey(id={self.id!r}, display_name={self.display_name!r})"
