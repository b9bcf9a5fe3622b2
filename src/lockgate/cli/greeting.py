"""What ``lockgate up`` says when everything runs: where it is, the key, and lines that work when pasted."""

import json
import shlex
from collections.abc import Mapping

import msgspec

QUESTION = "Name three colours."


class Running(msgspec.Struct, frozen=True):
    gateway_url: str
    status_url: str
    caller_key: str
    models: tuple[str, ...]
    folder: str

    @property
    def model(self) -> str:
        """The one to try: a real one when there is one."""
        return self.models[0] if self.models else "echo"


def text(running: Running) -> str:
    lines = [
        "",
        "Lockgate is ready.",
        "",
        f"  gateway     {running.gateway_url}",
        f"  caller key  {running.caller_key}",
        f"  models      {', '.join(running.models) or 'none answered; see above'}",
        f"  status      {running.status_url}/status/ready  {running.status_url}/metrics",
        f"  folder      {running.folder}  (settings.yaml, resources.yaml, logs/)",
        "",
        "Ask in the OpenAI dialect:",
        "",
        openai_line(running),
        "",
        "or in the Anthropic one, streamed:",
        "",
        anthropic_line(running),
        "",
        "Ctrl-C ends it.",
    ]
    return "\n".join(lines)


def openai_line(running: Running) -> str:
    body = {"model": running.model, "messages": [{"role": "user", "content": QUESTION}]}
    return _curl(f"{running.gateway_url}/v1/chat/completions", f"Authorization: Bearer {running.caller_key}", body)


def anthropic_line(running: Running) -> str:
    body = {"model": running.model, "max_tokens": 100, "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    return _curl(f"{running.gateway_url}/v1/messages", f"x-api-key: {running.caller_key}", body, "-N ")


def _curl(url: str, credential: str, body: Mapping[str, object], flags: str = "") -> str:
    return (
        f"  curl -s {flags}{url} \\\n"
        f"    -H {shlex.quote(credential)} -H 'Content-Type: application/json' \\\n"
        f"    -d {shlex.quote(json.dumps(body))}"
    )
