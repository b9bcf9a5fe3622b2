"""
The official clients, unchanged, against a gateway: what they were written for, they get.

They run in an environment of their own (``make env-sdk``); without it these tests are skipped, except in CI.
"""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.kit.gateway_process import ECHO, KEY, gateway
from tests.kit.up_process import started

HERE = Path(__file__).parent
CLIENTS = HERE.parent.parent / ".venv-sdk" / "bin" / "python"

# A second caller who may use no model that there is.
RESOURCES = ECHO + f"  - {{display_name: other, key_hash: {hashlib.sha256(b'lgk-other').hexdigest()}, allowed_models: [none]}}\n"

ADDED = {"called": "add", "arguments": {"a": 3, "b": 4}, "streamed_name": "add", "streamed_arguments": {"a": 3, "b": 4}}
REFUSALS = {
    "unknown_model": "NotFoundError 404",
    "unknown_key": "AuthenticationError 401",
    "not_allowed": "PermissionDeniedError 403",
    "malformed": "BadRequestError 400",
    "limited": "RateLimitError 429",
}


def seen_by(client: str, part: str, url: str, key: str, model: str) -> dict[str, Any]:
    if not CLIENTS.exists() and not os.environ.get("CI"):
        pytest.skip("the clients are not installed: make env-sdk")
    line = [str(CLIENTS), str(HERE / "sdk" / f"{client}_client.py"), part, url, key, model]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_openai_client_gets_what_it_was_written_for(tmp_path: Path) -> None:
    with gateway(tmp_path, RESOURCES) as running:
        seen = seen_by("openai", "echo", running.url, KEY, "echo")
    assert "Hello there." in seen["whole"]
    assert seen["streamed"] == seen["whole"]
    assert seen["whole_model"] == "echo"
    assert seen["usage"] > 0
    assert seen["streamed_usage"] == seen["usage"]
    assert seen["models"] == ["echo"]
    assert seen["tools"] | ADDED | {"finish": "tool_calls", "after": "seven"} == seen["tools"]
    assert seen["tools"]["fragments"] > 1
    assert len(seen["embeddings"]) == 2
    assert min(seen["embeddings"]) > 1
    assert "Hello there." in seen["completions"]["whole"]
    assert seen["completions"]["streamed"] == seen["completions"]["whole"]
    assert seen | REFUSALS == seen
    assert seen["broken"].startswith("InternalServerError 5")
    assert seen["cut"] == "APIError"


def test_the_anthropic_client_gets_what_it_was_written_for(tmp_path: Path) -> None:
    with gateway(tmp_path, RESOURCES) as running:
        seen = seen_by("anthropic", "echo", running.url, KEY, "echo")
    assert "Hello there." in seen["whole"]
    assert seen["streamed"] == seen["whole"]
    assert seen["usage"] > 0
    assert seen["streamed_usage"] == seen["usage"]
    assert seen["stop_reason"] == "end_turn"
    assert seen["tools"] | ADDED | {"finish": "tool_use", "after": "seven"} == seen["tools"]
    assert seen["tools"]["fragments"] > 1
    assert seen | REFUSALS == seen
    assert seen["broken"].startswith("InternalServerError 5")
    assert "no refusal" not in seen["cut"]


def test_both_clients_chat_stream_call_and_embed_with_the_real_model(with_model: Path) -> None:
    with started(with_model) as up:
        where = up.facts["gateway_url"], up.facts["caller_key"], "smollm2"
        seen, other = seen_by("openai", "real", *where), seen_by("anthropic", "real", *where)
    for each in (seen, other):
        assert each["whole"]
        assert each["streamed"]
        assert each["usage"] > 0
        assert each["streamed_usage"] > 0
        assert (each["tools"]["called"], each["tools"]["streamed_name"]) == ("add", "add")
        assert set(each["tools"]["arguments"]) == set(each["tools"]["streamed_arguments"]) == {"a", "b"}
        assert each["tools"]["after"]
    assert (seen["tools"]["finish"], other["tools"]["finish"]) == ("tool_calls", "tool_use")
    assert seen["embeddings"] == [576, 576]
    assert seen["completions"]["whole"]
    assert seen["completions"]["streamed"]
    assert seen["response"]
    assert seen["response_usage"] > 0
    assert seen["response_events"][0] == "response.created"
    assert seen["response_events"][-1] == "response.completed"
    assert other["counted"] > 0
