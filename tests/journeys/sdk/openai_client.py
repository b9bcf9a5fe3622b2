"""What the official OpenAI client sees of a gateway, as JSON. Runs in the clients' environment: PART URL KEY MODEL."""

import json
import sys
from typing import Any

import openai

HELLO: list[Any] = [{"role": "user", "content": "Hello there."}]
ADD: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "add",
            "description": "Add two numbers",
            "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]},
        },
    }
]


def chat(client: openai.OpenAI, model: str) -> dict[str, Any]:
    whole = client.chat.completions.create(model=model, messages=HELLO, max_tokens=20)
    stream = client.chat.completions.create(model=model, messages=HELLO, max_tokens=20, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    return {
        "whole": whole.choices[0].message.content,
        "whole_model": whole.model,
        "usage": whole.usage.total_tokens if whole.usage else 0,
        "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
        "streamed_usage": chunks[-1].usage.total_tokens if chunks[-1].usage else 0,
    }


def tools(client: openai.OpenAI, model: str, text: str) -> dict[str, Any]:
    ask: list[Any] = [{"role": "user", "content": text}]
    wanted: dict[str, Any] = {"model": model, "messages": ask, "tools": ADD, "tool_choice": "required", "max_tokens": 60}
    whole = client.chat.completions.create(**wanted)
    deltas = [
        call
        for chunk in client.chat.completions.create(**wanted, stream=True)
        if chunk.choices
        for call in chunk.choices[0].delta.tool_calls or []
    ]
    called = whole.choices[0].message.tool_calls[0]
    answered = [
        *ask,
        {"role": "assistant", "tool_calls": [called.model_dump()]},
        {"role": "tool", "tool_call_id": called.id, "content": "seven"},
    ]
    after = client.chat.completions.create(model=model, messages=answered, tools=ADD, max_tokens=20)
    return {
        "called": called.function.name,
        "arguments": json.loads(called.function.arguments),
        "finish": whole.choices[0].finish_reason,
        "streamed_name": "".join(call.function.name or "" for call in deltas),
        "streamed_arguments": json.loads("".join(call.function.arguments or "" for call in deltas)),
        "fragments": sum(bool(call.function.arguments) for call in deltas),
        "after": after.choices[0].message.content,
    }


def embeddings(client: openai.OpenAI, model: str) -> list[int]:
    made = client.embeddings.create(model=model, input=["one", "two"])
    assert made.usage.prompt_tokens > 0
    return [len(row.embedding) for row in made.data]


def completions(client: openai.OpenAI, model: str) -> dict[str, Any]:
    whole = client.completions.create(model=model, prompt="Hello there.", max_tokens=10, temperature=0)
    stream = client.completions.create(model=model, prompt="Hello there.", max_tokens=10, temperature=0, stream=True)
    return {"whole": whole.choices[0].text, "streamed": "".join(chunk.choices[0].text for chunk in stream if chunk.choices)}


def echo(client: openai.OpenAI, model: str) -> dict[str, Any]:
    create = client.chat.completions.create
    return chat(client, model) | {
        "tools": tools(client, model, '/tool add {"a": 3, "b": 4}'),
        "embeddings": embeddings(client, model),
        "completions": completions(client, model),
        "models": [entry.id for entry in client.models.list()],
        "unknown_model": refusal(lambda: create(model="none-such", messages=HELLO)),
        "unknown_key": refusal(lambda: client.with_options(api_key="wrong").chat.completions.create(model=model, messages=HELLO)),
        "not_allowed": refusal(lambda: client.with_options(api_key="lgk-other").chat.completions.create(model=model, messages=HELLO)),
        "malformed": refusal(lambda: create(model=model, messages="Hello")),  # type: ignore[call-overload,unused-ignore]
        "limited": refusal(lambda: create(model=model, messages=[{"role": "user", "content": "/fail 429"}])),
        "broken": refusal(lambda: create(model=model, messages=[{"role": "user", "content": "/fail 500"}])),
        "cut": refusal(lambda: list(create(model=model, messages=[{"role": "user", "content": "/error-in-stream 1\na b c"}], stream=True))),
    }


def real(client: openai.OpenAI, model: str) -> dict[str, Any]:
    answered = client.responses.create(model=model, input="Name a colour.", max_output_tokens=10)
    events = client.responses.create(model=model, input="Name a colour.", max_output_tokens=10, stream=True)
    return chat(client, model) | {
        "tools": tools(client, model, "Add 3 and 4."),
        "embeddings": embeddings(client, model),
        "completions": completions(client, model),
        "response": answered.output_text,
        "response_usage": answered.usage.output_tokens if answered.usage else 0,
        "response_events": [event.type for event in events],
    }


def refusal(call: Any) -> str:
    try:
        call()
    except openai.APIStatusError as error:
        return f"{type(error).__name__} {error.status_code}"
    except openai.APIError as error:
        return type(error).__name__
    return "no refusal"


if __name__ == "__main__":
    part, url, key, name = sys.argv[1:]
    print(json.dumps({"echo": echo, "real": real}[part](openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0), name)))
