"""Provider keys: a credential for one upstream, with everything that is particular to that upstream."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from lockgate.model.resources.words import Block, Cidr, Glob, HeaderName, Nullable, Resource, SecretText, Text, Url

CREDENTIAL_HEADERS = ("authorization", "cookie", "set-cookie", "x-api-key")

HeaderTemplate = Annotated[str, Meta(extra={"form": "header_template"})]


class ParamConstraints(Block, frozen=True, kw_only=True):
    temperature_min: Nullable[float] = None
    """A lower ``temperature`` is raised to this."""
    temperature_max: Nullable[float] = None
    """A higher ``temperature`` is lowered to this."""


class RequestOverrides(Block, frozen=True, kw_only=True):
    """What is changed in every request sent with this key, in the order renames, constraints, defaults."""

    param_renames: dict[str, Text] = {}
    """Top-level body members to rename: old name to new name."""
    param_constraints: Nullable[ParamConstraints] = None
    """Bounds that a parameter is moved into."""
    default_body_fields: dict[str, Any] = {}
    """Top-level body members added when the caller left them out."""
    default_headers: dict[HeaderName, HeaderTemplate] = {}
    """Header fields added when absent. Values may contain variables such as ``${request.id}``; a header whose variables
    do not all resolve is dropped."""
    forward_client_headers: tuple[Glob, ...] = ()
    """Names of the caller's header fields to forward, each with at most one ``*``. Nothing is forwarded by default."""

    def __repr__(self) -> str:
        # Values of headers and body members may be credentials: show what is overridden, not with what.
        return f"RequestOverrides(headers={sorted(self.default_headers)}, body={sorted(self.default_body_fields)})"


class ResponseOverrides(Block, frozen=True, kw_only=True):
    """How this upstream's answers differ from its dialect."""

    stream_done_marker: Nullable[Literal["required", "optional", "none"]] = None
    """Whether a stream must end with the dialect's terminator."""
    content_list_to_string: bool = False
    """Flatten lists of text blocks into one string before sending the request."""
    reasoning_field: Nullable[str] = None
    """Dotted path of the reasoning text in an answer."""
    error_envelope: Nullable[str] = None
    """Kept for documents of other versions; nothing reads it."""


class ProviderKeyTls(Block, frozen=True, kw_only=True):
    ca_cert: Nullable[Annotated[str, Meta(extra={"form": "pem"})]] = None
    """PEM text of certificates to trust for this key's endpoint, besides the platform's."""
    verify: bool = True
    """False accepts any certificate from this key's endpoint."""


class TelemetryTags(Block, frozen=True, kw_only=True):
    """Labels copied to usage records."""

    kind: Nullable[Literal["catalog", "byo"]] = None
    """Whether the provider comes from the catalogue or is brought by its owner."""
    featured: bool = False
    """Whether the provider is a featured one."""
    branded_provider: Nullable[str] = None
    """The name under which the provider is shown."""
    byo_label: Nullable[str] = None
    """The owner's label of a brought provider."""
    pk_label: Nullable[str] = None
    """The owner's label of this key."""


class ProviderKey(Resource, frozen=True, kw_only=True):
    display_name: Text
    """Unique name, by which models refer to the key."""
    api_key: SecretText
    """The upstream's credential; also spelt ``secret``. Either the text itself, or ``env:NAME`` or ``file:PATH``. A JSON
    document for providers whose credential has several parts."""
    provider: str = ""
    """Who serves: a name of the catalogue, or any name together with ``adapter`` or ``api_base``."""
    adapter: Nullable[Literal["openai", "anthropic", "bedrock", "vertex", "azure-openai"]] = None
    """The wire family spoken, when the catalogue does not know the provider."""
    api_base: Nullable[Url] = None
    """Root of the upstream's API. Needed unless the catalogue knows the provider's."""
    request: Nullable[RequestOverrides] = None
    """Changes to every request."""
    response: Nullable[ResponseOverrides] = None
    """Peculiarities of the answers."""
    strip_headers: tuple[HeaderName, ...] = CREDENTIAL_HEADERS
    """Header fields that passthrough routes do not forward."""
    telemetry_tags: TelemetryTags = TelemetryTags()
    """Labels copied to usage records."""
    tls: Nullable[ProviderKeyTls] = None
    """How the upstream's certificate is checked."""
    allow_private: bool | tuple[Cidr, ...] = False
    """Whether the upstream may lie on a non-public address: true, or the networks allowed."""
