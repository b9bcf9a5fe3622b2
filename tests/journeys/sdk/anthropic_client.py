"""What the official Anthropic client sees of a gateway, as JSON. Runs in the clients' environment: PART URL KEY MODEL."""

import json
import sys
from typing import Any

import anthropic

HELLO: list[Any] = [{"role": "user", "content": "Hello there."}]
ADD: list[Any] = [
    {
        "name": "add",
        "description": "Add two numbers",
        "input_schema": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]},
    }
]


def messages(client: anthropic.Anthropic, model: str) -> dict[str, Any]:
    whole = client.messages.create(model=model, max_tokens=20, messages=HELLO)
    with client.messages.stream(model=model, max_tokens=20, messages=HELLO) as stream:
        streamed = "".join(stream.text_stream)
        final = stream.get_final_message()
    return {
        "whole": "".join(getattr(block, "text", "") for block in whole.content),
        "usage": whole.usage.output_tokens,
        "streamed": streamed,
        "streamed_usage": final.usage.output_tokens,
        "stop_reason": final.stop_reason,
    }


def tools(client: anthropic.Anthropic, model: str, text: str) -> dict[str, Any]:
    ask: list[Any] = [{"role": "user", "content": text}]
    wanted: dict[str, Any] = {"model": model, "max_tokens": 60, "messages": ask, "tools": ADD, "tool_choice": {"type": "any"}}
    whole = client.messages.create(**wanted)
    with client.messages.stream(**wanted) as stream:
        fragments = [event.partial_json for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    called = next(block for block in whole.content if block.type == "tool_use")
    streamed = next(block for block in final.content if block.type == "tool_use")
    answered = [
        *ask,
        {"role": "assistant", "content": [{"type": "tool_use", "id": called.id, "name": called.name, "input": called.input}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": called.id, "content": "seven"}]},
    ]
    after = client.messages.create(model=model, max_tokens=20, messages=answered, tools=ADD)
    return {
        "called": called.name,
        "arguments": called.input,
        "finish": whole.stop_reason,
        "streamed_name": streamed.name,
        "streamed_arguments": streamed.input,
        "fragments": sum(map(bool, fragments)),
        "after": "".join(getattr(block, "text", "") for block in after.content),
    }


def echo(client: anthropic.Anthropic, model: str) -> dict[str, Any]:
    def ask(text: str = "Hello", name: str = model, key: str | None = None) -> Any:
        chosen = client.with_options(api_key=key) if key else client
        return chosen.messages.create(model=name, max_tokens=5, messages=[{"role": "user", "content": text}])

    def cut() -> None:
        with client.messages.stream(
            model=model, max_tokens=50, messages=[{"role": "user", "content": "/error-in-stream 1\na b c"}]
        ) as stream:
            stream.until_done()

    return messages(client, model) | {
        "tools": tools(client, model, '/tool add {"a": 3, "b": 4}'),
        "unknown_model": refusal(lambda: ask(name="none-such")),
        "unknown_key": refusal(lambda: ask(key="wrong")),
        "not_allowed": refusal(lambda: ask(key="lgk-other")),
        "malformed": refusal(lambda: client.messages.create(model=model, max_tokens=5, messages="Hello")),  # type: ignore[arg-type,unused-ignore]
        "limited": refusal(lambda: ask("/fail 429")),
        "broken": refusal(lambda: ask("/fail 500")),
        "cut": refusal(cut),
    }


def real(client: anthropic.Anthropic, model: str) -> dict[str, Any]:
    return messages(client, model) | {
        "tools": tools(client, model, "Add 3 and 4."),
        "counted": client.messages.count_tokens(model=model, messages=HELLO).input_tokens,
    }


def refusal(call: Any) -> str:
    try:
        call()
    except anthropic.APIStatusError as error:
        return f"{type(error).__name__} {error.status_code}"
    except anthropic.APIError as error:
        return type(error).__name__
    return "no refusal"


if __name__ == "__main__":
    part, url, key, name = sys.argv[1:]
    print(json.dumps({"echo": echo, "real": real}[part](anthropic.Anthropic(base_url=url, api_key=key, max_retries=0), name)))
