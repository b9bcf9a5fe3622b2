"""A gateway that cannot start says why in a sentence, at once, without a traceback, and leaves nothing behind."""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kit.gateway_process import ECHO
from tests.kit.nursery import VARIABLES

LIMIT_S = 20.0
TLS = {"LOCKGATE_PROXY__TLS__CERT_FILE": "cert.pem", "LOCKGATE_PROXY__TLS__KEY_FILE": "key.pem"}
PEM = "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n"


@pytest.fixture(name="taken")
def _taken() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def refusal(folder: Path, code: int, *arguments: str, resources: str | bytes = ECHO, **variables: str) -> str:
    """What a gateway that ends with ``code`` says on standard error. One with a settings file has only the variables given."""
    (folder / "resources.yaml").write_bytes(resources if isinstance(resources, bytes) else resources.encode())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")}
    if "--config" not in arguments:
        environment |= VARIABLES
    ended = subprocess.run(
        [sys.executable, "-c", "from lockgate.cli.main import main; main()", "gateway", *arguments],
        cwd=folder, env=environment | variables, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    said = ended.stderr
    assert ended.returncode == code, said + ended.stdout
    assert said.strip()
    assert "Traceback" not in said + ended.stdout
    assert "Errno" not in said
    return said


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("setting", ["PROXY__ADDR", "OBSERVABILITY__METRICS__PROMETHEUS__ADDR"])
def test_an_address_that_is_taken(setting: str, workers: str, taken: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, 1, **{f"LOCKGATE_{setting}": taken, "LOCKGATE_WORKERS": workers})
    assert f"{setting.lower().replace('__', '.')}: {taken} cannot be listened on: Address already in use" in said
    assert not list((tmp_path / "spool").rglob("*.spool")), "a start that failed leaves no segment behind"


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    assert "proxy.addr: 192.0.2.1:3000 cannot be listened on" in refusal(tmp_path, 1, LOCKGATE_PROXY__ADDR="192.0.2.1:3000")


def test_a_spool_that_another_gateway_holds(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    with (tmp_path / "spool" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "the record spool spool is in use by another process" in refusal(tmp_path, 1)


def test_a_spool_that_is_no_folder(tmp_path: Path) -> None:
    assert "resources.yaml, cannot be used: it is not a folder" in refusal(tmp_path, 1, LOCKGATE_METERING__SPOOL_DIR="resources.yaml")


def test_a_spool_where_no_folder_can_be(tmp_path: Path) -> None:
    assert "/proc/none, cannot be used" in refusal(tmp_path, 1, LOCKGATE_METERING__SPOOL_DIR="/proc/none")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("proxy: {addr: nowhere}", "proxy.addr must be HOST:PORT"),
        ("proxy: {", "settings.yaml: Line 2: the file is not YAML"),
        ("proxi: {addr: 127.0.0.1:1}", "proxi"),
        ("workers: none", "workers"),
    ],
)
def test_settings_that_cannot_be_used(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(text)
    assert sentence in refusal(tmp_path, 2, "--config", "settings.yaml")


def test_settings_that_are_missing(tmp_path: Path) -> None:
    assert "The settings file none.yaml cannot be read" in refusal(tmp_path, 2, "--config", "none.yaml")


def test_a_variable_that_is_no_setting(tmp_path: Path) -> None:
    assert "LOCKGATE_PROXI__ADDR is no setting" in refusal(tmp_path, 2, LOCKGATE_PROXI__ADDR="127.0.0.1:1")


def test_resources_that_are_not_named(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("workers: 1\n")
    assert "no resources are named" in refusal(tmp_path, 1, "--config", "settings.yaml")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ("models: [", "the file is not YAML"),
        ('_format_version: "1"\nmodels: [{display_name: x, nonsense: 1}]\n', 'models[0] "x": nonsense: is not a known field'),
        (ECHO.replace("api_key: none", 'api_key: "${LOCKGATE_TEST_NONE}"'), "LOCKGATE_TEST_NONE, which is not set"),
        (ECHO.replace("api_key: none", f"api_key: none, tls: {{ca_cert: {PEM!r}}}".replace("'", '"')), 'provider_keys "echo": tls'),
        (b"\xff\xfe\x00\x80", "UTF-8"),
        ("", "_format_version"),
    ],
)
def test_resources_that_cannot_be_used(resources: str | bytes, sentence: str, workers: str, tmp_path: Path) -> None:
    assert sentence in refusal(tmp_path, 1, resources=resources, LOCKGATE_WORKERS=workers)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_resources_that_are_missing(workers: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, 1, LOCKGATE_RESOURCES_FILE="none.yaml", LOCKGATE_WORKERS=workers)
    assert "none.yaml cannot be read: No such file or directory" in said


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("content", "sentence"), [(None, "no such file or directory"), ("nonsense", "not a valid PEM file")])
def test_certificate_files_that_cannot_be_used(content: str | None, sentence: str, workers: str, tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        if content is not None:
            (tmp_path / name).write_text(content)
    said = refusal(tmp_path, 1, **TLS, LOCKGATE_WORKERS=workers)
    assert "cert.pem" in said
    assert sentence in said


def test_trusted_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    assert "none.pem cannot be used" in refusal(tmp_path, 1, LOCKGATE_UPSTREAM__TLS__CA_FILE="none.pem")
