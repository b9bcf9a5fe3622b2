"""
Answers of the echo in the OpenAI dialect: what is said, and its bytes whole or as the chunks of a stream.

Deterministic: ids come from the request's bytes and the time is fixed, so the same request has the same answer.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec

from lockgate.core.providers.echo.request import Asked
from lockgate.core.providers.echo.vector import packed, vector
from lockgate.core.providers.echo.words import count, pieces
from lockgate.model.operations import Operation

CREATED_S = 1_735_689_600
_FRAGMENT = 7
_encode = msgspec.json.encode


class Said(msgspec.Struct, frozen=True):
    """What the echo answers with, bounds applied."""

    id: str
    thoughts: list[str]
    words: list[str]
    finish: str
    usage: dict[str, Any] | None

    def __repr__(self) -> str:
        return f"Said({len(self.words)} words)"


def say(asked: Asked, body: bytes) -> Said:
    """The words of an answer, cut at a stop sequence or at the output limit."""
    told = asked.directives
    text = "x" * (told.huge_kib << 10) if told.huge_kib else asked.texts[0]
    if told.repeat > 1:
        text = " ".join([text] * told.repeat)
    stops = [at for at in (text.find(stop) for stop in asked.stop if stop) if at >= 0]
    if stops:
        text = text[: min(stops)]
    thoughts, words = pieces(told.reasoning), pieces(text)
    finish = "tool_calls" if told.tools else "stop"
    if asked.max_tokens is not None and len(thoughts) + len(words) > asked.max_tokens:
        thoughts = thoughts[: asked.max_tokens]
        words = words[: asked.max_tokens - len(thoughts)]
        finish = "length"
    made = len(thoughts) + len(words) + sum(count(tool.name) + count(tool.arguments) for tool in told.tools)
    usage = _usage(told.usage or (asked.prompt_tokens, made), len(thoughts))
    return Said(sha256(body).hexdigest()[:24], thoughts, words, told.finish or finish, usage)


def _usage(counts: tuple[int, int], thoughts: int) -> dict[str, Any] | None:
    if counts[0] < 0:
        return None
    usage: dict[str, Any] = {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": counts[0] + counts[1]}
    if thoughts:
        usage["completion_tokens_details"] = {"reasoning_tokens": thoughts}
    return usage


def whole(asked: Asked, said: Said) -> bytes:
    """The body of an answer that is not streamed."""
    if asked.operation is Operation.COMPLETIONS:
        choice: dict[str, Any] = {"index": 0, "text": "".join(said.words), "logprobs": None, "finish_reason": said.finish}
        return _body("cmpl", "text_completion", asked, said, [choice])
    message: dict[str, Any] = {"role": "assistant", "content": "".join(said.words) if said.words or not asked.directives.tools else None}
    if said.thoughts:
        message["reasoning_content"] = "".join(said.thoughts)
    if asked.directives.tools:
        message["tool_calls"] = [
            {"id": f"call_{said.id[:12]}{number}", "type": "function", "function": {"name": tool.name, "arguments": tool.arguments}}
            for number, tool in enumerate(asked.directives.tools)
        ]
    return _body(
        "chatcmpl", "chat.completion", asked, said, [{"index": 0, "message": message, "logprobs": None, "finish_reason": said.finish}]
    )


def _body(prefix: str, kind: str, asked: Asked, said: Said, choices: list[dict[str, Any]]) -> bytes:
    answer = {"id": f"{prefix}-{said.id}", "object": kind, "created": CREATED_S, "model": asked.model, "choices": choices}
    return _encode(answer | ({"usage": said.usage} if said.usage is not None else {}))


class Chunks:
    """The frames of a stream. ``opening``, then ``words``, then ``closing``."""

    def __init__(self, asked: Asked, said: Said) -> None:
        self._asked = asked
        self._said = said
        self._completion = asked.operation is Operation.COMPLETIONS
        self._with_usage = asked.wants_usage and said.usage is not None

    def opening(self) -> bytes:
        return b"" if self._completion else self._chunk({"role": "assistant", "content": ""})

    def words(self) -> Iterator[bytes]:
        """One frame per token; fragments of tool calls count as tokens here."""
        if self._completion:
            for word in self._said.words:
                yield self._frame([{"index": 0, "text": word, "logprobs": None, "finish_reason": None}])
            return
        for thought in self._said.thoughts:
            yield self._chunk({"reasoning_content": thought})
        for word in self._said.words:
            yield self._chunk({"content": word})
        for number, tool in enumerate(self._asked.directives.tools):
            name = {"name": tool.name, "arguments": ""}
            yield self._chunk(
                {"tool_calls": [{"index": number, "id": f"call_{self._said.id[:12]}{number}", "type": "function", "function": name}]}
            )
            for start in range(0, len(tool.arguments), _FRAGMENT):
                fragment = {"arguments": tool.arguments[start : start + _FRAGMENT]}
                yield self._chunk({"tool_calls": [{"index": number, "function": fragment}]})

    def closing(self) -> Iterator[bytes]:
        if self._completion:
            yield self._frame([{"index": 0, "text": "", "logprobs": None, "finish_reason": self._said.finish}])
        else:
            yield self._chunk({}, self._said.finish)
        if self._with_usage:
            yield self._frame([], self._said.usage)
        if self._asked.directives.done_marker:
            yield b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return self._frame([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])

    def _frame(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> bytes:
        prefix, kind = ("cmpl", "text_completion") if self._completion else ("chatcmpl", "chat.completion.chunk")
        chunk = {"id": f"{prefix}-{self._said.id}", "object": kind, "created": CREATED_S, "model": self._asked.model, "choices": choices}
        return b"data: " + _encode(chunk | ({"usage": usage} if self._with_usage else {})) + b"\n\n"


def embeddings(asked: Asked) -> bytes:
    data = []
    for index, text in enumerate(asked.texts):
        values = vector(text, asked.dimensions)
        data.append({"object": "embedding", "index": index, "embedding": packed(values) if asked.base64 else values})
    used = asked.prompt_tokens if asked.directives.usage is None else asked.directives.usage[0]
    answer: dict[str, Any] = {"object": "list", "data": data, "model": asked.model}
    return _encode(answer | ({"usage": {"prompt_tokens": used, "total_tokens": used}} if used >= 0 else {}))


def error(message: str, code: str = "") -> bytes:
    """An error object as an OpenAI-compatible server sends it."""
    return _encode({"error": {"message": message, "type": "echo_error", "param": None, "code": code or None}})
