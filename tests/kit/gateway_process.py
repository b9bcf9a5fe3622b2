"""A gateway as a process of its own, for journeys: started on free ports, waited for, and ended."""

import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.kit.canaries import session

KEY = session().canaries.core("caller key")
KEY_HASH = hashlib.sha256(KEY.encode()).hexdigest()
LIMIT_S = 30.0

ECHO = f"""\
_format_version: "1"
provider_keys:
  - {{display_name: echo, provider: echo, api_key: none}}
models:
  - {{display_name: echo, provider: echo, model_name: echo, provider_key: echo}}
api_keys:
  - {{display_name: tests, key_hash: {KEY_HASH}, allowed_models: ["*"]}}
"""


class GatewayProcess(NamedTuple):
    url: str
    status_url: str
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "gateway.log").read_text()


@contextmanager
def gateway(folder: Path, resources: str = ECHO, **variables: str) -> Iterator[GatewayProcess]:
    """A gateway in ``folder`` that serves ``resources``; ended, and known to have ended well, at the end."""
    (folder / "resources.yaml").write_text(resources)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")} | {
        "LOCKGATE_RESOURCES_FILE": "resources.yaml",
        "LOCKGATE_PROXY__ADDR": "127.0.0.1:0",
        "LOCKGATE_OBSERVABILITY__METRICS__PROMETHEUS__ADDR": "127.0.0.1:0",
        "LOCKGATE_METERING__SPOOL_DIR": str(folder / "spool"),
        "LOCKGATE_SHUTDOWN__MIN_DRAIN_SECS": "0",
    }
    line = [sys.executable, "-c", "from lockgate.cli.main import main; main()", "gateway"]
    log = folder / "gateway.log"
    with log.open("wb") as out:
        process = subprocess.Popen(line, cwd=folder, env=environment | variables, stdout=out, stderr=out)
    try:
        listening = _listening(process, log)
        yield GatewayProcess(f"http://{listening['api']}", f"http://{listening['status']}", process, folder)
    finally:
        if process.poll() is None:
            _look(log)
        process.terminate()
        try:
            status = process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        search(folder)
    assert status == 0, log.read_text()


def _look(log: Path) -> None:
    """The status pages, for the search for canaries of the whole session."""
    with suppress(OSError):
        status = f"http://{listening(log)['status']}"
        for page in ("/metrics", "/status/config", "/status/models"):
            with urllib.request.urlopen(status + page, timeout=5) as answer:
                session().collect(f"{page} of {log.parent.name}", answer.read())


def search(folder: Path) -> None:
    """What a gateway leaves behind is searched for the session's canaries: the caller key, prompts, answers."""
    session().collect(f"log of {folder.name}", (folder / "gateway.log").read_bytes())
    if (folder / "spool").is_dir():
        session().collect_folder(f"spool of {folder.name}", folder / "spool")


def _listening(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if found := listening(log):
            return found
        assert process.poll() is None, log.read_text()
        time.sleep(0.01)
    raise AssertionError(f"the gateway did not listen: {log.read_text()}")


def listening(log: Path) -> dict[str, str]:
    """Addresses by listener, as a gateway logs them once it listens; empty until then."""
    found: dict[str, str] = {}
    for line in log.read_text().splitlines():
        entry = json.loads(line) if line.startswith("{") and line.endswith("}") else {}
        if "listener" in entry:
            found[entry["listener"]] = entry["address"]
    return found if {"api", "status"} <= found.keys() else {}
