"""Policies that cut across keys and models: rate limits and caching."""

from typing import Annotated, Literal

from msgspec import Meta

from lockgate.model.resources.words import U32, U64, Block, Count64, RateLimit, Resource, Share, Text

Dimension = Literal["team", "member", "api_key", "model", "model_name", "provider"]
Operator = Literal["==", "~=", "~~", "~*", "in", "has", ">", ">=", "<", "<=", "ipmatch"]
Clock = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
ClockTo24 = Annotated[str, Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Date = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class Condition(Block, frozen=True, kw_only=True):
    """A leaf (``dimension``, ``operator``, ``value``) or a group (``logic``, ``children``); either may be negated."""

    dimension: Dimension | None = None
    """What is looked at (leaf)."""
    operator: Operator | None = None
    """How it is compared (leaf)."""
    value: str | tuple[str, ...] | None = None
    """What it is compared with (leaf)."""
    logic: Literal["and", "or"] | None = None
    """How the children are combined (group)."""
    children: "tuple[Condition, ...] | None" = None
    """Leaves and groups (group)."""
    negate: bool = False
    """Turns the outcome round."""


class Schedule(Block, frozen=True, kw_only=True):
    """A recurring time in which a policy is suspended: on weekdays or on dates."""

    start_time: Clock
    """Begin, ``HH:MM``."""
    end_time: ClockTo24
    """End, ``HH:MM`` or ``24:00``; before the begin it is on the next day."""
    timezone: Text
    """IANA name of the timezone."""
    days_of_week: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Meta(min_length=1)] | None = None
    """Weekdays on which it begins."""
    dates: Annotated[tuple[Date, ...], Meta(min_length=1)] | None = None
    """Dates on which it begins."""


class RateLimitPolicy(Resource, frozen=True, kw_only=True):
    """Classic (``scope``, ``scope_ref``, ``window``, a maximum) or conditional (``limits`` and who they hold for)."""

    name: Text
    """Unique name."""
    scope: Literal["api_key", "model", "team", "member", "team_member"] | None = None
    """What is limited (classic)."""
    scope_ref: Text | None = None
    """Which one (classic)."""
    window: Literal["second", "minute", "hour", "day"] | None = None
    """Per what time (classic)."""
    max_requests: Count64 | None = None
    """Requests per window (classic)."""
    max_tokens: Count64 | None = None
    """Tokens per window (classic); has an effect per minute and per day."""
    conditions: tuple[Condition, ...] | None = None
    """All must hold (conditional)."""
    group_by: tuple[Literal["team", "member", "api_key", "model", "provider"], ...] | None = None
    """Each combination of these has limits of its own (conditional)."""
    limits: RateLimit | None = None
    """The limits (conditional)."""
    action: Literal["reject"] | None = None
    """What happens beyond them (conditional)."""
    schedules: tuple[Schedule, ...] = ()
    """Times in which the policy is suspended."""


class SemanticCache(Block, frozen=True, kw_only=True):
    """Answers similar questions from the cache too."""

    embedding_model: Text
    """Name of an embedding model."""
    threshold: Share
    """Similarity from which two questions count as the same."""
    embedding_timeout_ms: U64 | None = None
    """Longest time for embedding a question."""
    max_entries: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    """Most questions kept."""


class CachePolicy(Resource, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    """Unique name."""
    enabled: bool = True
    """Whether the policy counts."""
    backend: Literal["memory", "redis"] = "memory"
    """Where answers are kept."""
    ttl_seconds: Annotated[int, Meta(ge=1, le=604_800)] = 3600
    """How long."""
    applies_to: Annotated[str, Meta(min_length=1, max_length=255)] = "all"
    """``all``, ``model:<name>`` or ``api_key:<id>``."""
    scope: Literal["api_key", "env"] = "api_key"
    """Who shares answers."""
    purge_generation: U32 = 0
    """Raising it forgets everything kept."""
    semantic: SemanticCache | None = None
    """Similar questions."""
