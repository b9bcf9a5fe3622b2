"""
Observability exporters: where usage events are sent, one type per kind (field ``kind``). Credentials are never in the
resource: ``credential_ref`` names variables of the gateway's environment.
"""

from typing import Annotated, Literal

from msgspec import Meta

from lockgate.model.resources.secret import Secret
from lockgate.model.resources.words import Resource, Share, Text

ContentMode = Literal["metadata_only", "full"]
ContentBytes = Annotated[int, Meta(ge=1, le=1_048_576)]
_LOCAL = r"(:[0-9]+)?(/.*)?$"


class Exporter(Resource, frozen=True, kw_only=True, tag_field="kind"):
    """What every kind has."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    """Unique name."""
    enabled: bool = True
    """Whether events are sent."""


class OtlpHttp(Exporter, frozen=True, kw_only=True, tag="otlp_http"):
    """OpenTelemetry over HTTP."""

    endpoint: Annotated[str, Meta(pattern=r"^https://.+$|^http://(mock-otlp|otel-collector|127\.0\.0\.1|localhost)" + _LOCAL)]
    """Address of the collector. Without TLS only on this machine."""
    headers: dict[str, Secret] = {}
    """Header fields sent along."""
    sample_rate: Share | None = None
    """Share of the events sent; all when left out."""
    content_mode: ContentMode = "metadata_only"
    """Whether prompts and answers are sent too."""
    content_max_bytes: ContentBytes = 131_072
    """Most of one text that is sent."""


class AliyunSls(Exporter, frozen=True, kw_only=True, tag="aliyun_sls"):
    """Aliyun Simple Log Service."""

    endpoint: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]*\.aliyuncs\.com$|^http://(mock-sls|127\.0\.0\.1|localhost)(:[0-9]+)?$")]
    """Host of the service."""
    project: Text
    """Project at Aliyun."""
    logstore: Text
    """Log store of the project."""
    credential_ref: Text
    """Names the variables that hold the credential."""
    content_mode: ContentMode = "metadata_only"
    """Whether prompts and answers are sent too."""
    content_max_bytes: ContentBytes = 131_072
    """Most of one text that is sent."""


class Datadog(Exporter, frozen=True, kw_only=True, tag="datadog"):
    """Datadog logs."""

    site: Annotated[
        str,
        Meta(
            pattern=r"^((us3\.|us5\.|ap1\.|ap2\.)?datadoghq\.com|datadoghq\.eu|ddog-gov\.com)$|^(mock-datadog|127\.0\.0\.1|localhost)(:[0-9]+)?$"
        ),
    ]
    """Datadog site."""
    service: Text
    """Name of the service in Datadog."""
    credential_ref: Text
    """Names the variables that hold the credential."""
    ddsource: Text = "lockgate"
    """Source in Datadog."""
    tags: tuple[str, ...] = ()
    """Tags in Datadog."""
    content_mode: ContentMode = "metadata_only"
    """Whether prompts and answers are sent too."""
    content_max_bytes: ContentBytes = 131_072
    """Most of one text that is sent."""


class ObjectStore(Exporter, frozen=True, kw_only=True, tag="object_store"):
    """Files in an object store."""

    provider: Literal["s3", "gcs", "azure_blob"]
    """Kind of store."""
    bucket: Text
    """Bucket or container."""
    prefix: Text
    """Begins the names of the files."""
    region: Text | None = None
    """Region of the store."""
    endpoint: (
        Annotated[str, Meta(pattern=r"^https://.+$|^http://(minio|azurite|fake-gcs-server|fake-gcs|127\.0\.0\.1|localhost)" + _LOCAL)]
        | None
    ) = None
    """Address, where the provider's own is not wanted."""
    auth_mode: Literal["credential_ref", "cloud_identity"] = "credential_ref"
    """How the store is signed in to: with ``credential_ref``, or as the machine (not for azure_blob)."""
    credential_ref: Text | None = None
    """Names the variables that hold the credential."""
    compression: Literal["gzip", "none"] = "gzip"
    """How files are packed."""


AnyExporter = OtlpHttp | AliyunSls | Datadog | ObjectStore
