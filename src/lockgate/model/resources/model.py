"""
Models: the aliases callers name. A row has exactly one shape: direct (provider, model_name, provider_key_id), routing,
ensemble or semantic; ``core/publishing/rules.py`` says which fields go with which shape.
"""

from typing import Annotated, Literal

from msgspec import Meta

from lockgate.model.resources.words import (
    I32,
    U32,
    U64,
    Block,
    Cidr,
    Count32,
    Count64,
    ErrorStatus,
    NonNegative,
    Nullable,
    RateLimit,
    Resource,
    Share,
    Status,
    Text,
)

ProviderName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern="^[a-z0-9][a-z0-9._-]*$",
        extra={"words": "begin with a lower-case letter or digit, followed by lower-case letters, digits, '.', '_' and '-'"},
    ),
]


class Embedding(Block, frozen=True, kw_only=True):
    """Marks a model as an embedding model."""

    dimensions: Count32
    """Length of the vectors."""
    normalize: bool = True
    """Whether vectors are scaled to length one."""


class ModelCost(Block, frozen=True, kw_only=True):
    """US dollars per thousand tokens."""

    input_per_1k: NonNegative
    """Dollars per thousand input tokens."""
    output_per_1k: NonNegative
    """Dollars per thousand output tokens."""


class AutoPromptCaching(Block, frozen=True, kw_only=True):
    enabled: bool
    """Whether cache marks are added to requests that carry none."""
    ttl: Literal["5m", "1h"] = "5m"
    """How long the provider is asked to keep the marked part."""


class BackgroundModelCheck(Block, frozen=True, kw_only=True):
    """A small request made now and then to learn whether the model works."""

    enabled: bool
    """Whether the model is checked."""
    interval_seconds: Annotated[int, Meta(ge=5)]
    """Time between two checks."""
    timeout_seconds: Count64
    """Longest time a check may take."""
    prompt: Text
    """What is asked."""
    max_tokens: Count32
    """Longest answer asked for."""
    stale_after_seconds: Count64
    """Age at which an observation no longer counts."""
    ignore_statuses: tuple[Status, ...] = ()
    """Statuses that leave the model's health as it is; a timeout counts as 408."""


class Cooldown(Block, frozen=True, kw_only=True):
    """When a failing model is left alone, and for how long."""

    enabled: bool = True
    """Whether failures cool the model down."""
    default_seconds: U64 = 30
    """Length of a cooldown when the provider names none; 0 turns cooldowns off."""
    max_seconds: Count64 = 600
    """Longest cooldown a provider may ask for."""
    honor_retry_after: bool = True
    """Whether the provider's Retry-After sets the length."""
    trigger_statuses: tuple[Status, ...] = (401, 408, 429, 500, 502, 503, 504)
    """Statuses that start a cooldown."""
    trigger_on_timeout: bool = True
    """Whether a timeout starts one."""
    trigger_on_transport: bool = True
    """Whether a failed connection starts one."""


class RoutingTarget(Block, frozen=True, kw_only=True):
    model: Text
    """Name of a direct model."""
    weight: Nullable[U32] = None
    """Share of the traffic; 1 when left out, and 0 counts as 1."""
    priority: Nullable[I32] = None
    """Higher tiers are tried first; 0 when left out."""
    tags: Nullable[tuple[Text, ...]] = None
    """Tags a caller can ask for."""


class HashSource(Block, frozen=True, kw_only=True):
    type: Literal["header", "cookie", "api_key", "client_ip"]
    """What is hashed."""
    name: Nullable[Text] = None
    """Name of the header or cookie."""


class Routing(Block, frozen=True, kw_only=True):
    """A group of direct models with a strategy."""

    targets: Annotated[tuple[RoutingTarget, ...], Meta(min_length=1)]
    """Members of the group."""
    strategy: Literal["failover", "round_robin", "consistent_hash", "least_cost", "least_latency", "least_busy"] = "failover"
    """How members are ordered within a tier."""
    retries: Nullable[U32] = None
    """Further tries at the same member."""
    max_fallbacks: Nullable[U32] = None
    """Further members tried after the first; all when left out."""
    retry_on_429: Nullable[bool] = None
    """Whether a 429 is tried again."""
    fallback_on_statuses: Nullable[tuple[ErrorStatus, ...]] = None
    """Statuses that make the next member be tried."""
    when_all_unavailable: Nullable[Literal["fail", "try_anyway"]] = None
    """What happens when every member is unhealthy; ``fail`` when left out."""
    hash_on: Nullable[Annotated[tuple[HashSource, ...], Meta(min_length=1)]] = None
    """What ``consistent_hash`` hashes; the first source present counts."""


class PanelMember(Block, frozen=True, kw_only=True):
    model: Text
    """Name of a direct model."""
    temperature: Nullable[NonNegative] = None
    """Temperature for this member."""
    seed: Nullable[U64] = None
    """Seed for this member."""
    weight: Nullable[U32] = None
    """Kept for documents of other versions; nothing reads it."""


class Judge(Block, frozen=True, kw_only=True):
    model: Text
    """Name of the direct model that writes the answer."""
    synthesis_prompt: Nullable[Text] = None
    """Own prompt with the placeholders of the request and the candidates."""


class Ensemble(Block, frozen=True, kw_only=True):
    """Several models answer and a judge writes one answer."""

    panel: Annotated[tuple[PanelMember, ...], Meta(min_length=1)]
    """Who answers."""
    judge: Judge
    """Who writes the final answer."""
    min_responses: Nullable[Count32] = None
    """Answers needed; the smaller of 2 and the panel's size when left out."""
    timeout_ms: Nullable[U64] = None
    """Longest time per call."""


class SemanticRoute(Block, frozen=True, kw_only=True):
    name: Text
    """Name of the route."""
    examples: Annotated[tuple[Text, ...], Meta(min_length=1)]
    """Texts that belong to the route."""
    target: Text
    """Name of the model that serves it."""
    threshold: Nullable[Share] = None
    """Own threshold of the route."""
    description: Nullable[Text] = None
    """For readers; not used for matching."""


class SemanticMatch(Block, frozen=True, kw_only=True):
    threshold: Share
    """Similarity from which a route matches."""
    distance_metric: Literal["cosine"] = "cosine"
    """How similarity is measured."""
    aggregation: Literal["max"] = "max"
    """How the examples of a route are combined."""


class FailureTarget(Block, frozen=True, kw_only=True):
    target: Text
    """Name of the model that serves instead."""


class Semantic(Block, frozen=True, kw_only=True):
    """A router that chooses by meaning."""

    embedding_model: Text
    """Name of an embedding model."""
    routes: Annotated[tuple[SemanticRoute, ...], Meta(min_length=1)]
    """The routes."""
    default: Text
    """Name of the model that serves what no route matches."""
    match: SemanticMatch
    """When a route matches."""
    on_embedding_failure: Literal["default", "fail"] | FailureTarget | None = None
    """What happens when the text cannot be embedded."""
    embedding_timeout_ms: Nullable[U64] = None
    """Longest time for embedding the text."""


class Model(Resource, frozen=True, kw_only=True):
    display_name: Text
    """The alias callers name, unique. A direct model may have one ``*`` in it and then serves every name that fits."""
    provider: ProviderName | None = None
    """Who serves (direct)."""
    model_name: Text | None = None
    """The upstream's name of the model (direct). A ``*`` in it is replaced by what the alias's ``*`` stood for."""
    provider_key_id: Text | None = None
    """Id of the provider key (direct). A file may name it instead, as ``provider_key``."""
    routing: Routing | None = None
    """Makes this a routing group."""
    ensemble: Ensemble | None = None
    """Makes this an ensemble."""
    semantic: Semantic | None = None
    """Makes this a semantic router."""
    embedding: Embedding | None = None
    """Facts of an embedding model (direct)."""
    rate_limit: RateLimit | None = None
    """Limits of this model, all callers together."""
    allowed_cidrs: tuple[Cidr, ...] = ()
    """Networks from which the model may be used; everywhere when left out."""
    timeout: U64 | None = None
    """Milliseconds for a whole answer that is not streamed; 0 is no limit."""
    stream_timeout: U64 | None = None
    """Milliseconds until a stream's head and between two of its chunks; 0 takes ``timeout``."""
    retries: U32 | None = None
    """Further tries at the same target."""
    cost: ModelCost | None = None
    """Price, where the price book's is not wanted."""
    cooldown: Cooldown | None = None
    """When the model is left alone after failures (direct)."""
    background_model_check: BackgroundModelCheck | None = None
    """Checks made without a caller (direct)."""
    auto_prompt_caching: AutoPromptCaching | None = None
    """Adds cache marks to requests to Anthropic models (direct)."""
