"""
What callers ask and what the mock upstream answers, in one place, so that every target moves the same bytes.

A streamed chunk carries a mark, ``@<sequence>:<monotonic ns when it was sent>@``, as its text. It survives gateways that decode and
re-encode chunks, and lets the reader count what was lost and how late each chunk came: all processes share one monotonic clock.
"""

import json

ALIAS = "bench-model"
"""The name callers use where a target has aliases."""
UPSTREAM_MODEL = "gpt-4o-mini"
CALLER_KEY = "sk-bench-0123456789abcdef0123456789abcdef"
UPSTREAM_KEY = "sk-upstream-0123456789abcdef"
PATH = "/v1/chat/completions"
ANSWER_ID = "chatcmpl-bench0000000000000000000"

MARK = b"@"
DONE = b"[DONE]"
USAGE = b'"completion_tokens"'

_SYSTEM = (
    "You are a careful assistant for the support team of a hardware shop. Answer in the language of the customer, "
    "name the article number when you know it, and say so when you do not know."
)
_QUESTION = "My cordless drill stops after ten seconds under load although the battery shows three bars. What should I check first?"
_REPLY = (
    "Let the drill cool down and try again with a second battery: a cut-out after a few seconds under load is most often the "
    "overload protection or a worn cell. If it also happens without load, look at the contacts and clean them with a dry cloth."
)


def request(model: str, *, stream: bool = False, order: str = "") -> bytes:
    """The body of a chat request; ``order`` (see `order_of`) tells the paced server how to stream."""
    body: dict[str, object] = {
        "model": model,
        "messages": [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": f"{_QUESTION} {order}".strip()}],
        "temperature": 0.2,
        "max_tokens": 256,
    }
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body, separators=(",", ":")).encode()


def answer() -> bytes:
    message = {"role": "assistant", "content": _REPLY, "refusal": None}
    body = {
        "id": ANSWER_ID,
        "object": "chat.completion",
        "created": 1700000000,
        "model": UPSTREAM_MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 74, "completion_tokens": 58, "total_tokens": 132},
        "system_fingerprint": "fp_bench",
    }
    return json.dumps(body, separators=(",", ":")).encode()


def order_of(chunks: int, per_second: float) -> str:
    """An order for the paced server, hidden in the user's text because that is the one part every gateway passes on."""
    return f"chunks={chunks} pace={per_second}"


def read_order(body: bytes) -> tuple[int, float]:
    return int(_after(body, b"chunks=")), float(_after(body, b"pace="))


def _after(body: bytes, label: bytes) -> bytes:
    start = body.index(label) + len(label)
    end = start
    while body[end : end + 1].isdigit() or body[end : end + 1] == b".":
        end += 1
    return body[start:end]


def _event(data: object) -> bytes:
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def _chunk(choices: list[object], **more: object) -> bytes:
    return _event(
        {
            "id": ANSWER_ID,
            "object": "chat.completion.chunk",
            "created": 1700000000,
            "model": UPSTREAM_MODEL,
            "system_fingerprint": "fp_bench",
            "choices": choices,
            **more,
        }
    )


FIRST_FRAME, FIRST_REST = _chunk(
    [{"index": 0, "delta": {"role": "assistant", "content": "\n"}, "logprobs": None, "finish_reason": None}]
).split(b"\\n")
FRAME, FRAME_REST = _chunk([{"index": 0, "delta": {"content": "\n"}, "logprobs": None, "finish_reason": None}]).split(b"\\n")
ENDING = (
    _chunk([{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}])
    + _chunk([], usage={"prompt_tokens": 74, "completion_tokens": 58, "total_tokens": 132})
    + b"data: [DONE]\n\n"
)
