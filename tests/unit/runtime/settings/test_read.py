"""Reading settings: from a file, from the environment, and every problem at once."""

import json
from pathlib import Path

import msgspec
import pytest

from lockgate.runtime.settings import Settings, SettingsError, listen_address, load
from lockgate.runtime.settings.read import NOT_YET, REFUSED


def written(folder: Path, text: str, name: str = "gateway.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def problems(path: Path | None, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(path, environ)
    assert str(caught.value) == "\n".join(caught.value.sentences)
    return caught.value.sentences


def test_without_a_file_the_defaults_hold() -> None:
    settings = load(None, {})
    assert settings.proxy.request_id.accept_headers == ("x-lockgate-request-id",)
    assert settings.upstream == Settings().upstream


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "proxy: {addr: '127.0.0.1:1'}\nresources_tolerant: true\n"),
        ("a.yml", "proxy:\n  addr: 127.0.0.1:1\nresources_tolerant: true\n"),
        ("a.json", '{"proxy": {"addr": "127.0.0.1:1"}, "resources_tolerant": true}'),
        ("a.toml", 'resources_tolerant = true\n[proxy]\naddr = "127.0.0.1:1"\n'),
    ],
)
def test_every_format_is_read(tmp_path: Path, name: str, text: str) -> None:
    settings = load(written(tmp_path, text, name), {})
    assert (settings.proxy.addr, settings.resources_tolerant) == ("127.0.0.1:1", True)


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert load(written(tmp_path, ""), {}) == load(None, {})


def test_the_environment_wins(tmp_path: Path) -> None:
    path = written(tmp_path, "upstream: {timeout_ms: 2}\n")
    assert load(path, {"LOCKGATE_UPSTREAM__TIMEOUT_MS": "3", "LOCKGATE_CONFIG": str(path), "PATH": "/bin"}).upstream.timeout_ms == 3


def test_what_follows_from_other_keys_is_filled_in() -> None:
    assert load(None, {"LOCKGATE_WIRE__HEADER_PREFIX": "x-ours-"}).proxy.request_id.accept_headers == ("x-ours-request-id",)
    settings = load(None, {"LOCKGATE_PROXY__REQUEST_ID__ACCEPT_HEADERS": "X-Id,X-Other", "LOCKGATE_PROXY__REAL_IP__HEADER": "X-Real-IP"})
    assert settings.proxy.request_id.accept_headers == ("x-id", "x-other")
    assert settings.proxy.real_ip.header == "x-real-ip"


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
proxy: {adr: x, workers: 4, tls: {cert_file: a}, addr: 3000}
etcd: {endpoints: []}
upstream: {timeout_ms: soon, retries: 2, tls: {client_cert_file: a}}
observability: {metrics: {buckets: {request_ttft: [1, 1, 2], guardrail_latency: [1]}}}
""",
    )
    assert problems(path, LOCKGATE_WORKERS="0", LOCKGATE_PROXI__ADDR="x", LOCKGATE_MANAGED__ENABLED="true") == [
        "LOCKGATE_MANAGED__ENABLED: managed is not supported yet: a gateway takes its resources from resources_file.",
        "The environment variable LOCKGATE_PROXI__ADDR is no setting; did you mean LOCKGATE_PROXY__ADDR?",
        "etcd is not supported: a gateway takes its resources from resources_file.",
        "proxy.workers is spelt 'workers' here, at the top level.",
        "observability.metrics.buckets.guardrail_latency is not supported yet: there are no guardrails.",
        "proxy.adr is not a known field; did you mean addr?",
        "proxy.tls.key_file is missing.",
        "proxy.addr must be text; put it in quotes.",
        "upstream.timeout_ms must be a whole number of at least 0.",
        "workers (from LOCKGATE_WORKERS) must be a whole number from 1 to 1024.",
        "upstream.retries must be 0: retries are not supported yet.",
        "upstream.tls.client_key_file is missing; a client certificate needs its key.",
        "observability.metrics.buckets.request_ttft must ascend, without equal edges.",
    ]


@pytest.mark.parametrize("key", sorted(REFUSED))
def test_keys_without_a_feature_are_refused_by_name(key: str, tmp_path: Path) -> None:
    document: object = {}
    for step in reversed(key.split(".")):
        document = {step: document}
    assert problems(written(tmp_path, json.dumps(document), "a.json")) == [f"{key} {REFUSED[key]}."]
    name = "LOCKGATE_" + key.upper().replace(".", "__") + "__X"
    assert problems(None, **{name: "1"}) == [f"{name}: {key} {REFUSED[key]}."]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("upstream.retries", 1),
        ("observability.service_name", "ours"),
        ("wire.attribute_prefix", "ours."),
        ("wire.id_prefix", "ours-"),
    ],
)
def test_keys_whose_default_is_all_there_is_are_refused_otherwise(key: str, value: object, tmp_path: Path) -> None:
    document: object = value
    for step in reversed(key.split(".")):
        document = {step: document}
    assert problems(written(tmp_path, json.dumps(document), "a.json")) == [f"{key} {NOT_YET[key]}."]


def test_every_key_that_is_refused_otherwise_has_been_tried() -> None:
    tried = {"upstream.retries", "observability.service_name", "wire.attribute_prefix", "wire.id_prefix"}
    assert set(NOT_YET) == tried


def test_defaults_may_be_written_out(tmp_path: Path) -> None:
    document = msgspec.to_builtins(load(None, {}))
    document["metering"]["spool_dir"] = str(Path("data/spool").absolute())
    settings = load(written(tmp_path, json.dumps(document), "a.json"), {})
    assert msgspec.to_builtins(settings) == document


PLACED = """
resources_file: resources.yaml
metering: {spool_dir: ../spool}
proxy: {tls: {cert_file: tls/cert.pem, key_file: /etc/ours/key.pem}}
upstream: {tls: {ca_file: ca.pem, client_cert_file: client.pem, client_key_file: client.key}}
"""


def test_paths_in_a_file_start_at_its_folder(tmp_path: Path) -> None:
    settings = load(written(tmp_path, PLACED), {})
    assert settings.resources_file == f"{tmp_path}/resources.yaml"
    assert settings.metering.spool_dir == f"{tmp_path}/../spool"
    assert settings.proxy.tls is not None
    assert settings.proxy.tls.cert_file == f"{tmp_path}/tls/cert.pem"
    assert settings.proxy.tls.key_file == "/etc/ours/key.pem"
    tls = settings.upstream.tls
    assert (tls.ca_file, tls.client_cert_file, tls.client_key_file) == tuple(
        f"{tmp_path}/{name}" for name in ("ca.pem", "client.pem", "client.key")
    )


def test_paths_in_variables_and_defaults_start_at_the_working_directory(tmp_path: Path) -> None:
    settings = load(written(tmp_path, PLACED), {"LOCKGATE_RESOURCES_FILE": "other.yaml", "LOCKGATE_UPSTREAM__TLS__CA_FILE": "ca/all.pem"})
    assert (settings.resources_file, settings.upstream.tls.ca_file) == ("other.yaml", "ca/all.pem")
    assert load(written(tmp_path, ""), {}).metering.spool_dir == "data/spool"


def test_paths_that_are_no_texts_are_told_as_they_are_written(tmp_path: Path) -> None:
    assert problems(written(tmp_path, "resources_file: 5\nmetering: {spool_dir: ''}\nupstream: {tls: no-map}\n")) == [
        "resources_file must be text; put it in quotes.",
        "metering.spool_dir must not be empty.",
        "upstream.tls must be a map.",
    ]


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    assert "cannot be read" in problems(tmp_path / "nowhere.yaml")[0]
    assert "cannot be read" in problems(tmp_path)[0]
    assert "not a map" in problems(written(tmp_path, "- a\n"))[0]
    assert "Line 1" in problems(written(tmp_path, "a: [\n"))[0] or "not YAML" in problems(written(tmp_path, "a: [\n"))[0]


def test_a_resources_file_is_recognized(tmp_path: Path) -> None:
    assert "is a resources file" in problems(written(tmp_path, '_format_version: "1"\nmodels: []\n'))[0]


def test_listeners_must_differ() -> None:
    assert problems(None, LOCKGATE_PROXY__ADDR="127.0.0.1:9", LOCKGATE_OBSERVABILITY__METRICS__PROMETHEUS__ADDR="127.0.0.1:9") == [
        "observability.metrics.prometheus.addr (from LOCKGATE_OBSERVABILITY__METRICS__PROMETHEUS__ADDR) must differ from proxy.addr."
    ]
    load(None, {"LOCKGATE_PROXY__ADDR": "127.0.0.1:0", "LOCKGATE_OBSERVABILITY__METRICS__PROMETHEUS__ADDR": "127.0.0.1:0"})


@pytest.mark.parametrize(
    ("text", "parts"), [("0.0.0.0:3000", ("0.0.0.0", 3000)), ("[::1]:0", ("::1", 0)), ("localhost:80", ("localhost", 80))]
)
def test_addresses_are_taken_apart(text: str, parts: tuple[str, int]) -> None:
    assert listen_address(text) == parts
