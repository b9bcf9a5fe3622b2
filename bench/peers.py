"""
The peers that a registry offers, each with the configuration nearest to ours: one OpenAI-compatible upstream, one model, one caller
key where it knows such a thing, logging off, one process.

Installed only when asked (``--peers``), each into a folder of its own under the user's cache, never into the tree or our environment.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import machine
from bench.targets import Launch, Place, Target, output_of
from bench.upstream import payload


class Package(msgspec.Struct, frozen=True):
    """What to install, and the file that shows that it is there."""

    folder: str
    requirement: str
    shows: str

    @property
    def home(self) -> Path:
        return machine.cache_folder() / self.folder

    @property
    def program(self) -> Path:
        return self.home / self.shows

    def missing(self) -> str | None:
        marker = self.home / "installed.txt"
        if not (marker.is_file() and marker.read_text().strip() == self.requirement and self.program.exists()):
            return "not installed (run with --peers)"
        return None


FERROGW = Package("ferrogw", "ferrogw==1.5.10", "bin/ferrogw")
PORTKEY = Package("portkey", "@portkey-ai/gateway@1.15.2", "node_modules/@portkey-ai/gateway/build/start-server.js")
_PORTKEY_WITH = {"@hono/node-server": "1.14.1"}
"""From 1.14.2 on this dependency makes Portkey answer 500 to every stream (its issue 1389), so it is given the last one that works."""
LITELLM = Package("litellm", "litellm[proxy]==1.108.7", "bin/litellm")


def _ferrogw(place: Place) -> Launch:
    config = place.folder / "config.yaml"
    config.write_text(
        json.dumps(
            {"strategy": {"mode": "single"}, "targets": [{"virtual_key": "openai"}], "aliases": {payload.ALIAS: payload.UPSTREAM_MODEL}}
        )
    )
    env = {
        "GATEWAY_CONFIG": str(config),
        "PORT": str(place.port),
        "OPENAI_API_KEY": payload.UPSTREAM_KEY,
        "OPENAI_BASE_URL": f"{place.upstream}/v1",
        "MASTER_KEY": payload.CALLER_KEY,
        "RATE_LIMIT_RPS": "0",
        "LOG_LEVEL": "error",
    }
    return Launch([str(FERROGW.program), "serve"], env)


def _ferrogw_version() -> str:
    return output_of([str(FERROGW.program), "version"]).split("\n")[0].split()[-1]


def _portkey(place: Place) -> Launch:
    return Launch([shutil.which("node") or "node", str(PORTKEY.program), f"--port={place.port}", "--headless"], {"NODE_ENV": "production"})


def _portkey_headers(place: Place) -> dict[str, str]:
    """It keeps no configuration: every caller names provider and upstream, and sends the upstream's key."""
    return {
        "content-type": "application/json",
        "authorization": f"Bearer {payload.UPSTREAM_KEY}",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"{place.upstream}/v1",
    }


def _portkey_missing() -> str | None:
    return PORTKEY.missing() if shutil.which("node") else "node is not installed"


def _portkey_version() -> str:
    package = PORTKEY.program.parent.parent / "package.json"
    return f"{json.loads(package.read_text())['version']} on node {output_of(['node', '--version'])}"


def _litellm(place: Place) -> Launch:
    config = place.folder / "config.yaml"
    parameters = {"model": f"openai/{payload.UPSTREAM_MODEL}", "api_base": f"{place.upstream}/v1", "api_key": payload.UPSTREAM_KEY}
    config.write_text(
        json.dumps(
            {
                "model_list": [{"model_name": payload.ALIAS, "litellm_params": parameters}],
                "general_settings": {"master_key": payload.CALLER_KEY},
                "litellm_settings": {"num_retries": 0, "telemetry": False},
            }
        )
    )
    quiet = {"level": "ERROR", "handlers": [], "propagate": False}
    log = place.folder / "log.json"
    log.write_text(json.dumps({"version": 1, "disable_existing_loggers": False, "loggers": {"uvicorn": quiet, "uvicorn.access": quiet}}))
    argv = [
        str(LITELLM.program),
        "--config",
        str(config),
        "--host",
        "127.0.0.1",
        "--port",
        str(place.port),
        "--num_workers",
        "1",
        "--log_config",
        str(log),
    ]
    # Without the first it tries to fetch a price list from the internet at every start.
    return Launch(argv, {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION"})


def _litellm_version() -> str:
    code = "import importlib.metadata as m; print(m.version('litellm'))"
    return output_of([str(LITELLM.home / "bin" / "python"), "-c", code])


PEERS = (
    Target("ferrogw", _ferrogw, FERROGW.missing, _ferrogw_version, "Go; master key as caller key, alias, rate limit off", peer=True),
    Target(
        "portkey",
        _portkey,
        _portkey_missing,
        _portkey_version,
        "Node; no caller keys or aliases of its own, relays by headers; see peers.py",
        model=payload.UPSTREAM_MODEL,
        headers=_portkey_headers,
        peer=True,
    ),
    Target(
        "litellm",
        _litellm,
        LITELLM.missing,
        _litellm_version,
        "Python; one worker, master key, no database",
        peer=True,
    ),
)


def install(say: Callable[[str], None]) -> dict[str, str]:
    """Installs what is missing; returns, by target, why it could not be."""
    failures: dict[str, str] = {}
    for target, package in zip(PEERS, (FERROGW, PORTKEY, LITELLM), strict=True):
        if package.missing() is None:
            continue
        say(f"installing {package.requirement} into {package.home} ...")
        reason = _install_node(package) if package is PORTKEY else _install_python(package)
        if reason is None and not package.program.exists():
            reason = f"installed, but {package.shows} is not there"
        if reason is None:
            (package.home / "installed.txt").write_text(package.requirement + "\n")
            say("  done")
        else:
            failures[target.name] = f"does not install: {reason}"
            say(f"  failed: {reason}")
    return failures


def _install_python(package: Package) -> str | None:
    shutil.rmtree(package.home, ignore_errors=True)
    pip = [str(package.home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    return _run([sys.executable, "-m", "venv", str(package.home)]) or _run([*pip, package.requirement])


def _install_node(package: Package) -> str | None:
    if not shutil.which("npm"):
        return "npm is not installed"
    shutil.rmtree(package.home, ignore_errors=True)
    package.home.mkdir(parents=True)
    name, _, version = package.requirement.rpartition("@")
    wanted = {"private": True, "dependencies": {name: version}, "overrides": _PORTKEY_WITH}
    (package.home / "package.json").write_text(json.dumps(wanted))
    return _run(["npm", "install", "--prefix", str(package.home), "--no-fund", "--no-audit", "--loglevel=error"])


def _run(argv: list[str]) -> str | None:
    """None, or the last line of what went wrong."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=900, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    lines = (done.stderr or done.stdout).strip().splitlines()
    return None if done.returncode == 0 else (lines[-1][:300] if lines else f"{argv[0]} ended with code {done.returncode}")
