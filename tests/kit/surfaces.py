"""
Surfaces: the ways in which one question can be asked of two providers, and what each says when all is well. Both dialects, passed
on and bridged, streamed and not; for journeys of which the same must hold on all of them.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.kit.caller import Answer
from tests.kit.house import House, sockets
from tests.kit.until import until
from tests.kit.upstream import Script, Upstream, answer, event, stream


class Surface(NamedTuple):
    path: str
    model: str
    streams: bool

    @property
    def inbound(self) -> str:
        return "anthropic" if self.path == "/v1/messages" else "openai"

    @property
    def upstream(self) -> str:
        return "anthropic" if self.model == "claude" else "openai"

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 16}
        return body | {"stream": True} if self.streams else body


PATHS = ("/v1/chat/completions", "/v1/messages")
SURFACES = [Surface(path, model, streams) for streams in (False, True) for path in PATHS for model in ("gpt", "claude")]
STREAMS = [surface for surface in SURFACES if surface.streams]
WHOLES = [surface for surface in SURFACES if not surface.streams]


def _chunk(delta: object, finish: str | None = None) -> bytes:
    return event(
        {
            "id": "c1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "up",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
    )


_GPT_USAGE = event({"id": "c1", "model": "up", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}})
DONE = b"data: [DONE]\n\n"
BEGIN = {
    "openai": [_chunk({"role": "assistant", "content": ""}), _chunk({"content": "hel"}), _chunk({"content": "lo"})],
    "anthropic": [
        event(
            {"type": "message_start", "message": {"id": "m1", "model": "up", "usage": {"input_tokens": 5, "output_tokens": 1}}},
            "message_start",
        ),
        event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, "content_block_start"),
        event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}}, "content_block_delta"),
    ],
}
FINISH = {
    "openai": [_chunk({}, "stop"), _GPT_USAGE],
    "anthropic": [
        event({"type": "content_block_stop", "index": 0}, "content_block_stop"),
        event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}, "message_delta"),
    ],
}
LAST = {"openai": DONE, "anthropic": event({"type": "message_stop"}, "message_stop")}
WHOLE: dict[str, dict[str, Any]] = {
    "openai": {"id": "c1", "object": "chat.completion", "created": 1, "model": "up", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}},
    "anthropic": {"id": "m1", "type": "message", "role": "assistant", "model": "up", "content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 5, "output_tokens": 2}},
}  # fmt: skip


def good(surface: Surface) -> Script:
    up = surface.upstream
    return stream(*BEGIN[up], *FINISH[up], LAST[up]) if surface.streams else [answer(200, WHOLE[up])]


async def asked(home: House, provider: Upstream, surface: Surface, script: Script) -> Answer:
    """Asks once, and sees to it that nothing is left and one more record is there."""
    before, open_before = len(home.records()), sockets() - 2 * len(home.app.pool.connections)
    provider.plays(script)
    told = await home.ask(surface.path, surface.body)
    await home.quiet()
    await until(lambda: sockets() - 2 * len(home.app.pool.connections) <= open_before)
    assert len(home.records()) == before + 1
    return told


def texts(told: Answer) -> Iterator[str]:
    for _, data in told.events:
        if isinstance(data, dict):
            for choice in data.get("choices", ()):
                yield choice["delta"].get("content") or ""
            yield (data.get("delta") or {}).get("text", "")
