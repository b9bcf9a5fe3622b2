"""What the official Anthropic client sees of a gateway, as JSON. Runs in the clients' environment: URL KEY MODEL."""

import json
import sys
from typing import Any

import anthropic


def seen(url: str, key: str, model: str) -> dict[str, Any]:
    client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
    ask: list[Any] = [{"role": "user", "content": "Hello there."}]
    whole = client.messages.create(model=model, max_tokens=50, messages=ask)
    with client.messages.stream(model=model, max_tokens=50, messages=ask) as stream:
        streamed = "".join(stream.text_stream)
        final = stream.get_final_message()
    return {
        "whole": "".join(getattr(block, "text", "") for block in whole.content),
        "usage": whole.usage.output_tokens,
        "streamed": streamed,
        "streamed_usage": final.usage.output_tokens,
        "stop_reason": final.stop_reason,
        "unknown_model": refusal(lambda: client.messages.create(model="none-such", max_tokens=5, messages=ask)),
        "unknown_key": refusal(lambda: client.with_options(api_key="wrong").messages.create(model=model, max_tokens=5, messages=ask)),
    }


def refusal(call: Any) -> str:
    try:
        call()
    except anthropic.APIStatusError as error:
        return f"{type(error).__name__} {error.status_code}"
    return "no refusal"


if __name__ == "__main__":
    print(json.dumps(seen(*sys.argv[1:])))
