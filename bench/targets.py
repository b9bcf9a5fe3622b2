"""
The targets as a table: what each needs, how it is started in front of an upstream, and what its callers send.

A target that cannot run says why (``missing``); it is reported with that sentence and never with a guess. Peers are in `bench.peers`.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.upstream import nginx, payload

ROOT = Path(__file__).resolve().parent.parent

YARDSTICK = "nginx proxy_pass"
FLOOR = "nginx direct"
OURS = "lockgate"


class Place(msgspec.Struct, frozen=True):
    """Where a target is to be: its own folder, its port, a spare port, the upstream, and whether it will carry streams."""

    folder: Path
    port: int
    spare_port: int
    upstream_port: int
    streams: bool

    @property
    def upstream(self) -> str:
        return f"http://127.0.0.1:{self.upstream_port}"


class Launch(msgspec.Struct, frozen=True):
    argv: list[str]
    env: dict[str, str] = {}


CALLER: dict[str, str] = {"content-type": "application/json", "authorization": f"Bearer {payload.CALLER_KEY}"}


class Target(msgspec.Struct, frozen=True):
    name: str
    prepare: Callable[[Place], Launch]
    missing: Callable[[], str | None]
    version: Callable[[], str]
    note: str
    model: str = payload.ALIAS
    headers: Callable[[Place], dict[str, str]] = lambda place: CALLER
    peer: bool = False
    relays: bool = True
    """False: answers by itself, so it has no part in the stream rounds."""


def output_of(argv: list[str], env: dict[str, str] | None = None) -> str:
    """What a short command printed, on either channel; empty when it cannot run."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})}, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout + done.stderr).strip() if done.returncode == 0 else ""


def _nginx_missing() -> str | None:
    return None if nginx.program() else nginx.INSTALL


def _nginx_version() -> str:
    return output_of([nginx.program() or "nginx", "-v"]).rpartition("/")[2].split(" ")[0]


def _direct(place: Place) -> Launch:
    return Launch(nginx.answering(place.folder, place.port))


def _proxy_pass(place: Place) -> Launch:
    return Launch(nginx.passing(place.folder, place.port, place.upstream_port, streams=place.streams))


_SOURCE = {"PYTHONPATH": str(ROOT / "src")}


def _lockgate_command() -> list[str]:
    """The installed command beside this interpreter, else what it would run, from the source tree."""
    beside = shutil.which("lockgate", path=str(Path(sys.executable).parent))
    return [beside] if beside else [sys.executable, "-c", "from lockgate.cli.main import main; main()"]


def _lockgate_missing() -> str | None:
    if output_of([*_lockgate_command(), "gateway", "--help"], _SOURCE):
        return None
    return "`lockgate gateway --help` does not run: install it into this interpreter's environment (make up), or not there yet"


def _lockgate_version() -> str:
    return output_of([sys.executable, "-c", "import lockgate; print(lockgate.__version__)"], _SOURCE)


def _lockgate(place: Place) -> Launch:
    """Governed: key check, model access, a durable record per request and metrics; the access log off. Both files are YAML by being JSON."""
    resources = {
        "_format_version": "1",
        "provider_keys": [
            {"display_name": "mock", "provider": "openai", "api_key": payload.UPSTREAM_KEY, "api_base": f"{place.upstream}/v1"},
        ],
        "models": [
            {"display_name": payload.ALIAS, "provider": "openai", "model_name": payload.UPSTREAM_MODEL, "provider_key": "mock"},
        ],
        "api_keys": [
            {
                "display_name": "bench",
                "key_hash": hashlib.sha256(payload.CALLER_KEY.encode()).hexdigest(),
                "allowed_models": ["*"],
            },
        ],
    }
    settings = {
        "resources_file": str(place.folder / "resources.yaml"),
        "proxy": {"addr": f"127.0.0.1:{place.port}"},
        "observability": {"access_log": False, "metrics": {"prometheus": {"addr": f"127.0.0.1:{place.spare_port}"}}},
        "metering": {"spool_dir": str(place.folder / "spool")},
        "upstream": {"allow_private": True},
    }
    (place.folder / "spool").mkdir()
    (place.folder / "resources.yaml").write_text(json.dumps(resources, indent=1))
    (place.folder / "lockgate.yaml").write_text(json.dumps(settings, indent=1))
    return Launch([*_lockgate_command(), "gateway", "--config", str(place.folder / "lockgate.yaml")], _SOURCE)


OWN = (
    Target(FLOOR, _direct, _nginx_missing, _nginx_version, "answers by itself: the floor of latency", relays=False),
    Target(YARDSTICK, _proxy_pass, _nginx_missing, _nginx_version, "one worker, kept-alive upstream, no log, no governance"),
    Target(OURS, _lockgate, _lockgate_missing, _lockgate_version, "key check, model access, durable record, metrics; access log off"),
)
