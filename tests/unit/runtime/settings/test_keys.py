"""The keys: defaults that are promised (gateway.md 0.4, with our own where the design says so)."""

import dataclasses
from typing import Any

import msgspec

from lockgate import __version__
from lockgate.core.publishing.walk import Report, examine
from lockgate.runtime.settings import Settings
from lockgate.runtime.settings.overrides import leaves


def at(settings: Settings, path: str) -> Any:
    value: Any = settings
    for step in path.split("."):
        value = getattr(value, step)
    return value


PROMISED = {
    "workers": 1,
    "resources_file": None,
    "resources_tolerant": False,
    "proxy.addr": "0.0.0.0:3000",
    "proxy.request_body_limit_bytes": 0,
    "proxy.tls": None,
    "proxy.real_ip.trusted_proxies": (),
    "proxy.real_ip.recursive": True,
    "proxy.real_ip.header": "x-forwarded-for",
    "observability.service_name": "lockgate",
    "observability.log_level": "info",
    "observability.access_log": True,
    "observability.metrics.prometheus.enabled": True,
    "observability.metrics.prometheus.path": "/metrics",
    "observability.metrics.prometheus.addr": "127.0.0.1:9090",
    "wire.header_prefix": "x-lockgate-",
    "wire.metric_prefix": "lockgate_",
    "wire.attribute_prefix": "lockgate.",
    "wire.server": f"Lockgate/{__version__}",
    "wire.id_prefix": "lg-",
    "upstream.timeout_ms": 6_000_000,
    "upstream.stream_timeout_ms": 0,
    "upstream.connect_timeout_ms": 5000,
    "upstream.tcp_keepalive_secs": 60,
    "upstream.tcp_keepalive_interval_secs": 30,
    "upstream.tcp_keepalive_retries": 5,
    "upstream.pool_idle_timeout_secs": 30,
    "upstream.pool_max_idle_per_host": None,
    "upstream.tls.verify": True,
    "upstream.allow_private": False,
    "downstream.idle_timeout_secs": 0,
    "downstream.sse_keepalive_interval_secs": 15,
    "shutdown.min_drain_secs": 30,
    "metering.sync": "grouped",
    "metering.sync_interval_ms": 1000,
}


def test_defaults_are_the_promised_ones() -> None:
    settings = Settings()
    assert {path: at(settings, path) for path in PROMISED} == PROMISED


def test_defaults_pass_their_own_checks() -> None:
    report = Report()
    document = msgspec.json.decode(msgspec.json.encode(Settings()))
    examine(document, Settings, report)
    assert report.problems == {}


def test_settings_cannot_be_changed() -> None:
    assert not dataclasses.is_dataclass(Settings)
    assert Settings.__struct_config__.frozen
    assert all(Settings.__struct_config__.forbid_unknown_fields for _ in leaves(Settings))
