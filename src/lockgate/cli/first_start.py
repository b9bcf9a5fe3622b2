"""
The data folder of ``lockgate up``: made on the first start, kept on every later one.

    settings.yaml     how the gateway process runs; edit it, then start again
    resources.yaml    provider keys, models, caller keys; edit it, it is read again by itself
    caller.key        the caller key made on the first start, in plain text, for its owner alone
    models/           weights of the local model
    spool/            usage records
    logs/             what the processes said
    up.json           where everything is, while it runs; for scripts

Nothing that exists is written over: what a person changed stays changed.
"""

import hashlib
import os
import secrets
import socket
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import yaml

LOCAL_PROVIDER, LOCAL_MODEL, ECHO_MODEL = "local-model", "smollm2", "echo"

SETTINGS = """\
# How the gateway process runs. Read at its start: after a change, end `lockgate up` and start it again.
# Every setting can also be given as a variable, such as LOCKGATE_PROXY__ADDR=127.0.0.1:4000.
# Relative paths start at the folder of this file.
resources_file: resources.yaml
proxy:
  addr: 127.0.0.1:3000
metering:
  spool_dir: spool
shutdown:
  min_drain_secs: 0
"""

RESOURCES = """\
# What callers can use. A saved change takes effect by itself; `lockgate check {place}` tells first whether it is sound.
_format_version: "1"

provider_keys:
  # The small model on this machine. `lockgate up` starts its server on the port named here, and leaves it out
  # when this entry is gone.
  - display_name: {provider}
    provider: llama.cpp
    api_base: http://127.0.0.1:{port}/v1
    api_key: {model_key}
    allow_private: ["127.0.0.0/8"]
  # Answers with what it was asked. For trying things out without any model.
  - display_name: echo
    provider: echo
    api_key: none

models:
  - display_name: {model}
    provider: llama.cpp
    model_name: {model}
    provider_key: {provider}
  - display_name: {echo}
    provider: echo
    model_name: echo
    provider_key: echo

api_keys:
  # The plain key is in caller.key beside this file; only its hash is needed here.
  - display_name: first-key
    key_hash: {key_hash}
    allowed_models: ["*"]
"""


class LocalServer(msgspec.Struct, frozen=True):
    """Where resources.yaml says the local model is served, and with which key."""

    port: int
    key: str


class DataFolder(msgspec.Struct, frozen=True):
    """The places in it."""

    path: Path

    @property
    def settings(self) -> Path:
        return self.path / "settings.yaml"

    @property
    def resources(self) -> Path:
        return self.path / "resources.yaml"

    @property
    def caller_key(self) -> Path:
        return self.path / "caller.key"

    @property
    def models(self) -> Path:
        return self.path / "models"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def up_json(self) -> Path:
        return self.path / "up.json"


def prepare(path: Path) -> DataFolder:
    """Make what is missing. The folder is its owner's alone: it holds keys and records."""
    folder = DataFolder(path.absolute())
    folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.logs.mkdir(exist_ok=True)
    if not folder.caller_key.exists():
        write_private(folder.caller_key, f"lgk-{secrets.token_urlsafe(32)}\n")
    if not folder.settings.exists():
        write_private(folder.settings, SETTINGS)
    if not folder.resources.exists():
        write_private(folder.resources, _resources(folder))
    return folder


def caller_key(folder: DataFolder) -> str:
    return folder.caller_key.read_text().strip()


def _resources(folder: DataFolder) -> str:
    return RESOURCES.format(
        place=folder.resources,
        provider=LOCAL_PROVIDER,
        model=LOCAL_MODEL,
        echo=ECHO_MODEL,
        port=free_port("127.0.0.1"),
        model_key=secrets.token_urlsafe(24),
        key_hash=hashlib.sha256(caller_key(folder).encode()).hexdigest(),
    )


def local_server(folder: DataFolder) -> LocalServer | None:
    """The local model's server as resources.yaml has it; None when a person took it out or points elsewhere."""
    try:
        document = yaml.safe_load(folder.resources.read_text())
        entries = [entry for entry in document["provider_keys"] if entry["display_name"] == LOCAL_PROVIDER]
        address = urlsplit(entries[0]["api_base"])
        if address.hostname != "127.0.0.1" or not address.port:
            return None
        return LocalServer(address.port, str(entries[0]["api_key"]))
    except (yaml.YAMLError, LookupError, TypeError, ValueError):
        return None  # the gateway tells what is wrong with the file, better than could be told here


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    partial.replace(path)


def free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
