"""What a newcomer reads first, and pastes."""

import json
import shlex

from lockgate.cli.greeting import Running, anthropic_line, openai_line, text

RUNNING = Running("http://127.0.0.1:3000", "http://127.0.0.1:9090", "lgk-abc", ("smollm2", "echo"), "somewhere/data")


def pasted(line: str) -> list[str]:
    """The words a shell would see."""
    return shlex.split(line.replace("\\\n", " "))


def test_the_greeting_names_the_gateway_the_key_and_the_models() -> None:
    said = text(RUNNING)
    for part in (RUNNING.gateway_url, RUNNING.caller_key, "smollm2, echo", "/status/ready", "somewhere/data", "Ctrl-C"):
        assert part in said


def test_the_openai_line_is_one_command_that_asks_the_real_model() -> None:
    words = pasted(openai_line(RUNNING))
    assert words[0] == "curl"
    assert "http://127.0.0.1:3000/v1/chat/completions" in words
    assert "Authorization: Bearer lgk-abc" in words
    assert json.loads(words[-1])["model"] == "smollm2"


def test_the_anthropic_line_streams() -> None:
    words = pasted(anthropic_line(RUNNING))
    assert "http://127.0.0.1:3000/v1/messages" in words
    assert "x-api-key: lgk-abc" in words
    body = json.loads(words[-1])
    assert body["stream"] is True
    assert body["max_tokens"] > 0


def test_without_a_real_model_the_lines_ask_echo() -> None:
    alone = Running("http://127.0.0.1:3000", "http://127.0.0.1:9090", "lgk-abc", ("echo",), "data")
    assert json.loads(pasted(openai_line(alone))[-1])["model"] == "echo"
