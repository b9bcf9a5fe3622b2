"""What the official OpenAI client sees of a gateway, as JSON. Runs in the clients' environment: URL KEY MODEL."""

import json
import sys
from typing import Any

import openai


def seen(url: str, key: str, model: str) -> dict[str, Any]:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
    ask: list[Any] = [{"role": "user", "content": "Hello there."}]
    whole = client.chat.completions.create(model=model, messages=ask)
    stream = client.chat.completions.create(model=model, messages=ask, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    return {
        "whole": whole.choices[0].message.content,
        "whole_model": whole.model,
        "usage": whole.usage.total_tokens if whole.usage else 0,
        "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
        "streamed_usage": chunks[-1].usage.total_tokens if chunks[-1].usage else 0,
        "models": [entry.id for entry in client.models.list()],
        "unknown_model": refusal(lambda: client.chat.completions.create(model="none-such", messages=ask)),
        "unknown_key": refusal(lambda: client.with_options(api_key="wrong").chat.completions.create(model=model, messages=ask)),
        "malformed": refusal(lambda: client.chat.completions.create(model=model, messages="Hello")),  # type: ignore[call-overload,unused-ignore]
    }


def refusal(call: Any) -> str:
    try:
        call()
    except openai.APIStatusError as error:
        return f"{type(error).__name__} {error.status_code}"
    return "no refusal"


if __name__ == "__main__":
    print(json.dumps(seen(*sys.argv[1:])))
