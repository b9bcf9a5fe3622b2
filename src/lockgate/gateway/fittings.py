"""
Fittings: the parts of a gateway that its settings describe, made from them: limits, connections, TLS, what is observed, listeners.

Each raises OSError or ValueError with a sentence when the settings ask for what cannot be had.
"""

import ssl
from pathlib import Path

from lockgate.gateway.sight import Sight
from lockgate.gateway.sight.clients import Rule
from lockgate.model.resources.provider_key import ProviderKeyTls
from lockgate.runtime import tls
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.pool import Pool
from lockgate.runtime.http1.server import Server
from lockgate.runtime.logs import LogWriter
from lockgate.runtime.settings import Settings, listen_address


async def listen(server: Server, setting: str, addr: str, *, tls: ssl.SSLContext | None = None, reuse_port: bool = False) -> str:
    """Where it listens now; ``setting`` names what ``addr`` came from."""
    host, port = listen_address(addr)
    try:
        bound = await server.listen(host, port, tls=tls, reuse_port=reuse_port)
    except OSError as error:
        raise not_listening(setting, addr, error) from None
    return f"{bound[0]}:{bound[1]}"


def not_listening(setting: str, addr: str, error: OSError) -> OSError:
    return OSError(f"{setting}: {addr} cannot be listened on: {error.strerror or error}")


def sight_of(settings: Settings, log: LogWriter) -> Sight:
    observability = settings.observability
    metrics = observability.metrics
    buckets = metrics.buckets
    given = {name: edges for name, edges in (("e2e_edges", buckets.request_e2e_latency), ("ttft_edges", buckets.request_ttft)) if edges}
    return Sight(
        log,
        access_log=observability.access_log,
        prefix=settings.wire.metric_prefix,
        client_rules=[Rule(rule.pattern, rule.client) for rule in metrics.client_type_rules],
        **given,
    )


def limits_of(settings: Settings) -> Limits:
    limits = settings.proxy.limits
    return Limits(
        line_bytes=limits.line_bytes,
        headers_bytes=limits.headers_bytes,
        headers_count=limits.headers_count,
        body_bytes=settings.proxy.request_body_limit_bytes,
        header_timeout_s=limits.header_timeout_secs,
        body_timeout_s=limits.body_timeout_secs,
        idle_timeout_s=settings.downstream.idle_timeout_secs,
        write_timeout_s=limits.write_timeout_secs,
    )


def pool_of(settings: Settings) -> Pool:
    upstream = settings.upstream
    return Pool(
        connect_timeout_s=upstream.connect_timeout_ms / 1000,
        idle_timeout_s=upstream.pool_idle_timeout_secs,
        max_idle_per_origin=upstream.pool_max_idle_per_host,
        allow_private=upstream.allow_private,
        keepalive=(upstream.tcp_keepalive_secs, upstream.tcp_keepalive_interval_secs, upstream.tcp_keepalive_retries),
        tls_default=tls.client_context(
            ca_file=_path(upstream.tls.ca_file),
            cert_file=_path(upstream.tls.client_cert_file),
            key_file=_path(upstream.tls.client_key_file),
            verify=upstream.tls.verify,
        ),
    )


def listener_tls(settings: Settings) -> ssl.SSLContext | None:
    pair = settings.proxy.tls
    return None if pair is None else tls.server_context(Path(pair.cert_file), Path(pair.key_file))


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def upstream_tls(settings: Settings, own: ProviderKeyTls) -> ssl.SSLContext:
    """The deployment's context with what a provider key adds."""
    deployment = settings.upstream.tls
    return tls.client_context(
        ca_file=_path(deployment.ca_file),
        ca_pem=own.ca_cert,
        cert_file=_path(deployment.client_cert_file),
        key_file=_path(deployment.client_key_file),
        verify=deployment.verify and own.verify,
    )
