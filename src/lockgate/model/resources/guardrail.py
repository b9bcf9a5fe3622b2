"""
Guardrails: checks of what goes in and comes out, one type per kind of check (field ``kind``), and attachments, which say
to whose traffic a guardrail applies. A guardrail without attachments applies to everything.
"""

from typing import Annotated, Literal

from msgspec import Meta

from lockgate.model.resources.words import I32, U8, U32, Block, Count64, Moment, Nullable, Resource, SecretText, Share, Text

Action = Literal["mask", "block"]
Window10k = Annotated[int, Meta(ge=1, le=10_000)]
Window2k = Annotated[int, Meta(ge=1, le=2_000)]
Name64 = Annotated[str, Meta(min_length=1, max_length=64)]
Replacement = Annotated[str, Meta(max_length=256)]
Category = Literal["Hate", "Sexual", "SelfHarm", "Violence"]


class Guardrail(Resource, frozen=True, kw_only=True, tag_field="kind"):
    """What every kind has."""

    name: Text
    """Unique name."""
    enabled: bool = True
    """Whether the guardrail runs."""
    hook_point: Literal["input", "output", "both"] = "both"
    """What is checked: requests, answers or both."""
    enforcement_mode: str = "block"
    """``block`` acts on what is found, ``monitor`` only reports it."""
    fail_open: bool = True
    """Whether traffic passes when the check itself fails."""
    mandatory: bool = False
    """Whether nobody below may switch it off."""
    direction: str = "both"
    """Kept for documents of other versions; nothing reads it."""
    created_at: Moment | None = None
    """Guardrails run in this order, those without a date last."""


class BedrockAwsCredentials(Block, frozen=True, kw_only=True, tag_field="kind", tag="static"):
    access_key_id: Text
    """Id of the AWS access key."""
    secret_access_key: SecretText
    """The AWS access key itself."""


class Serial(Block, frozen=True, kw_only=True, tag_field="kind", tag="serial"):
    """The check is waited for."""


class Timed(Block, frozen=True, kw_only=True, tag_field="kind", tag="timed"):
    """The check is waited for up to a time."""

    timeout_ms: Annotated[int, Meta(ge=100, le=5000)]
    """Longest wait."""


class KeywordLiteral(Block, frozen=True, kw_only=True, tag_field="kind", tag="literal"):
    value: Text
    """The text looked for."""


class KeywordRegex(Block, frozen=True, kw_only=True, tag_field="kind", tag="regex"):
    value: Text
    """The pattern looked for."""


class KeywordGuardrail(Guardrail, frozen=True, kw_only=True, tag="keyword"):
    """Looks for words and patterns."""

    patterns: tuple[KeywordLiteral | KeywordRegex, ...]
    """What is looked for."""


class BedrockGuardrail(Guardrail, frozen=True, kw_only=True, tag="bedrock"):
    """Asks an AWS Bedrock guardrail."""

    guardrail_id: Name64
    """Id of the guardrail at AWS."""
    guardrail_version: Annotated[str, Meta(min_length=1, max_length=16)]
    """Its version."""
    region: Text
    """AWS region."""
    aws_credentials: BedrockAwsCredentials
    """How AWS is signed in to."""
    latency_mode: Serial | Timed
    """How long is waited."""
    output_fail_open: bool = False
    """``fail_open`` for answers."""


class AzureContentSafety(Guardrail, frozen=True, kw_only=True, tag="azure_content_safety"):
    """Asks Azure AI Content Safety for prompt attacks."""

    endpoint: Text
    """Address of the Azure resource."""
    api_key: SecretText
    """Key of the Azure resource."""
    timeout_ms: U32 = 5000
    """Longest wait."""
    output_fail_open: bool = False
    """``fail_open`` for answers."""


class AzureTextModeration(Guardrail, frozen=True, kw_only=True, tag="azure_content_safety_text_moderation"):
    """Asks Azure AI Content Safety how harmful a text is."""

    endpoint: Text
    """Address of the Azure resource."""
    api_key: SecretText
    """Key of the Azure resource."""
    categories: tuple[Category, ...] = ("Hate", "Sexual", "SelfHarm", "Violence")
    """What is looked for."""
    severity_threshold: Annotated[int, Meta(ge=0, le=7)] = 2
    """From which severity a text is blocked."""
    severity_threshold_by_category: dict[str, U8] = {}
    """The same for single categories."""
    output_type: Literal["FourSeverityLevels", "EightSeverityLevels"] = "FourSeverityLevels"
    """How finely Azure grades."""
    blocklist_names: tuple[str, ...] = ()
    """Blocklists of the Azure resource."""
    halt_on_blocklist_hit: bool = False
    """Whether a blocklist hit ends the check."""
    text_source: Literal["concatenate_user_content", "concatenate_all_content"] = "concatenate_user_content"
    """Which messages are checked."""
    stream_processing_mode: Literal["window", "buffer_full"] = "window"
    """Whether a stream is checked piece by piece or as a whole."""
    window_size: Window10k = 10_000
    """Characters per piece."""
    window_overlap_size: U32 = 256
    """Characters two pieces share."""
    max_buffer_bytes: Count64 = 262_144
    """Most that is held back of a stream."""
    on_buffer_exceeded: str = "fail_closed"
    """What happens beyond that."""
    timeout_ms: U32 = 5000
    """Longest wait."""
    output_fail_open: bool = False
    """``fail_open`` for answers."""


class _Aliyun(Guardrail, frozen=True, kw_only=True):
    """What both Aliyun kinds have."""

    region: Text
    """Aliyun region."""
    access_key_id: Text
    """Id of the Aliyun access key."""
    access_key_secret: SecretText
    """The Aliyun access key itself."""
    endpoint: Text | None = None
    """Address, where the region's is not wanted."""
    window_size: Window2k = 2_000
    """Characters per piece."""
    window_overlap_size: U32 = 128
    """Characters two pieces share."""
    max_buffer_bytes: Count64 = 262_144
    """Most that is held back of a stream."""
    on_buffer_exceeded: str = "fail_closed"
    """What happens beyond that."""
    timeout_ms: U32 = 5000
    """Longest wait."""
    output_fail_open: bool = False
    """``fail_open`` for answers."""


class AliyunTextModeration(_Aliyun, frozen=True, kw_only=True, tag="aliyun_text_moderation"):
    """Asks Aliyun text moderation."""

    risk_level_threshold: Literal["low", "medium", "high"] = "high"
    """From which risk a text is blocked."""
    stream_processing_mode: Literal["window", "buffer_full"] = "window"
    """Whether a stream is checked piece by piece or as a whole."""


class AliyunAiGuardrail(_Aliyun, frozen=True, kw_only=True, tag="aliyun_ai_guardrail"):
    """Asks the Aliyun AI guardrail."""

    service_level: str = "pro"
    """Service level at Aliyun."""
    stream_processing_mode: str = "window"
    """Whether a stream is checked piece by piece or as a whole."""


class PiiDetector(Block, frozen=True, kw_only=True):
    type: Literal["email", "china_mobile", "china_id_card", "bank_card", "us_ssn", "ip_address", "api_key", "jwt", "private_key"]
    """What is looked for."""
    action: Action | None = None
    """What is done; the guardrail's ``default_action`` when left out."""


class PiiCustomPattern(Block, frozen=True, kw_only=True):
    name: Name64
    """Name of the pattern, by which finds are counted."""
    regex: Text
    """The pattern."""
    action: Action | None = None
    """What is done; the guardrail's ``default_action`` when left out."""
    replacement: Replacement | None = None
    """What a find is replaced by."""


class PiiGuardrail(Guardrail, frozen=True, kw_only=True, tag="pii"):
    """Looks for personal data here, asking nobody."""

    detectors: tuple[PiiDetector, ...] = ()
    """Built-in detectors to run."""
    custom_patterns: tuple[PiiCustomPattern, ...] = ()
    """Own patterns."""
    default_action: Action = "mask"
    """What is done with a find."""
    max_buffer_bytes: Count64 = 262_144
    """Most that is held back of a stream."""
    on_buffer_exceeded: str = "fail_closed"
    """What happens beyond that."""


class LakeraGuardrail(Guardrail, frozen=True, kw_only=True, tag="lakera"):
    """Asks Lakera Guard."""

    api_key: SecretText
    """Key at Lakera."""
    endpoint: Text | None = None
    """Address, where the public one is not wanted."""
    project_id: Text | None = None
    """Project at Lakera."""
    max_buffer_bytes: Count64 = 262_144
    """Most that is held back of a stream."""
    on_buffer_exceeded: str = "fail_closed"
    """What happens beyond that."""
    timeout_ms: U32 = 5000
    """Longest wait."""
    output_fail_open: bool = False
    """``fail_open`` for answers."""


class OpenaiModeration(Guardrail, frozen=True, kw_only=True, tag="openai_moderation"):
    """Asks OpenAI's moderation endpoint."""

    api_key: SecretText
    """Key at OpenAI."""
    endpoint: Text | None = None
    """Address, where the public one is not wanted."""
    model: Text = "omni-moderation-latest"
    """Moderation model."""
    category_thresholds: dict[str, float] = {}
    """From which score a category is blocked."""
    timeout_ms: U32 = 5000
    """Longest wait."""
    output_fail_open: bool = False
    """``fail_open`` for answers."""


class PresidioEntity(Block, frozen=True, kw_only=True):
    type: Text
    """Presidio's name of the entity."""
    action: Action | None = None
    """What is done; the guardrail's ``default_action`` when left out."""


class PresidioGuardrail(Guardrail, frozen=True, kw_only=True, tag="presidio"):
    """Asks Presidio servers of the operator's own."""

    analyzer_url: Text
    """Address of the analyzer."""
    anonymizer_url: Text
    """Address of the anonymizer."""
    entities: tuple[PresidioEntity, ...] = ()
    """What is looked for."""
    default_action: Action = "mask"
    """What is done with a find."""
    operator: Literal["replace", "mask", "hash", "redact"] = "replace"
    """How a find is masked."""
    language: Text = "en"
    """Language of the texts."""
    score_threshold: Share | None = None
    """From which score a find counts."""
    max_buffer_bytes: Count64 = 262_144
    """Most that is held back of a stream."""
    on_buffer_exceeded: str = "fail_closed"
    """What happens beyond that."""
    timeout_ms: U32 = 5000
    """Longest wait."""
    output_fail_open: bool = False
    """``fail_open`` for answers."""


class HotwordGroup(Block, frozen=True, kw_only=True):
    terms: Annotated[tuple[str, ...], Meta(min_length=1, max_length=50)]
    """Words of which one must be near."""


class SemanticCategory(Block, frozen=True, kw_only=True):
    name: Name64
    """Name of the category."""
    description: Annotated[str, Meta(min_length=1, max_length=1000)]
    """What belongs to it, in words."""
    candidate_patterns: Annotated[tuple[str, ...], Meta(min_length=1, max_length=10)]
    """Patterns of texts that may belong to it."""
    negative_patterns: Annotated[tuple[str, ...], Meta(max_length=20)] = ()
    """Patterns of texts that do not."""
    hotword_groups: Annotated[tuple[HotwordGroup, ...], Meta(max_length=10)] = ()
    """Words that must be near."""
    action: Literal["mask"] | None = None
    """What is done."""
    replacement: Replacement | None = None
    """What a find is replaced by."""
    threshold: Annotated[float, Meta(ge=-1.0, le=1.0)] | None = None
    """Similarity from which a text belongs to it."""


class SemanticGuardrail(Guardrail, frozen=True, kw_only=True, tag="semantic"):
    """Looks for meanings, by examples. It always fails open."""

    categories: Annotated[tuple[SemanticCategory, ...], Meta(min_length=1, max_length=30)]
    """What is looked for."""


AnyGuardrail = (
    KeywordGuardrail
    | BedrockGuardrail
    | AzureContentSafety
    | AzureTextModeration
    | AliyunTextModeration
    | AliyunAiGuardrail
    | PiiGuardrail
    | LakeraGuardrail
    | OpenaiModeration
    | PresidioGuardrail
    | SemanticGuardrail
)


class GuardrailAttachment(Resource, frozen=True, kw_only=True):
    guardrail_id: Text
    """Id of the guardrail."""
    scope_type: Literal["env", "model", "mcp_server", "api_key", "team", "passthrough_route"]
    """What kind of traffic it is attached to."""
    priority: I32
    """Of several attachments of one guardrail that fit, the highest counts."""
    scope_id: Nullable[str] = None
    """Id of what it is attached to."""
    env_id: Nullable[str] = None
    """Id of the environment."""
    enabled: bool = True
    """Whether the attachment counts."""
