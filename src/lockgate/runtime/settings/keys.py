"""
The keys of the settings file, as types: names, defaults, bounds and, below each key, what it is for.

Units are in the names. The reference page is generated from here. Reading is ``read.py``.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from lockgate import __version__
from lockgate.model.resources.words import U32, U64, Cidr, HeaderName, Nullable, Text

Address = Annotated[str, Meta(extra={"form": "listen_address"})]
Place = Annotated[str, Meta(min_length=1, extra={"place": True})]
"""A file or folder. ``read.py`` takes one that a settings file names as relative to that file's folder."""
Edges = Annotated[tuple[Annotated[float, Meta(gt=0)], ...], Meta(max_length=64)]
Seconds = Annotated[int, Meta(ge=0, le=31_536_000)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A level of the settings file."""


class ListenerTls(Section, frozen=True, kw_only=True):
    cert_file: Place
    """PEM file with the certificate and its chain."""
    key_file: Place
    """PEM file with the private key."""


class RealIp(Section, frozen=True, kw_only=True):
    trusted_proxies: tuple[Cidr, ...] = ()
    """Networks of proxies that may say who the caller is. Without any, the header is ignored."""
    recursive: bool = True
    """Whether trusted addresses in the header are skipped, from right to left, until one that is not trusted."""
    header: HeaderName = "x-forwarded-for"
    """The header field that carries the caller's address."""


class RequestId(Section, frozen=True, kw_only=True):
    accept_headers: tuple[HeaderName, ...] = ()
    """Header fields a caller's request id is taken from, in this order. Left out: the header prefix with ``request-id``."""


class Limits(Section, frozen=True, kw_only=True):
    """What one caller may send, and how long it may take."""

    line_bytes: Annotated[int, Meta(ge=1024, le=1_048_576)] = 16_384
    """Longest request line."""
    headers_bytes: Annotated[int, Meta(ge=1024, le=16_777_216)] = 65_536
    """All header fields together."""
    headers_count: Annotated[int, Meta(ge=1, le=10_000)] = 256
    """Number of header fields."""
    header_timeout_secs: Seconds = 30
    """Time from the first byte to the end of the header fields; 0 is no limit."""
    body_timeout_secs: Seconds = 60
    """Longest gap between two pieces of a body; 0 is no limit."""
    write_timeout_secs: Seconds = 60
    """How long a caller may read nothing of what is waiting for it; 0 is no limit."""


class Proxy(Section, frozen=True, kw_only=True):
    addr: Address = "0.0.0.0:3000"
    """Where callers connect."""
    request_body_limit_bytes: U64 = 0
    """Longest request body; 0 is no limit."""
    tls: Nullable[ListenerTls] = None
    """Makes the listener speak HTTPS."""
    real_ip: RealIp = RealIp()
    """How the caller's address is found behind proxies."""
    request_id: RequestId = RequestId()
    """Where request ids come from."""
    limits: Limits = Limits()
    """Bounds of a request."""


class Prometheus(Section, frozen=True, kw_only=True):
    enabled: bool = True
    """Whether the status listener runs. It serves the metrics and ``/status/…``."""
    path: Annotated[
        str,
        Meta(pattern="^/[A-Za-z0-9._~/-]*$", extra={"words": "begin with '/', followed by letters, digits, '.', '_', '~', '/' and '-'"}),
    ] = "/metrics"
    """Path of the metrics."""
    addr: Address = "127.0.0.1:9090"
    """Where the status listener listens. It asks for no credential."""


class ClientTypeRule(Section, frozen=True, kw_only=True):
    pattern: Annotated[str, Meta(extra={"form": "regex"})]
    """Regular expression searched in the User-Agent, whatever its case."""
    client: Annotated[
        str, Meta(max_length=64, pattern="^[a-z0-9][a-z0-9._-]*$", extra={"words": "be lower-case letters, digits, '.', '_' and '-'"})
    ]
    """The label given."""


class Buckets(Section, frozen=True, kw_only=True):
    """Upper edges of histogram buckets in seconds, ascending. Left out: the built-in ones."""

    request_e2e_latency: Edges = ()
    """Whole requests, streams included."""
    request_ttft: Edges = ()
    """Time to the first frame."""


class Metrics(Section, frozen=True, kw_only=True):
    prometheus: Prometheus = Prometheus()
    """The status listener."""
    client_type_rules: Annotated[tuple[ClientTypeRule, ...], Meta(max_length=64)] = ()
    """Own names for callers' programs, tried before the built-in ones."""
    buckets: Buckets = Buckets()
    """Edges of the histograms."""


class Observability(Section, frozen=True, kw_only=True):
    service_name: Text = "lockgate"
    """Name of this service in what it reports."""
    log_level: Literal["trace", "debug", "info", "warn", "warning", "error", "off"] = "info"
    """Least severe level that is logged."""
    access_log: bool = True
    """Whether every request is logged in one line."""
    metrics: Metrics = Metrics()
    """Metrics."""


class Wire(Section, frozen=True, kw_only=True):
    """Names that show on the wire."""

    header_prefix: Annotated[
        str, Meta(max_length=64, pattern="^[a-z][a-z0-9-]*-$", extra={"words": "be lower-case letters, digits and '-', ending in '-'"})
    ] = "x-lockgate-"
    """Begins the gateway's own header fields."""
    metric_prefix: Annotated[
        str, Meta(max_length=64, pattern="^[a-zA-Z_][a-zA-Z0-9_]*_$", extra={"words": "be letters, digits and '_', ending in '_'"})
    ] = "lockgate_"
    """Begins the names of metrics."""
    attribute_prefix: Annotated[
        str,
        Meta(max_length=64, pattern="^[a-z][a-z0-9_.]*[.]$", extra={"words": "be lower-case letters, digits, '_' and '.', ending in '.'"}),
    ] = "lockgate."
    """Begins the names of trace attributes."""
    server: Annotated[str, Meta(min_length=1, max_length=128, extra={"form": "header_template"})] = f"Lockgate/{__version__}"
    """Value of the Server header field."""
    id_prefix: Annotated[str, Meta(max_length=16, pattern="^[A-Za-z0-9_-]*$", extra={"words": "be letters, digits, '_' and '-'"})] = "lg-"
    """Begins ids the gateway makes up for answers."""


class UpstreamTls(Section, frozen=True, kw_only=True):
    ca_file: Nullable[Place] = None
    """PEM file with certificates to trust, besides the platform's."""
    client_cert_file: Nullable[Place] = None
    """PEM file with the client certificate; goes with ``client_key_file``."""
    client_key_file: Nullable[Place] = None
    """PEM file with the client certificate's key."""
    verify: bool = True
    """False accepts any certificate of any upstream."""


class Upstream(Section, frozen=True, kw_only=True):
    timeout_ms: U64 = 6_000_000
    """Longest time for an answer that is not streamed, unless the model says otherwise; 0 is no limit."""
    stream_timeout_ms: U64 = 0
    """Longest gap between two chunks of a stream; 0 takes ``timeout_ms``."""
    connect_timeout_ms: Annotated[int, Meta(ge=1, le=3_600_000)] = 5000
    """Longest time to connect."""
    tcp_keepalive_secs: Seconds = 60
    """Idle time before the first keep-alive probe."""
    tcp_keepalive_interval_secs: Annotated[int, Meta(ge=1, le=32_767)] = 30
    """Time between two probes."""
    tcp_keepalive_retries: Annotated[int, Meta(ge=1, le=127)] = 5
    """Probes without an answer before the connection is given up."""
    pool_idle_timeout_secs: Seconds = 30
    """How long an unused connection is kept; 0 keeps none."""
    pool_max_idle_per_host: Nullable[U32] = None
    """Unused connections kept per upstream; no limit when left out."""
    retries: U32 = 0
    """Further tries of a failed request. Only 0 is supported yet."""
    tls: UpstreamTls = UpstreamTls()
    """How upstreams' certificates are checked."""
    allow_private: bool | tuple[Cidr, ...] = False
    """Whether upstreams may lie on non-public addresses: true, or the networks allowed. A provider key may add to it."""


class Downstream(Section, frozen=True, kw_only=True):
    idle_timeout_secs: Seconds = 0
    """How long a caller's unused connection is kept; 0 is no limit."""
    sse_keepalive_interval_secs: Seconds = 15
    """After this silence a stream gets a comment that keeps proxies from closing it; 0 is never."""


class Shutdown(Section, frozen=True, kw_only=True):
    min_drain_secs: Seconds = 30
    """How long new connections are still accepted after the signal to stop."""


class Metering(Section, frozen=True, kw_only=True):
    spool_dir: Place = "data/spool"
    """Folder of the usage records. Each gateway needs its own."""
    sync: Literal["grouped", "always"] = "grouped"
    """When records reach the disk itself: in groups, or each before its request is sent on."""
    sync_interval_ms: Annotated[int, Meta(ge=1, le=3_600_000)] = 1000
    """Time between two groups."""
    segment_bytes: Annotated[int, Meta(ge=65_536, le=268_435_456)] = 16_777_216
    """Size of one file of records."""
    retain_days: Annotated[int, Meta(ge=1, le=36_500)] = 30
    """How long records are kept here."""


class Settings(Section, frozen=True, kw_only=True):
    """All keys. ``load`` fills in what follows from others, so that readers need not."""

    workers: Annotated[int, Meta(ge=1, le=1024)] = 1
    """Processes that share the listener."""
    resources_file: Nullable[Place] = None
    """Path of the resources file."""
    resources_tolerant: bool = False
    """True serves what is sound in a resources file and reports the rest; false takes it whole or not at all."""
    proxy: Proxy = Proxy()
    """The callers' listener."""
    observability: Observability = Observability()
    """Logs and metrics."""
    wire: Wire = Wire()
    """Names on the wire."""
    upstream: Upstream = Upstream()
    """Connections to providers."""
    downstream: Downstream = Downstream()
    """Connections of callers."""
    shutdown: Shutdown = Shutdown()
    """How the process ends."""
    metering: Metering = Metering()
    """The usage records."""
