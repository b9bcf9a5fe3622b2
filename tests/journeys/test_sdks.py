"""
The official clients, unchanged, against a gateway: what they were written for, they get.

They run in an environment of their own (``make env-sdk``); without it these tests are skipped, except in CI.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.kit.gateway_process import KEY, gateway

HERE = Path(__file__).parent
CLIENTS = HERE.parent.parent / ".venv-sdk" / "bin" / "python"


def seen_by(client: str, url: str, model: str) -> dict[str, Any]:
    if not CLIENTS.exists() and not os.environ.get("CI"):
        pytest.skip("the clients are not installed: make env-sdk")
    line = [str(CLIENTS), str(HERE / "sdk" / f"{client}_client.py"), url, KEY, model]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_openai_client_gets_what_it_was_written_for(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        seen = seen_by("openai", running.url, "echo")
    assert "Hello there." in seen["whole"]
    assert seen["streamed"] == seen["whole"]
    assert seen["whole_model"] == "echo"
    assert seen["usage"] > 0
    assert seen["streamed_usage"] == seen["usage"]
    assert seen["models"] == ["echo"]
    assert seen["unknown_model"] == "NotFoundError 404"
    assert seen["unknown_key"] == "AuthenticationError 401"
    assert seen["malformed"] == "BadRequestError 400"


def test_the_anthropic_client_gets_what_it_was_written_for(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        seen = seen_by("anthropic", running.url, "echo")
    assert "Hello there." in seen["whole"]
    assert seen["streamed"] == seen["whole"]
    assert seen["usage"] > 0
    assert seen["streamed_usage"] == seen["usage"]
    assert seen["stop_reason"] == "end_turn"
    assert seen["unknown_model"] == "NotFoundError 404"
    assert seen["unknown_key"] == "AuthenticationError 401"
