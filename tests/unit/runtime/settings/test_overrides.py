"""Variables over the file."""

from typing import Any

import pytest

from lockgate.runtime.settings.keys import Settings
from lockgate.runtime.settings.overrides import leaves, override, places, variable

KEYS = leaves(Settings)


@pytest.mark.parametrize(
    ("name", "text", "document"),
    [
        ("LOCKGATE_WORKERS", "4", {"workers": 4}),
        ("LOCKGATE_WORKERS", "four", {"workers": "four"}),
        ("LOCKGATE_RESOURCES_FILE", "a.yaml", {"resources_file": "a.yaml"}),
        ("LOCKGATE_PROXY__ADDR", "[::1]:1", {"proxy": {"addr": "[::1]:1"}}),
        ("LOCKGATE_PROXY__TLS__CERT_FILE", "7", {"proxy": {"tls": {"cert_file": "7"}}}),
        ("LOCKGATE_PROXY__REAL_IP__RECURSIVE", "False", {"proxy": {"real_ip": {"recursive": False}}}),
        ("LOCKGATE_PROXY__REAL_IP__TRUSTED_PROXIES", "::1, 10.0.0.0/8", {"proxy": {"real_ip": {"trusted_proxies": ["::1", "10.0.0.0/8"]}}}),
        ("LOCKGATE_PROXY__REAL_IP__TRUSTED_PROXIES", "", {"proxy": {"real_ip": {"trusted_proxies": []}}}),
        ("LOCKGATE_UPSTREAM__ALLOW_PRIVATE", "true", {"upstream": {"allow_private": True}}),
        ("LOCKGATE_UPSTREAM__ALLOW_PRIVATE", "10.0.0.0/8", {"upstream": {"allow_private": ["10.0.0.0/8"]}}),
        ("LOCKGATE_UPSTREAM__POOL_MAX_IDLE_PER_HOST", "8", {"upstream": {"pool_max_idle_per_host": 8}}),
        ("LOCKGATE_OBSERVABILITY__ACCESS_LOG", "maybe", {"observability": {"access_log": "maybe"}}),
        (
            "LOCKGATE_OBSERVABILITY__METRICS__BUCKETS__REQUEST_TTFT",
            "0.1,1",
            {"observability": {"metrics": {"buckets": {"request_ttft": [0.1, 1.0]}}}},
        ),
        (
            "LOCKGATE_OBSERVABILITY__METRICS__CLIENT_TYPE_RULES",
            '[{"pattern": "x", "client": "y"}]',
            {"observability": {"metrics": {"client_type_rules": [{"pattern": "x", "client": "y"}]}}},
        ),
        (
            "LOCKGATE_OBSERVABILITY__METRICS__CLIENT_TYPE_RULES",
            "x=y",
            {"observability": {"metrics": {"client_type_rules": "x=y"}}},
        ),
    ],
)
def test_a_variable_is_read_as_its_key_wants(name: str, text: str, document: dict[str, Any]) -> None:
    found: dict[str, Any] = {}
    sources, unknown = override(found, {name: text}, KEYS)
    assert found == document
    assert list(sources.values()) == [name]
    assert unknown == []


def test_a_variable_wins_over_the_file_and_leaves_the_rest() -> None:
    document: dict[str, Any] = {"proxy": {"addr": "a:1", "request_body_limit_bytes": 7}, "upstream": "broken"}
    override(document, {"LOCKGATE_PROXY__ADDR": "b:2", "LOCKGATE_UPSTREAM__TIMEOUT_MS": "1"}, KEYS)
    assert document == {"proxy": {"addr": "b:2", "request_body_limit_bytes": 7}, "upstream": {"timeout_ms": 1}}


def test_unknown_variables_are_named_and_others_ignored() -> None:
    _, unknown = override({}, {"LOCKGATE_PROXY__ADR": "x", "LOCKGATE_CONFIG": "y", "PATH": "z", "lockgate_workers": "1"}, KEYS)
    assert unknown == ["LOCKGATE_PROXY__ADR"]


def test_every_key_has_a_variable_of_its_own() -> None:
    names = {variable(path) for path in KEYS}
    assert len(names) == len(KEYS) > 40


def test_the_keys_that_name_files_are_known() -> None:
    assert {".".join(path) for path in places(KEYS)} == {
        "resources_file",
        "metering.spool_dir",
        "proxy.tls.cert_file",
        "proxy.tls.key_file",
        "upstream.tls.ca_file",
        "upstream.tls.client_cert_file",
        "upstream.tls.client_key_file",
    }
